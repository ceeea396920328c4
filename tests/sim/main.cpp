// Runs seeds of the simulation and says what they showed.

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "nakadachi/exchange/outcome_text.hpp"
#include "world.hpp"

namespace nakadachi::sim {
namespace {

struct Options {
  std::uint64_t seeds = 100;
  std::uint64_t from = 1;
  std::uint64_t exchanges = 60;
  std::uint64_t jobs = 0;  // 0: one a core
  std::string_view until;  // empty: all seeds
  bool help = false;
};

constexpr std::string_view kHelp =
    "Simulates two towns, gateway and national system with faults, from one seed a run.\n"
    "\n"
    "  --seeds N      how many seeds (100)\n"
    "  --from S       the first seed (1)\n"
    "  --exchanges N  queries a seed (60)\n"
    "  --jobs N       threads (one a core)\n"
    "  --until NAME   no further seeds once one has broken this invariant\n"
    "  --help         this text\n"
    "\n"
    "Every seed runs twice and must leave the same trace. Status 0 when every seed has kept\n"
    "every invariant and, from 40 seeds on, every sort of fault has happened and every invariant\n"
    "was tried on every occasion; 1 when not;\n"
    "2 for options that are none.\n"
    "\n"
    "Examples\n"
    "  ./dev sim --seeds 1000                    seeds 1 to 1000\n"
    "  ./dev sim --seeds 1 --from 4711           replays one seed\n"
    "  ./dev sim --seeds 100 --exchanges 500     longer runs\n"
    "  ./dev sim --seeds 1000 --until one-outcome  up to the first seed that breaks it\n";

/// Nothing, and a word about it on stderr, when an option is none.
std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--help" || name == "-h") {
      options.help = true;
      continue;
    }
    if (name == "--until" && i + 1 < argc) {
      options.until = argv[++i];
      continue;
    }
    std::uint64_t* const target = name == "--seeds"       ? &options.seeds
                                  : name == "--from"      ? &options.from
                                  : name == "--exchanges" ? &options.exchanges
                                  : name == "--jobs"      ? &options.jobs
                                                          : nullptr;
    if (target == nullptr || ++i == argc) {
      fmt::print(stderr, "{}: no such option, or it needs a value (--help)\n", name);
      return std::nullopt;
    }
    const char* const end = argv[i] + std::strlen(argv[i]);
    if (std::from_chars(argv[i], end, *target).ptr != end || argv[i] == end) {
      fmt::print(stderr, "{} {}: a number is needed (--help)\n", name, argv[i]);
      return std::nullopt;
    }
  }
  if (options.jobs == 0) options.jobs = std::max(1U, std::thread::hardware_concurrency());
  if (options.seeds > 0) return options;
  fmt::print(stderr, "--seeds 0: nothing would be tried (--help)\n");
  return std::nullopt;
}

struct SeedReport {
  RunResult result;
  bool repeatable = true;

  bool breaks(std::string_view invariant) const {
    return std::ranges::any_of(result.broken, [&](const std::string& broken) {
      return broken.starts_with(invariant) && broken.substr(invariant.size()).starts_with(" at");
    });
  }
};

/// Every seed runs twice: equal seeds must give equal traces.
SeedReport run_seed(std::uint64_t seed, std::uint64_t exchanges) {
  SeedReport report{.result = World(seed, exchanges).run()};
  report.repeatable = World(seed, exchanges).run().trace_hash == report.result.trace_hash;
  return report;
}

/// The traces of seeds that passed, several a line; of one that failed all there is to say.
class SeedTable {
 public:
  explicit SeedTable(const Options& options) : options_(options) {
    fmt::print("seed and trace, the same in two runs");
  }

