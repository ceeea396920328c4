#pragma once

#include <string>

#include "nakadachi/base/secret.hpp"
#include "nakadachi/national/national_core.hpp"

/// What the reference national system keeps in its directory.
namespace nakadachi::apps {

/// Three secrets of 32 bytes, in hexadecimal (secrets.tsv).
struct NationalSecrets {
  SecretBytes core_seed;
  SecretBytes registry_seed;
  SecretBytes symbol_root;
};
/// Errors: `kFileProblem`, `kConfigInvalid`.
Result<NationalSecrets> read_secrets(const std::string& path);
Result<void> make_secrets(const std::string& path);

/// Symbols issued (issued.tsv): institution, person, number not yet confirmed; later
/// lines replace earlier ones. None when there is no file yet.
/// Errors: `kConfigInvalid`.
Result<std::vector<national::IssuedSymbol>> read_issued(const std::string& path);
/// Appends. Errors: `kFileProblem`.
Result<void> append_issued(const std::string& path, std::span<const national::IssuedSymbol> issued);

/// 番号法 28条 violated: institution, affair or kind of the file (JM…, TM…, or * for all).
/// Errors: `kFileProblem`, `kConfigInvalid`.
Result<std::vector<national::AssessmentViolation>> read_violations(const std::string& path);

/// 機構 and core: from a 個人番号 to the core's own name of a simulated person.
crypto::PersonId person_of(std::uint64_t personal_number);

}  // namespace nakadachi::apps
