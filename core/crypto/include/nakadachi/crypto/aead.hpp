#pragma once

#include <cstddef>
#include <memory>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/base/secret.hpp"

namespace nakadachi::crypto {

/// AES-256-GCM (NIST SP 800-38D) under a kept key, so the key schedule is paid
/// once. One object a thread. The caller never repeats a nonce under one key.
class Aead {
 public:
  static constexpr std::size_t kKeySize = 32;
  static constexpr std::size_t kNonceSize = 12;
  static constexpr std::size_t kTagSize = 16;
  using Nonce = FixedBytes<struct AeadNonceTag, kNonceSize>;

  /// `key` has `kKeySize` bytes; anything else is a bug.
  explicit Aead(const SecretBytes& key);
  Aead(Aead&&) noexcept;
  Aead& operator=(Aead&&) noexcept;
  ~Aead();

  /// Appends ciphertext and tag (`plain.size() + kTagSize` bytes) to `out`.
  void seal(const Nonce& nonce, ByteView associated, ByteView plain, Bytes& out);

  /// The plaintext. Errors: `kSealBroken` when key, nonce, associated data or
  /// ciphertext are not those of the sealing; nothing of the plaintext leaks then.
  Result<Bytes> open(const Nonce& nonce, ByteView associated, ByteView sealed);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nakadachi::crypto
