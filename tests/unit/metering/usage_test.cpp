#include "nakadachi/metering/usage.hpp"

#include <limits>
#include <string>
#include <vector>

#include "nakadachi/base/random.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::metering::test {
namespace {

constexpr TenantId kTown{132012};
constexpr TenantId kCity{131016};
constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

/// Noon in Japan on a day.
ExchangeId id_on(const char* day) {
  return first_id_of_bucket(
      bucket_of(Timestamp{std::int64_t{Day::parse(day).value().number} * 86'400'000 + 10'800'000}));
}

Units some_units(Cause cause) {
  return {.cause = cause,
          .persons = 1,
          .messages_in = 2,
          .messages_out = 3,
          .bytes_in = 400,
          .bytes_out = 5000};
}

Sums of_rows(std::uint64_t n) {
  return {.rows = n,
          .persons = n,
          .messages_in = 2 * n,
          .messages_out = 3 * n,
          .bytes_in = 400 * n,
          .bytes_out = 5000 * n};
}

template <class T>
ErrorCode code_of(const Result<T>& result) {
  return result.ok() ? ErrorCode{} : result.error().code;
}

TEST_CASE("a row's day is the one in Japan in which its unit of 64 seconds begins") {
  // Midnight in Japan, in the middle of a unit.
  const std::int64_t midnight = 1'781'362'800'000;
  REQUIRE(to_iso8601(Timestamp{midnight}) == "2026-06-13T15:00:00.000Z");
  const auto day_at = [](std::int64_t ms) {
    return day_of(make_exchange_id(Timestamp{ms}, Digest{})).text();
  };
  const std::int64_t into = midnight % kBucketMs;
  CHECK(day_at(midnight - 1) == "2026-06-13");
  CHECK(day_at(midnight - into + kBucketMs) == "2026-06-14");
  // Up to the unit's end, rows are of the day before.
  REQUIRE(into > 0);
  CHECK(day_at(midnight) == "2026-06-13");
  CHECK(day_at(midnight - into + kBucketMs - 1) == "2026-06-13");
  CHECK(day_at(midnight + 86'400'000 - kBucketMs) == "2026-06-14");
}

TEST_CASE("days are those of the database's roll-up, from the first unit to the last") {
  SeededRandom random(7);
  std::vector<std::uint64_t> buckets{0, 1, 0xffffffff};
  for (int i = 0; i < 2000; ++i) buckets.push_back(random.below(std::uint64_t{1} << 32));
  for (const std::uint64_t bucket : buckets) {
    const auto by_sql = static_cast<std::int32_t>((bucket * 64 + 9 * 3600) / 86400);
    REQUIRE(day_of(first_id_of_bucket(static_cast<std::uint32_t>(bucket))).number == by_sql);
  }
}

TEST_CASE("months are read, written and found") {
  CHECK(Month::parse("2026-06").value() == Month{.year = 2026, .month = 6});
  CHECK(Month::parse("2026-12").value().text() == "2026-12");
  CHECK(Month::of(Day::parse("2024-02-29").value()).text() == "2024-02");
  CHECK(Month::of(Day::parse("0001-01-01").value()).text() == "0001-01");
  for (const char* text : {"", "2026", "2026-13", "2026-00", "2026-6", "2026-06-01", "2026/06",
                           "0000-01", " 2026-06", "2026-06-"}) {
    CHECK(!Month::parse(text).has_value());
  }
  CHECK(Month{.year = 2025, .month = 12} < Month{.year = 2026, .month = 1});
}

TEST_CASE("rows fold into sums by body, day and cause") {
  Rollup rollup;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(rollup.fold(kTown, id_on("2026-06-14"), some_units(Cause::kOwnQuery)).ok());
  }
  REQUIRE(rollup.fold(kTown, id_on("2026-06-15"), some_units(Cause::kOwnQuery)).ok());
  REQUIRE(rollup.fold(kTown, id_on("2026-06-14"), some_units(Cause::kOutside)).ok());
  REQUIRE(rollup.fold(kCity, id_on("2026-06-14"), some_units(Cause::kOwnQuery)).ok());
  const Day day = Day::parse("2026-06-14").value();
  const Day next = Day::parse("2026-06-15").value();
  const std::map<UsageKey, Sums> expected{{{kCity, day, Cause::kOwnQuery}, of_rows(1)},
                                          {{kTown, day, Cause::kOwnQuery}, of_rows(3)},
                                          {{kTown, day, Cause::kOutside}, of_rows(1)},
                                          {{kTown, next, Cause::kOwnQuery}, of_rows(1)}};
  CHECK(rollup.lines() == expected);
}

