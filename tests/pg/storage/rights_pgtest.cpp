// Who can reach what, by SQL written by hand, as somebody would who had stolen a login.

#include <initializer_list>
#include <set>

#include "nakadachi/storage/tenant_directory.hpp"
#include "tests/pg/storage/trains.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::storage {
namespace {

using testing::Answer;
using testing::change_sql;
using testing::grow;
using testing::head_hex;
using testing::LogSizes;
using testing::make_train;
using testing::Sql;
using testing::step_row_sql;
using testing::TestDatabase;
using testing::train_row_sql;

constexpr const char* kRefused = "42501";  // insufficient_privilege

/// Lane 1 with the tenants 1 … 3, lane 2 with 4, and a key each. Train 1 of lane 1 gave each of the
/// tenants 1 … 3 two steps and two changes: their logs go on with number 4.
struct Fixture {
  Fixture() : store(database.logins()) {
    database.join(1, 3, LaneId{1});
    database.join(4, 1, LaneId{2});
    TenantDirectory directory("", database.login("nakadachi_node"));
    for (std::uint32_t tenant = 1; tenant <= 4; ++tenant) {
      REQUIRE(directory.put_key(TenantId{tenant}, {.purpose = "master", .wrapped = {1, 2, 3}}));
    }
    const auto grant = store.take_lane(LaneId{1}, "test");
    REQUIRE(grant);
    epoch = grant->epoch.value;
    stored = make_train(random, grant->epoch, 1, 6, 200, 6);
    REQUIRE(store.append(stored).commit == Commit::kCommitted);
    grow(sizes, stored);
  }
  std::string login(std::string_view role) const { return database.login(role); }

