// Roll-ups of units against the rows they are made from, and months that are closed.

#include <map>
#include <tuple>

#include "nakadachi/storage/bill_store.hpp"
#include "nakadachi/storage/meter_store.hpp"
#include "tests/pg/storage/trains.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::storage {
namespace {

using testing::make_train;
using testing::Sql;
using testing::TestDatabase;

// 2026-03-31T14:59:28Z is the last unit that begins on 31 March in Japan; the next one begins on
// 1 April, a new fiscal year.
constexpr std::uint32_t kLastOfMarch = 1774969168 / 64;
constexpr std::uint32_t kUnitsOfDay = 24 * 3600 / 64;

Day day(std::string_view text) {
  const auto parsed = Day::parse(text);
  REQUIRE(parsed);
  return *parsed;
}

/// Rows of three tenants over four days, and what they come to.
struct FinanceFixture {
  FinanceFixture() : meter(database.login("nakadachi_finance")), store(database.logins()) {
    database.join(1, 3, LaneId{1});
    const auto grant = store.take_lane(LaneId{1}, "test");
    REQUIRE(grant);
    for (std::uint64_t number = 1; number <= 3; ++number) {
      Train train = make_train(random, grant->epoch, number, 60, 20, 60, sizes);
      for (StepRow& row : train.rows) {
        row.exchange = any_id();
        row.units = any_units(static_cast<Cause>(1 + random.below(3)));
        add(row.tenant, row.exchange, row.units);
        add_kind(row.tenant, static_cast<std::uint8_t>(row.step), row.step, row.units);
      }
      for (ChangeRow& change : train.changes) {
        change.change = any_id();
        change.units = any_units(static_cast<Cause>(3 + random.below(3)));
        add(change.tenant, change.change, change.units);
        add_kind(change.tenant, 100 + static_cast<std::uint8_t>(change.section), change.section,
                 change.units);
      }
      REQUIRE(store.append(train).commit == Commit::kCommitted);
      testing::grow(sizes, train);
    }
  }

  ExchangeId any_id() {
    ExchangeId id = first_id_of_bucket(kLastOfMarch - kUnitsOfDay +
                                       static_cast<std::uint32_t>(random.below(3 * kUnitsOfDay)));
    // The units at both sides of midnight come often.
    if (random.chance(300)) {
      id = first_id_of_bucket(kLastOfMarch + static_cast<std::uint32_t>(random.below(2)));
    }
    random.fill(id.writable().last(12));
    return id;
  }
  Units any_units(Cause cause) {
    return {.cause = cause,
            .persons = static_cast<std::uint16_t>(random.below(2)),
            .messages_in = static_cast<std::uint16_t>(random.below(4)),
            .messages_out = static_cast<std::uint16_t>(random.below(4)),
            .bytes_in = static_cast<std::uint32_t>(random.below(kMaxUnitBytes)),
            .bytes_out = static_cast<std::uint32_t>(random.below(kMaxUnitBytes))};
  }
  void add_kind(TenantId tenant, std::uint8_t place, MessageKind kind, const Units& units) {
    KindRow& sum = kinds[{tenant, place}];
    sum.tenant = tenant;
    sum.kind = kind;
    ++sum.rows;
    sum.persons += units.persons;
    sum.messages_in += units.messages_in;
    sum.messages_out += units.messages_out;
    sum.bytes_in += units.bytes_in;
    sum.bytes_out += units.bytes_out;
  }
  void add(TenantId tenant, const ExchangeId& id, const Units& units) {
    const Day on = Day::of(Timestamp{bucket_of(id) * kBucketMs});
    MeterRow& sum = sums[{tenant, on, units.cause}];
    sum.tenant = tenant;
    sum.day = on;
    sum.cause = units.cause;
    ++sum.rows;
    sum.persons += units.persons;
    sum.messages_in += units.messages_in;
    sum.messages_out += units.messages_out;
    sum.bytes_in += units.bytes_in;
    sum.bytes_out += units.bytes_out;
  }
  /// Of these days, as they are to be read.
  std::vector<MeterRow> expected(Day from, Day until) const {
    std::vector<MeterRow> rows;
    for (const auto& [key, sum] : sums) {
      if (sum.day >= from && sum.day <= until) rows.push_back(sum);
    }
    return rows;
  }

