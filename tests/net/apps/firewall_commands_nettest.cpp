// `nakadachi firewall …` as an officer runs it.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/common/run_program.hpp"
#include "apps/common/text_table.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/support/walls_models.hpp"

namespace nakadachi::apps {
namespace {

using Catch::Matchers::ContainsSubstring;
using nlohmann::json;
using walls::testing::kSoundWalls;

using Words = std::vector<std::string>;

ProgramEnd firewall(Words arguments) {
  arguments.insert(arguments.begin(), {NAKADACHI_BIN_DIR "/nakadachi", "firewall"});
  const auto end = run_program(arguments, "");
  return end ? *end : ProgramEnd{.complaint = describe(end.error())};
}

std::string model_file(const testing::TempFolder& folder, const std::string& toml) {
  const std::string path = folder.file("model.toml");
  std::filesystem::remove(path);
  REQUIRE(write_private_file(path, toml));
  return path;
}

}  // namespace

TEST_CASE("a flow that is over is left out by explain and compile alike") {
  const testing::TempFolder folder;
  const std::string model = model_file(folder, kSoundWalls);
  const auto explain = [&](const std::string& date) {
    return firewall({"explain", model, "systems@012025", "node", "5701", "--date", date});
  };
  const auto last_day = explain("2027-03-31");
  CHECK(last_day.status == 0);
  // One answer for each family: both have one address of either.
  CHECK(last_day.output ==
        "systems@012025 10.64.1.10 -> node 10.1.0.5: allowed by oltp\n  passes: wall, node\n"
        "systems@012025 fd00:64:0:1::a -> node fd00:1::5: allowed by oltp\n"
        "  passes: wall, node\n");
  const auto over = explain("2027-04-01");
  CHECK(over.status == 0);
  CHECK_THAT(over.output, ContainsSubstring("systems@012025 10.64.1.10 -> node 10.1.0.5: denied") &&
                              ContainsSubstring("-> node fd00:1::5: denied") &&
                              ContainsSubstring("allowed until its date: oltp (2027-03-31)") &&
                              !ContainsSubstring("allowed by"));
  const auto rules = [&](const std::string& date) {
    return firewall({"compile", model, "--only", "wall", "--date", date}).output;
  };
  CHECK_THAT(rules("2027-03-31"), ContainsSubstring("goto forward_oltp"));
  CHECK_THAT(rules("2027-04-01"), !ContainsSubstring("goto forward_oltp") &&
                                      ContainsSubstring("its date is over: oltp (2027-03-31)"));
  const auto told = json::parse(firewall({"explain", model, "systems@012025", "node", "5701",
                                          "--date", "2027-04-01", "--json"})
                                    .output);
  REQUIRE(told.size() == 2);
  CHECK(told[0]["from_address"] == "10.64.1.10");
  CHECK(told[1]["to_address"] == "fd00:1::5");
  CHECK(told[1]["allowed"] == false);
  CHECK(told[1]["over"] == "oltp (2027-03-31)");
}

TEST_CASE("explain answers for one host or one address and refuses what is more") {
  const testing::TempFolder folder;
  const std::string model = model_file(folder, kSoundWalls);
  const auto explain = [&](const std::string& from, const std::string& to) {
    return firewall({"explain", model, from, to, "5701", "--date", "2026-06-01"});
  };
  for (const char* many : {"business", "business@011002", "systems", "any", "outside", "kind:core",
                           "10.64.0.0/24", "10.1.0.5-10.1.0.6"}) {
    CAPTURE(many);
    const auto from = explain(many, "node");
    CHECK(from.status == 1);
    CHECK(from.output.empty());
    CHECK_THAT(from.complaint, ContainsSubstring("SRC") && ContainsSubstring(many) &&
                                   ContainsSubstring("not one host or one address"));
    CHECK_THAT(explain("node", many).complaint, ContainsSubstring("DST"));
  }
  CHECK_THAT(explain("10.64.0.10", "10.1.0.5").output, ContainsSubstring("allowed by oltp"));
  CHECK_THAT(explain("10.64.0.10/32", "node").output, ContainsSubstring("allowed by oltp"));
  // An address of one family is answered in that one only.
  CHECK_THAT(explain("fd00:64::a", "node").output,
             ContainsSubstring("fd00:1::5: allowed by oltp") && !ContainsSubstring("10.1.0.5"));
  CHECK(explain("10.64.0.10", "fd00:1::5").status == 1);
  CHECK_THAT(explain("10.64.0.11", "node").output, ContainsSubstring("denied"));
}

}  // namespace nakadachi::apps
