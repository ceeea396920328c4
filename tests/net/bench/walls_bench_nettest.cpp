// The benchmark of the walls as a person runs it, for a moment: what it says, not how fast it is.

#include <nlohmann/json.hpp>
#include <string>

#include "apps/common/run_program.hpp"
#include "apps/common/text_table.hpp"
#include "tests/net/walls/matrix.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

namespace nakadachi::bench {
namespace {

using Catch::Matchers::ContainsSubstring;

TEST_CASE("the benchmark of the walls writes both ratios and whether they pass", "[walls]") {
  if (!walls::testing::labs_possible()) return;
  const testing::TempFolder folder;
  const auto end = apps::run_program(
      {std::string(NAKADACHI_BIN_DIR) + "/nakadachi-bench", "walls", "--towns", "30", "--rounds",
       "1", "--run-ms", "20", "--json", folder.file("walls.json")},
      "");
  REQUIRE(end);
  CAPTURE(end->output, end->complaint);
  REQUIRE(end->status == 0);
  const auto text = apps::read_file(folder.file("walls.json"));
  REQUIRE(text);
  const nlohmann::json told = nlohmann::json::parse(*text);
  for (const char* const ratio : {"throughput_ratio", "new_connections_ratio"}) {
    CAPTURE(ratio);
    REQUIRE(told[ratio].is_number());
    CHECK(told[ratio].get<double>() > 0);
  }
  // Of one round the ratio is that of its two runs.
  const auto run = [&](const char* towns, const char* figure) {
    REQUIRE(told[towns][figure].size() == 1);
    return told[towns][figure][0].get<double>();
  };
  CHECK(told["throughput_ratio"].get<double>() ==
        run("all_towns", "bytes_per_s_runs") / run("one_town", "bytes_per_s_runs"));
  CHECK(told["new_connections_ratio"].get<double>() ==
        run("all_towns", "new_connections_per_s_runs") /
            run("one_town", "new_connections_per_s_runs"));
  const bool both = told["throughput_ratio"].get<double>() >= 0.95 &&
                    told["new_connections_ratio"].get<double>() >= 0.95;
  CHECK(told["passed"] == both);
  CHECK_THAT(end->output, ContainsSubstring(both ? "\npassed: both at least 0.95"
                                                 : "\nNOT PASSED: both at least 0.95"));
  CHECK_THAT(end->output, ContainsSubstring("IPv4"));
  CHECK(told["family"] == "ipv4");
  CHECK(told["least_ratio"] == 0.95);
  CHECK(told["towns"] == 30);
  CHECK(told["rounds"] == 1);
  CHECK(told["run_ms"] == 20);
}

}  // namespace
}  // namespace nakadachi::bench
