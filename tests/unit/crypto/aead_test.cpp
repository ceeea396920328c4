#include "nakadachi/crypto/aead.hpp"

#include <utility>

#include "tests/unit/crypto/crypto_helpers.hpp"

namespace nakadachi::crypto::test {
namespace {

constexpr std::string_view kKey =
    "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
constexpr std::string_view kPlain =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
    "b525b16aedf5aa0de657ba637b391aafd255";

Bytes seal(Aead& cipher, const Aead::Nonce& nonce, ByteView associated, ByteView plain) {
  Bytes out;
  cipher.seal(nonce, associated, plain, out);
  return out;
}

TEST_CASE("Aead gives the AES-256 vectors of the GCM specification") {
  const auto zeros = filled<Aead::Nonce>(0);
  const auto nonce = fixed<Aead::Nonce>("cafebabefacedbaddecaf888");
  Aead zero_key(filled_secret(0));
  Aead cipher(secret(kKey));
  const Bytes plain = hex(kPlain);
  // Test cases 13 to 16, in an order that mixes sizes under the kept key.
  CHECK(to_hex(seal(cipher, nonce, {}, plain)) ==
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10"
        "56828838c5f61e6393ba7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c");
  CHECK(to_hex(seal(zero_key, zeros, {}, {})) == "530f8afbc74536b9a963b4f1c4cb738b");
  CHECK(to_hex(seal(cipher, nonce, hex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
                    ByteView(plain).first(60))) ==
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10"
        "56828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
  CHECK(to_hex(seal(zero_key, zeros, {}, Bytes(16))) ==
        "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

TEST_CASE("Aead opens what it sealed, appends, and works after a move") {
  Aead cipher(secret(kKey));
  const auto nonce = filled<Aead::Nonce>(7);
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 300U, 70'000U}) {
    const Bytes plain(size, 0x5a);
    Bytes out = {1, 2};
    cipher.seal(nonce, as_bytes("head"), plain, out);
    REQUIRE(out.size() == 2 + size + Aead::kTagSize);
    CHECK((out[0] == 1 && out[1] == 2));
    CHECK(cipher.open(nonce, as_bytes("head"), ByteView(out).subspan(2)).value() == plain);
  }
  const Bytes sealed = seal(cipher, nonce, {}, as_bytes("moved"));
  Aead moved = std::move(cipher);
  CHECK(as_chars(moved.open(nonce, {}, sealed).value()) == "moved");
}

TEST_CASE("Aead refuses every changed bit, every cut and other nonces, data and keys") {
  Aead cipher(secret(kKey));
  const auto nonce = filled<Aead::Nonce>(7);
  const Bytes associated = run(0, 20);
  const Bytes sealed = seal(cipher, nonce, associated, as_bytes("a statement of some length"));
  const auto refused = [&](const Aead::Nonce& n, ByteView data, ByteView bytes) {
    const auto opened = cipher.open(n, data, bytes);
    return !opened.ok() && opened.error().code == ErrorCode::kSealBroken;
  };
  for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    Bytes changed = sealed;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    CHECK(refused(nonce, associated, changed));
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    CHECK(refused(nonce, associated, ByteView(sealed).first(size)));
  }
  Bytes longer = sealed;
  longer.push_back(0);
  CHECK(refused(nonce, associated, longer));
  CHECK(refused(filled<Aead::Nonce>(8), associated, sealed));
  CHECK(refused(nonce, {}, sealed));
  CHECK(refused(nonce, ByteView(associated).first(19), sealed));
  CHECK_FALSE(Aead(filled_secret(0)).open(nonce, associated, sealed).ok());
  // A refusal leaves the kept cipher as it was.
  CHECK(cipher.open(nonce, associated, sealed).ok());
}

}  // namespace
}  // namespace nakadachi::crypto::test
