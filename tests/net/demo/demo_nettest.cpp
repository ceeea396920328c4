// The demo as a person runs it: a small pool whose books agree, and one thing after the other that
// somebody damages in its database.

#include <fmt/format.h>
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/common/run_program.hpp"
#include "apps/common/system_call_filter.hpp"
#include "apps/common/text_table.hpp"
#include "tests/net/demo/kept_pool.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

namespace nakadachi::apps {
namespace {

ProgramEnd run_demo(const std::vector<std::string>& options) {
  const std::string program = std::string(NAKADACHI_BIN_DIR) + "/nakadachi";
  std::vector<std::string> arguments = {program, "demo", "--tenants", "3", "--exchanges", "60"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  auto end = run_program(arguments, "");
  REQUIRE(end);
  return *std::move(end);
}

/// What a demo has written to its `--json demo.json`.
nlohmann::json told_by(const testing::TempFolder& folder) {
  const auto text = read_file(folder.file("demo.json"));
  REQUIRE(text);
  return nlohmann::json::parse(*text);
}

/// Every town's line and its exchanges by outcome, against its statement and the whole.
void check_towns(const nlohmann::json& told, const std::string& output) {
  CHECK(told["symbols"].get<std::uint64_t>() > 0);
  CHECK(told["copies"].get<std::uint64_t>() > 0);
  CHECK(told["wall_seconds"].get<double>() > 0);
  const auto& towns = told["exchanges_by_town"];
  REQUIRE(towns.size() == told["statements"].size());
  std::uint64_t asked = 0;
  for (std::size_t i = 0; i < towns.size(); ++i) {
    const auto& statement = told["statements"][i];
    REQUIRE(towns[i]["tenant"] == statement["tenant"]);
    const auto sum_of = [&](const char* side) {
      std::uint64_t sum = 0;
      CHECK(towns[i][side].size() == told["outcomes"].size());
      for (const auto& [outcome, count] : towns[i][side].items()) sum += count.get<std::uint64_t>();
      return sum;
    };
    asked += sum_of("asked");
    // "  011002    1234567   21   19 …   4000001  札幌市"
    const std::string code = fmt::format("  {:06} ", statement["tenant"].get<std::uint32_t>());
    const auto lines = split(output, '\n');
    const auto line =
        std::ranges::find_if(lines, [&](std::string_view one) { return one.starts_with(code); });
    REQUIRE(line != lines.end());
    std::vector<std::string> fields;
    for (const auto& field : split(*line, ' ')) {
      if (!field.empty()) fields.emplace_back(field);
    }
    CAPTURE(*line);
    REQUIRE(fields.size() >= 12);
    CHECK(fields[1] == std::to_string(statement["population"].get<std::uint64_t>()));
    CHECK(fields[2] == std::to_string(sum_of("asked")));
    CHECK(fields[3] == std::to_string(sum_of("provided")));
    CHECK(fields[10] == std::to_string(statement["total_yen"].get<std::uint64_t>()));
    CHECK(fields[11] == statement["name"].get<std::string>());
  }
  CHECK(asked == told["exchanges"]);
}

TEST_CASE("the demo's books agree: records, units and yen") {
  const testing::TempFolder folder;
  const ProgramEnd end = run_demo({"--json", folder.file("demo.json"), "--cost", "1000003"});
  CAPTURE(end.output, end.complaint);
  REQUIRE(end.status == 0);
  const nlohmann::json told = told_by(folder);
  CHECK(told["ok"] == true);
  CHECK(told["tenants"] == 3);
  CHECK(told["institutions"] == 6);
  CHECK(told["exchanges"] == 60);
  std::uint64_t outcomes = 0;
  for (const auto& [name, count] : told["outcomes"].items()) outcomes += count.get<std::uint64_t>();
  CHECK(outcomes == 60);
  CHECK(told["staff"] == nlohmann::json({{"requests", 31},
                                         {"persons_issued", 5},
                                         {"persons_found", 2},
                                         {"persons_merged", 2},
                                         {"acquisitions_begun", 1},
                                         {"already_acquired", 1},
                                         {"symbols_corrected", 1},
                                         {"symbols_ended", 1},
                                         {"copies_registered", 4},
                                         {"copies_refused", 1},
                                         {"left_behind_erased", 1},
                                         {"flags_changed", 2},
                                         {"modes_changed", 2}}));
  CHECK(told["unknown"] == 0);
  CHECK(told["live_refused"].get<std::uint64_t>() >= 1);
  CHECK(told["load_check"]["rows"].get<std::uint64_t>() > 30);
  CHECK(told["load_check"]["wrong_rows"].get<std::uint64_t>() > 3);
  CHECK(told["load_check"]["faults"]["person_twice"] == 1);
  CHECK_THAT(end.output, Catch::Matchers::ContainsSubstring("a load of copies checked: "));
  CHECK(told["answered"].get<std::uint64_t>() >= 48);  // four of five
  CHECK(told["records"].get<std::uint64_t>() > 60);
  CHECK(told["records_verified"] == told["records"]);
  CHECK(told["audited"]["records"] == told["records"]);
  std::uint64_t rows = 0;
  std::uint64_t units = 0;
  for (const auto& [cause, sums] : told["units"].items()) {
    for (const auto& [name, sum] : sums.items()) {
      (name == "rows" ? rows : units) += sum.get<std::uint64_t>();
    }
  }
  CHECK(told["units"].size() == 6);
  CHECK(told["records"] == rows);
  CHECK(told["audited"]["units"] == units);
  CHECK(told["pool_cost_yen"] == 1'000'003);
  CHECK(told["statements_sum_yen"] == 1'000'003);
  REQUIRE(told["statements"].size() == 3);
  std::uint64_t yen = 0;
  for (const auto& one : told["statements"]) yen += one["total_yen"].get<std::uint64_t>();
  CHECK(yen == 1'000'003);
  check_towns(told, end.output);
  CHECK_THAT(end.output, Catch::Matchers::ContainsSubstring(fmt::format(
                             "auditor: 60 exchanges, {} records, {} units, 1000003 yen recounted\n",
                             rows, units)));
}

TEST_CASE("the demo's node and gateway serve with their system calls filtered") {
  const KeptPool pool;
  const ProgramEnd end = run_demo({"--keep", pool.path()});
  CAPTURE(end.output, end.complaint);
  CHECK(end.status == 0);
  for (const char* log : {"/node.log", "/gateway.log"}) {
    const auto lines = read_file(pool.path() + log);
    REQUIRE(lines);
    CHECK((lines->find("\"event\":\"system_calls_filtered\"") != std::string::npos) ==
          kSystemCallsCanBeFiltered);
  }
}

TEST_CASE("the demo names what was damaged in its database") {
  const std::string thing = GENERATE("record", "unit", "statement", "leaf", "head");
  const testing::TempFolder folder;
  const ProgramEnd end = run_demo({"--corrupt", thing, "--json", folder.file("demo.json")});
  CAPTURE(thing, end.output, end.complaint);
  CHECK(end.status == 1);
  const nlohmann::json told = told_by(folder);
  CHECK(told["ok"] == false);
  // "012025 number 57: what became of it"; of a head all of it says where it is.
  const auto damaged = told["damaged"].get<std::string>();
  REQUIRE(damaged.size() > 7);
  const std::string tenant = damaged.substr(0, 6);
  const std::string place = damaged.substr(7, damaged.find(':') - 7);
  const auto named = [&](std::string_view line) {
    return line.find("WRONG: ") != std::string_view::npos &&
           line.find(tenant) != std::string_view::npos &&
           (line.find(place + ":") != std::string_view::npos ||
            line.find(place + " is not") != std::string_view::npos);
  };
  CHECK(std::ranges::any_of(split(end.output, '\n'), named));
}

TEST_CASE("every outcome there is, and refusals for several reasons, come about in the demo") {
  const testing::TempFolder folder;
  const std::string program = std::string(NAKADACHI_BIN_DIR) + "/nakadachi";
  const auto end = run_program({program, "demo", "--tenants", "3", "--exchanges", "900", "--seed",
                                "0", "--json", folder.file("demo.json")},
                               "");
  REQUIRE(end);
  CAPTURE(end->output, end->complaint);
  REQUIRE(end->status == 0);
  const nlohmann::json told = told_by(folder);
  for (const auto& [name, count] : told["outcomes"].items()) {
    INFO(name);
    CHECK(count.get<std::uint64_t>() > 0);
  }
  CHECK(told["outcomes"].size() == 6);
  CHECK(told["unknown"] == 0);
  CHECK(told["held"].get<std::uint64_t>() > 0);
  // Clients see in the meantime what no question ends with.
  CHECK(told["seen_held"].get<std::uint64_t>() > 0);
  CHECK(told["seen_held"] <= told["held"]);
  CHECK(told["seen_unknown"].get<std::uint64_t>() > 0);
  CHECK(told["by_ordinance"].get<std::uint64_t>() > 0);
  CHECK(told["wishes"] == nlohmann::json({{"asked", 1}, {"begun", 1}, {"acquired", 1}}));
  for (const char* const reason :
       {"not_in_legal_table", "provision_suspended", "identity_in_doubt", "under_correction"}) {
    INFO(reason);
    CHECK(told["refused_for"].contains(reason));
  }
  CHECK(10 * told["answered"].get<std::uint64_t>() >= 8 * 900);
  for (const char* const cause : {"own_query", "answered", "approval", "symbols", "holdings"}) {
    INFO(cause);
    CHECK(told["units"][cause]["rows"].get<std::uint64_t>() > 0);
  }
  for (const auto& [name, sum] : told["units"]["outside"].items()) CHECK(sum == 0);
}

TEST_CASE("the demo's residents are by real population and of the seed that is asked for") {
  const testing::TempFolder folder;
  const ProgramEnd end =
      run_demo({"--scale", "100000", "--seed", "3", "--json", folder.file("demo.json")});
  CAPTURE(end.output, end.complaint);
  REQUIRE(end.status == 0);
  const nlohmann::json told = told_by(folder);
  CHECK(told["ok"] == true);
  CHECK(told["seed"] == 3);
  CHECK(told["exchanges"] == 60);
  CHECK(told["answered"].get<std::uint64_t>() > 0);
  CHECK(run_demo({"--scale", "99"}).status != 0);
}

TEST_CASE("a pool is not kept where something of a former one is left") {
  const testing::TempFolder folder;
  const std::string kept = folder.file("pool");
  std::filesystem::create_directory(kept + "-postgres");
  const ProgramEnd end = run_demo({"--keep", kept});
  CHECK(end.status == 1);
  CHECK_THAT(end.complaint,
             Catch::Matchers::ContainsSubstring(kept + "-postgres is there already"));
  CHECK(std::filesystem::is_empty(kept + "-postgres"));
}

TEST_CASE("the demo damages nothing that it does not know") {
  CHECK(run_demo({"--corrupt", "everything"}).status != 0);
}

}  // namespace
}  // namespace nakadachi::apps
