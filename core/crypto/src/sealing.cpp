#include "nakadachi/crypto/sealing.hpp"

#include <utility>

#include "botan_compat.hpp"
#include "eviction.hpp"
#include "nakadachi/base/assert.hpp"
#include "nakadachi/crypto/hash.hpp"

namespace nakadachi::crypto {
namespace {

/// Every field has a fixed size, so the parts need no lengths between them.
Bytes associated_data(const AnswerBinding& binding) {
  Bytes bytes;
  bytes.reserve(2 * Digest::kSize + 8 + 8);
  append(bytes, binding.permit_hash.view());
  append(bytes, binding.request_hash.view());
  append_big_endian<8>(bytes, binding.provider.number());
  append_big_endian<8>(bytes, binding.asker.number());
  return bytes;
}

/// Four zero bytes, then the count: each session has a key of its own, so
/// counting from 0 never repeats a nonce under one key.
Aead::Nonce counting_nonce(std::uint64_t count) {
  Bytes bytes(Aead::kNonceSize - 8);
  append_big_endian<8>(bytes, count);
  const auto nonce = Aead::Nonce::from(bytes);
  NAKADACHI_ASSERT(nonce.has_value());
  return *nonce;
}

}  // namespace

struct SealingKey::Impl {
  explicit Impl(ByteView secret) : key(botan::to_secret(secret)) {}
  Botan::X25519_PrivateKey key;
};

SealingKey::SealingKey(const SecretBytes& secret) {
  NAKADACHI_ASSERT(secret.size() == kSecretSize);
  botan::must([&] {
    impl_ = std::make_shared<const Impl>(secret.view());
    const auto point = SealingPublicKey::from(impl_->key.public_value());
    NAKADACHI_ASSERT(point.has_value());
    public_key_ = *point;
  });
}

SecretBytes SealingKey::make_secret(Random& random) {
  SecretBytes secret(kSecretSize);
  random.fill(secret.writable());
  return secret;
}

Result<SecretBytes> SealingKey::agree(const SealingPublicKey& peer,
                                      const SealingPublicKey& ephemeral,
                                      const SealingPublicKey& recipient) const {
  botan::Secret shared;
  try {
    shared = impl_->key.agree(peer.view().data(), SealingPublicKey::kSize);
  } catch (const Botan::Exception&) {
    shared.clear();  // Botan 3 throws for a point of low order, Botan 2 answers zeros
  }
  // RFC 7748 6.1: all zero means that the peer's point decided the secret alone.
  const Bytes zeros(SealingPublicKey::kSize);
  if (shared.size() != zeros.size() || equal_in_constant_time(shared, zeros)) {
    return Error{.code = ErrorCode::kSealBroken, .field = "sealing_key"};
  }
  Bytes context;
  append(context, ephemeral.view());
  append(context, recipient.view());
  return derive_key(SecretBytes(ByteView(shared)), "nakadachi answer v1", context, Aead::kKeySize);
}

Result<AnswerSealer::Session*> AnswerSealer::session_for(const SealingPublicKey& recipient,
                                                         Timestamp now) {
  const auto kept = sessions_.find(recipient);
  if (kept != sessions_.end() && !is_over(kept->second, now)) return &kept->second;

  std::erase_if(sessions_, [&](const auto& entry) { return is_over(entry.second, now); });
  make_room(sessions_, kSessions, [](const Session& session) { return session.since; });
  const SealingKey ephemeral(SealingKey::make_secret(*random_));
  NAKADACHI_TRY(const SecretBytes key,
                ephemeral.agree(recipient, ephemeral.public_key(), recipient));
  const auto [place, added] = sessions_.insert_or_assign(
      recipient,
      Session{.ephemeral = ephemeral.public_key(), .cipher = Aead(key), .used = 0, .since = now});
  return &place->second;
}

bool AnswerSealer::is_over(const Session& session, Timestamp now) noexcept {
  // A clock that was set back a long way also ends a session, or it would live
  // until the clock has caught up.
  const std::int64_t age_ms = now - session.since;
  return session.used >= kSessionAnswers || age_ms >= kSessionMs || age_ms <= -kSessionMs;
}

Result<SealedAnswer> AnswerSealer::seal(const SealingPublicKey& recipient,
                                        const AnswerBinding& binding, ByteView plain,
                                        Timestamp now) {
  NAKADACHI_TRY(Session* const session, session_for(recipient, now));
  SealedAnswer sealed{
      .ephemeral = session->ephemeral, .nonce = counting_nonce(session->used++), .ciphertext = {}};
  sealed.ciphertext.reserve(plain.size() + Aead::kTagSize);
  session->cipher.seal(sealed.nonce, associated_data(binding), plain, sealed.ciphertext);
  return sealed;
}

Result<Bytes> AnswerOpener::open(const SealedAnswer& sealed, const AnswerBinding& binding) {
  if (sealed.ciphertext.size() < Aead::kTagSize) {
    return Error{.code = ErrorCode::kWrongLength, .field = "ciphertext"};
  }
  const auto kept = sessions_.find(sealed.ephemeral);
  if (kept != sessions_.end()) {
    kept->second.last_use = ++uses_;
    return open_with(kept->second.cipher, sealed, binding);
  }
  const auto key = key_->agree(sealed.ephemeral, sealed.ephemeral, key_->public_key());
  if (!key.ok()) return ErrorCode::kSealedToAnother;
  Aead cipher(*key);
  auto plain = open_with(cipher, sealed, binding);
  // Only a session that proved itself is kept: made-up ones push out no other.
  if (plain.ok()) {
    make_room(sessions_, kSessions, [](const Session& session) { return session.last_use; });
    sessions_.emplace(sealed.ephemeral, Session{.cipher = std::move(cipher), .last_use = ++uses_});
  }
  return plain;
}

Result<Bytes> AnswerOpener::open_with(Aead& cipher, const SealedAnswer& sealed,
                                      const AnswerBinding& binding) {
  auto plain = cipher.open(sealed.nonce, associated_data(binding), sealed.ciphertext);
  if (!plain.ok()) return ErrorCode::kSealedToAnother;
  return plain;
}

}  // namespace nakadachi::crypto