  TestDatabase database;
  MeterStore meter;
  PostgresStore store;
  SeededRandom random{31};
  testing::LogSizes sizes;
  std::map<std::tuple<TenantId, Day, Cause>, MeterRow> sums;
  std::map<std::pair<TenantId, std::uint8_t>, KindRow> kinds;  // of all days
};

TEST_CASE("rows are added up by kind of message, which comes to the same as by cause") {
  FinanceFixture fixture;
  const Day first = day("2026-03-29");
  const Day last = day("2026-04-03");
  const auto kinds = fixture.meter.kinds(first, last);
  REQUIRE(kinds);
  std::vector<KindRow> expected;
  for (const auto& [key, row] : fixture.kinds) expected.push_back(row);
  CHECK((*kinds == expected));

  REQUIRE(fixture.meter.roll_up(first, last));
  for (const Day from : {first, day("2026-04-01")}) {
    const auto by_day = *fixture.meter.days(from, from);
    std::uint64_t rows_by_cause = 0;
    std::uint64_t bytes_by_cause = 0;
    for (const MeterRow& row : by_day) {
      rows_by_cause += row.rows;
      bytes_by_cause += row.bytes_in;
    }
    const auto by_kind = *fixture.meter.kinds(from, from);
    for (const KindRow& row : by_kind) {
      rows_by_cause -= row.rows;
      bytes_by_cause -= row.bytes_in;
    }
    CHECK(rows_by_cause == 0);
    CHECK(bytes_by_cause == 0);
  }
  CHECK(fixture.meter.kinds(day("2027-01-01"), day("2027-12-31"))->empty());
}

TEST_CASE("a roll-up has the sums of the rows, day by day in Japan, and is rebuilt the same") {
  FinanceFixture fixture;
  const Day first = day("2026-03-29");
  const Day last = day("2026-04-03");
  const Day march = day("2026-03-31");
  const Day april = day("2026-04-01");
  CHECK(fixture.meter.days(first, last)->empty());
  REQUIRE(fixture.meter.roll_up(march, march));
  CHECK((*fixture.meter.days(first, last) == fixture.expected(march, march)));
  REQUIRE(fixture.meter.roll_up(first, last));
  const auto all = fixture.meter.days(first, last);
  REQUIRE(all);
  CHECK(all->size() == fixture.sums.size());
  CHECK((*all == fixture.expected(first, last)));
  CHECK((*fixture.meter.days(april, april) == fixture.expected(april, april)));

  REQUIRE(fixture.meter.forget());
  CHECK(fixture.meter.days(first, last)->empty());
  REQUIRE(fixture.meter.roll_up(first, last));
  CHECK((*fixture.meter.days(first, last) == *all));
}

TEST_CASE("a later step of an exchange joins the day of the exchange when it is rolled up again") {
  FinanceFixture fixture;
  const Day march = day("2026-03-31");
  REQUIRE(fixture.meter.roll_up(march, march));
  const auto grant = fixture.store.take_lane(LaneId{1}, "test");
  REQUIRE(grant);
  Train late = make_train(fixture.random, grant->epoch, 4, 1, 200, 0, fixture.sizes);
  late.rows[0].exchange = first_id_of_bucket(kLastOfMarch);
  late.rows[0].units = {.cause = Cause::kOutside, .persons = 1};
  REQUIRE(fixture.store.append(late).commit == Commit::kCommitted);
  CHECK((*fixture.meter.days(march, march) == fixture.expected(march, march)));
  fixture.add(late.rows[0].tenant, late.rows[0].exchange, late.rows[0].units);
  REQUIRE(fixture.meter.roll_up(march, march));
  CHECK((*fixture.meter.days(march, march) == fixture.expected(march, march)));
}

TEST_CASE("days the wrong way round, and a server that is not there, are errors of a roll-up") {
  const TestDatabase database;
  MeterStore meter(database.login("nakadachi_finance"));
  CHECK(meter.roll_up(day("2026-04-02"), day("2026-04-01")).error().code ==
        ErrorCode::kWrongFormat);
  CHECK(MeterStore(database.login("postgres")).forget().error().code == ErrorCode::kConfigInvalid);
  MeterStore nowhere("host=/nonexistent user=nakadachi_finance");
  CHECK(nowhere.roll_up(day("2026-04-01"), day("2026-04-01")).error().code ==
        ErrorCode::kStoreUnavailable);
  CHECK(nowhere.forget().error().code == ErrorCode::kStoreUnavailable);
  CHECK(nowhere.days(day("2026-04-01"), day("2026-04-01")).error().code ==
        ErrorCode::kStoreUnavailable);
}

BilledMonth april() {
  return {.first_day = day("2026-04-01"),
          .pool_cost = 12'345'678,
          .tariff = "base = \"人口\" \\ 'x'\n",
          .digest = Digest::from(Bytes(32, 0xab)).value()};
}

TEST_CASE("a month is closed once, with all its lines or not at all") {
  const TestDatabase database;
  database.join(1, 2, LaneId{1});
  BillStore bills(database.login("nakadachi_finance"));
  const std::vector<BillLine> lines = {
      {.tenant = TenantId{1},
       .line = 0,
       .item = "基本 \"a\" \\, {b}",
       .units = 3,
       .yen = 12'000'000},
      {.tenant = TenantId{1}, .line = 1, .item = "credit", .units = 0, .yen = -5},
      {.tenant = TenantId{2}, .line = 0, .item = "基本", .units = 1, .yen = 345'683}};
  CHECK(bills.months()->empty());

  std::vector<BillLine> wrong = lines;
  wrong[2].tenant = TenantId{9};
  CHECK(bills.close(april(), wrong).error().code == ErrorCode::kStoreFailed);
  wrong = lines;
  wrong[1].line = 0;
  CHECK(bills.close(april(), wrong).error().code == ErrorCode::kRowConflict);
  BilledMonth odd = april();
  odd.first_day = day("2026-04-02");
  CHECK(bills.close(odd, lines).error().code == ErrorCode::kWrongFormat);
  odd = april();
  odd.tariff.clear();
  CHECK(bills.close(odd, lines).error().code == ErrorCode::kStoreFailed);
  CHECK(bills.months()->empty());
  CHECK(bills.lines(april().first_day)->empty());

  REQUIRE(bills.close(april(), lines));
  CHECK(bills.close(april(), {}).error().code == ErrorCode::kRowConflict);
  CHECK((*bills.lines(april().first_day) == lines));
  BilledMonth march = april();
  march.first_day = day("2026-03-01");
  REQUIRE(bills.close(march, {}));
  auto months = bills.months();
  REQUIRE(months);
  REQUIRE(months->size() == 2);
  const Timestamp now = SystemClock().now();
  for (BilledMonth& month : *months) {
    CHECK(now - month.closed_at < 600'000);
    month.closed_at = {};
  }
  CHECK((*months == std::vector<BilledMonth>{march, april()}));
  CHECK(bills.lines(march.first_day)->empty());
}

}  // namespace
}  // namespace nakadachi::storage
