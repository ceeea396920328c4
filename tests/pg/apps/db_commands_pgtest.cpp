#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/common/run_program.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/postgres.hpp"

namespace nakadachi::apps {
namespace {

ProgramEnd run(const std::vector<std::string>& command, const std::string& login) {
  std::vector<std::string> arguments = {std::string(NAKADACHI_BIN_DIR) + "/nakadachi", "db"};
  arguments.insert(arguments.end(), command.begin(), command.end());
  arguments.insert(arguments.end(), {"--login", login});
  auto end = run_program(arguments, "");
  REQUIRE(end);
  return *std::move(end);
}

nlohmann::json json(const std::string& command, const std::string& login) {
  const ProgramEnd end = run({command, "--json"}, login);
  CAPTURE(command, end.output, end.complaint);
  REQUIRE(end.status == 0);
  return nlohmann::json::parse(end.output);
}

std::size_t applied(const nlohmann::json& migrations) {
  std::size_t count = 0;
  for (const auto& migration : migrations) count += migration["state"] == "applied" ? 1U : 0U;
  return count;
}

TEST_CASE("db status tells what is missing, db migrate applies it, once") {
  const testing::TestDatabase database(testing::TestDatabase::Content::kEmpty);
  const std::string login = database.login("postgres");
  const auto before = json("status", login);
  REQUIRE(!before.empty());
  CHECK(applied(before) == 0);

  CHECK(json("migrate", login)["applied"].size() == before.size());
  CHECK(applied(json("status", login)) == before.size());
  CHECK(json("migrate", login)["applied"].empty());
  CHECK(run({"migrate"}, login).output == "nothing to do\n");
}

TEST_CASE("a database that was migrated by something else is told, and left alone") {
  const testing::TestDatabase database;
  const std::string login = database.login("postgres");
  testing::Sql(login).must(
      "update nakadachi.migration set checksum = repeat('0', 64)"
      " where number = 2");
  const ProgramEnd end = run({"migrate"}, login);
  CHECK(end.status == 1);
  CHECK_THAT(end.complaint, Catch::Matchers::ContainsSubstring("migration 2 differs"));
}

}  // namespace
}  // namespace nakadachi::apps
