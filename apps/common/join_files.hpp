#pragma once

#include <cstdint>
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

/// A person of the simulated population whom an institution knows: stands for
/// what the town's resident system tells 機構, outside of Nakadachi.
/// institution, ordinal.
struct KnownPerson {
  InstitutionCode institution;
  std::uint64_t ordinal = 0;
};
std::string write_known_persons(const std::vector<KnownPerson>& persons);
Result<std::vector<KnownPerson>> read_known_persons(const std::string& path);

/// A symbol issued. institution, ordinal, symbol (hexadecimal).
struct IssuedSymbol {
  InstitutionCode institution;
  std::uint64_t ordinal = 0;
  Symbol symbol;
};
std::string write_issued_symbols(const std::vector<IssuedSymbol>& symbols);
Result<std::vector<IssuedSymbol>> read_issued_symbols(const std::string& path);

/// What a node loads at start. institution, address number, symbol.
struct BoundSymbol {
  InstitutionCode institution;
  AddressNumber person;
  Symbol symbol;
};
std::string write_bound_symbols(const std::vector<BoundSymbol>& symbols);
Result<std::vector<BoundSymbol>> read_bound_symbols(const std::string& path);

/// A registered copy. institution, address number, kind, content (no tab, no line end).
struct CopyRow {
  InstitutionCode institution;
  AddressNumber person;
  InformationKind kind;
  std::string content;
};
std::string write_copies(const std::vector<CopyRow>& copies);
Result<std::vector<CopyRow>> read_copies(const std::string& path);

/// A business system. number, institution, CURVE public key (Z85), affairs (commas).
struct BusinessSystem {
  std::uint32_t number = 0;
  InstitutionCode institution;
  std::string curve_key;
  std::vector<AffairCode> affairs;
};
std::string write_systems(const std::vector<BusinessSystem>& systems);
Result<std::vector<BusinessSystem>> read_systems(const std::string& path);

}  // namespace nakadachi::apps
