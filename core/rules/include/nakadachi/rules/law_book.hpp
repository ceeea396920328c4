#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/clock.hpp"
#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/day.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/rules/legal_table.hpp"

namespace nakadachi::rules {

enum class OrdinanceSort : std::uint8_t {
  kNetwork,    ///< 番号法19条9号, through the network
  kWithinBody  ///< 番号法19条11号, between two institutions of the same body
};

/// One permission a local ordinance (条例) gives.
struct Ordinance {
  OrdinanceSort sort = OrdinanceSort::kNetwork;
  MunicipalityCode municipality;  ///< whose ordinance it is
  AffairCode affair;              ///< the body's own affair (独自利用事務)
  /// The affair of the table that it is treated as (準ずる法定事務), through the
  /// network only: the row of that affair must have provider and kind.
  std::optional<AffairCode> treated_as;
  InstitutionClass inquirer = InstitutionClass::kMayor;
  InstitutionClass provider = InstitutionClass::kMayor;
  InformationKind kind;
  Period in_force;
  std::string name;  ///< of the ordinance
};

/// Reads tab-separated lines of sort (`network` or `within`), municipality, own
/// affair, affair it is treated as (`-` for `within`), inquirer class, provider
/// class, kind, from, until (`-` for none), name of the ordinance; # begins a
/// comment. Errors: `kConfigInvalid` with field `ordinance` and the line.
Result<std::vector<Ordinance>> parse_ordinances(std::string_view tsv);

/// An institution, as far as the law looks at it.
struct Party {
  InstitutionClass institution_class = InstitutionClass::kMayor;
  std::optional<MunicipalityCode> municipality;  ///< nothing: of no municipality
};

/// One query, as far as the law looks at it.
struct Question {
  Party inquirer;
  AffairCode affair;
  ProcedureCode procedure;
  Party provider;
  InformationKind kind;
};

/// A table and when it is law.
struct DatedTable {
  Period in_force;
  LegalTable table;
};

/// The whole law of a node: tables in the order of their days, local ordinances,
/// and who belongs to which class. Immutable; safe for any number of threads.
class LawBook {
 public:
  /// Errors: `kConfigInvalid`: field `legal_table` and the place of a table that
  /// overlaps another or ends before it begins; field `ordinance` and the place
  /// of one of an unknown class, one that ends before it begins, of one through
  /// the network without an affair it is treated as, of one within a body with.
  static Result<LawBook> make(ClassCatalogue classes, std::vector<DatedTable> tables,
                              std::vector<Ordinance> ordinances);

  /// One table, in force on all days, and no ordinance.
  static LawBook of(const LegalFacts& facts);

  /// Judges by what is in force on `day`. A party is of the narrowest class that
  /// its municipality tells (`ClassCatalogue::refine`). Between two institutions
  /// of one body its ordinance within the body comes first, because it needs no
  /// network; then the table, then the asking body's ordinance through the
  /// network. The verdict lives as long as the book. Never waits, never allocates.
  Verdict judge(const Question& question, Day day) const noexcept;
  Verdict judge(const Question& question, Timestamp at) const noexcept {
    return judge(question, Day::of(at));
  }

  /// Null when none is in force on that day.
  const LegalTable* table_on(Day day) const noexcept;
  /// A 64-bit sum of all that decides about a query through the network on that day: the table
  /// in force (`LegalTable::fingerprint`), what the municipality's code tells of a class, and the
  /// ordinances through the network in force with all classes that belong to theirs, in whatever
  /// order they came; 0 when there is no table. To be compared between nodes. Ordinances within a
  /// body are its own matter and left out.
  std::uint64_t fingerprint_on(Day day) const noexcept;

  const ClassCatalogue& classes() const noexcept { return classes_; }
  const std::vector<DatedTable>& tables() const noexcept { return tables_; }
  const std::vector<Ordinance>& ordinances() const noexcept { return ordinances_; }

 private:
  const Ordinance* within_body(const Question& question, Day day) const noexcept;
  Verdict through_network(const Question& question, Day day,
                          const LegalTable& table) const noexcept;
  bool is_of(const Party& party, InstitutionClass number) const noexcept;
  void sum_up();
  std::uint64_t sum_of(Day day) const;
  std::span<const Ordinance> ordinances_of(const Party& inquirer, AffairCode affair) const noexcept;

  ClassCatalogue classes_;
  std::vector<DatedTable> tables_;     // ascending by first day
  std::vector<Ordinance> ordinances_;  // ascending by municipality and own affair
  std::map<Day, std::uint64_t> sums_;  // by the first day on which they are the fingerprint
};

}  // namespace nakadachi::rules
