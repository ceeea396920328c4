#include "nakadachi/crypto/block_cipher.hpp"

#include <algorithm>
#include <utility>

#include "tests/unit/crypto/crypto_helpers.hpp"

namespace nakadachi::crypto::test {
namespace {

BlockCipher::Block block(std::string_view text) {
  BlockCipher::Block made{};
  std::ranges::copy(hex(text), made.begin());
  return made;
}

TEST_CASE("a block is enciphered as FIPS 197 appendix C.1 says, and back") {
  BlockCipher made{SecretBytes(run(0, 16))};
  const BlockCipher cipher = std::move(made);
  const auto clear = block("00112233445566778899aabbccddeeff");
  auto work = clear;
  cipher.encipher(work);
  CHECK(work == block("69c4e0d86a7b0430d8cdb78070b4c55a"));
  cipher.decipher(work);
  CHECK(work == clear);
}

}  // namespace
}  // namespace nakadachi::crypto::test