  /// Whether the seed passed.
  bool tell(std::uint64_t seed, const SeedReport& report) {
    if (report.result.broken.empty() && report.repeatable) {
      fmt::print("{}{:>7} {:016x}", in_line_ == 0 ? "\n" : "", seed, report.result.trace_hash);
      in_line_ = (in_line_ + 1) % kSeedsInLine;
      return true;
    }
    fmt::print("\nseed {} FAILED trace {:016x}\n", seed, report.result.trace_hash);
    for (const std::string& invariant : report.result.broken) fmt::print("  {}\n", invariant);
    if (!report.repeatable) fmt::print("  repeatable: a second run had another trace\n");
    fmt::print("  replay: ./dev sim --seeds 1 --from {} --exchanges {}", seed, options_.exchanges);
    in_line_ = 0;
    return false;
  }

 private:
  static constexpr std::size_t kSeedsInLine = 4;
  const Options& options_;
  std::size_t in_line_ = 0;
};

struct Totals {
  FaultCounts faults{};
  OccasionCounts occasions{};
  std::map<exchange::Outcome, std::size_t> outcomes;
  std::size_t never_accepted = 0;
  std::uint64_t all_traces = 0;

  void add(const RunResult& result) {
    for (std::size_t i = 0; i < kFaults; ++i) faults[i] += result.faults[i];
    for (std::size_t i = 0; i < kOccasions; ++i) occasions[i] += result.occasions[i];
    for (const auto& [outcome, count] : result.outcomes) outcomes[outcome] += count;
    never_accepted += result.never_accepted;
    all_traces = (all_traces ^ result.trace_hash) * 0x100000001b3U;
  }
};

void tell_totals(const Totals& totals) {
  fmt::print("\nfaults\n");
  for (std::size_t i = 0; i < kFaults; ++i) {
    fmt::print("  {:<42} {:>10}\n", kFaultNames[i], totals.faults[i]);
  }
  fmt::print("occasions\n");
  for (std::size_t i = 0; i < kOccasions; ++i) {
    fmt::print("  {:<42} {:>10}\n", kOccasionNames[i], totals.occasions[i]);
  }
  fmt::print("outcomes\n");
  for (const auto& [outcome, count] : totals.outcomes) {
    fmt::print("  {:<42} {:>10}\n", text_of(outcome).english, count);
  }
  fmt::print("  {:<42} {:>10}\n", "never accepted", totals.never_accepted);
  fmt::print("trace of all seeds {:016x}\n", totals.all_traces);
}

/// Reports in the order of seeds; nothing for a seed that was not run.
std::vector<std::optional<SeedReport>> run_seeds(const Options& options) {
  std::vector<std::optional<SeedReport>> reports(options.seeds);
  std::atomic<std::uint64_t> next = 0;
  std::vector<std::thread> threads;
  threads.reserve(options.jobs);
  for (std::uint64_t job = 0; job < options.jobs; ++job) {
    threads.emplace_back([&] {
      for (std::uint64_t i = next++; i < options.seeds; i = next++) {
        reports[i] = run_seed(options.from + i, options.exchanges);
        if (!options.until.empty() && reports[i]->breaks(options.until)) next = options.seeds;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return reports;
}

int run(const Options& options) {
  const auto reports = run_seeds(options);
  SeedTable table(options);
  Totals totals;
  std::uint64_t passed = 0;
  std::uint64_t failed = 0;
  for (std::uint64_t i = 0; i < options.seeds; ++i) {
    if (!reports[i]) continue;
    totals.add(reports[i]->result);
    ++(table.tell(options.from + i, *reports[i]) ? passed : failed);
  }
  tell_totals(totals);
  auto never = missing(totals.faults, kFaultNames, passed + failed);
  for (const auto name : missing(totals.occasions, kOccasionNames, passed + failed)) {
    never.push_back(name);
  }
  for (const std::string_view name : never) fmt::print("FAILED: no {} in any seed\n", name);
  fmt::print("{} passed, {} failed\n", passed, failed);
  return failed == 0 && never.empty() ? 0 : 1;
}

}  // namespace
}  // namespace nakadachi::sim

int main(int argc, char** argv) {
  const auto options = nakadachi::sim::parse(argc, argv);
  if (!options) return 2;
  if (options->help) {
    fmt::print("{}", nakadachi::sim::kHelp);
    return 0;
  }
  return nakadachi::sim::run(*options);
}
