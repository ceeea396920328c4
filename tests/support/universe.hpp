#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nakadachi/crypto/symbol_cipher.hpp"
#include "nakadachi/national/national_core.hpp"
#include "nakadachi/tenant_vm/node_core.hpp"
#include "test_signing.hpp"

namespace nakadachi::testing {

inline constexpr std::size_t kTowns = 2;
inline constexpr std::size_t kInstitutions = 4;  // mayor and education board of each town
inline constexpr std::size_t kPersons = 40;
inline constexpr Timestamp kStart{1'800'000'000'000};

/// What the outside world knows for sure: who lives where, who holds what, and
/// so what every query should lead to. Made from the seed; never changes in a run.
class Universe {
 public:
  /// Delegations are good for a year around `present`.
  explicit Universe(std::uint64_t seed, Timestamp present = kStart);

  struct Expected {
    bool recorded = true;  ///< false: an error and no exchange
    exchange::Outcome outcome = exchange::Outcome::kAnswered;
    ErrorCode code = ErrorCode::kInternal;
    Bytes answer;
  };

  tenant_vm::NodeSetup node_setup(const std::vector<std::size_t>& towns,
                                  const crypto::Signer& node_signer) const;
  national::NationalSetup national_setup() const;
  exchange::Query make_query(std::size_t asker, Timestamp now, SeededRandom& random) const;
  Expected expected(const exchange::Query& query) const;
  crypto::TenantCipher cipher(std::size_t town) const;

  InstitutionCode institution(std::size_t index) const { return codes_[index]; }
  TenantId tenant(std::size_t town) const;
  static std::size_t town_of(std::size_t institution) { return institution / 2; }
  std::unique_ptr<crypto::Signer> make_signer(std::string_view name) const;
  const crypto::Verifier& verifier() const { return *verifier_; }
  const crypto::Signer& core_signer() const { return *core_signer_; }
  static AddressNumber address_of(std::size_t institution, std::size_t person);
  /// The business system (index of its institution) that asks.
  static std::size_t system_of(const exchange::Query& query) {
    return query.person.reveal() / 1'000'000 - 1;
  }

 private:
  bool knows(std::size_t institution, std::size_t person) const;
  bool holds(std::size_t institution, std::size_t person, const InformationKind& kind) const;
  Bytes copy_of(std::size_t institution, std::size_t person, const InformationKind& kind) const;
  crypto::PersonId person_id(std::size_t person) const;
  SecretBytes secret(std::string_view name, std::size_t index = 0) const;
  std::size_t index_of(const InstitutionCode& code) const;
  bool lot(std::string_view name, std::uint64_t a, std::uint64_t b, std::uint64_t c,
           unsigned permille) const;

  std::uint64_t seed_;
  Timestamp present_;
  bool real_signatures_;
  std::int64_t validity_ms_;
  std::vector<InstitutionCode> codes_;
  mutable TestVerifier test_verifier_;
  crypto::Ed25519Verifier ed25519_verifier_;
  const crypto::Verifier* verifier_;
  std::vector<std::unique_ptr<crypto::Signer>> institution_signers_;
  std::unique_ptr<crypto::Signer> core_signer_;
  std::unique_ptr<crypto::Signer> registry_signer_;
  crypto::TrustRoots roots_;
  Bytes registry_;
};

}  // namespace nakadachi::testing
