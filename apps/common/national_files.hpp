#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

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

/// Symbols issued. issued.tsv says who has one since when (institution, person, ms since 1970) and
/// only grows. The 取得番号 of those not yet confirmed stand apart (unconfirmed.tsv: the same and
/// the number), in a file that is written anew when one comes or goes: when a symbol is confirmed
/// its number is in no file any more (番号法 21条の2第3項).
class IssuedFiles {
 public:
  /// Of a directory; empty when it has neither file yet. Errors: `kConfigInvalid`,
  /// `kFileProblem`.
  static Result<IssuedFiles> open(const std::string& directory);

  std::vector<national::IssuedSymbol> all() const;
  /// Takes what has changed. Numbers are on disk before who has them is, so that what a
  /// crash leaves between the two is found again. Errors: `kFileProblem`.
  Result<void> keep(std::span<const national::IssuedSymbol> changed);

 private:
  using Holder = std::pair<InstitutionCode, crypto::PersonId>;
  explicit IssuedFiles(const std::string& directory);
  Result<void> write_unconfirmed() const;
  Result<void> append_issued(std::span<const national::IssuedSymbol> issued) const;

  std::string issued_file_;
  std::string unconfirmed_file_;
  std::map<Holder, Timestamp> issued_;
  std::map<Holder, std::uint64_t> unconfirmed_;
};

/// 番号法 28条 violated: institution, affair or kind of the file (JM…, TM…, or * for all).
/// Errors: `kFileProblem`, `kConfigInvalid`.
Result<std::vector<national::AssessmentViolation>> read_violations(const std::string& path);

/// 機構 and core: from a 個人番号 to the core's own name of a simulated person.
crypto::PersonId person_of(std::uint64_t personal_number);

}  // namespace nakadachi::apps
