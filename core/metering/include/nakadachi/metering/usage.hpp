#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "nakadachi/base/day.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/base/units.hpp"

/// Traffic of each body, told apart by who caused it. What counts is written down in
/// docs/metering.md. Pure; sums never wrap.
namespace nakadachi::metering {

/// The day a row counts for: the one in Japan in which its id's unit of 64 seconds
/// begins. As in the database's roll-up, so the two can be compared.
Day day_of(const ExchangeId& id) noexcept;

/// A month of the calendar in Japan.
struct Month {
  std::int32_t year = 1970;
  std::uint8_t month = 1;  ///< 1 to 12

  /// Reads `2026-06`, years 1 to 9999. Nothing for what is no month.
  static std::optional<Month> parse(std::string_view text);
  static Month of(Day day) noexcept;
  std::string text() const;
  friend constexpr auto operator<=>(const Month&, const Month&) noexcept = default;
};

/// Sums of units.
struct Sums {
  std::uint64_t rows = 0;
  std::uint64_t persons = 0;
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;

  /// Errors: `kSumTooLarge` with the field; then nothing was added.
  Result<void> add(const Sums& other);
  friend bool operator==(const Sums&, const Sums&) = default;
};

/// One row's units.
Sums sums_of(const Units& units) noexcept;

/// What sums are kept by: body, then day, then cause.
struct UsageKey {
  TenantId tenant;
  Day day;
  Cause cause = Cause::kOwnQuery;
  friend constexpr auto operator<=>(const UsageKey&, const UsageKey&) noexcept = default;
};

/// A body's use on one day by one cause: a line of a roll-up.
struct DayUsage {
  UsageKey key;
  Sums sums;
  friend bool operator==(const DayUsage&, const DayUsage&) = default;
};

/// Use by body, day and cause. Lines with no row do not stand in it, so that equal
/// use is an equal roll-up.
class Rollup {
 public:
  /// Counts one row. Errors: `kUnknownEnumValue` (cause), `kSumTooLarge`. Nothing
  /// changes on failure.
  Result<void> fold(TenantId tenant, const ExchangeId& id, const Units& units);
  /// Adds a line, perhaps to one that is there; one without a row adds nothing.
  /// Errors: `kUnknownEnumValue` (cause), `kWrongFormat` with field "rows" (units without
  /// a row), `kSumTooLarge`. Nothing changes on failure.
  Result<void> add(const DayUsage& line);
  /// Adds every line of another roll-up. Errors: `kSumTooLarge`; nothing changes then.
  Result<void> merge(const Rollup& other);

  /// Ascending by tenant, day, cause.
  const std::map<UsageKey, Sums>& lines() const noexcept { return lines_; }

  friend bool operator==(const Rollup&, const Rollup&) = default;

 private:
  std::map<UsageKey, Sums> lines_;
};

/// Where two roll-ups part.
struct Difference {
  UsageKey key;
  std::optional<Sums> left;   ///< nothing when the line is in the right one only
  std::optional<Sums> right;  ///< nothing when the line is in the left one only
  /// Name of the first sum that differs; empty when one has no such line.
  std::string_view field;

  friend bool operator==(const Difference&, const Difference&) = default;
};

/// The first line, in their order, that is not the same in both.
std::optional<Difference> first_difference(const Rollup& left, const Rollup& right);

/// Sums of a month by body and cause.
using MonthTotals = std::map<TenantId, std::map<Cause, Sums>>;

/// Errors: `kSumTooLarge`.
Result<MonthTotals> month_totals(const Rollup& rollup, Month month);

}  // namespace nakadachi::metering
