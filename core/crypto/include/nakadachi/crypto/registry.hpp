#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/clock.hpp"
#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/crypto/signing.hpp"

namespace nakadachi::crypto {

/// The public keys everything else is traced back to. They come from the
/// configuration, never from the link.
struct TrustRoots {
  PublicKey core_key;      ///< signs permits and refusals
  PublicKey registry_key;  ///< signs the registry of institutions
  bool simulated = true;   ///< true for the reference national system
};

/// Errors: `kSimulatedTrust` when simulated roots meet a profile other than "demo".
Result<void> check_profile(const TrustRoots& roots, std::string_view profile);

/// One institution as everybody knows it.
struct RegistryEntry {
  InstitutionCode code;
  TenantId tenant;
  std::uint16_t institution_class = 0;  ///< rules::InstitutionClass
  std::string name;
  PublicKey signing_key;         ///< Ed25519, signs delegations
  SealingPublicKey sealing_key;  ///< X25519, answers are sealed to it

  friend bool operator==(const RegistryEntry&, const RegistryEntry&) = default;
};

/// The pinned registry of institutions' keys. Immutable.
class Registry {
 public:
  static constexpr std::size_t kMaxEntries = 10'000;
  static constexpr std::size_t kMaxNameBytes = 200;

  /// The bytes to publish: entries in order of code, serial, time, signature.
  /// docs/protocol/registry.md. Entries with equal codes and more than the
  /// limits above are bugs.
  static Bytes make(std::vector<RegistryEntry> entries, std::uint64_t serial, Timestamp made_at,
                    const Signer& registry_signer);

  /// Errors: `kRegistryInvalid` (malformed, other signer, bad signature, serial
  /// lower than `least_serial`: an old registry played back).
  static Result<Registry> open(ByteView bytes, const TrustRoots& roots, const Verifier& verifier,
                               std::uint64_t least_serial = 0);

  /// Null when nobody has this code. Lives as long as the registry.
  const RegistryEntry* find(const InstitutionCode& code) const noexcept;
  const std::vector<RegistryEntry>& entries() const noexcept { return entries_; }
  std::uint64_t serial() const noexcept { return serial_; }

 private:
  std::vector<RegistryEntry> entries_;  // ascending by code
  std::uint64_t serial_ = 0;
};

/// An institution's word that a node key may sign for it for a while.
struct Delegation {
  InstitutionCode institution;
  PublicKey node_key;
  Timestamp from;
  Timestamp until;
  Signature signature;  ///< by the institution's signing key

  friend bool operator==(const Delegation&, const Delegation&) = default;
};

/// "nakadachi delegation v1", then every field but the signature, big-endian.
Bytes signed_bytes(const Delegation& delegation);
Delegation make_delegation(const InstitutionCode& institution, const PublicKey& node_key,
                           Timestamp from, Timestamp until, const Signer& institution_signer);

/// Checks delegations against the registry and remembers the good ones: per
/// institution the `kKeptPerInstitution` that end last, so that a renewed and a
/// not yet ended one hold side by side and old ones push out no newer.
/// Both references outlive this object. One object a thread.
class DelegationVerifier {
 public:
  static constexpr std::size_t kKeptPerInstitution = 16;

  DelegationVerifier(const Registry& registry, const Verifier& verifier)
      : registry_(&registry), verifier_(&verifier) {}

  /// Takes in a delegation seen in a frame; one seen before costs no signature
  /// check. Errors: `kUnknownInstitution`, `kDelegationInvalid` (signature).
  Result<void> learn(const Delegation& delegation);

  /// Whether `node_key` may sign for `institution` at `at`, by what was learnt:
  /// a delegation holds from `from` on and no more at `until`.
  /// Errors: `kDelegationInvalid`.
  Result<void> check(const InstitutionCode& institution, const PublicKey& node_key,
                     Timestamp at) const;

 private:
  const Registry* registry_;
  const Verifier* verifier_;
  std::map<InstitutionCode, std::vector<Delegation>> learnt_;
};

}  // namespace nakadachi::crypto
