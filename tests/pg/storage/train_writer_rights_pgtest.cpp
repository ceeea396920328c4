// What the train writer's login may write, and that it reads nothing.

#include "tests/pg/storage/rights.hpp"

namespace nakadachi::storage {
namespace {

using testing::change_sql;
using testing::check_refused;
using testing::check_wrong;
using testing::head_hex;
using testing::kRefused;
using testing::RightsFixture;
using testing::Sql;
using testing::step_row_sql;
using testing::train_row_sql;
using testing::WrongSql;

TEST_CASE("the train writer reads nothing, not even what it wrote") {
  RightsFixture fixture;
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
  RightsFixture fixture;
  Sql train(fixture.login("nakadachi_train"));
  const std::uint64_t epoch = fixture.epoch;
  const std::string good_train = train_row_sql(1, 2, epoch, 1, 0, head_hex(1, 5));
  const std::string good_step = step_row_sql(1, 2, epoch, 1, "ab", 0, "step_all", 4);
  const std::string two_steps = fmt::format(
      " {}, 2, 0, 1, 1, 0, 0, 0, n, 0, 1, 0, 0, 0, decode(repeat('ab', 16), 'hex'),"
      " decode(repeat('00', 16), 'hex'), decode(repeat('00', 32), 'hex'), ''"
      " FROM generate_series(1, 2) n;",
      epoch);
  const std::vector<WrongSql> cases = {
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
  check_wrong(train, cases);
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
  RightsFixture fixture;
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
  const std::vector<WrongSql> cases = {
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
  check_wrong(train, cases);
  CHECK(contents() == before);

  CHECK(train.run("BEGIN;" + head + good_change + "COMMIT").ok());
  CHECK(contents() != before);
  // The train has left: nothing joins it any more.
  CHECK(train.run(change_sql(1, 2, epoch, 1, "ac")).sqlstate == "NK004");
  train.must("BEGIN;" + train_row_sql(1, 3, epoch, 0, 1));
  CHECK(train.run(change_sql(1, 3, epoch, 1, "ab")).sqlstate == "23505");
  train.must("ROLLBACK");
}

}  // namespace
}  // namespace nakadachi::storage
