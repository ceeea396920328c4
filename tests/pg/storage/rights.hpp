#pragma once

#include <initializer_list>
#include <set>
#include <string>
#include <vector>

#include "nakadachi/storage/tenant_directory.hpp"
#include "tests/pg/storage/trains.hpp"
#include "tests/support/catch.hpp"

/// For tests of who can reach what, by SQL written by hand, as somebody would who had stolen a
/// login.
namespace nakadachi::testing {

inline constexpr const char* kRefused = "42501";  // insufficient_privilege

/// Lane 1 with the tenants 1 … 3, lane 2 with 4, and a key each. Train 1 of lane 1 gave each of the
/// tenants 1 … 3 two steps and two changes: their logs go on with number 4.
struct RightsFixture {
  RightsFixture() : store(database.logins()) {
    database.join(1, 3, LaneId{1});
    database.join(4, 1, LaneId{2});
    storage::TenantDirectory directory("", database.login("nakadachi_node"));
    for (std::uint32_t tenant = 1; tenant <= 4; ++tenant) {
      REQUIRE(directory.put_key(TenantId{tenant}, {.purpose = "master", .wrapped = {1, 2, 3}}));
    }
    const auto grant = store.take_lane(LaneId{1}, "test");
    REQUIRE(grant);
    epoch = grant->epoch.value;
    const storage::Train stored = make_train(random, grant->epoch, 1, 6, 200, 6);
    REQUIRE(store.append(stored).commit == storage::Commit::kCommitted);
    grow(sizes, stored);
  }
  std::string login(std::string_view role) const { return database.login(role); }

  TestDatabase database;
  storage::PostgresStore store;
  SeededRandom random{5};
  LogSizes sizes;
  std::uint64_t epoch = 0;
};

/// The values of the first column.
inline std::set<std::string> column(const Answer& answer) {
  REQUIRE(answer.ok());
  std::set<std::string> values;
  for (const auto& row : answer.rows) values.insert(row.at(0));
  return values;
}

inline void check_refused(Sql& role, std::initializer_list<const char*> statements) {
  for (const char* statement : statements) {
    INFO(statement);
    CHECK(role.run(statement).sqlstate == kRefused);
  }
}

/// Statements that the database refuses, and how.
struct WrongSql {
  std::string what;
  std::string sql;
  std::string sqlstate;
};

/// Each in a transaction of its own, of which nothing stays.
inline void check_wrong(Sql& role, const std::vector<WrongSql>& cases) {
  for (const WrongSql& wrong : cases) {
    INFO(wrong.what);
    CHECK(role.run("BEGIN;" + wrong.sql).sqlstate == wrong.sqlstate);
    role.must("ROLLBACK");
  }
}

}  // namespace nakadachi::testing
