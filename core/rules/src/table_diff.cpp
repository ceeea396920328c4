#include "nakadachi/rules/table_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace nakadachi::rules {
namespace {

struct Provision {
  ItemNumber item;
  AffairCode affair;
  InstitutionClass inquirer = InstitutionClass::kMayor;
  InstitutionClass provider = InstitutionClass::kMayor;
  InformationKind kind;
  friend auto operator<=>(const Provision&, const Provision&) = default;
};

std::set<Provision> provisions_of(const LegalFacts& facts) {
  std::set<Provision> all;
  for (const RuleRow& row : facts.rows) {
    for (const InstitutionClass inquirer : row.inquirers) {
      for (const InstitutionClass provider : row.providers) {
        for (const InformationKind kind : row.kinds) {
          all.insert({row.item, row.affair, inquirer, provider, kind});
        }
      }
    }
  }
  return all;
}

std::string affair_name(const LegalFacts& facts, AffairCode code) {
  const AffairFact* const affair = facts.find_affair(code);
  return affair != nullptr ? title_of(*affair) : code.text();
}

void add_provisions(std::vector<Difference>& found, Change change, const LegalFacts& from,
                    const std::set<Provision>& there, const std::set<Provision>& not_there) {
  for (const Provision& one : there) {
    if (not_there.contains(one)) continue;
    Difference difference{.change = change,
                          .item = one.item,
                          .subject = affair_name(from, one.affair),
                          .before = {},
                          .after = {}};
    std::string& side = change == Change::kOpens ? difference.after : difference.before;
    side = fmt::format("{} ← {}：{}", from.classes.name_of(one.inquirer),
                       from.classes.name_of(one.provider), from.name_of(one.kind));
    found.push_back(std::move(difference));
  }
}

std::string words_of(const AffairFact& affair) {
  return fmt::format("{}（{}）", title_of(affair), affair.article);
}

void add_affairs(std::vector<Difference>& found, const LegalFacts& before,
                 const LegalFacts& after) {
  for (const AffairFact& now : after.affairs) {
    const AffairFact* const then = before.find_affair(now.code);
    if (then == nullptr || words_of(*then) == words_of(now)) continue;
    found.push_back({Change::kChanges, now.item, now.code.text(), words_of(*then), words_of(now)});
  }
}

std::string members(const ClassCatalogue& catalogue, InstitutionClass number) {
  std::vector<std::string> names;
  for (const InstitutionClass member : catalogue.members_of(number)) {
    if (member != number) names.push_back(catalogue.name_of(member));
  }
  return fmt::format("{}", fmt::join(names, "、"));
}

void add_classes(std::vector<Difference>& found, const LegalFacts& before,
                 const LegalFacts& after) {
  for (const ClassFact& now : after.classes.classes()) {
    if (before.classes.find(now.number) == nullptr) continue;
    std::string then = members(before.classes, now.number);
    std::string present = members(after.classes, now.number);
    if (then == present) continue;
    found.push_back({Change::kChanges, {}, now.name, std::move(then), std::move(present)});
  }
}

}  // namespace

std::vector<Difference> difference(const LegalFacts& before, const LegalFacts& after) {
  const auto then = provisions_of(before);
  const auto now = provisions_of(after);
  std::vector<Difference> found;
  add_provisions(found, Change::kCloses, before, then, now);
  add_provisions(found, Change::kOpens, after, now, then);
  add_affairs(found, before, after);
  std::stable_sort(found.begin(), found.end(),
                   [](const Difference& a, const Difference& b) { return a.item < b.item; });
  add_classes(found, before, after);
  return found;
}

}  // namespace nakadachi::rules
