#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/rules/institution_class.hpp"
#include "nakadachi/rules/item_number.hpp"
#include "nakadachi/rules/legal_facts.hpp"

namespace nakadachi::rules {

struct Ordinance;

/// What allowed a query.
enum class Source : std::uint8_t {
  kNone,
  kTable,               ///< 番号法19条8号 and the table of Article 2
  kNetworkOrdinance,    ///< 番号法19条9号: the body's own affair, treated as one of the table
  kWithinBodyOrdinance  ///< 番号法19条11号: between institutions of one body, local and recorded
};

/// How far the law was followed. The table is the first level; the conditions of
/// Articles 3 and following, per procedure and item of data, are the second.
enum class Level : std::uint8_t { kRow, kProcedure };

/// The first thing that failed.
enum class Denial : std::uint8_t {
  kNone,
  kNoTableInForce,       ///< no table is in force on that day
  kUnknownAffair,        ///< the table has no such affair
  kInquirerNotNamed,     ///< the item is not this inquirer's
  kProviderNotNamed,     ///< the item does not name this provider
  kKindNotNamed,         ///< nor this kind from this provider
  kProcedureNotNamed,    ///< the row allows it, the conditions of the procedure do not
  kOrdinanceBeyondTable  ///< an ordinance names what its model in the table does not have
};

/// What the law says of a query, and which rule decided.
struct Verdict {
  bool allowed = false;
  Source source = Source::kNone;
  Level level = Level::kRow;
  Denial denial = Denial::kNone;
  ItemNumber item;  ///< the deciding item; on denial the affair's item, if it has one
  /// Of the table that judged, or of the book (`LawBook::fingerprint_on`); 0 when no table is in
  /// force.
  std::uint64_t fingerprint = 0;
  /// The ordinance that decided, owned by the `LawBook`; else null.
  const Ordinance* ordinance = nullptr;
  /// Items of data the procedure's conditions allow, ascending, owned by the
  /// table; empty at `Level::kRow` and when the conditions allow all.
  std::span<const std::uint16_t> data_items;

  /// Whether the verdict covers this item of data.
  bool covers(std::uint16_t data_item) const noexcept;
};

/// The table compiled for lookup. A copy is a table of its own; what a verdict
/// points to belongs to the table that judged. Immutable; safe for any number of
/// threads.
class LegalTable {
 public:
  LegalTable() = default;
  /// With every class expanded to the classes it includes, so that a question by
  /// the class of the registry finds each row that means it.
  explicit LegalTable(const LegalFacts& facts);

  /// `LegalFacts::parse` and compilation in one. Errors: as there.
  static Result<LegalTable> parse(std::string_view tsv);

  /// The table with the second level: lines of item or affair, procedure, kind,
  /// and items of data (`*`, or numbers and ranges as `1,4,7-9`), tab-separated.
  /// An affair with at least one line is judged by procedure from then on; the
  /// others stay at row level. Lines replace none that were loaded before.
  /// Errors: `kConfigInvalid` with field `conditions` and the line as position,
  /// also for an affair or kind that no row has.
  Result<LegalTable> with_conditions(std::string_view tsv) const;

  /// Whether a row allows it: the first level only. Never waits, never allocates.
  Verdict judge(InstitutionClass inquirer, AffairCode affair, InstitutionClass provider,
                InformationKind kind) const noexcept;

  /// Both levels, the second as far as it is loaded for the affair.
  /// Never waits, never allocates.
  Verdict judge(InstitutionClass inquirer, AffairCode affair, ProcedureCode procedure,
                InstitutionClass provider, InformationKind kind) const noexcept;

  /// A 64-bit sum (FNV-1a) of all that decides: the expanded rows and the
  /// conditions, in an order of its own. Tables that judge alike have the same,
  /// in whatever order and grouping their lines came. It tells an accident, such
  /// as a node with last year's table; it is no proof against forgery.
  std::uint64_t fingerprint() const noexcept { return fingerprint_; }

  /// Questions the table answers with yes.
  std::size_t size() const noexcept { return keys_.size(); }

 private:
  struct Affair {
    AffairCode code;
    ItemNumber item;
    bool has_conditions = false;
  };
  struct Condition {
    std::uint16_t affair = 0;  // places in affairs_ and kinds_
    ProcedureCode procedure;
    std::uint16_t kind = 0;
    std::uint32_t first = 0;  // place in data_items_
    std::uint32_t count = 0;
  };

  static std::optional<std::uint16_t> place_of(const std::vector<InformationKind>& kinds,
                                               InformationKind kind) noexcept;
  Result<Condition> read_condition(std::span<const std::string_view> fields);
  void sum_up();

  std::vector<Affair> affairs_;         // ascending by code
  std::vector<InformationKind> kinds_;  // ascending
  std::vector<std::uint64_t> keys_;     // affair, inquirer, provider, kind; 16 bits each; ascending
  std::vector<Condition> conditions_;   // ascending by affair, procedure, kind
  std::vector<std::uint16_t> data_items_;
  std::uint64_t fingerprint_ = 0;
};

}  // namespace nakadachi::rules
