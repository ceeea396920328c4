// Numbers, heads and checkpoints of logs that the train writer's login may write.

#include "tests/pg/storage/rights.hpp"

namespace nakadachi::storage {
namespace {

using testing::change_sql;
using testing::check_refused;
using testing::check_wrong;
using testing::head_hex;
using testing::RightsFixture;
using testing::Sql;
using testing::step_row_sql;
using testing::train_row_sql;

/// SQL by hand for train 2 of lane 1, with which the log of tenant 1 goes on from number 4.
struct LogFixture : RightsFixture {
  std::string head(const std::string& heads, int rows, int changes) const {
    return train_row_sql(1, 2, epoch, rows, changes, heads);
  }
  std::string step(std::uint64_t place, const std::string& exchange_byte = "ab") const {
    return step_row_sql(1, 2, epoch, 1, exchange_byte, 0, "step_all", place);
  }
  std::string change(std::uint64_t place, int tenant = 1, const std::string& id_byte = "ab") const {
    return change_sql(1, 2, epoch, tenant, id_byte, false, place);
  }
  /// Two steps in one statement.
  std::string both(std::uint64_t first_place, std::uint64_t second_place) const {
    return fmt::format(
        "INSERT INTO nakadachi.step_all SELECT {}, 2, n.number, 1, 1, 0, 0, 0, n.leaf + 1, n.leaf,"
        " 1, 0, 0, 0, decode(repeat('ab', 16), 'hex'), decode(repeat('00', 16), 'hex'),"
        " decode(repeat('00', 32), 'hex'), '' FROM (VALUES ({}, 0), ({}, 1)) n (number, leaf);",
        epoch, first_place, second_place);
  }
  std::string point(int tenant, std::uint64_t size, int nodes) const {
    return fmt::format(
        "SELECT nakadachi.add_checkpoints(1, {}, 2, '{{{}}}', '{{{}}}',"
        " ARRAY['\\x' || repeat('00', 32 * {})]);",
        epoch, tenant, size, nodes);
  }