TEST_CASE("however rows are split into roll-ups, merged they are the same") {
  SeededRandom random(11);
  Rollup whole;
  std::vector<Rollup> parts(4);
  for (int i = 0; i < 3000; ++i) {
    const TenantId tenant{static_cast<std::uint32_t>(1 + random.below(5))};
    const ExchangeId id =
        first_id_of_bucket(static_cast<std::uint32_t>(27'000'000 + random.below(4000)));
    Units units = some_units(kCauses[random.below(kCauses.size())]);
    units.bytes_out = static_cast<std::uint32_t>(random.next());
    REQUIRE(whole.fold(tenant, id, units).ok());
    REQUIRE(parts[random.below(parts.size())].fold(tenant, id, units).ok());
  }
  Rollup merged;
  for (const Rollup& part : parts) REQUIRE(merged.merge(part).ok());
  CHECK(merged == whole);
  Rollup other_order;
  for (std::size_t i = parts.size(); i-- > 0;) REQUIRE(other_order.merge(parts[i]).ok());
  CHECK(other_order == whole);
  CHECK(first_difference(merged, whole) == std::nullopt);
}

TEST_CASE("a row without a known cause is not counted") {
  Rollup rollup;
  for (const Cause cause : {Cause{0}, Cause{7}, Cause{255}}) {
    const auto folded = rollup.fold(kTown, id_on("2026-06-14"), some_units(cause));
    REQUIRE(code_of(folded) == ErrorCode::kUnknownEnumValue);
    CHECK(folded.error().field == "cause");
  }
  CHECK(rollup.lines().empty());
}

TEST_CASE("a line without rows adds nothing, and cannot hold units") {
  Rollup rollup;
  const UsageKey key{kTown, Day{20000}, Cause::kAnswered};
  CHECK(rollup.add({key, {}}).ok());
  CHECK(rollup.lines().empty());
  const auto added = rollup.add({key, {.rows = 0, .bytes_in = 1}});
  CHECK(code_of(added) == ErrorCode::kWrongFormat);
  CHECK(rollup.lines().empty());
}

TEST_CASE("no sum wraps, and what does not fit leaves everything as it was") {
  const UsageKey key{kTown, Day{20000}, Cause::kAnswered};
  for (auto field : {&Sums::rows, &Sums::persons, &Sums::messages_in, &Sums::messages_out,
                     &Sums::bytes_in, &Sums::bytes_out}) {
    Sums most{.rows = 1};
    most.*field = kMost;
    Rollup rollup;
    REQUIRE(rollup.add({key, most}).ok());
    const Rollup before = rollup;
    CHECK(code_of(rollup.add({key, of_rows(1)})) == ErrorCode::kSumTooLarge);
    CHECK(rollup == before);
    Rollup other;
    REQUIRE(other.add({{kCity, Day{1}, Cause::kOwnQuery}, of_rows(1)}).ok());
    REQUIRE(other.add({key, of_rows(1)}).ok());
    CHECK(code_of(rollup.merge(other)) == ErrorCode::kSumTooLarge);
    CHECK(rollup == before);
  }
  Sums just{.rows = kMost - 1};
  REQUIRE(just.add({.rows = 1}).ok());
  CHECK(just.rows == kMost);
  const auto full = just.add({.rows = 1});
  REQUIRE(code_of(full) == ErrorCode::kSumTooLarge);
  CHECK(full.error().field == "rows");
}

