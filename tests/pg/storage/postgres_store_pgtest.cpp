#include "nakadachi/storage/postgres_store.hpp"

#include <fmt/format.h>

#include "tests/pg/storage/trains.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/store_contract.hpp"

namespace nakadachi::storage {
namespace {

using testing::grow;
using testing::LogSizes;
using testing::make_train;
using testing::number_train;
using testing::PostgresProxy;
using testing::Sql;
using testing::TestDatabase;

class PostgresUnderTest final : public testing::StoreUnderTest {
 public:
  PostgresUnderTest()
      : proxy_(testing::test_cluster().directory()), store_(testing::through(proxy_, database_)) {
    for (std::uint16_t lane = 1; lane <= testing::kContractLanes; ++lane) {
      database_.join((lane - 1U) * testing::kContractTenantsPerLane + 1,
                     testing::kContractTenantsPerLane, LaneId{lane});
    }
    database_.join(1000, 1, LaneId{100});
  }
  ExchangeStore& store() override { return store_; }
  void lose_next(Loss loss) override {
    proxy_.arm(loss == Loss::kTrain ? PostgresProxy::Fault::kCutBeforeCopyDone
                                    : PostgresProxy::Fault::kCutBeforeCommitReply);
  }
  std::optional<TenantId> stranger() const override { return TenantId{1000}; }

 private:
  TestDatabase database_;
  PostgresProxy proxy_;
  PostgresStore store_;
};

TEST_CASE("the store on PostgreSQL keeps the contract of ExchangeStore") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    INFO("seed " << seed);
    PostgresUnderTest subject;
    testing::StoreContract(subject, seed).run(250);
  }
}

/// A database with lane 1 taken.
struct Fixture {
  Fixture() : admin(database.login("postgres")), store(database.logins()) {
    database.join(1, 3, LaneId{1});
    const auto granted = store.take_lane(LaneId{1}, "test");
    REQUIRE(granted);
    epoch = granted->epoch;
  }

  TestDatabase database;
  Sql admin;
  PostgresStore store;
  SeededRandom random{7};
  Epoch epoch;
};

TEST_CASE("the row a constraint refuses is named, also where many are inserted at once") {
  Fixture fixture;
  fixture.admin.must("ALTER TABLE nakadachi.step_all ADD CHECK (outcome <> 999)");
  for (const std::size_t sealed_bytes : {std::size_t{10}, std::size_t{3000}}) {
    for (const std::size_t row : {0U, 1U, 100U, 255U}) {
      Train train = make_train(fixture.random, fixture.epoch, 1, 256, sealed_bytes);
      train.rows[row].outcome = 999;
      const AppendResult result = fixture.store.append(train);
      CHECK(result.commit == Commit::kFailed);
      CHECK(result.error.code == ErrorCode::kStoreFailed);
      CHECK(result.bad_row == row);
    }
  }
  CHECK(fixture.admin.run("SELECT count(*) FROM nakadachi.step").value() == "0");
}

TEST_CASE("of several conflicting rows the first is named, in every batch of the server") {
  Fixture fixture;
  const Train stored = make_train(fixture.random, fixture.epoch, 1, 3);
  REQUIRE(fixture.store.append(stored).commit == Commit::kCommitted);
  LogSizes sizes;
  grow(sizes, stored);
  // The server inserts up to 64 KB at once; 3000 bytes a row make many such batches.
  for (const std::size_t sealed_bytes : {std::size_t{10}, std::size_t{3000}}) {
    for (const std::size_t row : {0U, 1U, 77U, 254U}) {
      Train train = make_train(fixture.random, fixture.epoch, 2, 256, sealed_bytes);
      train.rows[row].exchange = stored.rows[0].exchange;
      train.rows[row].tenant = stored.rows[0].tenant;
      train.rows[255].exchange = stored.rows[1].exchange;
      train.rows[255].tenant = stored.rows[1].tenant;
      number_train(train, sizes, fixture.random);
      const AppendResult result = fixture.store.append(train);
      CHECK(result.error.code == ErrorCode::kRowConflict);
      CHECK(result.bad_row == row);
    }
  }
}

TEST_CASE("the change at fault is named by its leaf index, whatever else the train brings") {
  Fixture fixture;
  const Train stored = make_train(fixture.random, fixture.epoch, 1, 0, 0, 3);
  REQUIRE(fixture.store.append(stored).commit == Commit::kCommitted);
  LogSizes sizes;
  grow(sizes, stored);
  for (const std::size_t rows : {0U, 100U}) {
    for (const std::size_t place : {0U, 1U, 77U, 154U}) {
      INFO(rows << " rows, change " << place);
      Train train = make_train(fixture.random, fixture.epoch, 2, rows, 200, 156);
      train.changes[place].change = stored.changes[0].change;
      train.changes[place].tenant = stored.changes[0].tenant;
      train.changes[155].change = stored.changes[1].change;
      train.changes[155].tenant = stored.changes[1].tenant;
      number_train(train, sizes, fixture.random);
      const AppendResult repeated = fixture.store.append(train);
      CHECK(repeated.commit == Commit::kFailed);
      CHECK(repeated.error.code == ErrorCode::kRowConflict);
      CHECK(repeated.error.detail == "23505 change_pkey");
      CHECK(repeated.bad_row == rows + place);

      train.changes[place].tenant = TenantId{77};
      number_train(train, sizes, fixture.random);
      const AppendResult strange = fixture.store.append(train);
      CHECK(strange.error.code == ErrorCode::kStoreFailed);
      CHECK(strange.error.detail == "NK003");
      CHECK(strange.bad_row == rows + place);
    }
  }
  CHECK(fixture.admin.run("SELECT count(*) FROM nakadachi.holding").value() == "3");
}

