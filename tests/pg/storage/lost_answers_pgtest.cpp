// What the store says of a train when the line or the server fails, against what is in the
// database. `failed` must never be there, `committed` always; of `unknown` read_back tells.

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "tests/pg/storage/trains.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::storage {
namespace {

using testing::grow;
using testing::is_there;
using testing::LogSizes;
using testing::make_train;
using testing::PostgresProxy;
using testing::Sql;
using testing::TestDatabase;
using Fault = testing::PostgresProxy::Fault;

/// Long enough for a loaded machine, short enough to wait for.
constexpr std::int64_t kShortTimeoutMs = 1500;

/// Lane 1 taken through a line that can fail.
struct LostAnswersFixture {
  explicit LostAnswersFixture(std::int64_t call_timeout_ms = kDefaultCallTimeoutMs)
      : proxy(testing::test_cluster().directory()), admin(database.login("postgres")) {
    database.join(1, 3, LaneId{1});
    PostgresLogins logins = testing::through(proxy, database);
    logins.call_timeout_ms = call_timeout_ms;
    store = std::make_unique<PostgresStore>(logins);
    const auto grant = store->take_lane(LaneId{1}, "test");
    REQUIRE(grant);
    epoch = grant->epoch;
    REQUIRE(store->append(next_train()).commit == Commit::kCommitted);
    go_on();
  }

  /// Steps alone, changes alone or both.
  const Train& next_train() {
    const std::uint64_t kind = random.below(3);
    train = make_train(random, epoch, number, kind == 0 ? 0 : 20, 200, kind == 1 ? 0 : 10, sizes);
    return train;
  }
  /// The last train is there: the next one comes after it.
  void go_on() {
    ++number;
    grow(sizes, train);
  }
  /// What is in the database of the last train.
  bool is_there() { return testing::is_there(admin, train); }

  /// read_back, asked again with the same epoch where its own answer is lost.
  bool committed() {
    auto fate = store->read_back(LaneId{1}, epoch, TrainNumber{number});
    if (!fate && fate.error().code == ErrorCode::kStoreUnavailable) {
      fate = store->read_back(LaneId{1}, epoch, TrainNumber{number});
    }
    REQUIRE(fate);
    epoch = fate->epoch;
    return fate->committed;
  }

