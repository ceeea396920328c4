#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace nakadachi::sim {

/// What can go wrong in a run; each is counted when it happens.
enum class Fault : std::uint8_t {
  kPacketLost,
  kPacketDuplicated,
  kPacketReordered,
  kPacketDelayed,
  kCommitFailed,
  kCommitUnknownApplied,
  kCommitUnknownDropped,
  kTrainAppliedLate,
  kNodeCrash,
  kNodeCrashBetweenActions,
  kGatewayCrash,
  kGatewayCrashBetweenActions,
  kNationalCrash,
  kNationalCrashBetweenActions,
  kClientCrash,
  kKeyUsedAgain
};
inline constexpr std::size_t kFaults = 16;
inline constexpr std::array<std::string_view, kFaults> kFaultNames = {
    "packet lost",
    "packet duplicated",
    "packet reordered",
    "packet delayed",
    "commit failed",
    "commit unknown, was applied",
    "commit unknown, was not applied",
    "train arrived after its writer was gone",
    "node crash",
    "node crash between two actions",
    "gateway crash",
    "gateway crash between two actions",
    "national crash",
    "national crash between two actions",
    "client crash",
    "key used again for another question"};

using FaultCounts = std::array<std::uint64_t, kFaults>;

/// From so many seeds on every fault has to have happened.
inline constexpr std::uint64_t kSeedsForEveryFault = 40;

/// Names of the faults that never happened in so many seeds that they should have: what a
/// run without them shows of them is nothing.
inline std::vector<std::string_view> missing_faults(const FaultCounts& counts,
                                                    std::uint64_t seeds) {
  std::vector<std::string_view> missing;
  if (seeds < kSeedsForEveryFault) return missing;
  for (std::size_t i = 0; i < kFaults; ++i) {
    if (counts[i] == 0) missing.push_back(kFaultNames[i]);
  }
  return missing;
}

}  // namespace nakadachi::sim
