#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>

#include "bench/bench.hpp"

int main(int argc, char** argv) {
  using namespace nakadachi;
  CLI::App app{
      "Measures Nakadachi on this machine. Figures of one run are compared with each other\n"
      "only: what counts is the ratio.\n\n"
      "  ./dev bench e2e --seconds 20 --json e2e.json"};
  app.require_subcommand(1);
  bench::E2eOptions options;
  CLI::App* const e2e = app.add_subcommand("e2e", "exchanges through every process");
  e2e->add_option("--seconds", options.seconds, "of exchanges")->capture_default_str();
  e2e->add_option("--peer-seconds", options.peer_seconds, "of the database alone, twice")
      ->capture_default_str();
  e2e->add_option("--tenants", options.towns, "towns")->capture_default_str();
  e2e->add_option("--lanes", options.lanes, "lanes of the node")->capture_default_str();
  e2e->add_option("--in-flight", options.in_flight, "queries under way")->capture_default_str();
  e2e->add_option("--json", options.json_file, "also write one JSON object to this file");
  const CLI::App* const rules = app.add_subcommand("rules", "judgements by the legal table");
  bench::WallsOptions walls;
  CLI::App* const through_walls =
      app.add_subcommand("walls", "compiled firewall rules for all towns against one (root)");
  through_walls->add_option("--towns", walls.towns, "of the larger rule set")
      ->capture_default_str();
  through_walls->add_option("--rounds", walls.rounds, "of each, by turns")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  through_walls->add_option("--run-ms", walls.run_ms, "of one run")->capture_default_str();
  through_walls->add_option("--json", walls.json_file, "also write one JSON object to this file");
  CLI11_PARSE(app, argc, argv);
  const auto run = [&] {
    if (rules->parsed()) return bench::run_rules();
    return through_walls->parsed() ? bench::run_walls(walls) : bench::run_e2e(options);
  };
  const Result<void> done = run();
  if (done) return 0;
  fmt::print(stderr, "nakadachi-bench: {}\n", describe(done.error()));
  return 1;
}
