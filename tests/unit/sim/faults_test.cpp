#include "tests/sim/faults.hpp"

#include "tests/support/catch.hpp"

using nakadachi::sim::FaultCounts;
using nakadachi::sim::kFaultNames;
using nakadachi::sim::kSeedsForEveryFault;
using nakadachi::sim::missing_faults;

TEST_CASE("a fault that never happened in many seeds is named", "[sim]") {
  FaultCounts counts;
  counts.fill(1);
  CHECK(missing_faults(counts, kSeedsForEveryFault).empty());
  counts[3] = 0;
  counts.back() = 0;
  CHECK(missing_faults(counts, kSeedsForEveryFault) ==
        std::vector<std::string_view>{kFaultNames[3], kFaultNames.back()});
  CHECK(missing_faults(counts, kSeedsForEveryFault - 1).empty());
}

TEST_CASE("every fault has a name of its own", "[sim]") {
  for (std::size_t i = 0; i < kFaultNames.size(); ++i) {
    CHECK_FALSE(kFaultNames[i].empty());
    for (std::size_t j = 0; j < i; ++j) CHECK(kFaultNames[i] != kFaultNames[j]);
  }
}
