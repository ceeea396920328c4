#include "nakadachi/crypto/aead.hpp"

#include "botan_compat.hpp"
#include "nakadachi/base/assert.hpp"

namespace nakadachi::crypto {
namespace {

/// Where a message is enciphered and deciphered in place: one buffer a thread,
/// because a buffer in every kept cipher would hold the largest message each has seen.
botan::Secret& work_buffer() {
  thread_local botan::Secret buffer;
  return buffer;
}

}  // namespace

struct Aead::Impl {
  SecretBytes key;
  // Each is keyed at its first use: a key schedule costs as much as several messages, and most
  // ciphers serve one direction only.
  std::unique_ptr<Botan::AEAD_Mode> encryptor;
  std::unique_ptr<Botan::AEAD_Mode> decryptor;

  template <class Direction>
  Botan::AEAD_Mode& ready(std::unique_ptr<Botan::AEAD_Mode>& mode, Direction direction) const {
    if (mode == nullptr) {
      auto made = Botan::AEAD_Mode::create_or_throw("AES-256/GCM", direction);
      made->set_key(key.view().data(), key.size());
      mode = std::move(made);
    }
    return *mode;
  }
};

Aead::Aead(const SecretBytes& key) : impl_(std::make_unique<Impl>()) {
  NAKADACHI_ASSERT(key.size() == kKeySize);
  impl_->key = key;
}

Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;
Aead::~Aead() = default;

void Aead::seal(const Nonce& nonce, ByteView associated, ByteView plain, Bytes& out) {
  botan::Secret& work = work_buffer();
  botan::must([&] {
    Botan::AEAD_Mode& mode = impl_->ready(impl_->encryptor, botan::kEncrypt);
    work.reserve(plain.size() + kTagSize);
    work.assign(plain.begin(), plain.end());
    mode.set_associated_data(associated.data(), associated.size());
    mode.start(nonce.view().data(), kNonceSize);
    mode.finish(work);
  });
  append(out, work);
}

Result<Bytes> Aead::open(const Nonce& nonce, ByteView associated, ByteView sealed) {
  if (sealed.size() < kTagSize) return ErrorCode::kSealBroken;
  botan::Secret& work = work_buffer();
  const bool genuine = botan::must([&] {
    Botan::AEAD_Mode& mode = impl_->ready(impl_->decryptor, botan::kDecrypt);
    work.assign(sealed.begin(), sealed.end());
    mode.set_associated_data(associated.data(), associated.size());
    mode.start(nonce.view().data(), kNonceSize);
    try {
      mode.finish(work);
      return true;
    } catch (const Botan::Invalid_Authentication_Tag&) {
      return false;
    }
  });
  // A failed opening leaves deciphered bytes in the buffer: they are never read, and wiped.
  Bytes plain = genuine ? Bytes(work.begin(), work.end()) : Bytes();
  wipe(work.data(), work.size());
  if (!genuine) return ErrorCode::kSealBroken;
  return plain;
}

}  // namespace nakadachi::crypto
