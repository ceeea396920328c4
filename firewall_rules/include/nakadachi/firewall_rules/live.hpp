#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/result.hpp"

/// What stands in a kernel, held against what should.
namespace nakadachi::walls {

/// A chain, set, map or counter as nft lists it.
struct ListedObject {
  std::string kind;  ///< `chain`, `set`, `map`, `counter` …
  std::string name;
  std::vector<std::string> properties;  ///< type, hook and policy, flags …
  std::vector<std::string> entries;     ///< rules in their order; elements ascending
  friend bool operator==(const ListedObject&, const ListedObject&) = default;
};

struct ListedTable {
  std::string name;                     ///< with its family: `inet nakadachi_walls`
  std::vector<std::string> properties;  ///< flags such as dormant
  std::vector<ListedObject> objects;
};

/// Reads what `nft --stateless list ruleset` prints. Errors: `kWrongFormat` with the line as
/// position.
Result<std::vector<ListedTable>> parse_listing(std::string_view text);

/// One thing that is not as it should be.
struct Drift {
  enum class Kind : std::uint8_t {
    kTableMissing,   ///< no walls at all
    kTableChanged,   ///< its flags: dormant switches all walls off
    kObjectMissing,  ///< a chain, set, map or counter; elements of a map are named too
    kObjectAdded,
    kObjectChanged,  ///< its type, hook, priority, flags, size
    kPolicyChanged,  ///< of a chain
    kRuleMissing,
    kRuleAdded,
    kRuleChanged,
    kRulesReordered,
    kElementMissing,  ///< of a set or map: what should be open is not
    kElementAdded,    ///< what is open should not be
    kElementChanged,  ///< leads to another flow, limit or verdict
    kForeignChain     ///< of another table that looks at packets too
  };
  Kind kind = Kind::kTableMissing;
  std::string flow;      ///< its id; empty when it is about no single flow
  std::string object;    ///< such as `map exact4_forward`
  std::string expected;  ///< empty when nothing should be there
  std::string live;      ///< empty when nothing is there
  friend bool operator==(const Drift&, const Drift&) = default;
};
std::string_view name_of(Drift::Kind kind);

/// How `live` differs from `expected`, which holds the one table that should be there. Both are
/// listings of the same nft. Counters' values and who is in sets that packets fill do not differ;
/// an element there with another limit than the rule gives does.
std::vector<Drift> compare(const std::vector<ListedTable>& expected,
                           const std::vector<ListedTable>& live);

/// The same table with nothing in its maps, so that no connection may be opened.
std::vector<ListedTable> with_doors_shut(std::vector<ListedTable> tables);

}  // namespace nakadachi::walls
