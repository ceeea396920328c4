#include "tests/sim/faults.hpp"

#include <set>

#include "tests/support/catch.hpp"

using nakadachi::sim::FaultCounts;
using nakadachi::sim::kFaultNames;
using nakadachi::sim::kOccasionNames;
using nakadachi::sim::kSeedsForEveryFault;
using nakadachi::sim::missing;

TEST_CASE("a fault that never happened in many seeds is named", "[sim]") {
  FaultCounts counts;
  counts.fill(1);
  CHECK(missing(counts, kFaultNames, kSeedsForEveryFault).empty());
  counts[3] = 0;
  counts.back() = 0;
  CHECK(missing(counts, kFaultNames, kSeedsForEveryFault) ==
        std::vector<std::string_view>{kFaultNames[3], kFaultNames.back()});
  CHECK(missing(counts, kFaultNames, kSeedsForEveryFault - 1).empty());
}

TEST_CASE("every fault and every occasion has a name of its own", "[sim]") {
  std::set<std::string_view> names(kFaultNames.begin(), kFaultNames.end());
  names.insert(kOccasionNames.begin(), kOccasionNames.end());
  CHECK(names.size() == kFaultNames.size() + kOccasionNames.size());
  CHECK_FALSE(names.contains(""));
}