TEST_CASE("the first difference of two roll-ups is told with its field") {
  const auto line = [](TenantId tenant, std::int32_t day, Cause cause, const Sums& sums) {
    return DayUsage{.key = {tenant, Day{day}, cause}, .sums = sums};
  };
  Rollup left;
  REQUIRE(left.add(line(kCity, 10, Cause::kOwnQuery, of_rows(2))).ok());
  REQUIRE(left.add(line(kTown, 10, Cause::kOwnQuery, of_rows(3))).ok());
  const Rollup base = left;
  CHECK(first_difference(left, base) == std::nullopt);
  CHECK(first_difference({}, {}) == std::nullopt);

  const UsageKey extra{kTown, Day{9}, Cause::kOutside};
  REQUIRE(left.add({extra, of_rows(1)}).ok());
  CHECK(first_difference(left, base) == Difference{extra, of_rows(1), std::nullopt, ""});
  CHECK(first_difference(base, left) == Difference{extra, std::nullopt, of_rows(1), ""});
  // Also when it is the last line of all.
  const UsageKey last{kTown, Day{11}, Cause::kOwnQuery};
  Rollup longer = base;
  REQUIRE(longer.add({last, of_rows(1)}).ok());
  CHECK(first_difference(longer, base) == Difference{last, of_rows(1), std::nullopt, ""});
  CHECK(first_difference(base, longer) == Difference{last, std::nullopt, of_rows(1), ""});

  Rollup heavier = base;
  const UsageKey key{kTown, Day{10}, Cause::kOwnQuery};
  REQUIRE(heavier.add({key, {.rows = 1, .bytes_out = 1}}).ok());
  CHECK(first_difference(base, heavier).value().field == "rows");
  Rollup a;
  Rollup b;
  REQUIRE(a.add({key, {.rows = 1, .messages_out = 4, .bytes_in = 5}}).ok());
  REQUIRE(b.add({key, {.rows = 1, .messages_out = 4, .bytes_in = 6, .bytes_out = 1}}).ok());
  const auto difference = first_difference(a, b);
  REQUIRE(difference.has_value());
  CHECK(difference->field == "bytes_in");
  CHECK(difference->key == key);
}

TEST_CASE("a month's totals hold its days in Japan and no others") {
  Rollup rollup;
  for (const char* day :
       {"2026-05-31", "2026-06-01", "2026-06-15", "2026-06-30", "2026-07-01", "2025-06-15"}) {
    REQUIRE(rollup.fold(kTown, id_on(day), some_units(Cause::kOwnQuery)).ok());
  }
  REQUIRE(rollup.fold(kTown, id_on("2026-06-02"), some_units(Cause::kSymbols)).ok());
  REQUIRE(rollup.fold(kCity, id_on("2026-06-02"), some_units(Cause::kSymbols)).ok());
  const auto totals = month_totals(rollup, {.year = 2026, .month = 6});
  REQUIRE(totals.ok());
  const MonthTotals expected{
      {kCity, {{Cause::kSymbols, of_rows(1)}}},
      {kTown, {{Cause::kOwnQuery, of_rows(3)}, {Cause::kSymbols, of_rows(1)}}}};
  CHECK(*totals == expected);
  CHECK(month_totals(rollup, {.year = 2026, .month = 4}).value().empty());

  REQUIRE(rollup.add({{kTown, Day::parse("2026-06-03").value(), Cause::kOwnQuery}, {.rows = kMost}})
              .ok());
  CHECK(code_of(month_totals(rollup, {.year = 2026, .month = 6})) == ErrorCode::kSumTooLarge);
  CHECK(month_totals(rollup, {.year = 2026, .month = 5}).ok());
}

}  // namespace
}  // namespace nakadachi::metering::test
