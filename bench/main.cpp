#include <fmt/format.h>

#include <cstdio>

#include "apps/common/command_line.hpp"
#include "bench/bench.hpp"

int main(int argc, char** argv) {
  using namespace nakadachi;
  apps::ProgramLine line(
      "Measures Nakadachi on this machine. Figures of one run are compared with each other\n"
      "only: what counts is the ratio.\n\n"
      "  ./dev bench e2e --seconds 20 --json e2e.json");
  const apps::CommandLine app = line.root();
  app.needs_command();
  bench::E2eOptions options;
  const apps::CommandLine e2e = app.add_command("e2e", "exchanges through every process");
  e2e.add_option("--seconds", options.seconds, "of exchanges").shows_default();
  e2e.add_option("--peer-seconds", options.peer_seconds, "of the database alone, twice")
      .shows_default();
  e2e.add_option("--tenants", options.towns, "towns").shows_default();
  e2e.add_option("--lanes", options.lanes, "lanes of the node").shows_default();
  e2e.add_option("--in-flight", options.in_flight, "queries under way").shows_default();
  e2e.add_option("--json", options.json_file, "also write one JSON object to this file");
  const apps::CommandLine rules = app.add_command("rules", "judgements by the legal table");
  bench::WallsOptions walls;
  const apps::CommandLine through_walls =
      app.add_command("walls", "compiled firewall rules for all towns against one (root)");
  through_walls.add_option("--towns", walls.towns, "of the larger rule set").shows_default();
  through_walls.add_option("--rounds", walls.rounds, "of each, by turns")
      .positive()
      .shows_default();
  through_walls.add_option("--run-ms", walls.run_ms, "of one run").shows_default();
  through_walls.add_option("--json", walls.json_file, "also write one JSON object to this file");
  if (const auto ended = line.parse(argc, argv)) return *ended;
  const auto run = [&] {
    if (rules.chosen()) return bench::run_rules();
    return through_walls.chosen() ? bench::run_walls(walls) : bench::run_e2e(options);
  };
  const Result<void> done = run();
  if (done) return 0;
  fmt::print(stderr, "nakadachi-bench: {}\n", describe(done.error()));
  return 1;
}
