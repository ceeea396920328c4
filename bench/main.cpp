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
  CLI11_PARSE(app, argc, argv);
  const Result<void> done = rules->parsed() ? bench::run_rules() : bench::run_e2e(options);
  if (done) return 0;
  fmt::print(stderr, "nakadachi-bench: {}\n", describe(done.error()));
  return 1;
}
