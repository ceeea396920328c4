#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "nakadachi/base/clock.hpp"
#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/base/secret.hpp"
#include "nakadachi/crypto/aead.hpp"

namespace nakadachi::crypto {

/// What a sealed answer is bound to. Opening under any other binding fails.
struct AnswerBinding {
  Digest permit_hash;
  Digest request_hash;
  InstitutionCode provider;
  InstitutionCode asker;
};

/// An answer only the asking institution can open.
struct SealedAnswer {
  SealingPublicKey ephemeral;  ///< of the sealing session
  Aead::Nonce nonce;
  Bytes ciphertext;  ///< with tag

  friend bool operator==(const SealedAnswer&, const SealedAnswer&) = default;
};

/// An institution's X25519 key pair (RFC 7748). Copies share the key. Thread-safe.
class SealingKey {
 public:
  static constexpr std::size_t kSecretSize = 32;
  /// `secret` has `kSecretSize` bytes; anything else is a bug.
  explicit SealingKey(const SecretBytes& secret);
  static SecretBytes make_secret(Random& random);
  const SealingPublicKey& public_key() const noexcept { return public_key_; }
  /// HKDF over the shared secret, both public keys and "nakadachi answer v1".
  /// Errors: `kSealBroken` for a point of low order.
  Result<SecretBytes> agree(const SealingPublicKey& peer, const SealingPublicKey& ephemeral,
                            const SealingPublicKey& recipient) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
  SealingPublicKey public_key_;
};

/// Seals answers of one provider. A session (ephemeral key pair, derived key,
/// counting nonces) serves one recipient key for ten minutes or a million
/// answers, so X25519 is paid once a session. Ended sessions are dropped, and
/// the oldest when there would be more than `kSessions`. One object a thread.
class AnswerSealer {
 public:
  static constexpr std::int64_t kSessionMs = 10 * 60 * 1000;
  static constexpr std::uint64_t kSessionAnswers = 1'000'000;
  static constexpr std::size_t kSessions = 1024;

  explicit AnswerSealer(Random& random) : random_(&random) {}

  /// Errors: `kSealBroken` when the recipient's key is of low order.
  Result<SealedAnswer> seal(const SealingPublicKey& recipient, const AnswerBinding& binding,
                            ByteView plain, Timestamp now);

 private:
  struct Session {
    SealingPublicKey ephemeral;
    Aead cipher;
    std::uint64_t used = 0;
    Timestamp since;
  };
  static bool is_over(const Session& session, Timestamp now) noexcept;
  Result<Session*> session_for(const SealingPublicKey& recipient, Timestamp now);
  Random* random_;
  std::map<SealingPublicKey, Session> sessions_;
};

/// Opens answers sealed to one institution; keeps the derived keys of the
/// `kSessions` sessions used last. One object a thread.
class AnswerOpener {
 public:
  static constexpr std::size_t kSessions = 1024;

  explicit AnswerOpener(const SealingKey& key) : key_(&key) {}

  /// Errors: `kSealedToAnother` when it cannot be opened under this key and
  /// binding (AEAD cannot tell the two apart); `kWrongLength` for a malformed one.
  Result<Bytes> open(const SealedAnswer& sealed, const AnswerBinding& binding);

 private:
  struct Session {
    Aead cipher;
    std::uint64_t last_use = 0;
  };
  static Result<Bytes> open_with(Aead& cipher, const SealedAnswer& sealed,
                                 const AnswerBinding& binding);
  const SealingKey* key_;
  std::uint64_t uses_ = 0;
  std::map<SealingPublicKey, Session> sessions_;
};

}  // namespace nakadachi::crypto
