#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/rules/institution_class.hpp"
#include "nakadachi/rules/item_number.hpp"

namespace nakadachi::rules {

/// Whether a code was seen in public or made by this project.
enum class Origin : std::uint8_t { kPublic, kUnofficial };

/// Name of a law, order or guideline the table refers to.
struct LawFact {
  std::string name;
  std::string number;  ///< 昭和22年法律164号; empty when none is given
  friend bool operator==(const LawFact&, const LawFact&) = default;
};

/// 特定個人情報名: a kind of information and its code.
struct KindFact {
  InformationKind code;
  Origin origin = Origin::kUnofficial;
  std::string name;  ///< 地方税関係情報; of a kind without a short name `law：what of it`
  friend bool operator==(const KindFact&, const KindFact&) = default;
};

/// 事務: what an item of the table is about, and its code.
struct AffairFact {
  ItemNumber item;
  AffairCode code;
  Origin origin = Origin::kUnofficial;
  std::string article;            ///< of the Order, where the procedures stand: 50条, 14条の2
  std::vector<std::string> laws;  ///< whose administration it is, in the table's order
  std::string about;              ///< in short
  friend bool operator==(const AffairFact&, const AffairFact&) = default;
};

/// One row of the table: any of these may ask any of those for any of the kinds.
struct RuleRow {
  ItemNumber item;
  std::vector<InstitutionClass> inquirers;
  AffairCode affair;
  std::vector<InstitutionClass> providers;
  std::vector<InformationKind> kinds;
  friend bool operator==(const RuleRow&, const RuleRow&) = default;
};

/// The table of Article 2 of 令和6年デジタル庁・総務省令第9号 (successor of 番号法
/// 別表第二) as facts, in the form data/legal_table.tsv has (docs/rules.md).
struct LegalFacts {
  ClassCatalogue classes;
  std::vector<LawFact> laws;
  std::vector<KindFact> kinds;
  std::vector<AffairFact> affairs;
  std::vector<RuleRow> rows;

  /// Reads tab-separated lines; those starting with # are skipped, columns beyond
  /// the known ones are for people. A file may hold rows alone, as tests do; where affairs or
  /// kinds are declared, each is once, and rows name no other, nor an affair of another item.
  /// Errors: `kConfigInvalid` with the line, from 1, as position, or with the code at fault as
  /// detail; of the catalogue as `ClassCatalogue::make` says.
  static Result<LegalFacts> parse(std::string_view tsv);

  /// The same form; what was parsed and is written is the same bytes again.
  std::string write() const;

  /// Null when there is none. By code, or by name.
  const KindFact* find_kind(InformationKind code) const noexcept;
  const KindFact* find_kind(std::string_view code_or_name) const noexcept;
  const AffairFact* find_affair(AffairCode code) const noexcept;
  /// By code (JM…), by item (`48`, `20-2`), or by what it is about when that is
  /// said of one affair only.
  const AffairFact* find_affair(std::string_view text) const noexcept;

  /// The name, or the code of a kind without one.
  std::string name_of(InformationKind code) const;
};

/// `law、law：what it is about`, one line.
std::string title_of(const AffairFact& affair);

}  // namespace nakadachi::rules
