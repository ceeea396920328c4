#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace nakadachi {

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, leap seconds
/// smeared as the system clock does.
struct Timestamp {
  std::int64_t ms = 0;
  friend constexpr auto operator<=>(const Timestamp&, const Timestamp&) noexcept = default;
};

constexpr Timestamp operator+(Timestamp at, std::int64_t ms) noexcept { return {at.ms + ms}; }
constexpr Timestamp operator-(Timestamp at, std::int64_t ms) noexcept { return {at.ms - ms}; }
/// Milliseconds from `earlier` to `later`.
constexpr std::int64_t operator-(Timestamp later, Timestamp earlier) noexcept {
  return later.ms - earlier.ms;
}

/// ISO 8601 in UTC with milliseconds, as in 2026-06-14T01:02:03.004Z.
std::string to_iso8601(Timestamp at);

/// Where time comes from. Pure cores are handed the time with every event and
/// never ask; threads around them ask a `Clock`.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const noexcept = 0;
};

/// The machine's real-time clock. Thread-safe.
class SystemClock final : public Clock {
 public:
  Timestamp now() const noexcept override;
};

}  // namespace nakadachi
