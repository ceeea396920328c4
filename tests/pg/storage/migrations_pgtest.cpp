#include "nakadachi/storage/migrations.hpp"

#include <algorithm>
#include <array>
#include <future>

#include "core/storage/src/migration_runner.hpp"
#include "tests/pg/storage/trains.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::storage {
namespace {

using testing::Sql;
using testing::TestDatabase;
using Content = testing::TestDatabase::Content;

std::size_t pending(const std::vector<MigrationState>& states) {
  return static_cast<std::size_t>(std::ranges::count(states, false, &MigrationState::applied));
}

TEST_CASE("migrating an empty database applies all, and a second time nothing") {
  const TestDatabase database(Content::kEmpty);
  const std::string login = database.login("postgres");
  const auto before = migration_status(login);
  REQUIRE(before);
  REQUIRE(before->size() >= 4);
  CHECK(pending(*before) == before->size());
  CHECK(before->front().name == "0001_roles.sql");
  CHECK(before->front().checksum.size() == 64);

  const auto applied = migrate(login);
  REQUIRE(applied);
  CHECK(applied->size() == before->size());
  CHECK(applied->front() == 1);
  CHECK(migrate(login)->empty());

  const auto after = migration_status(login);
  REQUIRE(after);
  CHECK(pending(*after) == 0);
  for (std::size_t i = 0; i < after->size(); ++i) {
    CHECK((*after)[i].number == i + 1);
    CHECK(!(*after)[i].applied_checksum);
  }
}

TEST_CASE("a migration that was applied with another text stops everything") {
  const TestDatabase database;
  const std::string login = database.login("postgres");
  const std::string other(64, 'a');
  Sql(login).must("UPDATE nakadachi.migration SET checksum = '" + other + "' WHERE number = 2");
  const auto refused = migrate(login);
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::kMigrationMismatch);
  CHECK(migration_status(login)->at(1).applied_checksum == other);
}

TEST_CASE("a database that is newer than the program is refused and shown") {
  const TestDatabase database;
  const std::string login = database.login("postgres");
  Sql(login).must(
      "INSERT INTO nakadachi.migration (number, name, checksum)"
      " VALUES (9999, '9999_later.sql', repeat('b', 64))");
  CHECK(migrate(login).error().code == ErrorCode::kMigrationMismatch);
  const auto states = migration_status(login);
  REQUIRE(states);
  CHECK(states->back().number == 9999);
  CHECK(states->back().checksum.empty());
  CHECK(states->back().applied);
}

TEST_CASE("migrations that are there with an earlier one missing are refused") {
  const TestDatabase database;
  const std::string login = database.login("postgres");
  Sql(login).must("DELETE FROM nakadachi.migration WHERE number = 1");
  CHECK(migrate(login).error().code == ErrorCode::kMigrationMismatch);
}

TEST_CASE("runs at the same time apply each migration once") {
  for (int round = 0; round < 3; ++round) {
    const TestDatabase database(Content::kEmpty);
    const std::string login = database.login("postgres");
    std::array<std::future<Result<std::vector<std::uint32_t>>>, 3> runs;
    for (auto& run : runs) run = std::async(std::launch::async, [&] { return migrate(login); });
    std::vector<std::uint32_t> applied;
    for (auto& run : runs) {
      const auto numbers = run.get();
      INFO((numbers ? std::string() : describe(numbers.error())));
      REQUIRE(numbers);
      applied.insert(applied.end(), numbers->begin(), numbers->end());
    }
    std::ranges::sort(applied);
    CHECK(applied.size() == migration_status(login)->size());
    CHECK(std::ranges::adjacent_find(applied) == applied.end());
  }
}

TEST_CASE("a migration that fails leaves the earlier ones and nothing of itself") {
  const TestDatabase database(Content::kEmpty);
  const std::string login = database.login("postgres");
  const std::vector<Migration> known = {
      {1, "0001_good.sql", "CREATE TABLE nakadachi.good ()"},
      {2, "0002_bad.sql", "CREATE TABLE nakadachi.half (); SELECT no_such_function()"},
      {3, "0003_later.sql", "CREATE TABLE nakadachi.later ()"}};
  const auto failed = migrate(login, known);
  REQUIRE(!failed);
  CHECK(failed.error().code == ErrorCode::kStoreFailed);
  CHECK_THAT(failed.error().detail, Catch::Matchers::ContainsSubstring("migration 2"));
  Sql admin(login);
  CHECK(admin.run("SELECT to_regclass('nakadachi.good') IS NOT NULL").value() == "t");
  CHECK(admin.run("SELECT to_regclass('nakadachi.half') IS NULL").value() == "t");
  CHECK(admin.run("SELECT to_regclass('nakadachi.later') IS NULL").value() == "t");
  const auto states = migration_status(login, known);
  REQUIRE(states);
  CHECK(states->at(0).applied);
  CHECK(pending(*states) == 2);
}

/// A train of one step from before there were logs.
constexpr const char* kTrainBeforeLogs = R"(
  INSERT INTO nakadachi.lane (lane, epoch) VALUES (1, 1);
  INSERT INTO nakadachi.tenant (tenant, name, population, lane) VALUES (1, 'a', 1, 1);
  BEGIN;
  INSERT INTO nakadachi.train (lane, number, epoch, rows, low_water_bucket, signed_at_ms, root,
                               signer, signature)
    SELECT 1, 1, 1, 1, 0, 0, z, z, z || z FROM decode(repeat('00', 32), 'hex') z;
  INSERT INTO nakadachi.step (epoch, train, tenant, lane, outcome, step, leaf_index, exchange, salt,
                              leaf, sealed)
    SELECT 1, 1, 1, 1, 7, 3, 0, z, z, z || z, 'kept' FROM decode(repeat('ee', 16), 'hex') z;
  COMMIT)";

TEST_CASE("a database with trains from before there were logs is refused and keeps its rows") {
  const TestDatabase database(Content::kEmpty);
  const std::string login = database.login("postgres");
  const std::vector<Migration> all = embedded_migrations();
  REQUIRE(migrate(login, std::span(all).first(6)));
  Sql admin(login);
  admin.must(kTrainBeforeLogs);
  const auto refused = migrate(login);
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::kStoreFailed);
  CHECK_THAT(refused.error().detail, Catch::Matchers::ContainsSubstring("migration 7"));
  CHECK(admin.run("SELECT encode(sealed, 'escape') FROM nakadachi.step").value() == "kept");
}

TEST_CASE("the log of a tenant that joined before there were logs begins with its first train") {
  const TestDatabase database(Content::kEmpty);
  const std::string login = database.login("postgres");
  const std::vector<Migration> all = embedded_migrations();
  REQUIRE(migrate(login, std::span(all).first(6)));
  database.join(1, 3, LaneId{1});
  REQUIRE(migrate(login));
  PostgresStore store(database.logins());
  const auto grant = store.take_lane(LaneId{1}, "test");
  REQUIRE(grant);
  SeededRandom random(5);
  CHECK(store.append(testing::make_train(random, grant->epoch, 1, 3)).commit == Commit::kCommitted);
  CHECK(store.scan_log(TenantId{1}, 0, 10)->size() == 1);
}

TEST_CASE("a server that is not there, and a login that is none, are told apart") {
  CHECK(migrate("host=/nonexistent").error().code == ErrorCode::kStoreUnavailable);
  CHECK(migration_status("host=/nonexistent").error().code == ErrorCode::kStoreUnavailable);
  CHECK(migrate("no such=string").error().code == ErrorCode::kConfigInvalid);
}

}  // namespace
}  // namespace nakadachi::storage
