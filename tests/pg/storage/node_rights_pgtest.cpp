// What a node reads and writes with its login.

#include "tests/pg/storage/rights.hpp"

namespace nakadachi::storage {
namespace {

using testing::Answer;
using testing::change_sql;
using testing::check_refused;
using testing::column;
using testing::kRefused;
using testing::make_train;
using testing::RightsFixture;
using testing::Sql;
using testing::step_row_sql;

TEST_CASE("a node that is bound to no tenant sees no row of any") {
  RightsFixture fixture;
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
  RightsFixture fixture;
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
  RightsFixture fixture;
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

TEST_CASE("of other tenants' rows a node reads the leaves of a train, and of their nodes nothing") {
  RightsFixture fixture;
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

}  // namespace
}  // namespace nakadachi::storage
