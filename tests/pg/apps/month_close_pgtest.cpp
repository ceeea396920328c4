// Months closed over a real database: what the commands of finance do.

#include "apps/common/month_close.hpp"

#include <fmt/format.h>

#include "nakadachi/billing/render.hpp"
#include "tests/pg/storage/trains.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::apps {
namespace {

using testing::Sql;

Day day(std::string_view text) {
  const auto parsed = Day::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

ExchangeId id_on(SeededRandom& random, Day on) {
  ExchangeId id = first_id_of_bucket(static_cast<std::uint32_t>(on.number) * 1350 +
                                     static_cast<std::uint32_t>(random.below(600)));
  random.fill(id.writable().last(12));
  return id;
}

/// Three bodies; two ask and answer, all keep copies, on days of November.
struct Pool {
  Pool()
      : meter(database.login("nakadachi_finance")),
        bills(database.login("nakadachi_finance")),
        directory(database.login("nakadachi_operator"), ""),
        store(database.logins()) {
    database.join(1, 3, LaneId{1});
    const auto grant = store.take_lane(LaneId{1}, "test");
    REQUIRE(grant);
    epoch = grant->epoch;
    for (int i = 0; i < 3; ++i) add_train(day(fmt::format("2026-11-{:02}", 1 + i * 14)));
  }

  void add_train(Day on) {
    storage::Train train = testing::make_train(random, epoch, ++last, 60, 20, 30, sizes);
    for (std::size_t i = 0; i < train.rows.size(); ++i) {
      train.rows[i].exchange = id_on(random, on);
      train.rows[i].units = {.cause = i % 3 == 0   ? Cause::kOwnQuery
                                      : i % 3 == 1 ? Cause::kAnswered
                                                   : Cause::kOutside,
                             .persons = 1,
                             .messages_in = 1,
                             .messages_out = 2,
                             .bytes_in = 700,
                             .bytes_out = 500};
    }
    for (storage::ChangeRow& change : train.changes) {
      change.change = id_on(random, on);
      change.units = {.cause = Cause::kHoldings, .bytes_in = 200};
    }
    REQUIRE(store.append(train).commit == storage::Commit::kCommitted);
    testing::grow(sizes, train);
  }

  Result<Closing> close(std::string_view today, bool dry_run = false, bool trial = false) {
    const auto tariff = load_tariff("shipped");
    REQUIRE(tariff);
    return close_month(meter, bills, directory,
                       {.month = {.year = 2026, .month = 11},
                        .cost_yen = 1'000'003,
                        .tariff = *tariff,
                        .today = day(today),
                        .dry_run = dry_run,
                        .trial = trial});
  }

  testing::TestDatabase database;
  storage::MeterStore meter;
  storage::BillStore bills;
  storage::TenantDirectory directory;
  storage::PostgresStore store;
  SeededRandom random{77};
  Epoch epoch;
  std::uint64_t last = 0;
  testing::LogSizes sizes;
};

TEST_CASE("a month is closed with what its rows were metered, and shown as it was closed") {
  Pool pool;
  const auto closing = pool.close("2026-12-01");
  REQUIRE(closing);
  CHECK_FALSE(closing->grown);
  const billing::Bill& bill = closing->bill;
  REQUIRE(bill.statements.size() == 3);
  std::uint64_t total = 0;
  for (const billing::Statement& statement : bill.statements) total += statement.total_yen();
  CHECK(total == 1'000'003);
  // Rows go round the bodies: the first one has all own queries, the last all from outside.
  CHECK((bill.statements[0].line(billing::LineKind::kOwnQuery).units ==
         metering::Sums{60, 60, 60, 120, 42'000, 30'000}));
  CHECK(bill.statements[2].line(billing::LineKind::kOutside).units.rows == 60);
  CHECK(bill.statements[1].line(billing::LineKind::kHoldings).units.bytes_in == 6'000);

  const auto months = pool.bills.months();
  REQUIRE(months);
  REQUIRE(months->size() == 1);
  CHECK((months->front().first_day == day("2026-11-01")));
  const auto lines = pool.bills.lines(day("2026-11-01"));
  REQUIRE(lines);
  const auto shown = closed_bill(months->front(), *lines);
  REQUIRE(shown);
  CHECK((*shown == bill));
  CHECK((months->front().digest == digest_of(bill)));

  // A body that grew or was renamed since then changes nothing.
  Sql(pool.database.login("postgres"))
      .must("UPDATE nakadachi.tenant SET population = population * 2 + 7, name = 'new'");
  CHECK((*closed_bill(months->front(), *lines) == bill));
}

TEST_CASE("a month is closed when it is over, and once") {
  Pool pool;
  const auto early = pool.close("2026-11-30");
  REQUIRE_FALSE(early);
  CHECK(early.error().code == ErrorCode::kConfigInvalid);
  CHECK(early.error().field == "month");
  CHECK(pool.meter.days(day("2026-11-01"), day("2026-11-30"))->empty());

  REQUIRE(pool.close("2026-11-30", true));
  CHECK(pool.bills.months()->empty());
  REQUIRE(pool.close("2026-12-01"));
  for (const bool dry_run : {false, true}) {
    const auto again = pool.close("2026-12-02", dry_run);
    REQUIRE_FALSE(again);
    CHECK(again.error().code == ErrorCode::kRowConflict);
  }
  CHECK(pool.bills.months()->size() == 1);
}

TEST_CASE("a month that is not over is closed on trial, and once") {
  Pool pool;
  REQUIRE(pool.close("2026-11-30", false, true));
  CHECK(pool.bills.months()->size() == 1);
  const auto again = pool.close("2026-11-30", false, true);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::kRowConflict);
}

TEST_CASE("closing tells where an earlier roll-up was different") {
  Pool pool;
  REQUIRE(pool.meter.roll_up(day("2026-11-01"), day("2026-11-30")));
  CHECK_FALSE(pool.close("2026-12-01", true)->grown);
  pool.add_train(day("2026-11-15"));
  const auto closing = pool.close("2026-12-01");
  REQUIRE(closing);
  REQUIRE(closing->grown);
  CHECK((closing->grown->key.day == day("2026-11-15")));
  CHECK((closing->grown->key.tenant == TenantId{1}));
  CHECK(closing->grown->left->rows == 20);
  CHECK(closing->grown->right->rows == 40);
}

TEST_CASE("a closed month that was changed in the database is not shown as a bill") {
  Pool pool;
  REQUIRE(pool.close("2026-12-01"));
  Sql admin(pool.database.login("postgres"));
  const std::string harm =
      GENERATE(as<std::string>{},
               "UPDATE nakadachi.billing_line SET yen = yen + 1 WHERE tenant = 1 AND line = 10",
               "UPDATE nakadachi.billing_line SET units = units + 1 WHERE tenant = 2 AND line = 41",
               "DELETE FROM nakadachi.billing_line WHERE tenant = 3",
               "UPDATE nakadachi.billing_month SET pool_cost = pool_cost + 1",
               "UPDATE nakadachi.billing_month SET digest = decode(repeat('00', 32), 'hex')",
               "UPDATE nakadachi.billing_month SET tariff = replace(tariff, '300_000', '300_001')");
  CAPTURE(harm);
  const auto harmed = [&] {
    admin.must(harm);
    const auto months = pool.bills.months();
    const auto lines = pool.bills.lines(day("2026-11-01"));
    REQUIRE(months);
    REQUIRE(lines);
    return closed_bill(months->front(), *lines);
  }();
  REQUIRE_FALSE(harmed);
  CHECK(harmed.error().code == ErrorCode::kStatementDiffers);
}

TEST_CASE("a bill is shown of one member alone, and as JSON") {
  Pool pool;
  const auto closing = pool.close("2026-12-01", true);
  REQUIRE(closing);
  const auto one = only_member(closing->bill, TenantId{2});
  REQUIRE(one);
  REQUIRE(one->statements.size() == 1);
  CHECK((one->statements.front() == closing->bill.statements[1]));
  CHECK(only_member(closing->bill, TenantId{9}).error().field == "tenant");

  const nlohmann::json json = bill_json(closing->bill);
  CHECK(json["cost_yen"] == 1'000'003);
  CHECK(json["month"] == "2026-11");
  CHECK(json["statements"].size() == 3);
  CHECK(json["statements"][1]["lines"][2]["line"] == "answers");
  CHECK(json["statements"][1]["total_yen"] == closing->bill.statements[1].total_yen());
  CHECK(json["digest"] == to_hex(digest_of(closing->bill).view()));
}

}  // namespace
}  // namespace nakadachi::apps
