#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nakadachi/rules/legal_facts.hpp"

namespace nakadachi::rules {

enum class Change : std::uint8_t {
  kOpens,   ///< a provision that the other table does not allow
  kCloses,  ///< one that is no longer allowed
  kChanges  ///< the item's article, laws or subject, or the members of a class
};

struct Difference {
  Change change = Change::kChanges;
  ItemNumber item;      ///< none for a class, a kind or the places
  std::string subject;  ///< the affair, the class, the kind, or what the places say
  std::string before;   ///< empty when it opens
  std::string after;    ///< empty when it closes
};

/// What differs from `before` to `after`: provisions by inquirer, affair, provider
/// and kind as they are written, then affairs, members of classes, places, names of kinds. Codes
/// decide what is the same; ascending by item.
std::vector<Difference> difference(const LegalFacts& before, const LegalFacts& after);

}  // namespace nakadachi::rules
