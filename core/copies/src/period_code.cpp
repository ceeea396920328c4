#include "period_code.hpp"

namespace nakadachi::copies {
namespace {

constexpr std::size_t kDayBytes = 4;

void append_day(Bytes& to, Day day) {
  append_big_endian<kDayBytes>(to, static_cast<std::uint32_t>(day.number));
}

std::optional<Day> read_day(Reader& reader) noexcept {
  const auto number = static_cast<std::uint32_t>(reader.number<kDayBytes>());
  return Day::from_number(static_cast<std::int32_t>(number));
}

}  // namespace

std::uint8_t marks_of(const Period& period) noexcept {
  return static_cast<std::uint8_t>((period.from ? kHasFrom : 0) | (period.until ? kHasUntil : 0));
}

void append_period(Bytes& to, const Period& period) {
  if (period.from) append_day(to, *period.from);
  if (period.until) append_day(to, *period.until);
}

std::optional<Period> read_period(Reader& reader, std::uint8_t marks) noexcept {
  Period period;
  if ((marks & kHasFrom) != 0) {
    period.from = read_day(reader);
    if (!period.from) return std::nullopt;
  }
  if ((marks & kHasUntil) != 0) {
    period.until = read_day(reader);
    if (!period.until) return std::nullopt;
  }
  if (period.is_reversed()) return std::nullopt;
  return period;
}

}  // namespace nakadachi::copies
