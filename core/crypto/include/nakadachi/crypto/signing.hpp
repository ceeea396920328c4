#pragma once

#include <memory>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/base/secret.hpp"

namespace nakadachi::crypto {

/// Something that can sign: a key in memory, later a token. Handed to the pure
/// cores. Thread rules are those of the implementation.
class Signer {
 public:
  virtual ~Signer() = default;
  virtual const PublicKey& public_key() const noexcept = 0;
  virtual Signature sign(ByteView message) const = 0;
};

/// Checks signatures of `Signer`s.
class Verifier {
 public:
  virtual ~Verifier() = default;
  virtual bool verify(const PublicKey& key, ByteView message, const Signature& signature) const = 0;
};

/// Ed25519 (RFC 8032) with the private key in memory. Thread-safe.
class Ed25519Signer final : public Signer {
 public:
  static constexpr std::size_t kSeedSize = 32;
  /// `seed` has `kSeedSize` bytes; anything else is a bug.
  explicit Ed25519Signer(const SecretBytes& seed);
  static SecretBytes make_seed(Random& random);
  ~Ed25519Signer() override;
  const PublicKey& public_key() const noexcept override;
  Signature sign(ByteView message) const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// RFC 8032 5.1.7. Also false for keys of low order, all zero among them, under
/// which anybody can sign, and for the second number of a signature not below
/// the group order. Thread-safe.
class Ed25519Verifier final : public Verifier {
 public:
  bool verify(const PublicKey& key, ByteView message, const Signature& signature) const override;
};

}  // namespace nakadachi::crypto
