#include "nakadachi/rules/institution_class.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace nakadachi::rules {
namespace {

constexpr std::size_t kCodeDigits = 6;

Error invalid(std::string_view field, std::size_t place) {
  return {.code = ErrorCode::kConfigInvalid,
          .field = field,
          .position = static_cast<std::int32_t>(place)};
}

bool is_pattern(std::string_view pattern) {
  return pattern.size() == kCodeDigits && std::all_of(pattern.begin(), pattern.end(), [](char c) {
           return c == '?' || (c >= '0' && c <= '9');
         });
}

bool fits(std::string_view pattern, std::uint32_t code) noexcept {
  for (std::size_t i = kCodeDigits; i-- > 0; code /= 10) {
    if (pattern[i] != '?' && pattern[i] != static_cast<char>('0' + code % 10)) return false;
  }
  return true;
}

Result<std::vector<ClassFact>> in_order(std::vector<ClassFact> classes) {
  std::set<std::string_view> names;
  std::set<InstitutionClass> numbers;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const ClassFact& fact = classes[i];
    if (static_cast<std::uint16_t>(fact.number) == 0 || fact.name.empty()) {
      return invalid("class", i);
    }
    if (!numbers.insert(fact.number).second || !names.insert(fact.name).second) {
      return invalid("class", i);
    }
  }
  for (std::size_t i = 0; i < classes.size(); ++i) {
    for (const InstitutionClass included : classes[i].includes) {
      if (!numbers.contains(included)) return invalid("class", i);
    }
  }
  std::sort(classes.begin(), classes.end(),
            [](const ClassFact& a, const ClassFact& b) { return a.number < b.number; });
  return classes;
}

/// A class and all it includes, ascending.
std::vector<InstitutionClass> reach_from(const ClassCatalogue& catalogue, InstitutionClass number) {
  std::set<InstitutionClass> found = {number};
  std::vector<InstitutionClass> open = {number};
  while (!open.empty()) {
    const ClassFact* const fact = catalogue.find(open.back());
    open.pop_back();
    for (const InstitutionClass included : fact->includes) {
      if (found.insert(included).second) open.push_back(included);
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace

Result<ClassCatalogue> ClassCatalogue::make(std::vector<ClassFact> classes,
                                            std::vector<PlaceFact> places) {
  ClassCatalogue made;
  const std::vector<ClassFact> as_given = classes;
  NAKADACHI_TRY(made.classes_, in_order(std::move(classes)));
  for (const ClassFact& fact : made.classes_) {
    made.members_.push_back(reach_from(made, fact.number));
  }
  for (std::size_t i = 0; i < as_given.size(); ++i) {
    for (const InstitutionClass included : as_given[i].includes) {
      if (made.includes(included, as_given[i].number)) return invalid("class", i);
    }
  }
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (!is_pattern(places[i].pattern) || made.find(places[i].narrower) == nullptr) {
      return invalid("place", i);
    }
  }
  made.places_ = std::move(places);
  return made;
}

bool ClassCatalogue::known(InstitutionClass number) const noexcept {
  if (!classes_.empty()) return find(number) != nullptr;
  const auto value = static_cast<std::uint16_t>(number);
  return value >= 1 && value <= kLastNamedClass;
}

const ClassFact* ClassCatalogue::find(InstitutionClass number) const noexcept {
  const auto found = std::lower_bound(
      classes_.begin(), classes_.end(), number,
      [](const ClassFact& fact, InstitutionClass wanted) { return fact.number < wanted; });
  return found != classes_.end() && found->number == number ? &*found : nullptr;
}

const ClassFact* ClassCatalogue::find(std::string_view text) const noexcept {
  const auto found = std::find_if(classes_.begin(), classes_.end(), [&](const ClassFact& fact) {
    return fact.name == text || (!fact.written.empty() && fact.written == text);
  });
  return found != classes_.end() ? &*found : nullptr;
}

std::string ClassCatalogue::name_of(InstitutionClass number) const {
  const ClassFact* const fact = find(number);
  return fact != nullptr ? fact->name : fmt::format("{}", static_cast<unsigned>(number));
}

std::vector<InstitutionClass> ClassCatalogue::members_of(InstitutionClass number) const {
  const ClassFact* const fact = find(number);
  if (fact == nullptr) return {number};
  return members_[static_cast<std::size_t>(fact - classes_.data())];
}

bool ClassCatalogue::includes(InstitutionClass number, InstitutionClass member) const noexcept {
  const ClassFact* const fact = find(number);
  if (fact == nullptr) return number == member;
  const auto& members = members_[static_cast<std::size_t>(fact - classes_.data())];
  return std::binary_search(members.begin(), members.end(), member);
}

InstitutionClass ClassCatalogue::refine(
    InstitutionClass registered,
    const std::optional<MunicipalityCode>& municipality) const noexcept {
  const ClassFact* const fact = find(registered);
  if (!municipality || fact == nullptr || fact->sort != ClassSort::kBody) return registered;
  for (std::size_t i = places_.size(); i-- > 0;) {
    const PlaceFact& place = places_[i];
    if (!fits(place.pattern, municipality->number())) continue;
    if (includes(registered, place.narrower)) return place.narrower;
  }
  return registered;
}

}  // namespace nakadachi::rules
