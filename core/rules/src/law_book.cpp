#include "nakadachi/rules/law_book.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <tuple>

#include "sum.hpp"
#include "tsv.hpp"

namespace nakadachi::rules {
namespace {

constexpr std::size_t kOrdinanceColumns = 10;

Error invalid(std::string_view field, std::size_t place) {
  return {.code = ErrorCode::kConfigInvalid,
          .field = field,
          .position = static_cast<std::int32_t>(place)};
}

std::optional<Period> parse_period(std::string_view from, std::string_view until) {
  const auto first = Day::parse(from);
  if (!first) return std::nullopt;
  Period period{first, std::nullopt};
  if (until == "-") return period;
  period.until = Day::parse(until);
  if (!period.until) return std::nullopt;
  return period;
}

Result<Ordinance> parse_ordinance(const std::vector<std::string_view>& fields) {
  const Error problem{.code = ErrorCode::kConfigInvalid, .field = "ordinance"};
  if (fields.size() < kOrdinanceColumns) return problem;
  const auto municipality = MunicipalityCode::parse(fields[1]);
  const auto affair = AffairCode::parse(fields[2]);
  const auto inquirer = parse_number<std::uint16_t>(fields[4]);
  const auto provider = parse_number<std::uint16_t>(fields[5]);
  const auto kind = InformationKind::parse(fields[6]);
  const auto period = parse_period(fields[7], fields[8]);
  if (fields[0] != "network" && fields[0] != "within") return problem;
  if (!municipality || !affair || !inquirer || !provider || !kind || !period) return problem;
  Ordinance made{
      .sort = fields[0] == "network" ? OrdinanceSort::kNetwork : OrdinanceSort::kWithinBody,
      .municipality = *municipality,
      .affair = *affair,
      .treated_as = std::nullopt,
      .inquirer = static_cast<InstitutionClass>(*inquirer),
      .provider = static_cast<InstitutionClass>(*provider),
      .kind = *kind,
      .in_force = *period,
      .name = std::string(fields[9])};
  if (fields[3] == "-") return made;
  const auto model = AffairCode::parse(fields[3]);
  if (!model) return problem;
  made.treated_as = *model;
  return made;
}

auto order_of(const Ordinance& one) noexcept { return std::tuple(one.municipality, one.affair); }

bool same_body(const Question& question) noexcept {
  return question.inquirer.municipality && question.provider.municipality &&
         *question.inquirer.municipality == *question.provider.municipality;
}

}  // namespace

// Ordinances ------------------------------------------------------------------

Result<std::vector<Ordinance>> parse_ordinances(std::string_view tsv) {
  std::vector<Ordinance> all;
  NAKADACHI_CHECK(for_each_line(tsv, [&](const auto& fields) -> Result<void> {
    NAKADACHI_TRY(Ordinance one, parse_ordinance(fields));
    all.push_back(std::move(one));
    return {};
  }));
  return all;
}

// LawBook ---------------------------------------------------------------------

Result<LawBook> LawBook::make(ClassCatalogue classes, std::vector<DatedTable> tables,
                              std::vector<Ordinance> ordinances) {
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const Period& period = tables[i].in_force;
    if (period.is_reversed()) return invalid("legal_table", i);
    for (std::size_t j = 0; j < i; ++j) {
      const Period& other = tables[j].in_force;
      if (period.overlaps(other)) return invalid("legal_table", i);
    }
  }
  for (std::size_t i = 0; i < ordinances.size(); ++i) {
    const Ordinance& one = ordinances[i];
    const bool through_network = one.sort == OrdinanceSort::kNetwork;
    if (one.in_force.is_reversed() || one.treated_as.has_value() != through_network ||
        !classes.known(one.inquirer) || !classes.known(one.provider)) {
      return invalid("ordinance", i);
    }
  }
  LawBook made;
  made.classes_ = std::move(classes);
  made.tables_ = std::move(tables);
  made.ordinances_ = std::move(ordinances);
  std::sort(made.tables_.begin(), made.tables_.end(), [](const DatedTable& a, const DatedTable& b) {
    return a.in_force.from < b.in_force.from;
  });
  std::stable_sort(
      made.ordinances_.begin(), made.ordinances_.end(),
      [](const Ordinance& a, const Ordinance& b) { return order_of(a) < order_of(b); });
  made.sum_up();
  return made;
}

LawBook LawBook::of(const LegalFacts& facts) {
  LawBook made;
  made.classes_ = facts.classes;
  made.tables_.push_back({Period{}, LegalTable(facts)});
  made.sum_up();
  return made;
}

const LegalTable* LawBook::table_on(Day day) const noexcept {
  for (const DatedTable& one : tables_) {
    if (one.in_force.holds(day)) return &one.table;
  }
  return nullptr;
}

std::uint64_t LawBook::fingerprint_on(Day day) const noexcept {
  const auto next = sums_.upper_bound(day);
  return next == sums_.begin() ? 0 : std::prev(next)->second;
}

