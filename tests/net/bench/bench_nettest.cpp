// The benchmark as a person runs it, for a second: what it says, not how fast it is.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/common/run_program.hpp"
#include "apps/common/text_table.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

namespace nakadachi::bench {
namespace {

using Catch::Matchers::ContainsSubstring;

TEST_CASE("the benchmark of exchanges measures a durable database and writes its figures") {
  const testing::TempFolder folder;
  const auto end = apps::run_program({std::string(NAKADACHI_BIN_DIR) + "/nakadachi-bench", "e2e",
                                      "--seconds", "1", "--peer-seconds", "1", "--tenants", "2",
                                      "--in-flight", "20", "--json", folder.file("e2e.json")},
                                     "");
  REQUIRE(end);
  CAPTURE(end->output, end->complaint);
  if (end->status != 0) {
    // Where temporary files lie in memory it must refuse, and says what to do.
    CHECK_THAT(end->complaint, ContainsSubstring("is in memory; set TMPDIR"));
    return;
  }
  const auto text = apps::read_file(folder.file("e2e.json"));
  REQUIRE(text);
  const nlohmann::json told = nlohmann::json::parse(*text);
  for (const char* const figure : {"a_per_s", "b_per_s", "ratio", "p50_ms", "p99_ms",
                                   "rows_per_exchange", "wal_bytes_per_exchange"}) {
    CAPTURE(figure);
    REQUIRE(told[figure].is_number());
    CHECK(told[figure].get<double>() > 0);
  }
  CHECK(told["ratio"].get<double>() ==
        told["a_per_s"].get<double>() / told["b_per_s"].get<double>());
  for (const char* const process : {"load", "node", "gateway", "national", "postgres"}) {
    CAPTURE(process);
    CHECK(told["cpu_us_per_exchange"][process].get<double>() > 0);
  }
  CHECK(told["not_answered"] == 0);
  CHECK(told["counts"] == false);  // of two towns
  CHECK_THAT(end->output, ContainsSubstring("not to be compared"));
  const nlohmann::json durable = {{"fsync", "on"},
                                  {"synchronous_commit", "on"},
                                  {"full_page_writes", "on"},
                                  {"commit_delay", "0"},
                                  {"unlogged_tables", "0"}};
  for (const auto& [setting, value] : durable.items()) {
    CAPTURE(setting);
    CHECK(told["settings"][setting] == value);
    CHECK_THAT(end->output, ContainsSubstring(setting + " = " + value.get<std::string>()));
  }
}

}  // namespace
}  // namespace nakadachi::bench