TEST_CASE("a train of numbers that the log does not go on with fails whole, with no row at fault") {
  Fixture fixture;
  Train train = make_train(fixture.random, fixture.epoch, 1, 9, 200, 9, {{TenantId{2}, 1}});
  const AppendResult refused = fixture.store.append(train);
  CHECK(refused.commit == Commit::kFailed);
  CHECK(refused.error.code == ErrorCode::kStoreFailed);
  CHECK(refused.error.detail == "NK005");
  CHECK(!refused.bad_row);
  CHECK(!testing::is_there(fixture.admin, train));
  number_train(train, {}, fixture.random);
  CHECK(fixture.store.append(train).commit == Commit::kCommitted);
  CHECK(fixture.store.scan_log(TenantId{2}, 0, 100)->size() == 6);
}

TEST_CASE("what the database refuses at the commit itself has failed and is not there") {
  Fixture fixture;
  fixture.admin.must(
      "CREATE FUNCTION nakadachi.refuse() RETURNS trigger LANGUAGE plpgsql AS"
      " $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'NK005'; END $$;"
      "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON nakadachi.train"
      " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nakadachi.refuse()");
  const Train train = make_train(fixture.random, fixture.epoch, 1, 3, 200, 2);
  const AppendResult refused = fixture.store.append(train);
  CHECK(refused.commit == Commit::kFailed);
  CHECK(refused.error.code == ErrorCode::kStoreFailed);
  CHECK(!testing::is_there(fixture.admin, train));
  fixture.admin.must("DROP TRIGGER refuse ON nakadachi.train");
  CHECK(fixture.store.append(train).commit == Commit::kCommitted);
}

TEST_CASE("errors tell the SQLSTATE and the constraint, and no value") {
  Fixture fixture;
  const Train stored = make_train(fixture.random, fixture.epoch, 1, 1);
  REQUIRE(fixture.store.append(stored).commit == Commit::kCommitted);
  Train again = stored;
  again.number = TrainNumber{2};
  CHECK(fixture.store.append(again).error.detail == "23505 step_all_pkey");
}

TEST_CASE("passing conditions of the server fail a train that may be tried again") {
  Fixture fixture;
  const auto fails_for_now = [&] {
    const AppendResult result =
        fixture.store.append(make_train(fixture.random, fixture.epoch, 1, 2));
    INFO(describe(result.error));
    CHECK(result.commit == Commit::kFailed);
    CHECK(result.error.code == ErrorCode::kStoreUnavailable);
    CHECK(!result.bad_row);
  };
  const std::string trains =
      fmt::format("FROM pg_stat_activity WHERE datname = '{}' AND usename = 'nakadachi_train'",
                  fixture.admin.run("SELECT current_database()").value());

  SECTION("the server has become read-only") {
    fixture.admin.must(
        "DO $$ BEGIN EXECUTE format("
        "'ALTER DATABASE %I SET default_transaction_read_only = on',"
        " current_database()); END $$");
    fixture.admin.must("SELECT pg_terminate_backend(pid, 5000) " + trains);
    fails_for_now();
    fails_for_now();
    fixture.admin.must(
        "DO $$ BEGIN EXECUTE format("
        "'ALTER DATABASE %I RESET default_transaction_read_only',"
        " current_database()); END $$");
  }
  SECTION("the lane is locked for longer than locks are waited for") {
    PostgresLogins logins = fixture.database.logins();
    logins.call_timeout_ms = 400;
    PostgresStore hasty(logins);
    fixture.admin.must("BEGIN; SELECT FROM nakadachi.lane FOR UPDATE");
    const AppendResult result = hasty.append(make_train(fixture.random, fixture.epoch, 1, 2));
    CHECK(result.commit == Commit::kFailed);
    CHECK(result.error.code == ErrorCode::kStoreUnavailable);
    CHECK(result.error.detail == "55P03");
    fixture.admin.must("ROLLBACK");
  }
  // Nothing was written, and the number is still free.
  CHECK(fixture.store.append(make_train(fixture.random, fixture.epoch, 1, 2)).commit ==
        Commit::kCommitted);
}

