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

/// Also those with members that only one side has: a class decides by its members.
void add_classes(std::vector<Difference>& found, const LegalFacts& before,
                 const LegalFacts& after) {
  std::set<InstitutionClass> numbers;
  for (const LegalFacts* const facts : {&before, &after}) {
    for (const ClassFact& fact : facts->classes.classes()) numbers.insert(fact.number);
  }
  for (const InstitutionClass number : numbers) {
    const bool is_there = after.classes.find(number) != nullptr;
    std::string then = members(before.classes, number);
    std::string now = members(after.classes, number);
    if (then == now) continue;
    const LegalFacts& named = is_there ? after : before;
    found.push_back(
        {Change::kChanges, {}, named.classes.name_of(number), std::move(then), std::move(now)});
  }
}

/// Which municipality is of which narrower class: the last that fits counts, so the order does.
void add_places(std::vector<Difference>& found, const LegalFacts& before, const LegalFacts& after) {
  const auto shown = [](const LegalFacts& facts) {
    std::vector<std::string> places;
    for (const PlaceFact& place : facts.classes.places()) {
      places.push_back(fmt::format("{} {}", facts.classes.name_of(place.narrower), place.pattern));
    }
    return fmt::format("{}", fmt::join(places, "、"));
  };
  std::string then = shown(before);
  std::string now = shown(after);
  if (then == now) return;
  found.push_back({Change::kChanges, {}, "市町村コードと区分", std::move(then), std::move(now)});
}

void add_kinds(std::vector<Difference>& found, const LegalFacts& before, const LegalFacts& after) {
  for (const KindFact& now : after.kinds) {
    const KindFact* const then = before.find_kind(now.code);
    if (then == nullptr || then->name == now.name) continue;
    found.push_back({Change::kChanges, {}, now.code.text(), then->name, now.name});
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
  add_places(found, before, after);
  add_kinds(found, before, after);
  return found;
}

}  // namespace nakadachi::rules
