#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/crypto/registry.hpp"

/// What a town and the reference national system hand each other when the town
/// joins: tab-separated files, one row a line.
namespace nakadachi::apps {

/// Institutions with their public keys, from the town to the national system.
/// code, tenant, class, name, signing key, sealing key (hexadecimal).
std::string write_institutions(const std::vector<crypto::RegistryEntry>& entries);
/// Errors: `kFileProblem`, `kConfigInvalid`.
Result<std::vector<crypto::RegistryEntry>> read_institutions(const std::string& path);

/// A simulated person whom an institution knows: what the town's resident system
/// tells 機構, outside of Nakadachi. institution, 個人番号.
struct KnownPerson {
  InstitutionCode institution;
  std::uint64_t personal_number = 0;
};
std::string write_known_persons(const std::vector<KnownPerson>& persons);
Result<std::vector<KnownPerson>> read_known_persons(const std::string& path);

/// A symbol issued beforehand. institution, 個人番号, symbol (hexadecimal).
struct IssuedSymbol {
  InstitutionCode institution;
  std::uint64_t personal_number = 0;
  Symbol symbol;
};
std::string write_issued_symbols(const std::vector<IssuedSymbol>& symbols);
Result<std::vector<IssuedSymbol>> read_issued_symbols(const std::string& path);

/// One who is handed over to 機構. institution, 取得番号, 個人番号.
struct HandOverRow {
  InstitutionCode institution;
  std::uint64_t acquisition_number = 0;
  std::uint64_t personal_number = 0;
};
std::string write_hand_overs(const std::vector<HandOverRow>& rows);

/// A business system. number, institution, CURVE public key (Z85), affairs it may ask in
/// (commas), kinds it answers itself (commas, - for none).
struct BusinessSystem {
  std::uint32_t number = 0;
  InstitutionCode institution;
  std::string curve_key;
  std::vector<AffairCode> affairs;
  std::vector<InformationKind> answers;
};
std::string write_systems(const std::vector<BusinessSystem>& systems);
Result<std::vector<BusinessSystem>> read_systems(const std::string& path);

/// Who speaks at the admin door. number, institution (- for an operator), CURVE public
/// key (Z85), rights (change, decide; with commas, - for none).
struct StaffRow {
  std::uint32_t number = 0;
  std::optional<InstitutionCode> institution;
  std::string curve_key;
  bool may_change = false;
  bool may_decide = false;
};
std::string write_staff(const std::vector<StaffRow>& staff);
Result<std::vector<StaffRow>> read_staff(const std::string& path);

}  // namespace nakadachi::apps
