#pragma once

#include <array>
#include <cstdint>
#include <string_view>

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
  kNationalCrash,
  kClientCrash
};
inline constexpr std::size_t kFaults = 13;
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
    "national crash",
    "client crash"};

using FaultCounts = std::array<std::uint64_t, kFaults>;

}  // namespace nakadachi::sim
