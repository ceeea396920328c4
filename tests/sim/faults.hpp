#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
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

/// What an invariant has to have been tried on; each is counted when it is.
enum class Occasion : std::uint8_t {
  kAnsweredByOrdinance,
  kAnsweredAsFarAsCovered,
  kSuspended,
  kCopyRegistered,
  kCopyReplaced,
  kCopyErased,
  kFullLoadEnded,
  kAnsweredFromLaterCopy,
  kFlagSet,
  kFlagCleared,
  kFlagOfOneKind,
  kFlagOfAPeriod,
  kAnswerModeSet,
  kHeldByMode,
  kPersonsMerged,
  kWishFollowed,
  kWishHeld,
  kAnsweredOnceAcquired,
  kAskedOfEndedSymbol
};
inline constexpr std::size_t kOccasions = 19;
inline constexpr std::array<std::string_view, kOccasions> kOccasionNames = {
    "answered by an ordinance through the network",
    "answered as far as a procedure covers",
    "refused because of Article 28",
    "copy registered",
    "copy replaced",
    "copy erased",
    "full load ended",
    "answered from a copy registered meanwhile",
    "flag set",
    "flag cleared",
    "flag of one kind",
    "flag of a period",
    "answer mode set",
    "held because of an answer mode",
    "two persons merged",
    "wish of another body followed",
    "wish held until staff knew whom it means",
    "answered once the symbol was acquired",
    "asked by a symbol that has ended"};

using OccasionCounts = std::array<std::uint64_t, kOccasions>;

/// From so many seeds on every fault has to have happened, and every occasion been.
inline constexpr std::uint64_t kSeedsForEveryFault = 40;

/// Names of what never happened in so many seeds that it should have: what a run without it
/// shows of it is nothing. `counts` and `names` are equally long.
inline std::vector<std::string_view> missing(std::span<const std::uint64_t> counts,
                                             std::span<const std::string_view> names,
                                             std::uint64_t seeds) {
  std::vector<std::string_view> never;
  if (seeds < kSeedsForEveryFault) return never;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) never.push_back(names[i]);
  }
  return never;
}

}  // namespace nakadachi::sim
