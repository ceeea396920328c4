#pragma once

#include <cstddef>
#include <cstdint>

/// Every limit of the program in one place, with the relations between them.
namespace nakadachi::limits {

// Frames. A door refuses a larger one before it is parsed.
inline constexpr std::size_t kMaxClientFrameBytes = 256 * 1024;
inline constexpr std::size_t kMaxLinkFrameBytes = 4 * 1024 * 1024;
inline constexpr std::size_t kMaxQueriesPerFrame = 256;
inline constexpr std::size_t kMaxItemsPerLinkFrame = 1024;

// Messages.
inline constexpr std::size_t kMaxAnswerBytes = 64 * 1024;
inline constexpr std::size_t kMaxStatementBytes = kMaxAnswerBytes + 1024;
inline constexpr std::size_t kMaxSectionBytes = 60;  // 20 characters of UTF-8
inline constexpr std::size_t kMaxItemsAsked = 64;
inline constexpr std::size_t kMaxWhoBytes = 60;   // who decided or changed something
inline constexpr std::size_t kMaxWhyBytes = 200;  // and why

// Lists at the admin door: what fits one frame with room to spare.
inline constexpr std::size_t kMaxHeldListed = 500;
inline constexpr std::size_t kMaxPersonsListed = 200;
inline constexpr std::size_t kMaxInstitutionsListed = 2'000;
inline constexpr std::size_t kMaxAcquisitionsListed = 2'000;
inline constexpr std::size_t kMaxWishesKept = 500;
inline constexpr std::size_t kMaxErasedPerRequest = 100;

// Persons (統合宛名) and acquisitions.
inline constexpr std::size_t kMaxNameBytes = 400;  // 100 characters of up to four bytes
inline constexpr std::size_t kMaxHomeAddressBytes = 1200;
inline constexpr std::size_t kMaxNumbersPerPerson = 256;  // business numbers, and as many aliases
inline constexpr std::size_t kMaxPersonsFound = 200;
inline constexpr std::size_t kMaxPendingAcquisitions = 1'000'000;

// Copies and their flags.
inline constexpr std::size_t kMaxCopyBytes = 32 * 1024;
inline constexpr std::size_t kMaxCopyItems = 256;
inline constexpr std::size_t kMaxCopyItemCharacters = 1000;
inline constexpr std::size_t kMaxCopyItemBytes = 4 * kMaxCopyItemCharacters;
inline constexpr std::size_t kMaxFlagsPerPerson = 64;

// Trains.
inline constexpr std::size_t kMaxTrainRows = 256;
inline constexpr std::size_t kMaxTrainBytes = 2 * 1024 * 1024;
inline constexpr std::int64_t kTrainAgeMs = 2;
inline constexpr std::size_t kMaxPathNodes = 10;

// A partition's share of the node.
inline constexpr std::size_t kMaxQueuedPerTenant = 4096;
inline constexpr std::size_t kMaxInFlightPerTenant = 2048;
inline constexpr std::size_t kMaxLookupsUnderWay = 1024;
inline constexpr std::size_t kMaxRowsWaitingPerLane = 4 * kMaxTrainRows;

// Questions that business systems answer themselves.
inline constexpr std::int64_t kAnsweringMs = 30 * 1000;    // how long one word of readiness holds
inline constexpr std::int64_t kAskLiveAgainMs = 2 * 1000;  // an unanswered question goes out again
inline constexpr std::size_t kMaxWrongItemsTold = 20;      // of an answer that was not taken

// Time.
inline constexpr std::int64_t kMaxClockSkewMs = 30 * 1000;
/// How long a request may be valid: no older one is judged.
inline constexpr std::int64_t kMaxValidityMs = 3600 * 1000;
/// How long after the validity period a provider first says "lapsed": a former
/// node of the same lane may have had a clock behind this one's.
inline constexpr std::int64_t kLapseMarginMs = kMaxClockSkewMs;
/// How long ids are remembered in memory; older keys are looked up in the store.
inline constexpr std::int64_t kDedupeWindowMs = 3 * 64 * 1000;

static_assert(kMaxTrainRows <= (std::size_t{1} << kMaxPathNodes));
static_assert(kMaxItemsPerLinkFrame <= (std::size_t{1} << kMaxPathNodes));
static_assert(kMaxStatementBytes < kMaxTrainBytes);
static_assert(kMaxCopyBytes <= kMaxAnswerBytes);
static_assert(kMaxTrainBytes < kMaxLinkFrameBytes);
static_assert(kMaxAnswerBytes < kMaxClientFrameBytes);
static_assert(kDedupeWindowMs > 2 * kMaxClockSkewMs);

}  // namespace nakadachi::limits