  Sql train{login("nakadachi_train")};
};

TEST_CASE("the train writer writes no row without its number in a log and the log's head") {
  LogFixture logs;
  check_wrong(
      logs.train,
      {
          {"steps without heads", logs.head("", 1, 0) + logs.step(4) + "COMMIT", "NK005"},
          {"changes without heads", logs.head("", 0, 1) + logs.change(4) + "COMMIT", "NK005"},
          {"steps without heads and without numbers", logs.head("", 1, 0) + logs.step(0), "NK005"},
          {"changes without heads and without numbers", logs.head("", 0, 1) + logs.change(0),
           "NK005"},
          {"neither heads nor steps", logs.head("", 1, 0) + "COMMIT", "NK005"},
          {"heads, and steps without numbers", logs.head(head_hex(1, 5), 1, 0) + logs.step(0),
           "NK005"},
          {"heads, and changes without numbers", logs.head(head_hex(1, 5), 0, 1) + logs.change(0),
           "NK005"},
          {"no word of heads",
           "INSERT INTO nakadachi.train (lane, number, epoch, rows, changes, low_water_bucket,"
           " signed_at_ms, root, signer, signature)" +
               fmt::format(" VALUES (1, 2, {}, 1, 0, 0, 0,", logs.epoch) +
               " decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'),"
               " decode(repeat('00', 64), 'hex'))",
           "23502"},
      });
}

TEST_CASE("the train writer numbers logs without a gap, and states heads that are theirs") {
  LogFixture logs;
  check_wrong(
      logs.train,
      {
          {"a number that is used", logs.head(head_hex(1, 5), 1, 0) + logs.step(3), "NK005"},
          {"a gap", logs.head(head_hex(1, 6), 1, 0) + logs.step(5), "NK005"},
          {"a number twice in the train", logs.head(head_hex(1, 6), 2, 0) + logs.both(4, 4),
           "NK005"},
          {"a gap in the train", logs.head(head_hex(1, 7), 2, 0) + logs.both(4, 6), "NK005"},
          {"a change with a number that is used", logs.head(head_hex(1, 5), 0, 1) + logs.change(3),
           "NK005"},
          {"a change beyond a gap", logs.head(head_hex(1, 6), 0, 1) + logs.change(5), "NK005"},
          {"a change and a step with one number",
           logs.head(head_hex(1, 5), 1, 1) + logs.change(4) + logs.step(4, "ac"), "NK005"},
          {"a step before a change",
           logs.head(head_hex(1, 6), 1, 1) + logs.change(5) + logs.step(4), "NK005"},
          {"a head beyond the entries", logs.head(head_hex(1, 6), 1, 0) + logs.step(4) + "COMMIT",
           "NK005"},
          {"a head before the entries", logs.head(head_hex(1, 4), 1, 0) + logs.step(4) + "COMMIT",
           "NK005"},
          {"the head of another", logs.head(head_hex(2, 4), 1, 0) + logs.step(4) + "COMMIT",
           "NK005"},
          {"one head more",
           logs.head(head_hex(1, 5) + head_hex(2, 4), 1, 0) + logs.step(4) + "COMMIT", "NK005"},
          {"one head twice",
           logs.head(head_hex(1, 5) + head_hex(1, 5), 1, 0) + logs.step(4) + "COMMIT", "NK005"},
          {"a head of nobody",
           logs.head(head_hex(1, 5) + head_hex(9, 1), 1, 0) + logs.step(4) + "COMMIT", "NK005"},
          {"no head of one of two tenants",
           logs.head(head_hex(1, 5), 1, 1) + logs.change(4, 2) + logs.step(4) + "COMMIT", "NK005"},
          {"half a head", logs.head("00", 1, 0), "23514"},
          {"a train whose steps never come", logs.head(head_hex(1, 5), 1, 0) + "COMMIT", "NK005"},
          {"a train whose changes never come",
           logs.head(head_hex(1, 5), 1, 1) + logs.step(4) + "COMMIT", "NK005"},
          {"steps that come twice",
           logs.head(head_hex(1, 5), 1, 0) + logs.step(4) + logs.step(5, "ac") + "COMMIT", "NK005"},
      });
  const std::string good = logs.head(head_hex(1, 6), 1, 1) + logs.change(4) + logs.step(5);
  CHECK(logs.train.run("BEGIN;" + good + "COMMIT").ok());
}

TEST_CASE("no row joins a train that has all its rows") {
  LogFixture logs;
  // Whoever writes may have the heads checked before the end.
  const std::string check = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED;";
  check_wrong(
      logs.train,
      {
          {"steps behind the heads",
           logs.head(head_hex(1, 5), 1, 0) + logs.step(4) + check + logs.step(5, "ac") + "COMMIT",
           "NK005"},
          {"changes behind the heads",
           logs.head(head_hex(1, 5), 0, 1) + logs.change(4) + check + logs.change(5, 1, "ac") +
               "COMMIT",
           "NK005"},
          {"changes behind the heads and before the steps",
           logs.head(head_hex(1, 6), 1, 1) + logs.change(4) + logs.step(5) + check +
               logs.change(6, 1, "ac") + "COMMIT",
           "NK005"},
          {"changes of two calls, with heads for both",
           logs.head(head_hex(1, 6), 0, 1) + logs.change(4) + logs.change(5, 1, "ac") + "COMMIT",
           "NK005"},
          {"steps of two statements, with heads for both",
           logs.head(head_hex(1, 6), 1, 0) + logs.step(4) + logs.step(5, "ac") + "COMMIT", "NK005"},
          {"changes of another tenant afterwards",
           logs.head(head_hex(1, 5), 0, 1) + logs.change(4) + check + logs.change(4, 2, "ac") +
               "COMMIT",
           "NK005"},
      });
}

TEST_CASE("checkpoints stand at heads of their train, and a node reads those of its tenant") {
  LogFixture logs;
  check_wrong(logs.train, {
                              {"a checkpoint at no head",
                               logs.head(head_hex(1, 5), 1, 0) + logs.point(1, 4, 1), "NK005"},
                              {"a checkpoint of another",
                               logs.head(head_hex(1, 5), 1, 0) + logs.point(2, 5, 2), "NK005"},
                              {"a checkpoint of too few nodes",
                               logs.head(head_hex(1, 7), 1, 0) + logs.point(1, 7, 2), "23514"},
                              {"a checkpoint without its train", logs.point(1, 4, 1), "NK005"},
                          });
  const std::string good =
      logs.head(head_hex(1, 6), 1, 1) + logs.change(4) + logs.point(1, 6, 2) + logs.step(5);
  CHECK(logs.train.run("BEGIN;" + good + "COMMIT").ok());

  Sql node(logs.login("nakadachi_node"));
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

TEST_CASE("nobody reaches where logs end and what their checkpoints are by another way") {
  LogFixture logs;
  check_refused(
      logs.train,
      {"SELECT * FROM nakadachi.log_end", "SELECT * FROM nakadachi.log_checkpoint",
       "UPDATE nakadachi.log_end SET size = 0",
       "INSERT INTO nakadachi.log_end (tenant, size) VALUES (9, 9)",
       "INSERT INTO nakadachi.log_checkpoint VALUES (1, 1, '')", "DELETE FROM nakadachi.log_end",
       "TRUNCATE nakadachi.log_checkpoint", "SELECT * FROM nakadachi.trains(1, 1, 9)",
       "SELECT * FROM nakadachi.train_leaves(1, 1)",
       "SET CONSTRAINTS nakadachi.check_heads IMMEDIATE; TABLE nakadachi.train"});
}

}  // namespace
}  // namespace nakadachi::storage
