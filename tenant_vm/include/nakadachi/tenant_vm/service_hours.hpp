#pragma once

#include <cstdint>

#include "nakadachi/base/clock.hpp"

namespace nakadachi::tenant_vm {

/// When a town's business systems may ask: minutes of the day in Japan, from
/// `opens_at` up to but not including `closes_at`, over midnight when it closes
/// before it opens; equal ones mean never. Answering for others knows no hours.
struct ServiceHours {
  static constexpr std::int64_t kMinuteMs = 60 * 1000;
  static constexpr std::int64_t kDayMs = 24 * 60 * kMinuteMs;
  static constexpr std::int64_t kJapanOffsetMs = 9 * 60 * kMinuteMs;  // no summer time

  std::uint16_t opens_at_min = 0;
  std::uint16_t closes_at_min = 24 * 60;

  /// Milliseconds until new queries are taken; 0 when they are.
  std::int64_t wait_ms(Timestamp now) const noexcept {
    const std::int64_t of_day = (now.ms + kJapanOffsetMs) % kDayMs;
    const std::int64_t opens = opens_at_min * kMinuteMs;
    const std::int64_t closes = closes_at_min * kMinuteMs;
    const bool open =
        opens <= closes ? opens <= of_day && of_day < closes : opens <= of_day || of_day < closes;
    if (open) return 0;
    return of_day < opens ? opens - of_day : opens + kDayMs - of_day;
  }
};

}  // namespace nakadachi::tenant_vm
