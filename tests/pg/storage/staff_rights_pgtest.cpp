// What operators and finance reach with their logins.

#include "tests/pg/storage/rights.hpp"

namespace nakadachi::storage {
namespace {

using testing::change_sql;
using testing::check_refused;
using testing::head_hex;
using testing::kRefused;
using testing::RightsFixture;
using testing::Sql;
using testing::step_row_sql;
using testing::train_row_sql;

TEST_CASE("operators see tenants and lanes, no step and no key") {
  RightsFixture fixture;
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

TEST_CASE("a tenant that moves lanes waits for trains under way, and trains for it") {
  RightsFixture fixture;
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

TEST_CASE("finance sees roll-ups and bills, and nothing of a row") {
  RightsFixture fixture;
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
  RightsFixture fixture;
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

}  // namespace
}  // namespace nakadachi::storage