  TestDatabase database;
  PostgresStore store;
  SeededRandom random{5};
  Train stored;
  LogSizes sizes;
  std::uint64_t epoch = 0;
};

/// The values of the first column.
std::set<std::string> column(const Answer& answer) {
  REQUIRE(answer.ok());
  std::set<std::string> values;
  for (const auto& row : answer.rows) values.insert(row.at(0));
  return values;
}

void check_refused(Sql& role, std::initializer_list<const char*> statements) {
  for (const char* statement : statements) {
    INFO(statement);
    CHECK(role.run(statement).sqlstate == kRefused);
  }
}

TEST_CASE("a node that is bound to no tenant sees no row of any") {
  Fixture fixture;
  Sql node(fixture.login("nakadachi_node"));
  const auto sees_nothing = [&] {
    for (const char* table : {"step", "tenant", "tenant_key", "change", "holding"}) {
      INFO(table);
      CHECK(node.run(std::string("SELECT count(*) FROM nakadachi.") + table).value() == "0");
    }
    CHECK(node.run("INSERT INTO nakadachi.tenant_key (tenant, purpose, version, wrapped)"
                   " VALUES (1, 'x', 1, 'x')")
              .sqlstate == kRefused);
  };
  sees_nothing();
  // A binding that has ended leaves an empty setting behind.
  node.must("BEGIN; SELECT set_config('nakadachi.tenant', '1', true); COMMIT");
  sees_nothing();
}

TEST_CASE("a bound node reads its own tenant only, however it asks") {
  Fixture fixture;
  Sql node(fixture.login("nakadachi_node"));
  node.must("SET nakadachi.tenant = '2'");
  const std::set<std::string> own = {"2"};
  for (const char* table : {"step", "change", "holding"}) {
    INFO(table);
    CHECK(column(node.run(std::string("SELECT tenant FROM nakadachi.") + table)) == own);
    CHECK(column(
              node.run(std::string("SELECT tenant FROM nakadachi.") + table + " WHERE tenant <> 2"))
              .empty());
  }
  CHECK(column(node.run("SELECT tenant FROM nakadachi.tenant_key")) == own);
  CHECK(column(node.run("SELECT tenant FROM nakadachi.tenant")) == own);
  CHECK(column(node.run("SELECT tenant FROM nakadachi.step WHERE tenant = 1")).empty());
  CHECK(column(node.run("SELECT k.tenant FROM nakadachi.tenant_key k CROSS JOIN nakadachi.step s"
                        " UNION ALL SELECT s.tenant FROM nakadachi.tenant t"
                        " RIGHT JOIN nakadachi.step s ON s.tenant <> t.tenant"
                        " UNION ALL SELECT tenant FROM nakadachi.tenant"
                        " WHERE EXISTS (SELECT FROM nakadachi.step)")) == own);
  // An operator that leaks what it sees is not run on rows that the policy hides.
  CHECK(node.run("SELECT count(*) FROM nakadachi.step WHERE 1 / (tenant - 1) > 100").value() ==
        "0");
  // Neither do statistics tell.
  CHECK(node.run("SELECT count(*) FROM pg_stats WHERE schemaname = 'nakadachi'"
                 " AND tablename IN ('step', 'tenant', 'tenant_key', 'change', 'holding')")
            .value() == "0");
  CHECK(column(node.run("COPY (SELECT tenant FROM nakadachi.step) TO STDOUT")) == own);
  CHECK(column(node.run("COPY nakadachi.tenant_key (tenant) TO STDOUT")) == own);
  CHECK(node.run("COPY nakadachi.step_all (tenant) TO STDOUT").sqlstate == kRefused);
  check_refused(
      node, {"SELECT count(*) FROM nakadachi.step_all", "SELECT count(*) FROM nakadachi.change_all",
             "SELECT count(*) FROM nakadachi.holding_acquisition",
             "SELECT count(*) FROM nakadachi.holding_other", "SELECT count(*) FROM nakadachi.train",
             "SELECT count(*) FROM nakadachi.meter_day"});
}

TEST_CASE("a bound node adds keys of its own tenant and changes nothing at all") {
  Fixture fixture;
  Sql node(fixture.login("nakadachi_node"));
  node.must("SET nakadachi.tenant = '2'");
  const auto key_of = [](int tenant) {
    return fmt::format(
        "INSERT INTO nakadachi.tenant_key (tenant, purpose, version, wrapped)"
        " VALUES ({}, 'signing/1', 1, 'x')",
        tenant);
  };
  CHECK(node.run(key_of(2)).ok());
  CHECK(node.run(key_of(1)).sqlstate == kRefused);
  CHECK(node.copy("COPY nakadachi.tenant_key (tenant, purpose, version, wrapped) FROM STDIN",
                  "1\tsigning/2\t1\tx\n")
            .sqlstate == "0A000");
  check_refused(node, {"UPDATE nakadachi.tenant_key SET tenant = 1",
                       "DELETE FROM nakadachi.tenant_key",
                       "UPDATE nakadachi.step SET outcome = 1",
                       "DELETE FROM nakadachi.step",
                       "TRUNCATE nakadachi.step",
                       "UPDATE nakadachi.tenant SET lane = 2",
                       "SELECT FROM nakadachi.step FOR UPDATE",
                       "UPDATE nakadachi.change SET erase = true",
                       "DELETE FROM nakadachi.change",
                       "TRUNCATE nakadachi.change",
                       "INSERT INTO nakadachi.holding VALUES (2, 3, 'k', 'v')",
                       "UPDATE nakadachi.holding SET value = ''",
                       "DELETE FROM nakadachi.holding",
                       "TRUNCATE nakadachi.holding",
                       "ALTER TABLE nakadachi.step NO FORCE ROW LEVEL SECURITY",
                       "SET ROLE nakadachi_owner",
                       "SET ROLE nakadachi_finance",
                       "SET SESSION AUTHORIZATION postgres",
                       "CREATE TABLE nakadachi.mine ()",
                       "CREATE TEMPORARY TABLE mine ()",
                       "CREATE TABLE public.mine ()",
                       "SELECT * FROM nakadachi.take_lane(1, 'me')",
                       "SELECT * FROM nakadachi.read_back(1, 1, 1)",
                       "SELECT nakadachi.fence(1, 1)"});
  CHECK(node.run(change_sql(1, 2, fixture.epoch, 2, "ab")).sqlstate == kRefused);
  CHECK(node.run(step_row_sql(1, 2, fixture.epoch, 2, "ab")).sqlstate == kRefused);
  CHECK(node.run(step_row_sql(1, 2, fixture.epoch, 2, "ab", 0, "step")).sqlstate == kRefused);
  CHECK(node.run("SET row_security = off; SELECT count(*) FROM nakadachi.step").sqlstate ==
        kRefused);
}

TEST_CASE("the train writer reads nothing, not even what it wrote") {
  Fixture fixture;
  Sql train(fixture.login("nakadachi_train"));
  for (const char* column_name : {"tenant", "*", "count(*)"}) {
    for (const char* table : {"step", "step_all", "change", "change_all", "holding",
                              "holding_acquisition", "holding_other"}) {
      const std::string from = std::string(" FROM nakadachi.") + table;
      INFO(column_name << from);
      CHECK(train.run("SELECT " + std::string(column_name) + from).sqlstate == kRefused);
      CHECK(train.run("COPY (SELECT " + std::string(column_name) + from + ") TO STDOUT").sqlstate ==
            kRefused);
    }
  }
  check_refused(train,
                {"SELECT * FROM nakadachi.train", "SELECT * FROM nakadachi.tenant_key",
                 "SELECT * FROM nakadachi.tenant", "SELECT * FROM nakadachi.lane",
                 "SELECT * FROM nakadachi.tenants()", "SELECT * FROM nakadachi.meter_day",
                 "UPDATE nakadachi.step_all SET outcome = 1", "DELETE FROM nakadachi.step_all",
                 "TRUNCATE nakadachi.step_all", "UPDATE nakadachi.train SET rows = 1",
                 "DELETE FROM nakadachi.train", "UPDATE nakadachi.lane SET epoch = 0",
                 "ALTER TABLE nakadachi.step_all DISABLE TRIGGER ALL",
                 "SET session_replication_role = replica"});
  const std::string returning = step_row_sql(1, 2, fixture.epoch, 1, "ab");
  CHECK(train
            .run(train_row_sql(1, 2, fixture.epoch) + returning.substr(0, returning.size() - 1) +
                 " RETURNING sealed")
            .sqlstate == kRefused);
}

TEST_CASE("the train writer writes by hand what a train may hold, and nothing else") {
  Fixture fixture;
  Sql train(fixture.login("nakadachi_train"));
  const std::uint64_t epoch = fixture.epoch;
  const std::string good_train = train_row_sql(1, 2, epoch, 1, 0, head_hex(1, 5));
  const std::string good_step = step_row_sql(1, 2, epoch, 1, "ab", 0, "step_all", 4);
  struct Case {
    std::string what;
    std::string sql;
    std::string sqlstate;
  };
  const std::string two_steps = fmt::format(
      " {}, 2, 0, 1, 1, 0, 0, 0, n, 0, 1, 0, 0, 0, decode(repeat('ab', 16), 'hex'),"
      " decode(repeat('00', 16), 'hex'), decode(repeat('00', 32), 'hex'), ''"
      " FROM generate_series(1, 2) n;",
      epoch);
  const std::vector<Case> cases = {
      {"a lost lane", train_row_sql(1, 2, epoch - 1), "NK001"},
      {"an epoch to come", train_row_sql(1, 2, epoch + 1), "NK001"},
      {"a lane never taken", train_row_sql(2, 1, 0), "NK001"},
      {"a lane that is none", train_row_sql(77, 1, 1), "NK001"},
      {"a gap in the numbers", train_row_sql(1, 3, epoch), "NK002"},
      {"a number used already", train_row_sql(1, 1, epoch), "NK002"},
      {"two trains in one statement of which one leaves a gap",
       train_row_sql(1, 2, epoch) + train_row_sql(1, 4, epoch), "NK002"},
      {"steps alone", good_step, "NK004"},
      {"a step for a train of earlier", step_row_sql(1, 1, epoch, 1, "ab", 6), "NK004"},
      {"a tenant of another lane", good_train + step_row_sql(1, 2, epoch, 4, "ab"), "NK003"},
      {"a tenant that never joined", good_train + step_row_sql(1, 2, epoch, 9, "ab"), "NK003"},
      {"another lane in the step", good_train + step_row_sql(2, 2, epoch, 4, "ab"), "NK004"},
      {"another epoch in the step", good_train + step_row_sql(1, 2, epoch + 1, 1, "ab"), "NK004"},
      {"more steps at once than the train says",
       good_train + "INSERT INTO nakadachi.step_all SELECT" + two_steps, "NK004"},
      {"a leaf beyond the train", good_train + step_row_sql(1, 2, epoch, 1, "ab", 1), "NK004"},
      {"fewer steps than the train says", train_row_sql(1, 2, epoch, 2) + good_step, "NK004"},
      {"through the parent", good_train + step_row_sql(1, 2, epoch, 1, "ab", 0, "step"), kRefused},
      {"half a hash",
       good_train + "INSERT INTO nakadachi.step_all VALUES (1, 2, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0, 0,"
                    " 0, decode(repeat('ab', 16), 'hex'), decode(repeat('00', 16), 'hex'), 'x',"
                    " '')",
       "23514"},
  };
  for (const Case& wrong : cases) {
    INFO(wrong.what);
    CHECK(train.run("BEGIN;" + wrong.sql).sqlstate == wrong.sqlstate);
    train.must("ROLLBACK");
  }
  CHECK(train.run("BEGIN;" + good_train + good_step + "COMMIT").ok());
  // The train has left: nothing joins it any more.
  CHECK(train.run(step_row_sql(1, 2, epoch, 1, "ac")).sqlstate == "NK004");

  const auto text_row = [&](std::uint64_t number, int tenant) {
    return fmt::format(
        "{}\t{}\t5\t{}\t1\t0\t0\t0\t1\t0\t1\t0\t0\t0\t\\\\x{:032x}\t\\\\x{:032x}\t\\\\x{:064x}"
        "\t\\\\x\n",
        epoch, number, tenant, 7, 0, 0);
  };
  const std::string copy = "COPY nakadachi.step_all FROM STDIN";
  CHECK(train.copy(copy, text_row(2, 1)).sqlstate == "NK004");
  const std::string next_train = train_row_sql(1, 3, epoch, 1, 0, head_hex(1, 6));
  train.must("BEGIN;" + next_train);
  CHECK(train.copy(copy, text_row(3, 4)).sqlstate == "NK003");
  train.must("ROLLBACK;BEGIN;" + next_train);
  CHECK(train.copy(copy, text_row(3, 1)).ok());
  train.must("COMMIT");
}

TEST_CASE("the train writer changes holdings with its train, and in no other way") {
  Fixture fixture;
  Sql train(fixture.login("nakadachi_train"));
  Sql admin(fixture.login("postgres"));
  const std::uint64_t epoch = fixture.epoch;
  const auto contents = [&] {
    return admin
        .run(
            "SELECT (SELECT md5(string_agg(c::text, ',' ORDER BY c)) FROM nakadachi.change c),"
            " (SELECT md5(string_agg(h::text, ',' ORDER BY h)) FROM nakadachi.holding h)")
        .rows;
  };
  const auto before = contents();
  for (const char* table :
       {"change", "change_all", "holding", "holding_acquisition", "holding_other"}) {
    INFO(table);
    const std::string name = std::string("nakadachi.") + table;
    CHECK(train.run("INSERT INTO " + name + " DEFAULT VALUES").sqlstate == kRefused);
    CHECK(train.run("INSERT INTO " + name + " DEFAULT VALUES ON CONFLICT DO NOTHING").sqlstate ==
          kRefused);
    CHECK(train.run("COPY " + name + " FROM STDIN").sqlstate == kRefused);
    CHECK(train.run("UPDATE " + name + " SET tenant = 1").sqlstate == kRefused);
    CHECK(train.run("DELETE FROM " + name).sqlstate == kRefused);
    CHECK(train.run("TRUNCATE " + name).sqlstate == kRefused);
  }

  struct Case {
    std::string what;
    std::string sql;
    std::string sqlstate;
  };
  const std::string head = train_row_sql(1, 2, epoch, 0, 1, head_hex(1, 5));
  const std::string good_change = change_sql(1, 2, epoch, 1, "ab", false, 4);
  const auto two = [&](int keys, int records) {
    return train_row_sql(1, 2, epoch, 0, 2, head_hex(1, 6)) +
           fmt::format(
               "SELECT nakadachi.add_changes(1, {}, 2, '{{1,1}}', '{{4,5}}', '{{3,3}}', '{{f,f}}',"
               " '{{5,5}}', n, n, n, '{{0,0}}', '{{0,0}}', h, k, h, l, r, h)"
               " FROM array_fill(0::smallint, ARRAY[2]) n,"
               " array_fill('\\x' || repeat('ab', 16), ARRAY[2]) h,"
               " array_fill('\\x' || repeat('ab', 16), ARRAY[{}]) k,"
               " array_fill('\\x' || repeat('ab', 32), ARRAY[2]) l,"
               " array_fill('\\x'::text, ARRAY[{}]) r",
               epoch, keys, records);
  };
  const std::vector<Case> cases = {
      {"changes alone", good_change, "NK004"},
      {"changes for a train of earlier", change_sql(1, 1, epoch, 1, "ab"), "NK004"},
      {"another train's", head + change_sql(1, 1, epoch, 1, "ab"), "NK004"},
      {"another lane's", head + change_sql(2, 2, epoch, 4, "ab"), "NK004"},
      {"with another epoch", head + change_sql(1, 2, epoch + 1, 1, "ab"), "NK004"},
      {"for a train without changes", train_row_sql(1, 2, epoch) + good_change, "NK004"},
      {"fewer than the train says", train_row_sql(1, 2, epoch, 0, 2) + good_change, "NK004"},
      {"none at all",
       head + fmt::format("SELECT nakadachi.add_changes(1, {}, 2, '{{}}', '{{}}', '{{}}', '{{}}',"
                          " '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}', '{{}}',"
                          " '{{}}', '{{}}', '{{}}', '{{}}')",
                          epoch),
       "NK004"},
      {"nothing where arrays should be",
       head + fmt::format("SELECT nakadachi.add_changes(1, {}, 2, NULL, NULL, NULL, NULL, NULL,"
                          " NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
                          epoch),
       "NK004"},
      {"for a tenant of another lane", head + change_sql(1, 2, epoch, 4, "ab"), "NK003"},
      {"for a tenant that never joined", head + change_sql(1, 2, epoch, 9, "ab"), "NK003"},
      {"erasing for a tenant of another lane", head + change_sql(1, 2, epoch, 4, "ab", true),
       "NK003"},
      {"half a hash", head + change_sql(1, 2, epoch, 1, ""), "23514"},
      {"more keys than changes", two(3, 2), "23502"},
      {"fewer records than changes", two(2, 1), "23502"},
      {"one change twice", two(2, 2), "23505"},
      {"a train of nothing", train_row_sql(1, 2, epoch, 0, 0), "23514"},
      {"a train of too many", train_row_sql(1, 2, epoch, 1024, 1), "23514"},
  };
  for (const Case& wrong : cases) {
    INFO(wrong.what);
    CHECK(train.run("BEGIN;" + wrong.sql).sqlstate == wrong.sqlstate);
    train.must("ROLLBACK");
  }
  CHECK(contents() == before);

  CHECK(train.run("BEGIN;" + head + good_change + "COMMIT").ok());
  CHECK(contents() != before);
  // The train has left: nothing joins it any more.
  CHECK(train.run(change_sql(1, 2, epoch, 1, "ac")).sqlstate == "NK004");
  train.must("BEGIN;" + train_row_sql(1, 3, epoch, 0, 1));
  CHECK(train.run(change_sql(1, 3, epoch, 1, "ab")).sqlstate == "23505");
  train.must("ROLLBACK");
}

TEST_CASE("a tenant that moves lanes waits for trains under way, and trains for it") {
  Fixture fixture;
  Sql train(fixture.login("nakadachi_train"));
  Sql operators(fixture.login("nakadachi_operator"));
  const std::string move = "UPDATE nakadachi.tenant SET lane = 2 WHERE tenant = 1";
  const std::string train_of_it = train_row_sql(1, 2, fixture.epoch, 1, 0, head_hex(1, 5)) +
                                  step_row_sql(1, 2, fixture.epoch, 1, "ab", 0, "step_all", 4);
  operators.must("SET lock_timeout = '200ms'");
  train.must("SET lock_timeout = '200ms'");

  train.must("BEGIN;" + train_of_it);
  CHECK(operators.run(move).sqlstate == "55P03");
  train.must("ROLLBACK");

  operators.must("BEGIN;" + move);
  CHECK(train.run("BEGIN;" + train_of_it).sqlstate == "55P03");
  train.must("ROLLBACK;BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
  operators.must("COMMIT");
  const std::string with_old_view = train.run(train_of_it).sqlstate;
  CHECK((with_old_view == "40001" || with_old_view == "NK003"));
  train.must("ROLLBACK");
  CHECK(train.run("BEGIN;" + train_of_it).sqlstate == "NK003");
}

TEST_CASE("operators see tenants and lanes, no step and no key") {
  Fixture fixture;
  Sql operators(fixture.login("nakadachi_operator"));
  CHECK(operators.run("SELECT count(*) FROM nakadachi.tenant").value() == "4");
  CHECK(operators.run("SELECT count(*) FROM nakadachi.lane").value() == "2");
  check_refused(operators,
                {"SELECT * FROM nakadachi.step", "SELECT * FROM nakadachi.step_all",
                 "SELECT * FROM nakadachi.tenant_key", "SELECT * FROM nakadachi.train",
                 "SELECT * FROM nakadachi.meter_day", "SELECT * FROM nakadachi.change",
                 "SELECT * FROM nakadachi.holding", "SELECT * FROM nakadachi.holding_acquisition",
                 "DELETE FROM nakadachi.holding", "DELETE FROM nakadachi.tenant",
                 "UPDATE nakadachi.tenant SET tenant = 9", "UPDATE nakadachi.lane SET epoch = 9",
                 "INSERT INTO nakadachi.lane (lane, epoch) VALUES (5, 5)",
                 "INSERT INTO nakadachi.tenant_key VALUES (1, 'x', 1, 'x')",
                 "SELECT * FROM nakadachi.take_lane(1, 'me')", "SELECT nakadachi.fence(1, 1)"});
  CHECK(operators.run(change_sql(1, 2, fixture.epoch, 1, "ab")).sqlstate == kRefused);
}

TEST_CASE("the train writer numbers logs without a gap, and states heads that are theirs") {
  Fixture fixture;
  Sql train(fixture.login("nakadachi_train"));
  const std::uint64_t epoch = fixture.epoch;
  const auto head = [&](const std::string& heads, int rows, int changes) {
    return train_row_sql(1, 2, epoch, rows, changes, heads);
  };
  const auto step = [&](std::uint64_t place, const std::string& exchange_byte = "ab") {
    return step_row_sql(1, 2, epoch, 1, exchange_byte, 0, "step_all", place);
  };
  const auto change = [&](std::uint64_t place, int tenant = 1) {
    return change_sql(1, 2, epoch, tenant, "ab", false, place);
  };
  const auto point = [&](int tenant, std::uint64_t size, int nodes) {
    return fmt::format(
        "SELECT nakadachi.add_checkpoints(1, {}, 2, '{{{}}}', '{{{}}}',"
        " ARRAY['\\x' || repeat('00', 32 * {})]);",
        epoch, tenant, size, nodes);
  };
  const auto both = [](const std::string& first, const std::string& second) {
    return fmt::format(
        "INSERT INTO nakadachi.step_all SELECT {}, 2, n.number, 1, 1, 0, 0, 0, n.leaf + 1, n.leaf,"
        " 1, 0, 0, 0, decode(repeat('ab', 16), 'hex'), decode(repeat('00', 16), 'hex'),"
        " decode(repeat('00', 32), 'hex'), '' FROM (VALUES {}) n (number, leaf);",
        first, second);
  };
  const std::string epoch_text = std::to_string(epoch);
  struct Case {
    std::string what;
    std::string sql;
    std::string sqlstate;
  };
  const std::vector<Case> cases = {
      {"steps without heads", head("", 1, 0) + step(4) + "COMMIT", "NK005"},
      {"changes without heads", head("", 0, 1) + change(4) + "COMMIT", "NK005"},
      {"steps without heads and without numbers", head("", 1, 0) + step(0), "NK005"},
      {"changes without heads and without numbers", head("", 0, 1) + change(0), "NK005"},
      {"neither heads nor steps", head("", 1, 0) + "COMMIT", "NK005"},
      {"heads, and steps without numbers", head(head_hex(1, 5), 1, 0) + step(0), "NK005"},
      {"heads, and changes without numbers", head(head_hex(1, 5), 0, 1) + change(0), "NK005"},
      {"no word of heads",
       "INSERT INTO nakadachi.train (lane, number, epoch, rows, changes, low_water_bucket,"
       " signed_at_ms, root, signer, signature)" +
           fmt::format(" VALUES (1, 2, {}, 1, 0, 0, 0,", epoch) +
           " decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'),"
           " decode(repeat('00', 64), 'hex'))",
       "23502"},
      {"a number that is used", head(head_hex(1, 5), 1, 0) + step(3), "NK005"},
      {"a gap", head(head_hex(1, 6), 1, 0) + step(5), "NK005"},
      {"a number twice in the train",
       head(head_hex(1, 6), 2, 0) + both(epoch_text, "(4, 0), (4, 1)"), "NK005"},
      {"a gap in the train", head(head_hex(1, 7), 2, 0) + both(epoch_text, "(4, 0), (6, 1)"),
       "NK005"},
      {"a change with a number that is used", head(head_hex(1, 5), 0, 1) + change(3), "NK005"},
      {"a change beyond a gap", head(head_hex(1, 6), 0, 1) + change(5), "NK005"},
      {"a change and a step with one number",
       head(head_hex(1, 5), 1, 1) + change(4) + step(4, "ac"), "NK005"},
      {"a step before a change", head(head_hex(1, 6), 1, 1) + change(5) + step(4), "NK005"},
      {"a head beyond the entries", head(head_hex(1, 6), 1, 0) + step(4) + "COMMIT", "NK005"},
      {"a head before the entries", head(head_hex(1, 4), 1, 0) + step(4) + "COMMIT", "NK005"},
      {"the head of another", head(head_hex(2, 4), 1, 0) + step(4) + "COMMIT", "NK005"},
      {"one head more", head(head_hex(1, 5) + head_hex(2, 4), 1, 0) + step(4) + "COMMIT", "NK005"},
      {"one head twice", head(head_hex(1, 5) + head_hex(1, 5), 1, 0) + step(4) + "COMMIT", "NK005"},
      {"a head of nobody", head(head_hex(1, 5) + head_hex(9, 1), 1, 0) + step(4) + "COMMIT",
       "NK005"},
      {"no head of one of two tenants",
       head(head_hex(1, 5), 1, 1) + change(4, 2) + step(4) + "COMMIT", "NK005"},
      {"half a head", head("00", 1, 0), "23514"},
      {"a train whose steps never come", head(head_hex(1, 5), 1, 0) + "COMMIT", "NK005"},
      {"a train whose changes never come", head(head_hex(1, 5), 1, 1) + step(4) + "COMMIT",
       "NK005"},
      {"steps that come twice", head(head_hex(1, 5), 1, 0) + step(4) + step(5, "ac") + "COMMIT",
       "NK005"},
      {"a checkpoint at no head", head(head_hex(1, 5), 1, 0) + point(1, 4, 1), "NK005"},
      {"a checkpoint of another", head(head_hex(1, 5), 1, 0) + point(2, 5, 2), "NK005"},
      {"a checkpoint of too few nodes", head(head_hex(1, 7), 1, 0) + point(1, 7, 2), "23514"},
      {"a checkpoint without its train", point(1, 4, 1), "NK005"},
  };
  for (const Case& wrong : cases) {
    INFO(wrong.what);
    CHECK(train.run("BEGIN;" + wrong.sql).sqlstate == wrong.sqlstate);
    train.must("ROLLBACK");
  }
  check_refused(train, {"SELECT * FROM nakadachi.log_end", "SELECT * FROM nakadachi.log_checkpoint",
                        "UPDATE nakadachi.log_end SET size = 0",
                        "INSERT INTO nakadachi.log_end (tenant, size) VALUES (9, 9)",
                        "INSERT INTO nakadachi.log_checkpoint VALUES (1, 1, '')",
                        "DELETE FROM nakadachi.log_end", "TRUNCATE nakadachi.log_checkpoint",
                        "SELECT * FROM nakadachi.trains(1, 1, 9)",
                        "SELECT * FROM nakadachi.train_leaves(1, 1)",
                        "SET CONSTRAINTS nakadachi.check_heads IMMEDIATE; TABLE nakadachi.train"});
  CHECK(train
            .run("BEGIN;" + head(head_hex(1, 6), 1, 1) + change(4) + point(1, 6, 2) + step(5) +
                 "COMMIT")
            .ok());

  Sql node(fixture.login("nakadachi_node"));
  CHECK(node.run("SELECT count(*) FROM nakadachi.log_checkpoint").value() == "0");
  node.must("SET nakadachi.tenant = '2'");
  CHECK(node.run("SELECT count(*) FROM nakadachi.log_checkpoint").value() == "0");
  node.must("SET nakadachi.tenant = '1'");
  CHECK(node.run("SELECT size FROM nakadachi.log_checkpoint").value() == "6");
  CHECK(node.run("SELECT count(*) FROM nakadachi.trains(1, 1, 9)").value() == "2");
  check_refused(node, {"SELECT * FROM nakadachi.log_end", "SELECT * FROM nakadachi.train",
                       "INSERT INTO nakadachi.log_checkpoint VALUES (1, 1, '')",
                       "DELETE FROM nakadachi.log_checkpoint"});
}

TEST_CASE("of other tenants' rows a node reads the leaves of a train, and of their nodes nothing") {
  Fixture fixture;
  const Train train = make_train(fixture.random, Epoch{fixture.epoch}, 2, 7, 50, 4, fixture.sizes);
  REQUIRE(fixture.store.append(train).commit == Commit::kCommitted);
  Sql node(fixture.login("nakadachi_node"));
  node.must("SET nakadachi.tenant = '2'");
  const Answer leaves = node.run("SELECT * FROM nakadachi.train_leaves(1, 2)");
  REQUIRE(leaves.ok());
  REQUIRE(leaves.rows.size() == 11);
  for (std::size_t i = 0; i < leaves.rows.size(); ++i) {
    const Digest& leaf = i < 7 ? train.rows[i].leaf : train.changes[i - 7].leaf;
    REQUIRE(leaves.rows[i].size() == 1);
    CHECK(leaves.rows[i][0] == "\\x" + to_hex(leaf.view()));
  }
  CHECK(node.run("SELECT count(*) FROM nakadachi.train_leaves(1, 9)").value() == "0");

  const auto add = [&](int tenant) {
    return node.run(
        fmt::format("INSERT INTO nakadachi.delegation VALUES (7, 1, 2, {},"
                    " decode(repeat('11', 32), 'hex'), decode(repeat('22', 64), 'hex'))",
                    tenant));
  };
  CHECK(add(1).sqlstate == kRefused);
  CHECK(add(2).ok());
  CHECK(node.run("SELECT count(*) FROM nakadachi.delegation").value() == "1");
  node.must("SET nakadachi.tenant = '1'");
  CHECK(node.run("SELECT count(*) FROM nakadachi.delegation").value() == "0");
  check_refused(node, {"UPDATE nakadachi.delegation SET until_ms = 3",
                       "DELETE FROM nakadachi.delegation", "TRUNCATE nakadachi.delegation"});
}

TEST_CASE("finance sees roll-ups and bills, and nothing of a row") {
  Fixture fixture;
  Sql finance(fixture.login("nakadachi_finance"));
  // Ids of the fixture are random: all the days there are.
  CHECK(finance.run("SELECT nakadachi.roll_up('1970-01-01', '10700-01-01')").ok());
  CHECK(finance.run("SELECT sum(rows) FROM nakadachi.meter_day").value() == "12");
  check_refused(finance, {"SELECT * FROM nakadachi.step",
                          "SELECT * FROM nakadachi.step_all",
                          "SELECT * FROM nakadachi.tenant_key",
                          "SELECT * FROM nakadachi.tenant",
                          "SELECT * FROM nakadachi.train",
                          "SELECT * FROM nakadachi.lane",
                          "SELECT * FROM nakadachi.tenants()",
                          "SELECT * FROM nakadachi.trains(1, 1, 1)",
                          "SELECT * FROM nakadachi.train_leaves(1, 1)",
                          "SELECT * FROM nakadachi.delegation",
                          "SELECT * FROM nakadachi.migration",
                          "SELECT * FROM nakadachi.change",
                          "SELECT * FROM nakadachi.change_all",
                          "SELECT * FROM nakadachi.holding",
                          "SELECT count(*) FROM nakadachi.holding_other",
                          "SELECT * FROM nakadachi.log_end",
                          "SELECT * FROM nakadachi.log_checkpoint",
                          "INSERT INTO nakadachi.meter_day DEFAULT VALUES",
                          "UPDATE nakadachi.meter_day SET rows = 0",
                          "DELETE FROM nakadachi.meter_day",
                          "TRUNCATE nakadachi.meter_day",
                          "SELECT * FROM nakadachi.take_lane(1, 'me')",
                          "ALTER TABLE nakadachi.meter_day NO FORCE ROW LEVEL SECURITY"});
}

TEST_CASE("a closed month is added once, with its lines, and nobody changes it") {
  Fixture fixture;
  Sql finance(fixture.login("nakadachi_finance"));
  const std::string month =
      "INSERT INTO nakadachi.billing_month (month, pool_cost, tariff, digest)"
      " VALUES ('2026-04-01', 1000, 'tariff', decode(repeat('ab', 32), 'hex'));";
  const std::string line =
      "INSERT INTO nakadachi.billing_line (month, tenant, line, item, units, yen)"
      " VALUES ('2026-04-01', 1, 0, 'base', 1, 1000);";
  CHECK(finance.run(line).sqlstate == "23503");
  CHECK(finance.run("BEGIN;" + month + line + "COMMIT").ok());
  CHECK(finance.run(month).sqlstate == "23505");
  CHECK(finance
            .run("INSERT INTO nakadachi.billing_line (month, tenant, line, item, units, yen)"
                 " VALUES ('2026-04-01', 2, 0, 'base', 1, 1000)")
            .sqlstate == "NK006");
  CHECK(finance
            .run("INSERT INTO nakadachi.billing_month (month, pool_cost, tariff, digest)"
                 " VALUES ('2026-05-02', 1, 't', decode(repeat('ab', 32), 'hex'))")
            .sqlstate == "23514");
  check_refused(finance,
                {"UPDATE nakadachi.billing_month SET pool_cost = 1",
                 "UPDATE nakadachi.billing_line SET yen = 1", "DELETE FROM nakadachi.billing_month",
                 "DELETE FROM nakadachi.billing_line", "TRUNCATE nakadachi.billing_line",
                 "INSERT INTO nakadachi.billing_month (month, closed_at) VALUES (now(), now())",
                 "ALTER TABLE nakadachi.billing_line DISABLE TRIGGER ALL"});
  CHECK(finance.run("SELECT yen FROM nakadachi.billing_line").value() == "1000");
  for (const char* role : {"nakadachi_node", "nakadachi_train", "nakadachi_operator"}) {
    INFO(role);
    Sql other(fixture.login(role));
    other.must("SET nakadachi.tenant = '1'");
    check_refused(other,
                  {"SELECT * FROM nakadachi.billing_month", "SELECT * FROM nakadachi.billing_line",
                   "SELECT * FROM nakadachi.meter_day",
                   "SELECT nakadachi.roll_up('2026-01-01', '2026-01-02')",
                   "SELECT nakadachi.forget_roll_up()"});
    CHECK(other.run(month).sqlstate == kRefused);
    CHECK(other.run(line).sqlstate == kRefused);
  }
}

// --- the catalogue: also what is added later

TEST_CASE("no login role is superuser, owner, past row-level security or a member of any") {
  const TestDatabase database;
  Sql admin(database.login("postgres"));
  CHECK(column(admin.run("SELECT rolname FROM pg_roles WHERE rolname LIKE 'nakadachi\\_%'")) ==
        std::set<std::string>{"nakadachi_owner", "nakadachi_train", "nakadachi_node",
                              "nakadachi_operator", "nakadachi_finance"});
  CHECK(admin
            .run("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'nakadachi\\_%' AND"
                 " (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)")
            .value() == "0");
  CHECK(column(admin.run("SELECT rolname FROM pg_roles WHERE rolname LIKE 'nakadachi\\_%'"
                         " AND NOT rolcanlogin")) == std::set<std::string>{"nakadachi_owner"});
  CHECK(admin
            .run("SELECT count(*) FROM pg_auth_members WHERE"
                 " member::regrole::text LIKE 'nakadachi\\_%'"
                 " OR roleid::regrole::text LIKE 'nakadachi\\_%'")
            .value() == "0");
  CHECK(column(admin.run("SELECT DISTINCT relowner::regrole FROM pg_class"
                         " WHERE relnamespace = 'nakadachi'::regnamespace")) ==
        std::set<std::string>{"nakadachi_owner"});
  CHECK(column(admin.run("SELECT DISTINCT proowner::regrole FROM pg_proc"
                         " WHERE pronamespace = 'nakadachi'::regnamespace")) ==
        std::set<std::string>{"nakadachi_owner"});
}

TEST_CASE("a right that the migration finds on a role is taken away") {
  Sql admin(testing::test_cluster().login("postgres"));
  const TestDatabase first;
  admin.must(
      "ALTER ROLE nakadachi_finance BYPASSRLS CREATEDB;"
      "GRANT nakadachi_owner TO nakadachi_finance");
  const TestDatabase second;
  CHECK(admin
            .run("SELECT rolbypassrls OR rolcreatedb OR pg_has_role(rolname, 'nakadachi_owner',"
                 " 'MEMBER') FROM pg_roles WHERE rolname = 'nakadachi_finance'")
            .value() == "f");
}

TEST_CASE("every table with a tenant in it forces row-level security or is the train's leaf") {
  const TestDatabase database;
  Sql admin(database.login("postgres"));
  const std::string unprotected =
      "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
      " WHERE c.relkind IN ('r', 'p', 'm', 'f') AND a.attname = 'tenant' AND NOT a.attisdropped"
      " AND c.relnamespace = 'nakadachi'::regnamespace"
      " AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
      // A leaf on which besides the owner only the train writer has a right, and that is INSERT.
      " AND NOT (c.relispartition AND NOT EXISTS (SELECT FROM aclexplode(c.relacl) g"
      "   WHERE g.grantee <> c.relowner AND (g.grantee <> 'nakadachi_train'::regrole"
      "     OR g.privilege_type <> 'INSERT' OR g.is_grantable))"
      "   AND NOT EXISTS (SELECT FROM pg_attribute x WHERE x.attrelid = c.oid"
      "     AND x.attacl IS NOT NULL))";
  CHECK(column(admin.run(unprotected)).empty());
  // The query itself finds what it is for.
  admin.must("CREATE TABLE nakadachi.careless (tenant integer)");
  CHECK(column(admin.run(unprotected)) == std::set<std::string>{"careless"});
  admin.must("DROP TABLE nakadachi.careless; GRANT SELECT ON nakadachi.step_all TO nakadachi_node");
  CHECK(column(admin.run(unprotected)) == std::set<std::string>{"step_all"});
}

TEST_CASE("the rights that are granted are exactly these") {
  const TestDatabase database;
  Sql admin(database.login("postgres"));
  const Answer granted = admin.run(
      "SELECT c.relname || ' ' || CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE"
      "   g.grantee::regrole::text END || ' ' || g.privilege_type"
      "  FROM pg_class c CROSS JOIN aclexplode(c.relacl) g"
      " WHERE c.relnamespace = 'nakadachi'::regnamespace AND g.grantee <> c.relowner"
      " UNION ALL"
      " SELECT c.relname || '.' || a.attname || ' ' || g.grantee::regrole || ' '"
      "   || g.privilege_type FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
      "  CROSS JOIN aclexplode(a.attacl) g WHERE c.relnamespace = 'nakadachi'::regnamespace"
      " UNION ALL"
      " SELECT p.proname || '() ' || CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE"
      "   g.grantee::regrole::text END || ' ' || g.privilege_type"
      "  FROM pg_proc p CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g"
      " WHERE p.pronamespace = 'nakadachi'::regnamespace AND g.grantee <> p.proowner");
  CHECK(column(granted) == std::set<std::string>{
                               "add_changes() nakadachi_train EXECUTE",
                               "add_checkpoints() nakadachi_train EXECUTE",
                               "billing_line nakadachi_finance INSERT",
                               "billing_line nakadachi_finance SELECT",
                               "billing_month nakadachi_finance SELECT",
                               "billing_month.digest nakadachi_finance INSERT",
                               "billing_month.month nakadachi_finance INSERT",
                               "billing_month.pool_cost nakadachi_finance INSERT",
                               "billing_month.tariff nakadachi_finance INSERT",
                               "bound_tenant() nakadachi_node EXECUTE",
                               "change nakadachi_node SELECT",
                               "delegation nakadachi_node INSERT",
                               "delegation nakadachi_node SELECT",
                               "forget_roll_up() nakadachi_finance EXECUTE",
                               "holding nakadachi_node SELECT",
                               "lane nakadachi_operator SELECT",
                               "lane.lane nakadachi_operator INSERT",
                               "log_checkpoint nakadachi_node SELECT",
                               "meter_day nakadachi_finance SELECT",
                               "read_back() nakadachi_train EXECUTE",
                               "roll_up() nakadachi_finance EXECUTE",
                               "step nakadachi_node SELECT",
                               "step_all nakadachi_train INSERT",
                               "take_lane() nakadachi_train EXECUTE",
                               "tenant nakadachi_node SELECT",
                               "tenant nakadachi_operator INSERT",
                               "tenant nakadachi_operator SELECT",
                               "tenant.lane nakadachi_operator UPDATE",
                               "tenant.name nakadachi_operator UPDATE",
                               "tenant.population nakadachi_operator UPDATE",
                               "tenant_key nakadachi_node INSERT",
                               "tenant_key nakadachi_node SELECT",
                               "tenants() nakadachi_node EXECUTE",
                               "tenants() nakadachi_operator EXECUTE",
                               "train nakadachi_train INSERT",
                               "train_leaves() nakadachi_node EXECUTE",
                               "trains() nakadachi_node EXECUTE",
                           });
}

TEST_CASE("functions that run with the owner's rights fix where they look for names") {
  const TestDatabase database;
  Sql admin(database.login("postgres"));
  CHECK(column(admin.run("SELECT proname FROM pg_proc WHERE prosecdef"
                         " AND pronamespace = 'nakadachi'::regnamespace AND NOT"
                         " coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false)"))
            .empty());
}

TEST_CASE("every unique key of a table with a tenant begins with the tenant") {
  const TestDatabase database;
  Sql admin(database.login("postgres"));
  CHECK(column(admin.run("SELECT i.indexrelid::regclass::text FROM pg_index i"
                         " JOIN pg_attribute t ON t.attrelid = i.indrelid AND t.attname = 'tenant'"
                         " JOIN pg_class c ON c.oid = i.indrelid"
                         " WHERE i.indisunique AND c.relnamespace = 'nakadachi'::regnamespace"
                         " AND i.indkey[0] <> t.attnum"))
            .empty());
}

}  // namespace
}  // namespace nakadachi::storage
