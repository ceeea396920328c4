#include "nakadachi/base/day.hpp"

#include "tests/support/catch.hpp"

using namespace nakadachi;

namespace {

Day parsed(std::string_view text) {
  const auto parsed = Day::parse(text);
  REQUIRE(parsed.has_value());
  return *parsed;
}

}  // namespace

TEST_CASE("a day is read and written as a calendar has it", "[base]") {
  CHECK(parsed("1970-01-01").number == 0);
  CHECK(parsed("1969-12-31").number == -1);
  CHECK(parsed("2000-03-01").number == 11'017);
  CHECK(parsed("2024-02-29").number + 1 == parsed("2024-03-01").number);
  for (const std::string_view text : {"0001-01-01", "1900-02-28", "2026-06-14", "9999-12-31"}) {
    CHECK(parsed(text).text() == text);
    CHECK(Day::from_number(parsed(text).number) == parsed(text));
  }
  for (const std::string_view text :
       {"", "2026-6-14", "20260614", "2026/06/14", "2026-06-31", "2025-02-29", "1900-02-29",
        "2026-00-10", "2026-13-10", "2026-06-00", "0000-01-01", "2026-06-1a", "2026-06-145"}) {
    CAPTURE(text);
    CHECK_FALSE(Day::parse(text).has_value());
  }
  CHECK_FALSE(Day::from_number(parsed("0001-01-01").number - 1).has_value());
  CHECK_FALSE(Day::from_number(parsed("9999-12-31").number + 1).has_value());
}

TEST_CASE("a day begins at midnight in Japan", "[base]") {
  constexpr std::int64_t kHourMs = 60LL * 60 * 1000;
  const Timestamp midnight{parsed("2026-06-14").number * 24 * kHourMs - 9 * kHourMs};
  CHECK(Day::of(midnight) == parsed("2026-06-14"));
  CHECK(Day::of(midnight - 1) == parsed("2026-06-13"));
  CHECK(Day::of(midnight + (24 * kHourMs - 1)) == parsed("2026-06-14"));
  CHECK(Day::of(Timestamp{-9 * kHourMs}) == Day{0});
  CHECK(Day::of(Timestamp{-9 * kHourMs - 1}) == Day{-1});
}

TEST_CASE("both ends belong to a period, and either may be open", "[base]") {
  const Period may{Day{10}, Day{20}};
  CHECK(may.holds(Day{10}));
  CHECK(may.holds(Day{20}));
  CHECK_FALSE(may.holds(Day{9}));
  CHECK_FALSE(may.holds(Day{21}));
  CHECK(Period{std::nullopt, Day{20}}.holds(Day{-1000}));
  CHECK(Period{Day{10}, std::nullopt}.holds(Day{100'000}));
  CHECK(Period{}.holds(Day{0}));

  CHECK(Period{Day{3}, Day{2}}.is_reversed());
  CHECK_FALSE(Period{Day{3}, Day{3}}.is_reversed());
  CHECK_FALSE(Period{Day{3}, std::nullopt}.is_reversed());

  CHECK(may.overlaps({Day{20}, std::nullopt}));
  CHECK_FALSE(may.overlaps({Day{21}, std::nullopt}));
  CHECK(may.overlaps({std::nullopt, Day{10}}));
  CHECK_FALSE(may.overlaps({std::nullopt, Day{9}}));
  CHECK(may.overlaps({}));
}
