#pragma once

#include <map>
#include <memory>

#include "nakadachi/crypto/hash.hpp"
#include "nakadachi/crypto/signing.hpp"

namespace nakadachi::testing {

/// Stands for Ed25519 where a seed does not use it: a keyed hash, a hundred times
/// faster, checked by a verifier that knows every secret. As unforgeable inside
/// the simulation as the real one: no process is handed another's signer.
class TestVerifier final : public crypto::Verifier {
 public:
  void learn(const PublicKey& key, const SecretBytes& secret) {
    secrets_.insert_or_assign(key, secret);
  }

  static Signature keyed(const SecretBytes& secret, ByteView message) {
    crypto::KeyedHash hash(secret);
    const Digest first = hash({as_bytes("1"), message});
    const Digest second = hash({as_bytes("2"), message});
    Signature made;
    std::copy(first.view().begin(), first.view().end(), made.writable().begin());
    std::copy(second.view().begin(), second.view().end(), made.writable().begin() + 32);
    return made;
  }

  bool verify(const PublicKey& key, ByteView message, const Signature& signature) const override {
    const auto secret = secrets_.find(key);
    return secret != secrets_.end() && keyed(secret->second, message) == signature;
  }

 private:
  std::map<PublicKey, SecretBytes> secrets_;
};

class TestSigner final : public crypto::Signer {
 public:
  TestSigner(SecretBytes secret, TestVerifier& verifier) : secret_(std::move(secret)) {
    const Digest named = crypto::sha256({as_bytes("public"), secret_.view()});
    key_ = *PublicKey::from(named.view());
    verifier.learn(key_, secret_);
  }
  const PublicKey& public_key() const noexcept override { return key_; }
  Signature sign(ByteView message) const override { return TestVerifier::keyed(secret_, message); }

 private:
  SecretBytes secret_;
  PublicKey key_;
};

}  // namespace nakadachi::testing
