// `nakadachi firewall …` as an officer runs it: every command that only reads, for every layout
// that is built in, and what becomes of a model with mistakes.

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "apps/common/run_program.hpp"
#include "apps/common/text_table.hpp"
#include "apps/common/walls_file.hpp"
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

std::string joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += word + " ";
  return text;
}

/// One run of the program, and what is known of its answer beforehand.
struct Run {
  Words arguments;
  bool has_json = false;
  ProgramEnd end = {};
};

/// The commands that read one model, with a host of each layout to ask about. Rules go to `out`.
std::vector<Run> runs_of(const std::string& preset, const std::string& out) {
  const std::string model = "preset:" + preset;
  const bool centre = preset == "shared_centre";
  const std::string host = centre ? "gateway" : "interface_system";
  const std::string systems = centre ? "business_systems@011002" : "business_systems";
  const std::string server = centre ? "postgres" : "middle_server";
  return {
      {{"check", model, "--date", "2026-06-01"}, true},
      {{"prove", model}, true},
      {{"prove", model, "--taken-over", host}, true},
      {{"prove", model, "--from", host, "--to", systems, "--direct"}, true},
      {{"compile", model, "--date", "2026-06-01", "--out", out + "/" + preset}},
      {{"explain", model, systems, server, "5701", "--date", "2026-06-01"}, true},
      {{"diff", model, "preset:fig3_6"}, true},
      {{"table", model}},
      {{"table", model, "--format", "csv"}},
      {{"draw", model}},
  };
}

/// With `--lang ja`; what has JSON, also with `--json`.
std::vector<Run> all_runs(const std::string& out) {
  std::vector<Run> all = {{{"presets", "--json"}, true}, {{"--lang", "ja", "presets"}}};
  for (const WallsPreset& preset : walls_presets()) {
    all.push_back({{"presets", "--show", std::string(preset.name)}});
    for (const Run& run : runs_of(std::string(preset.name), out)) {
      Words words = run.arguments;
      words.insert(words.begin(), {"--lang", "ja"});
      all.push_back({words});
      if (!run.has_json) continue;
      words.erase(words.begin(), words.begin() + 2);
      words.emplace_back("--json");
      all.push_back({words, true});
    }
  }
  return all;
}

/// All at once as far as the machine has cores: a run may take a second.
void run_all(std::vector<Run>& runs) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t place = next++; place < runs.size(); place = next++) {
      runs[place].end = firewall(runs[place].arguments);
    }
  };
  std::vector<std::thread> threads;
  const unsigned cores = std::max(std::thread::hardware_concurrency(), 1U);
  for (unsigned i = 0; i < cores; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

bool has_japanese(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char byte) { return (byte & 0x80) != 0; });
}

std::ptrdiff_t rule_files_in(const std::string& folder) {
  std::error_code missing;
  const std::filesystem::directory_iterator files(folder, missing);
  return std::count_if(begin(files), end(files),
                       [](const auto& file) { return file.path().extension() == ".nft"; });
}

std::string model_file(const testing::TempFolder& folder, const std::string& toml) {
  const std::string path = folder.file("model.toml");
  std::filesystem::remove(path);
  REQUIRE(write_private_file(path, toml));
  return path;
}

}  // namespace

TEST_CASE("every firewall command answers for every layout, as JSON and in Japanese") {
  const testing::TempFolder folder;
  std::vector<Run> runs = all_runs(folder.path().string());
  run_all(runs);
  std::size_t asked_of_nothing = 0;
  for (const Run& run : runs) {
    CAPTURE(joined(run.arguments), run.end.output, run.end.complaint);
    CHECK(run.end.status == 0);
    CHECK(run.end.complaint.empty());
    if (run.has_json) {
      const json value = json::parse(run.end.output, nullptr, false);
      CHECK_FALSE(value.is_discarded());
      asked_of_nothing += value.is_array() && value.empty();
      continue;
    }
    CHECK_FALSE(run.end.output.empty());
    const bool names_only = run.arguments[2] == "check" || run.arguments[2] == "compile";
    CHECK((names_only || has_japanese(run.end.output)));
  }
  for (const WallsPreset& preset : walls_presets()) {
    CHECK(rule_files_in(folder.file(preset.name)) > 0);
  }
  // A sound model has no findings, and fig3_6 is no change of itself.
  CHECK(asked_of_nothing > 0);
  CHECK(asked_of_nothing < runs.size() / 4);
}

TEST_CASE("a model with mistakes ends with 1 and writes no rules") {
  const testing::TempFolder folder;
  const std::string broken =
      model_file(folder, kSoundWalls +
                             "[[flow]]\nid = \"back\"\nwhy_en = \"x\"\nowner = \"y\"\n"
                             "from = \"node\"\nto = \"systems\"\nservice = \"tcp/9\"\n");
  const std::string out = folder.file("rules");
  const auto compiled = firewall({"compile", broken, "--date", "2026-06-01", "--out", out});
  CHECK(compiled.status == 1);
  CHECK_THAT(compiled.complaint,
             ContainsSubstring("invariant_broken") && ContainsSubstring("not_specific"));
  CHECK_FALSE(std::filesystem::exists(out));
  const auto only = firewall({"compile", broken, "--date", "2026-06-01", "--only", "wall"});
  CHECK(only.status == 1);
  CHECK(only.output.empty());
  const auto checked = firewall({"check", broken, "--date", "2026-06-01", "--json"});
  CHECK(checked.status == 1);
  CHECK(json::parse(checked.output).size() >= 2);
  const auto proven = firewall({"prove", broken});
  CHECK(proven.status == 1);
  CHECK_THAT(proven.output, ContainsSubstring("-(back tcp/9)->"));
  CHECK(firewall({"check", folder.file("none.toml")}).status == 1);
  CHECK(firewall({"explain", broken, "systems@011002", "nowhere", "5701"}).status == 1);
}

TEST_CASE("a flow that is over is left out by explain, compile and draw alike") {
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
  const auto picture = [&](const std::string& date) {
    return firewall({"draw", model, "--date", date}).output;
  };
  CHECK_THAT(picture("2027-03-31"), ContainsSubstring("2027-03-31まで"));
  CHECK_THAT(picture("2027-04-01"), ContainsSubstring("2027-03-31で終了、遮断"));
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
