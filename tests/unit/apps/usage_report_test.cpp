#include "apps/common/usage_report.hpp"

#include "tests/support/catch.hpp"

using namespace nakadachi;

namespace {

Day day(std::string_view text) {
  const auto parsed = Day::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

/// Sapporo asks on two days and keeps copies; a body that is no municipality asks.
metering::Rollup sample() {
  const auto rollup =
      apps::rollup_of({{TenantId{11002}, day("2026-11-01"), Cause::kOwnQuery, 2, 1, 1, 2, 300, 400},
                       {TenantId{11002}, day("2026-11-01"), Cause::kHoldings, 1, 0, 0, 0, 50, 0},
                       {TenantId{11002}, day("2026-11-02"), Cause::kOwnQuery, 3, 1, 1, 1, 30, 40},
                       {TenantId{1000001}, day("2026-11-02"), Cause::kOwnQuery, 1, 1, 0, 0, 0, 0}});
  REQUIRE(rollup);
  return *rollup;
}

TEST_CASE("a month is all its days, and days are a month or two days in order") {
  const auto february = metering::Month::parse("2028-02");
  REQUIRE(february);
  CHECK((apps::days_of(*february) == apps::Days{day("2028-02-01"), day("2028-02-29")}));
  const apps::Days december{day("2026-12-01"), day("2026-12-31")};
  CHECK((*apps::parse_days("2026-12", "", "") == december));
  CHECK((*apps::parse_days("", "2026-12-01", "2026-12-31") == december));

  CHECK(apps::parse_days("2026-12", "2026-12-01", "").error().field == "month");
  CHECK(apps::parse_days("2026-13", "", "").error().field == "month");
  CHECK(apps::parse_days("", "", "").error().code == ErrorCode::kMissingField);
  CHECK(apps::parse_days("", "2026-12-01", "").error().field == "until");
  CHECK(apps::parse_days("", "2026-12-32", "2026-12-31").error().field == "from");
  CHECK(apps::parse_days("", "2026-12-02", "2026-12-01").error().field == "until");
  CHECK(apps::parse_tenant("011002")->value == 11002);
  CHECK_FALSE(apps::parse_tenant("0"));
  CHECK_FALSE(apps::parse_tenant("01100x"));
}

TEST_CASE("use is added up by cause or by day, of all bodies or one") {
  const metering::Rollup rollup = sample();
  const auto by_cause = apps::usage_lines(rollup, apps::UsageBy::kCause, std::nullopt);
  REQUIRE(by_cause);
  REQUIRE(by_cause->size() == 3);
  CHECK((by_cause->front() == apps::UsageLine{.tenant = TenantId{11002},
                                              .day = std::nullopt,
                                              .cause = Cause::kOwnQuery,
                                              .sums = {5, 2, 2, 3, 330, 440}}));
  const auto by_day = apps::usage_lines(rollup, apps::UsageBy::kDay, TenantId{11002});
  REQUIRE(by_day);
  REQUIRE(by_day->size() == 2);
  CHECK((by_day->front() == apps::UsageLine{.tenant = TenantId{11002},
                                            .day = day("2026-11-01"),
                                            .cause = std::nullopt,
                                            .sums = {3, 1, 1, 2, 350, 400}}));
  CHECK(apps::usage_lines(rollup, apps::UsageBy::kDay, TenantId{9})->empty());
}

TEST_CASE("use is shown as table, CSV and JSON") {
  const auto lines = apps::usage_lines(sample(), apps::UsageBy::kCause, std::nullopt);
  REQUIRE(lines);
  CHECK(apps::usage_csv(*lines, apps::UsageBy::kCause, Language::kEnglish) ==
        "tenant,cause,rows,persons,messages_in,messages_out,bytes_in,bytes_out\r\n"
        "011002,own_query,5,2,2,3,330,440\r\n"
        "011002,holdings,1,0,0,0,50,0\r\n"
        "1000001,own_query,1,1,0,0,0,0\r\n");
  const auto days = apps::usage_lines(sample(), apps::UsageBy::kDay, TenantId{11002});
  REQUIRE(days);
  CHECK(apps::usage_csv(*days, apps::UsageBy::kDay, Language::kJapanese) ==
        "団体コード,日,件数,人数,受信通数,送信通数,受信バイト数,送信バイト数\r\n"
        "011002,2026-11-01,3,1,1,2,350,400\r\n"
        "011002,2026-11-02,3,1,1,1,30,40\r\n");
  CHECK(apps::usage_json({lines->front()}).dump() ==
        R"([{"bytes_in":330,"bytes_out":440,"cause":"own_query","messages_in":2,)"
        R"("messages_out":3,"persons":2,"rows":5,"tenant":11002}])");
  CHECK(apps::usage_table(*days, apps::UsageBy::kDay, Language::kJapanese) ==
        "        件数         人数   受信通数   送信通数     受信バイト数     送信バイト数"
        "  団体コード  日\n"
        "           3            1          1          2              350              400"
        "      011002  2026-11-01  札幌市\n"
        "           3            1          1          1               30               40"
        "      011002  2026-11-02  札幌市\n");
}

TEST_CASE("use by kind of message is shown with the kinds' names") {
  const std::vector<storage::KindRow> rows = {
      {.tenant = TenantId{11002}, .kind = storage::Step::kAsked, .rows = 2, .persons = 2},
      {.tenant = TenantId{11002}, .kind = storage::Section::kCopy, .rows = 1, .bytes_in = 50},
      {.tenant = TenantId{12025}, .kind = storage::Step::kHeld, .rows = 1, .persons = 1}};
  CHECK(apps::kind_lines(rows, TenantId{12025}).size() == 1);
  const auto lines = apps::kind_lines(rows, TenantId{11002});
  CHECK(apps::usage_csv(lines, apps::UsageBy::kKind, Language::kEnglish) ==
        "tenant,kind,rows,persons,messages_in,messages_out,bytes_in,bytes_out\r\n"
        "011002,asked,2,2,0,0,0,0\r\n"
        "011002,copy,1,0,0,0,50,0\r\n");
  CHECK(apps::usage_csv(lines, apps::UsageBy::kKind, Language::kJapanese).find("011002,副本,1") !=
        std::string::npos);
  CHECK(apps::usage_json(lines)[0]["kind"] == "asked");
  CHECK(
      apps::usage_table(lines, apps::UsageBy::kKind, Language::kEnglish).find("questions asked") !=
      std::string::npos);
}

TEST_CASE("where two roll-ups part is told in a line") {
  metering::Rollup more = sample();
  REQUIRE(more.add(
      {.key = {TenantId{11002}, day("2026-11-02"), Cause::kOwnQuery}, .sums = {.rows = 1}}));
  const auto difference = metering::first_difference(sample(), more);
  REQUIRE(difference);
  CHECK(apps::difference_text(*difference, Language::kEnglish) ==
        "first change since the last roll-up: 011002 2026-11-02 own questions: rows 3 → 4");
}

}  // namespace
