#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "nakadachi/base/clock.hpp"

namespace nakadachi {

/// A day of the calendar in Japan, as days since 1970-01-01.
struct Day {
  std::int32_t number = 0;

  /// Reads `2026-06-14`, years 1 to 9999. Nothing for what is no day.
  static std::optional<Day> parse(std::string_view text);
  /// Nothing for a number outside the years 1 to 9999.
  static std::optional<Day> from_number(std::int32_t number) noexcept;
  /// The day in Japan (UTC+9) on which `at` falls.
  static Day of(Timestamp at) noexcept;
  std::string text() const;
  friend constexpr auto operator<=>(const Day&, const Day&) noexcept = default;
};

/// A span of days; both ends belong to it, and either may be open.
struct Period {
  std::optional<Day> from;
  std::optional<Day> until;

  bool holds(Day day) const noexcept {
    return (!from || *from <= day) && (!until || day <= *until);
  }
  /// Whether it has no day, since it ends before it begins.
  bool is_reversed() const noexcept { return from && until && *until < *from; }
  bool overlaps(const Period& other) const noexcept {
    return (!from || !other.until || *from <= *other.until) &&
           (!other.from || !until || *other.from <= *until);
  }
  friend constexpr auto operator<=>(const Period&, const Period&) noexcept = default;
};

}  // namespace nakadachi