TEST_CASE("a connection that ended between two trains is replaced without a failure") {
  Fixture fixture;
  LogSizes sizes;
  for (std::uint64_t number = 1; number <= 2; ++number) {
    fixture.admin.must(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename LIKE 'nakadachi%'");
    const Train train = make_train(fixture.random, fixture.epoch, number, 2, 200, 0, sizes);
    CHECK(fixture.store.append(train).commit == Commit::kCommitted);
    grow(sizes, train);
    CHECK(fixture.store.find(TenantId{1}, ExchangeId{}));
  }
}

TEST_CASE("a server that is not there fails every call and takes nothing") {
  PostgresLogins logins{.train = "host=/nonexistent user=nakadachi_train",
                        .node = "host=/nonexistent user=nakadachi_node"};
  PostgresStore store(logins);
  SeededRandom random(1);
  const AppendResult appended = store.append(make_train(random, Epoch{1}, 1, 1));
  CHECK(appended.commit == Commit::kFailed);
  CHECK(appended.error.code == ErrorCode::kStoreUnavailable);
  CHECK(store.take_lane(LaneId{1}, "test").error().code == ErrorCode::kStoreUnavailable);
  CHECK(store.read_back(LaneId{1}, Epoch{1}, TrainNumber{1}).error().code ==
        ErrorCode::kStoreUnavailable);
  CHECK(store.find(TenantId{1}, ExchangeId{}).error().code == ErrorCode::kStoreUnavailable);
  CHECK(store.scan(TenantId{1}, 0, std::nullopt, 10).error().code == ErrorCode::kStoreUnavailable);
  CHECK(store.scan_holdings(TenantId{1}, std::nullopt, 10).error().code ==
        ErrorCode::kStoreUnavailable);
  CHECK(store.scan_changes(TenantId{1}, 0, std::nullopt, 10).error().code ==
        ErrorCode::kStoreUnavailable);
  CHECK(store.find_change(TenantId{1}, ExchangeId{}).error().code == ErrorCode::kStoreUnavailable);
  CHECK(store.scan_log(TenantId{1}, 0, 10).error().code == ErrorCode::kStoreUnavailable);
  CHECK(store.last_checkpoint(TenantId{1}).error().code == ErrorCode::kStoreUnavailable);
  CHECK(store.find_train(LaneId{1}, TrainNumber{1}).error().code == ErrorCode::kStoreUnavailable);
  CHECK(store.scan_trains(LaneId{1}, TrainNumber{1}, 10).error().code ==
        ErrorCode::kStoreUnavailable);
}

TEST_CASE("logins that row-level security does not hold, and broken ones, are refused") {
  const TestDatabase database;
  PostgresStore superuser(
      {.train = database.login("postgres"), .node = database.login("postgres")});
  CHECK(superuser.take_lane(LaneId{1}, "test").error().code == ErrorCode::kConfigInvalid);
  CHECK(superuser.find(TenantId{1}, ExchangeId{}).error().code == ErrorCode::kConfigInvalid);
  PostgresStore broken({.train = "no such=string", .node = "password='half"});
  CHECK(broken.take_lane(LaneId{1}, "test").error().code == ErrorCode::kConfigInvalid);
  const Error error = broken.find(TenantId{1}, ExchangeId{}).error();
  CHECK(error.code == ErrorCode::kConfigInvalid);
  CHECK(error.detail.find("half") == std::string::npos);
}

TEST_CASE("tenants and numbers that the tables cannot hold are refused, not cut") {
  Fixture fixture;
  Train train = make_train(fixture.random, fixture.epoch, 1, 2);
  train.rows[1].tenant = TenantId{0x80000001U};
  const AppendResult refused = fixture.store.append(train);
  CHECK(refused.error.code == ErrorCode::kStoreFailed);
  CHECK(refused.bad_row == 1U);
  train = make_train(fixture.random, Epoch{1ULL << 63U | fixture.epoch.value}, 1, 2);
  CHECK(fixture.store.append(train).commit == Commit::kFailed);
  train = make_train(fixture.random, fixture.epoch, 1, 2, 200, 2);
  train.changes[1].tenant = TenantId{0x80000001U};
  CHECK(fixture.store.append(train).bad_row == 3U);
  CHECK(fixture.store.find(TenantId{0x80000001U}, ExchangeId{})->empty());
  CHECK(fixture.store.scan_holdings(TenantId{0x80000001U}, std::nullopt, 10)->empty());
  CHECK(fixture.store.scan_changes(TenantId{0x80000001U}, 0, std::nullopt, 10)->empty());
  CHECK(!fixture.store.find_change(TenantId{0x80000001U}, ExchangeId{})->has_value());
  CHECK(fixture.store.read_back(LaneId{1}, Epoch{~0ULL}, TrainNumber{1}).error().code ==
        ErrorCode::kLaneLost);
  CHECK(fixture.store.scan_log(TenantId{0x80000001U}, 0, 10)->empty());
  CHECK(fixture.store.scan_log(TenantId{1}, ~0ULL, 10)->empty());
  CHECK(!fixture.store.last_checkpoint(TenantId{0x80000001U})->has_value());
  CHECK(!fixture.store.find_train(LaneId{1}, TrainNumber{~0ULL})->has_value());
  CHECK(fixture.store.scan_trains(LaneId{1}, TrainNumber{~0ULL}, 10)->empty());
}

}  // namespace
}  // namespace nakadachi::storage