  /// Waits until no connection of the role is left besides `left` ones.
  void await_connections(int left) {
    while (std::stoi(admin
                         .run("SELECT count(*) FROM pg_stat_activity WHERE datname ="
                              " current_database() AND usename = 'nakadachi_train'")
                         .value()) > left) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  TestDatabase database;
  PostgresProxy proxy;
  Sql admin;
  std::unique_ptr<PostgresStore> store;
  SeededRandom random{11};
  Epoch epoch;
  std::uint64_t number = 1;
  LogSizes sizes;
  Train train;
};

TEST_CASE("a line cut around the commit: unknown until read_back, which tells the truth") {
  LostAnswersFixture fixture;
  struct Case {
    Fault fault;
    Commit commit;
    std::optional<bool> there;  ///< nothing where both can happen
  };
  for (const Case& expected : {Case{Fault::kCutBeforeCopyDone, Commit::kUnknown, false},
                               Case{Fault::kCutBeforeCommitReply, Commit::kUnknown, true},
                               Case{Fault::kCutAfterCommitReply, Commit::kCommitted, true},
                               Case{Fault::kFatalForCommitReply, Commit::kUnknown, true},
                               Case{Fault::kWarningBeforeCommitReply, Commit::kUnknown, true},
                               Case{Fault::kCutAfterCopyDone, Commit::kUnknown, std::nullopt}}) {
    INFO("fault " << static_cast<int>(expected.fault));
    fixture.proxy.arm(expected.fault);
    const AppendResult result = fixture.store->append(fixture.next_train());
    CHECK(result.commit == expected.commit);
    const bool committed = fixture.committed();
    if (expected.there) CHECK(committed == *expected.there);
    CHECK(fixture.is_there() == committed);
    if (committed) fixture.go_on();
  }
  CHECK(fixture.store->append(fixture.next_train()).commit == Commit::kCommitted);
}

TEST_CASE("a line cut at any byte of a train: what is said agrees with what is stored") {
  LostAnswersFixture fixture;
  for (int round = 0; round < 60; ++round) {
    INFO("round " << round);
    const Train train = fixture.next_train();
    // About 1000 bytes of query, 8000 of changes in it and 7000 of data; some cuts fall into the
    // read_back after it.
    const std::size_t bytes = (train.changes.empty() ? 1000 : 9000) + 380 * train.rows.size();
    fixture.proxy.cut_after_bytes(1 + fixture.random.below(bytes + 500));
    const AppendResult result = fixture.store->append(train);
    INFO(describe(result.error));
    const bool there = fixture.committed();
    fixture.proxy.cut_after_bytes(0);
    CHECK(fixture.is_there() == there);
    if (result.commit == Commit::kCommitted) CHECK(there);
    if (result.commit == Commit::kFailed) CHECK(!there);
    if (there) fixture.go_on();
  }
}

TEST_CASE("a line cut before the data were complete is a failure, not an unknown") {
  LostAnswersFixture fixture;
  fixture.proxy.cut_after_bytes(100);
  const AppendResult result = fixture.store->append(fixture.next_train());
  CHECK(result.commit == Commit::kFailed);
  CHECK(result.error.code == ErrorCode::kStoreUnavailable);
  CHECK(fixture.store->append(fixture.next_train()).commit == Commit::kCommitted);
}

TEST_CASE("a server that does not answer ends as unknown, and the next call has a new line") {
  LostAnswersFixture fixture(kShortTimeoutMs);
  fixture.proxy.arm(Fault::kHoldCommitReply);
  const AppendResult result = fixture.store->append(fixture.next_train());
  CHECK(result.commit == Commit::kUnknown);
  CHECK(result.error.code == ErrorCode::kCommitUnknown);
  CHECK(fixture.committed());
  CHECK(fixture.is_there());
}

TEST_CASE("read_back waits for a train still under way and never answers before its end") {
  LostAnswersFixture fixture(kShortTimeoutMs);
  fixture.proxy.arm(Fault::kHoldCopyDone);
  const Train train = fixture.next_train();
  REQUIRE(fixture.store->append(train).commit == Commit::kUnknown);
  // The server still has the transaction open: whoever asks now is not told "no".
  const auto early = fixture.store->read_back(LaneId{1}, fixture.epoch, train.number);
  REQUIRE(!early);
  CHECK(early.error().code == ErrorCode::kStoreUnavailable);

  SECTION("and it arrives late") {
    fixture.proxy.release();
    fixture.await_connections(1);
    CHECK(fixture.committed());
    CHECK(fixture.is_there());
  }
  SECTION("and it dies") {
    fixture.admin.must(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename = 'nakadachi_train'");
    CHECK(!fixture.committed());
    fixture.proxy.release();
    CHECK(!fixture.is_there());
    CHECK(fixture.store->append(fixture.next_train()).commit == Commit::kCommitted);
  }
}

TEST_CASE("a train that reaches the server after the lane was taken or read back is refused") {
  LostAnswersFixture fixture(kShortTimeoutMs);
  fixture.proxy.arm(Fault::kHoldQuery);
  const Train late = fixture.next_train();
  const AppendResult result = fixture.store->append(late);
  CHECK(result.commit == Commit::kFailed);  // the data had not left

  const bool by_taking = GENERATE(true, false);
  PostgresStore other(fixture.database.logins());
  if (by_taking) {
    REQUIRE(other.take_lane(LaneId{1}, "other"));
  } else {
    REQUIRE(other.read_back(LaneId{1}, fixture.epoch, late.number));
  }
  fixture.proxy.release();
  fixture.await_connections(1);
  CHECK(!fixture.is_there());
  CHECK(fixture.store->append(late).error.code == ErrorCode::kLaneLost);
}

TEST_CASE("taking a lane waits for the train under way and counts it") {
  LostAnswersFixture fixture;
  Sql hand(fixture.database.login("nakadachi_train"));
  const std::uint64_t size = fixture.sizes[TenantId{1}];
  hand.must(
      "BEGIN;" +
      testing::train_row_sql(1, fixture.number, fixture.epoch.value, 1, 0,
                             testing::head_hex(1, size + 1)) +
      testing::step_row_sql(1, fixture.number, fixture.epoch.value, 1, "aa", 0, "step_all", size));
  auto taken = std::async(std::launch::async, [&] {
    PostgresStore other(fixture.database.logins());
    return other.take_lane(LaneId{1}, "other");
  });
  // Both orders are right; mostly the other one is waiting by now.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const bool committed = hand.run("COMMIT").ok();
  const auto grant = taken.get();
  REQUIRE(grant);
  CHECK(committed);
  CHECK(grant->last.value == fixture.number);
}

TEST_CASE("a stale writer cannot pass the fence with an older view of the tables") {
  LostAnswersFixture fixture;
  Sql hand(fixture.database.login("nakadachi_train"));
  hand.must("BEGIN ISOLATION LEVEL REPEATABLE READ");
  hand.must("SELECT nakadachi.read_back(1, 999, 1) WHERE false; SELECT 1");  // takes the snapshot
  PostgresStore other(fixture.database.logins());
  REQUIRE(other.take_lane(LaneId{1}, "other"));
  const std::string state =
      hand.run(testing::train_row_sql(1, fixture.number, fixture.epoch.value)).sqlstate;
  CHECK((state == "40001" || state == "NK001"));
}

/// Appends trains until one is not committed.
struct Run {
  std::vector<Train> trains;  ///< the last one was not
  AppendResult last;
};
Run append_until_trouble(PostgresStore& store, Random& random, Epoch epoch, std::uint64_t first,
                         LogSizes sizes, std::atomic<std::uint64_t>& progress) {
  Run run;
  while (true) {
    const std::uint64_t number = first + run.trains.size();
    run.trains.push_back(make_train(random, epoch, number, 50, 2000, number % 2 * 30, sizes));
    run.last = store.append(run.trains.back());
    if (run.last.commit != Commit::kCommitted) return run;
    grow(sizes, run.trains.back());
    progress = number;
  }
}

TEST_CASE("the server crashes under trains: each is wholly there or wholly not, as was said") {
  const TestDatabase database;
  database.join(1, 3, LaneId{1});
  SeededRandom random(3);
  PostgresStore store(database.logins());
  std::uint64_t next = 1;
  LogSizes sizes;
  unsigned unknown = 0;
  for (int round = 0; round < 15; ++round) {
    INFO("round " << round);
    const auto grant = store.take_lane(LaneId{1}, "test");
    REQUIRE(grant);
    REQUIRE(grant->last.value == next - 1);
    std::atomic<std::uint64_t> progress = next - 1;
    auto running = std::async(std::launch::async, [&, first = next] {
      SeededRandom rows(100 + static_cast<std::uint64_t>(round));
      return append_until_trouble(store, rows, grant->epoch, first, sizes, progress);
    });
    while (progress < next + random.below(5)) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(4000)));
    REQUIRE(testing::test_cluster().crash());
    const Run run = running.get();
    REQUIRE(testing::test_cluster().restart());

    const Train& in_doubt = run.trains.back();
    INFO(describe(run.last.error));
    bool there = false;
    if (run.last.commit == Commit::kUnknown) {
      ++unknown;
      auto fate = store.read_back(LaneId{1}, grant->epoch, in_doubt.number);
      if (!fate) fate = store.read_back(LaneId{1}, grant->epoch, in_doubt.number);
      REQUIRE(fate);
      there = fate->committed;
    } else {
      CHECK(run.last.error.code == ErrorCode::kStoreUnavailable);
    }
    Sql admin(database.login("postgres"));
    for (const Train& train : run.trains) {
      const bool committed = there || &train != &in_doubt;
      CHECK(is_there(admin, train) == committed);
      if (committed) grow(sizes, train);
    }
    next = in_doubt.number.value + (there ? 1 : 0);
  }
  // Else the rounds did not hit trains under way.
  CHECK(unknown > 0);
}

}  // namespace
}  // namespace nakadachi::storage
