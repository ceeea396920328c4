#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/result.hpp"

namespace nakadachi::rules {

/// Sorts of institution the legal table speaks of. Numbers stand in the signed
/// registry and are never reused.
enum class InstitutionClass : std::uint16_t {
  kMayor = 1,           ///< 市町村長（特別区の区長を含む）
  kEducationBoard = 2,  ///< 市町村教育委員会
  kGovernor = 3         ///< 都道府県知事
};

/// One row: who may ask whom for which information in which affair.
struct RuleRow {
  std::uint16_t item = 0;  ///< 項 of the table of Article 2
  InstitutionClass inquirer = InstitutionClass::kMayor;
  AffairCode affair;
  InstitutionClass provider = InstitutionClass::kMayor;
  InformationKind kind;
};

/// What the table says of a query, and which item decided.
struct Verdict {
  bool allowed = false;
  std::uint16_t item = 0;  ///< the deciding item; 0 when no row allows it
};

/// The table of Article 2 of 令和6年デジタル庁・総務省令第9号 (successor of 番号法
/// 別表第二), compiled for lookup. Immutable; safe for any number of threads.
class LegalTable {
 public:
  /// Reads tab-separated rows: item, inquirer class, affair, provider class,
  /// kind; further columns are for people. Lines starting with # are skipped.
  /// Errors: `kConfigInvalid` with the line as position.
  static Result<LegalTable> parse(std::string_view tsv);

  /// Whether a row allows it. Never waits, never allocates.
  Verdict judge(InstitutionClass inquirer, AffairCode affair, InstitutionClass provider,
                InformationKind kind) const noexcept;

  const std::vector<RuleRow>& rows() const noexcept { return rows_; }

 private:
  std::vector<RuleRow> rows_;  // ascending by everything but the item
};

}  // namespace nakadachi::rules
