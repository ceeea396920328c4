#include "nakadachi/crypto/block_cipher.hpp"

#include "botan_compat.hpp"
#include "nakadachi/base/assert.hpp"

namespace nakadachi::crypto {

struct BlockCipher::Impl {
  std::unique_ptr<Botan::BlockCipher> cipher;
};

BlockCipher::BlockCipher(const SecretBytes& key) : impl_(std::make_unique<Impl>()) {
  NAKADACHI_ASSERT(key.size() == kKeySize);
  botan::must([&] {
    impl_->cipher = Botan::BlockCipher::create_or_throw("AES-128");
    impl_->cipher->set_key(key.view().data(), key.size());
  });
}

BlockCipher::BlockCipher(BlockCipher&&) noexcept = default;
BlockCipher& BlockCipher::operator=(BlockCipher&&) noexcept = default;
BlockCipher::~BlockCipher() = default;

void BlockCipher::encipher(Block& block) const { impl_->cipher->encrypt(block.data()); }

void BlockCipher::decipher(Block& block) const { impl_->cipher->decrypt(block.data()); }

}  // namespace nakadachi::crypto