/// Anew for each day on which something begins or has ended.
void LawBook::sum_up() {
  const auto begins = [this](Day day) { sums_.try_emplace(day, 0); };
  const auto add = [&](const Period& period) {
    begins(period.from.value_or(Day{std::numeric_limits<std::int32_t>::min()}));
    if (period.until) begins(Day{period.until->number + 1});
  };
  for (const DatedTable& one : tables_) add(one.in_force);
  for (const Ordinance& one : ordinances_) {
    if (one.sort == OrdinanceSort::kNetwork) add(one.in_force);
  }
  for (auto& [day, sum] : sums_) sum = sum_of(day);
}

std::uint64_t LawBook::sum_of(Day day) const {
  const LegalTable* const table = table_on(day);
  if (table == nullptr) return 0;
  std::uint64_t sum = table->fingerprint();
  for (const PlaceFact& place : classes_.places()) {  // the last that fits counts
    sum = add_to_sum(sum, static_cast<std::uint64_t>(place.narrower));
    for (const char digit : place.pattern) sum = add_to_sum(sum, static_cast<unsigned char>(digit));
  }
  for (const Ordinance& one : ordinances_) {
    if (one.sort != OrdinanceSort::kNetwork || !one.in_force.holds(day)) continue;
    std::uint64_t own = add_to_sum(kFnvBasis, one.municipality.number());
    own = add_to_sum(own, one.affair.number());
    own = add_to_sum(own, one.treated_as->number());
    for (const InstitutionClass party : {one.inquirer, one.provider}) {
      const std::vector<InstitutionClass> members = classes_.members_of(party);
      own = add_to_sum(own, members.size());
      for (const InstitutionClass member : members) {
        own = add_to_sum(own, static_cast<std::uint64_t>(member));
      }
    }
    sum += add_to_sum(own, one.kind.number());  // in no order that means anything
  }
  return sum;
}

bool LawBook::is_of(const Party& party, InstitutionClass number) const noexcept {
  return classes_.includes(number, classes_.refine(party.institution_class, party.municipality));
}

std::span<const Ordinance> LawBook::ordinances_of(const Party& inquirer,
                                                  AffairCode affair) const noexcept {
  if (!inquirer.municipality) return {};
  const auto wanted = std::tuple(*inquirer.municipality, affair);
  const auto first = std::lower_bound(
      ordinances_.begin(), ordinances_.end(), wanted,
      [](const Ordinance& one, const auto& sought) { return order_of(one) < sought; });
  auto last = first;
  while (last != ordinances_.end() && order_of(*last) == wanted) ++last;
  return {first, last};
}

const Ordinance* LawBook::within_body(const Question& question, Day day) const noexcept {
  if (!same_body(question)) return nullptr;
  for (const Ordinance& one : ordinances_of(question.inquirer, question.affair)) {
    if (one.sort == OrdinanceSort::kWithinBody && one.in_force.holds(day) &&
        one.kind == question.kind && is_of(question.inquirer, one.inquirer) &&
        is_of(question.provider, one.provider)) {
      return &one;
    }
  }
  return nullptr;
}

Verdict LawBook::through_network(const Question& question, Day day,
                                 const LegalTable& table) const noexcept {
  Verdict beyond;
  for (const Ordinance& one : ordinances_of(question.inquirer, question.affair)) {
    if (one.sort != OrdinanceSort::kNetwork || !one.in_force.holds(day) ||
        one.kind != question.kind || !is_of(question.inquirer, one.inquirer) ||
        !is_of(question.provider, one.provider)) {
      continue;
    }
    Verdict verdict = table.judge(
        classes_.refine(question.inquirer.institution_class, question.inquirer.municipality),
        *one.treated_as,
        classes_.refine(question.provider.institution_class, question.provider.municipality),
        one.kind);
    verdict.ordinance = &one;
    if (verdict.allowed) {
      verdict.source = Source::kNetworkOrdinance;
      return verdict;
    }
    verdict.denial = Denial::kOrdinanceBeyondTable;
    beyond = verdict;
  }
  return beyond;
}

Verdict LawBook::judge(const Question& question, Day day) const noexcept {
  const LegalTable* const table = table_on(day);
  const std::uint64_t fingerprint = fingerprint_on(day);
  if (const Ordinance* const ordinance = within_body(question, day)) {
    return {.allowed = true,
            .source = Source::kWithinBodyOrdinance,
            .fingerprint = fingerprint,
            .ordinance = ordinance};
  }
  if (table == nullptr) return {.denial = Denial::kNoTableInForce};
  const Verdict by_table = table->judge(
      classes_.refine(question.inquirer.institution_class, question.inquirer.municipality),
      question.affair, question.procedure,
      classes_.refine(question.provider.institution_class, question.provider.municipality),
      question.kind);
  const Verdict by_ordinance =
      by_table.allowed ? Verdict() : through_network(question, day, *table);
  Verdict verdict = by_ordinance.ordinance != nullptr ? by_ordinance : by_table;
  verdict.fingerprint = fingerprint;
  return verdict;
}

}  // namespace nakadachi::rules
