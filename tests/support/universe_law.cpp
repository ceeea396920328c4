// The law of the simulated world.

#include <fmt/format.h>

#include <algorithm>

#include "universe_facts.hpp"

namespace nakadachi::testing {
namespace {

/// The asker's and the provider's table; the core's lacks kOnlyNodesKnow.
constexpr std::string_view kLaw =
    "48\t1\tJM01000000048000\t1\tTM00000000000002\n"
    "63\t2\tJM01000000063000\t1\tTM00000000000002\n"
    "48\t1\tJM01000000048000\t1\tTM00000000000004\n"
    "106\t1\tJM01000000106000\t1\tTM00000000000002\n"
    "106\t1\tJM01000000106000\t1\tTM00000000000004\n";
/// What one table has and the one after it has not, and the other way round.
constexpr std::string_view kUntilThen = "48\t1\tJM01000000048000\t1\tTM00000000000001\n";
constexpr std::string_view kFromThen = "106\t1\tJM01000000106000\t1\tTM00000000000001\n";
constexpr std::string_view kOnlyNodesKnow = "132\t1\tJM01000000132000\t1\tTM00000000000003\n";

/// The third affair's procedures; a third one is not named.
constexpr std::string_view kConditions =
    "106\tJT01000000000001\tTM00000000000001\t*\n"
    "106\tJT01000000000001\tTM00000000000002\t*\n"
    "106\tJT01000000000001\tTM00000000000004\t*\n"
    "106\tJT01000000000002\tTM00000000000002\t1-2\n";

/// Two tables, one behind the other; `more` rows are in both.
rules::LawBook law_book(std::string_view more, Day other_from,
                        std::vector<rules::Ordinance> ordinances) {
  const auto facts = [&](std::string_view own) {
    return *rules::LegalFacts::parse(fmt::format("{}{}{}", kLaw, more, own));
  };
  const auto table = [](const rules::LegalFacts& of) {
    return *rules::LegalTable(of).with_conditions(kConditions);
  };
  const rules::LegalFacts before = facts(kUntilThen);
  std::vector<rules::DatedTable> tables;
  tables.push_back({{.from = {}, .until = Day::from_number(other_from.number - 1)}, table(before)});
  tables.push_back({{.from = other_from, .until = {}}, table(facts(kFromThen))});
  return *rules::LawBook::make(before.classes, std::move(tables), std::move(ordinances));
}

/// The mayors' own affairs. The second town's first one begins with the other table, and so does
/// what of it the first town asks of the first kind end.
std::vector<rules::Ordinance> network_ordinances(Day other_from) {
  std::vector<rules::Ordinance> ordinances;
  const auto add = [&](std::size_t town, std::size_t affair, std::size_t kind, Period in_force) {
    ordinances.push_back(
        {.sort = rules::OrdinanceSort::kNetwork,
         .municipality = *MunicipalityCode::parse(fmt::format("{:06}", kTownCodes[town])),
         .affair = *AffairCode::parse(kOwnAffairs[affair]),
         .treated_as = *AffairCode::parse(kAffairs[0]),
         .inquirer = rules::InstitutionClass::kMayor,
         .provider = rules::InstitutionClass::kMayor,
         .kind = *InformationKind::parse(kKinds[kind]),
         .in_force = in_force,
         .name = "独自利用条例"});
  };
  add(0, 0, 0, {});
  add(0, 0, 1, {});
  add(1, 0, 1, {.from = other_from, .until = {}});
  for (std::size_t town = 0; town < kTowns; ++town) add(town, 1, 1, {});
  return ordinances;
}

}  // namespace

rules::LawBook Universe::core_law() const {
  return law_book({}, other_law_from_, network_ordinances(other_law_from_));
}

/// Both towns let the mayor ask the education board in the first affair.
rules::LawBook Universe::node_law() const {
  std::vector<rules::Ordinance> ordinances = network_ordinances(other_law_from_);
  for (const std::uint32_t town : kTownCodes) {
    ordinances.push_back({.sort = rules::OrdinanceSort::kWithinBody,
                          .municipality = *MunicipalityCode::parse(fmt::format("{:06}", town)),
                          .affair = *AffairCode::parse(kAffairs[0]),
                          .treated_as = {},
                          .inquirer = rules::InstitutionClass::kMayor,
                          .provider = rules::InstitutionClass::kEducationBoard,
                          .kind = *InformationKind::parse(kKinds[1]),
                          .in_force = {},
                          .name = "条例"});
  }
  return law_book(kOnlyNodesKnow, other_law_from_, std::move(ordinances));
}

rules::Verdict Universe::judge(const rules::LawBook& law, const exchange::Subject& subject,
                               Timestamp asked_at) const {
  const auto party = [&](const InstitutionCode& code) {
    const std::size_t institution = index_of(code);
    const auto town =
        MunicipalityCode::parse(fmt::format("{:06}", kTownCodes[town_of(institution)]));
    return rules::Party{rules::InstitutionClass{class_of(institution)}, *town};
  };
  return law.judge({.inquirer = party(subject.asker),
                    .affair = subject.affair,
                    .procedure = subject.procedure,
                    .provider = party(subject.provider),
                    .kind = subject.kind},
                   asked_at);
}

bool Universe::allows(const exchange::Subject& subject, Timestamp asked_at) const {
  return judge(node_law(), subject, asked_at).allowed;
}

bool Universe::covers(const exchange::Subject& subject, Timestamp asked_at,
                      const copies::CopyContent& answer) const {
  const rules::LawBook law = node_law();
  const rules::Verdict verdict = judge(law, subject, asked_at);
  return verdict.allowed && std::ranges::all_of(answer.items, [&](const copies::CopyItem& item) {
           return verdict.covers(item.number);
         });
}

bool Universe::is_by_ordinance(const exchange::Subject& subject, Timestamp asked_at) const {
  return judge(node_law(), subject, asked_at).source == rules::Source::kNetworkOrdinance;
}

/// An affair that only `widen` asks in, and one kind of the second town's mayor.
std::vector<national::AssessmentViolation> Universe::violations() const {
  return {{.institution = codes_[0], .affair = *AffairCode::parse(kOwnAffairs[1]), .kind = {}},
          {.institution = codes_[2], .affair = {}, .kind = kind(0)}};
}

bool Universe::is_suspended(const exchange::Subject& subject) const {
  return std::ranges::any_of(violations(), [&](const national::AssessmentViolation& file) {
    return (file.institution == subject.asker && file.affair == subject.affair) ||
           (file.institution == subject.provider && file.kind == subject.kind);
  });
}

}  // namespace nakadachi::testing
