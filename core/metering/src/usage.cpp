#include "nakadachi/metering/usage.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <limits>
#include <utility>

namespace nakadachi::metering {
namespace {

struct SumField {
  std::string_view name;
  std::uint64_t Sums::* sum;
};

constexpr std::array<SumField, 6> kFields{{{"rows", &Sums::rows},
                                           {"persons", &Sums::persons},
                                           {"messages_in", &Sums::messages_in},
                                           {"messages_out", &Sums::messages_out},
                                           {"bytes_in", &Sums::bytes_in},
                                           {"bytes_out", &Sums::bytes_out}}};

std::string_view first_field_that_differs(const Sums& left, const Sums& right) {
  for (const SumField& field : kFields) {
    if (left.*field.sum != right.*field.sum) return field.name;
  }
  return {};
}

}  // namespace

Day day_of(const ExchangeId& id) noexcept {
  return Day::of(Timestamp{static_cast<std::int64_t>(bucket_of(id)) * kBucketMs});
}

std::optional<Month> Month::parse(std::string_view text) {
  const std::optional<Day> first = Day::parse(fmt::format("{}-01", text));
  if (!first) return std::nullopt;
  return of(*first);
}

Month Month::of(Day day) noexcept {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day.number))};
  return {.year = static_cast<int>(date.year()),
          .month = static_cast<std::uint8_t>(static_cast<unsigned>(date.month()))};
}

std::string Month::text() const { return fmt::format("{:04}-{:02}", year, month); }

Result<void> Sums::add(const Sums& other) {
  for (const SumField& field : kFields) {
    if (other.*field.sum > std::numeric_limits<std::uint64_t>::max() - this->*field.sum) {
      return Error{.code = ErrorCode::kSumTooLarge, .field = field.name};
    }
  }
  for (const SumField& field : kFields) this->*field.sum += other.*field.sum;
  return {};
}

Sums sums_of(const Units& units) noexcept {
  return {.rows = 1,
          .persons = units.persons,
          .messages_in = units.messages_in,
          .messages_out = units.messages_out,
          .bytes_in = units.bytes_in,
          .bytes_out = units.bytes_out};
}

Result<void> Rollup::fold(TenantId tenant, const ExchangeId& id, const Units& units) {
  return add(
      {.key = {.tenant = tenant, .day = day_of(id), .cause = units.cause}, .sums = sums_of(units)});
}

Result<void> Rollup::add(const DayUsage& line) {
  if (!cause_of(static_cast<std::uint8_t>(line.key.cause))) {
    return Error{.code = ErrorCode::kUnknownEnumValue, .field = "cause"};
  }
  if (line.sums.rows == 0) {
    if (line.sums == Sums{}) return {};
    return Error{.code = ErrorCode::kWrongFormat, .field = "rows"};
  }
  const auto found = lines_.find(line.key);
  if (found != lines_.end()) return found->second.add(line.sums);
  lines_.emplace(line.key, line.sums);
  return {};
}

Result<void> Rollup::merge(const Rollup& other) {
  std::map<UsageKey, Sums> merged = lines_;
  for (const auto& [key, sums] : other.lines_) NAKADACHI_CHECK(merged[key].add(sums));
  lines_ = std::move(merged);
  return {};
}

std::optional<Difference> first_difference(const Rollup& left, const Rollup& right) {
  auto a = left.lines().begin();
  auto b = right.lines().begin();
  while (a != left.lines().end() || b != right.lines().end()) {
    if (b == right.lines().end() || (a != left.lines().end() && a->first < b->first)) {
      return Difference{.key = a->first, .left = a->second, .right = std::nullopt, .field = {}};
    }
    if (a == left.lines().end() || b->first < a->first) {
      return Difference{.key = b->first, .left = std::nullopt, .right = b->second, .field = {}};
    }
    if (a->second != b->second) {
      return Difference{.key = a->first,
                        .left = a->second,
                        .right = b->second,
                        .field = first_field_that_differs(a->second, b->second)};
    }
    ++a;
    ++b;
  }
  return std::nullopt;
}

Result<MonthTotals> month_totals(const Rollup& rollup, Month month) {
  MonthTotals totals;
  for (const auto& [key, sums] : rollup.lines()) {
    if (Month::of(key.day) != month) continue;
    NAKADACHI_CHECK(totals[key.tenant][key.cause].add(sums));
  }
  return totals;
}

}  // namespace nakadachi::metering
