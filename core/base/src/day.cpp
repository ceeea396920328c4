#include "nakadachi/base/day.hpp"

#include <fmt/format.h>

#include <chrono>

namespace nakadachi {
namespace {

namespace calendar = std::chrono;

constexpr std::int64_t kDayMs = 24LL * 60 * 60 * 1000;
constexpr std::int64_t kJapanMs = 9LL * 60 * 60 * 1000;  // no summer time since 1951

constexpr std::int32_t number_of(calendar::year_month_day date) {
  return static_cast<std::int32_t>(calendar::sys_days(date).time_since_epoch().count());
}

constexpr std::int32_t kFirst = number_of(calendar::year(1) / 1 / 1);
constexpr std::int32_t kLast = number_of(calendar::year(9999) / 12 / 31);

std::optional<int> read_digits(std::string_view digits) noexcept {
  int number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

}  // namespace

std::optional<Day> Day::parse(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = read_digits(text.substr(0, 4));
  const auto month = read_digits(text.substr(5, 2));
  const auto day = read_digits(text.substr(8, 2));
  if (!year || !month || !day || *year == 0) return std::nullopt;
  const calendar::year_month_day date(calendar::year(*year),
                                      calendar::month(static_cast<unsigned>(*month)),
                                      calendar::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return Day{number_of(date)};
}

std::optional<Day> Day::from_number(std::int32_t number) noexcept {
  if (number < kFirst || number > kLast) return std::nullopt;
  return Day{number};
}

Day Day::of(Timestamp at) noexcept {
  const std::int64_t in_japan = at.ms + kJapanMs;
  const bool within = in_japan % kDayMs < 0;  // division rounds towards zero, days do not
  return {static_cast<std::int32_t>(in_japan / kDayMs - (within ? 1 : 0))};
}

std::string Day::text() const {
  const calendar::year_month_day date{calendar::sys_days(calendar::days(number))};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

}  // namespace nakadachi
