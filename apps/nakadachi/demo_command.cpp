#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "apps/common/demo_pool.hpp"
#include "apps/common/text_table.hpp"
#include "apps/nakadachi/commands.hpp"
#include "apps/nakadachi/demo_check.hpp"
#include "apps/nakadachi/demo_staff.hpp"
#include "apps/nakadachi/progress_bar.hpp"
#include "nakadachi/client/client.hpp"

namespace nakadachi::apps {
namespace {

struct DemoOptions {
  std::string program_directory;
  std::size_t tenants = 12;
  std::uint64_t exchanges = 2'000;
  std::uint64_t scale = 0;
  std::size_t in_flight = 500;
  std::int64_t latency_ms = 0;
  std::string keep;
  std::string json_file;
};

constexpr std::int64_t kPatienceMs = 120'000;
constexpr std::size_t kMostPersons = 5'000;
constexpr std::int64_t kValidityS = 20;

struct OutcomeName {
  exchange::Outcome outcome;
  std::string_view json;
  std::string_view shown;
};
constexpr std::array<OutcomeName, 6> kOutcomes = {{
    {exchange::Outcome::kAnswered, "answered", "answered (回答)"},
    {exchange::Outcome::kAnsweredInPart, "answered_in_part", "answered in part (一部回答)"},
    {exchange::Outcome::kNoData, "no_data", "no data (該当情報なし)"},
    {exchange::Outcome::kProviderHoldsNoSymbol, "provider_holds_no_symbol",
     "provider holds no symbol (符号未取得)"},
    {exchange::Outcome::kRefused, "refused", "refused (提供不可)"},
    {exchange::Outcome::kLapsed, "lapsed", "lapsed (期限経過)"},
}};

/// The business systems of all towns: asks every query and collects the outcomes.
class Crowd {
 public:
  explicit Crowd(DemoPool& pool) : pool_(&pool) {}

  Result<void> connect() {
    for (std::size_t i = 0; i < pool_->systems().size(); ++i) {
      client::Config config{.endpoint = pool_->oltp_endpoint(),
                            .server_key = pool_->oltp_key(),
                            .keys = pool_->systems()[i].keys,
                            .registry = pool_->registry(),
                            .give_up_after_ms = kPatienceMs};
      if (DemoPool::is_mayor(i)) {
        config.on_question = [this, i](const exchange::LiveQuestion& asked) { answer(i, asked); };
      }
      NAKADACHI_TRY(auto made, client::Client::connect(config));
      const std::scoped_lock lock(mutex_);
      clients_.push_back(std::move(made));
    }
    return {};
  }

  /// Asks `exchanges` queries, at most `in_flight` at a time; returns when each has
  /// an outcome or an error.
  void ask_all(const DemoOptions& options, ProgressBar& progress) {
    for (std::uint64_t i = 0; i < options.exchanges; ++i) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return under_way_ < options.in_flight; });
      ++under_way_;
      lock.unlock();
      ask(i);
      progress.show(done_);
    }
    std::unique_lock lock(mutex_);
    while (under_way_ > 0) {
      changed_.wait_for(lock, std::chrono::milliseconds(100));
      progress.show(done_);
    }
  }

  const ClientOutcomes& told() const noexcept { return told_; }
  std::uint64_t unexpected() const noexcept { return unexpected_; }
  std::uint64_t answered_live() const noexcept { return answered_live_; }
  std::uint64_t within_body() const noexcept { return within_body_; }
  const std::map<ErrorCode, std::uint64_t>& errors() const noexcept { return errors_; }

 private:
  /// A mayor's business system hands over what it has.
  void answer(std::size_t system, const exchange::LiveQuestion& question) {
    client::Client* client = nullptr;
    {
      const std::scoped_lock lock(mutex_);
      client = clients_[system].get();
    }
    const auto answered =
        client->hand_over(question.request, pool_->residents().live_answer(question.person));
    if (answered) ++answered_live_;
  }

  void ask(std::uint64_t i) {
    const DemoResidents::PlannedQuery planned = pool_->residents().query(i);
    exchange::Query query{client::Client::make_key(), planned.person, planned.subject};
    if (planned.subject.affair == DemoResidents::own_affair()) ++within_body_;
    clients_[planned.system]->ask(
        query, [this, key = query.key, expected = planned.expected](Result<exchange::Reply> reply) {
          take(key, expected, std::move(reply));
        });
  }

  void take(const RequestKey& key, exchange::Outcome expected, Result<exchange::Reply> reply) {
    const std::scoped_lock lock(mutex_);
    ++done_;
    --under_way_;
    if (!reply) {
      ++errors_[reply.error().code];
    } else {
      if (reply->outcome != expected) ++unexpected_;
      reply->receipt.reset();  // it was good: the client has checked it
      told_.emplace(key, *std::move(reply));
    }
    changed_.notify_one();
  }

  DemoPool* pool_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t under_way_ = 0;
  std::atomic<std::uint64_t> done_ = 0;
  std::uint64_t unexpected_ = 0;
  std::uint64_t within_body_ = 0;
  std::atomic<std::uint64_t> answered_live_ = 0;
  ClientOutcomes told_;
  std::map<ErrorCode, std::uint64_t> errors_;
  std::vector<std::unique_ptr<client::Client>> clients_;  // last: their threads use the above
};

struct DemoReport {
  std::map<exchange::Outcome, std::uint64_t> outcomes;
  RowCheck rows;
  std::uint64_t decided = 0;  ///< by staff
  double wall_seconds = 0;
};

bool all_is_well(const DemoOptions& options, const Crowd& crowd, const DemoReport& report) {
  return crowd.told().size() == options.exchanges && crowd.unexpected() == 0 &&
         report.rows.contradictions.empty();
}

void print_report(const DemoOptions& options, const DemoPool& pool, const Crowd& crowd,
                  const DemoReport& report) {
  fmt::print("\n{} towns, {} institutions, {} exchanges in {:.1f} s\n\n", pool.towns().size(),
             pool.systems().size(), options.exchanges, report.wall_seconds);
  for (const OutcomeName& name : kOutcomes) {
    const auto found = report.outcomes.find(name.outcome);
    const std::uint64_t count = found == report.outcomes.end() ? 0 : found->second;
    fmt::print("  {:>8}  {:>5.1f} %  {}\n", count,
               100.0 * static_cast<double>(count) / static_cast<double>(options.exchanges),
               name.shown);
  }
  for (const auto& [code, count] : crowd.errors()) {
    fmt::print("  {:>8}           error: {}\n", count, text_of(code).name);
  }
  fmt::print(
      "\n  {} symbols acquired, {} copies registered; {} requests held, {} decided by staff\n",
      pool.symbols(), pool.copies(), report.rows.held, report.decided);
  fmt::print("  {} questions answered by business systems themselves, {} within one body\n",
             crowd.answered_live(), crowd.within_body());
  fmt::print("  {} durable rows in {} trains, {:.2f} rows an exchange\n", report.rows.rows,
             report.rows.trains,
             static_cast<double>(report.rows.rows) / static_cast<double>(options.exchanges));
  for (const std::string& text : report.rows.contradictions) fmt::print("  WRONG: {}\n", text);
  if (all_is_well(options, crowd, report)) {
    fmt::print("  every query has one outcome, the same at its client and in both towns' rows\n");
  } else {
    fmt::print("  WRONG: {} of {} queries have an outcome, {} not the one that was due\n",
               crowd.told().size(), options.exchanges, crowd.unexpected());
  }
}

Result<void> write_json(const DemoOptions& options, const DemoPool& pool, const Crowd& crowd,
                        const DemoReport& report) {
  if (options.json_file.empty()) return {};
  nlohmann::json outcomes = nlohmann::json::object();
  for (const OutcomeName& name : kOutcomes) {
    const auto found = report.outcomes.find(name.outcome);
    outcomes[std::string(name.json)] = found == report.outcomes.end() ? 0 : found->second;
  }
  const nlohmann::json json = {{"tenants", pool.towns().size()},
                               {"institutions", pool.systems().size()},
                               {"exchanges", options.exchanges},
                               {"answered", outcomes["answered"]},
                               {"outcomes", outcomes},
                               {"unknown", options.exchanges - crowd.told().size()},
                               {"symbols", pool.symbols()},
                               {"copies", pool.copies()},
                               {"held", report.rows.held},
                               {"decided_by_staff", report.decided},
                               {"answered_live", crowd.answered_live()},
                               {"within_body", crowd.within_body()},
                               {"rows", report.rows.rows},
                               {"trains", report.rows.trains},
                               {"contradictions", report.rows.contradictions},
                               {"ok", all_is_well(options, crowd, report)},
                               {"wall_seconds", report.wall_seconds}};
  return write_private_file(options.json_file, json.dump(2) + "\n");
}

Result<void> run_demo(const DemoOptions& options) {
  const auto began = std::chrono::steady_clock::now();
  PoolPlan plan;
  plan.towns = options.tenants;
  plan.persons = std::min<std::size_t>(options.exchanges, kMostPersons);
  plan.scale = options.scale;
  plan.national_latency_ms = options.latency_ms;
  plan.directory = options.keep;
  plan.keep = !options.keep.empty();
  plan.validity_s = kValidityS;
  plan.program_directory = options.program_directory;
  NAKADACHI_TRY(const auto pool, DemoPool::start(std::move(plan), [](std::string_view stage) {
                  fmt::print("{} …\n", stage);
                  std::fflush(stdout);
                }));
  DemoStaff staff(*pool);
  NAKADACHI_CHECK(staff.start());
  Crowd crowd(*pool);
  NAKADACHI_CHECK(crowd.connect());
  ProgressBar progress("exchanging", options.exchanges);
  crowd.ask_all(options, progress);
  progress.finish();

  DemoReport report;
  report.decided = staff.decided();
  for (const auto& [key, reply] : crowd.told()) ++report.outcomes[reply.outcome];
  fmt::print("reading both towns' rows …\n");
  NAKADACHI_TRY(report.rows, check_rows(*pool, crowd.told()));
  report.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  print_report(options, *pool, crowd, report);
  NAKADACHI_CHECK(write_json(options, *pool, crowd, report));
  if (!options.keep.empty()) fmt::print("kept in {}\n", pool->directory());
  if (all_is_well(options, crowd, report)) return {};
  return Error{.code = ErrorCode::kInternal, .detail = "the demo found contradictions, see above"};
}

}  // namespace

void add_demo_command(CLI::App& app, Command& chosen, const std::string& program_path) {
  CLI::App* const command =
      app.add_subcommand("demo", "A whole pool on this machine, with real exchanges");
  command->footer(
      "Starts a private PostgreSQL, the reference national system, a gateway and a node, joins\n"
      "real municipalities, asks, and checks every outcome against both towns' rows.\n"
      "Example: nakadachi demo --tenants 50 --exchanges 20000 --json demo.json");
  const auto options = std::make_shared<DemoOptions>();
  command->add_option("--tenants", options->tenants, "towns, the first of 1,741")
      ->capture_default_str()
      ->check(CLI::Range(2, 1'741));
  command->add_option("--exchanges", options->exchanges, "queries to ask")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000'000}));
  command
      ->add_option("--scale", options->scale,
                   "one simulated resident for so many real ones of each town, e.g. 1000;\n"
                   "default: as many in each town, 5,000 in all at most")
      ->check(CLI::Range(100, 10'000'000));
  command->add_option("--in-flight", options->in_flight, "queries under way at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  command->add_option("--latency-ms", options->latency_ms, "of the national system, each way")
      ->capture_default_str()
      ->check(CLI::Range(0, 10'000));
  command->add_option("--keep", options->keep, "a new directory to keep everything in, also keys");
  command->add_option("--json", options->json_file, "also write one JSON object to this file");
  std::error_code ignored;
  options->program_directory =
      std::filesystem::canonical("/proc/self/exe", ignored).parent_path().string();
  if (ignored) {
    options->program_directory = std::filesystem::path(program_path).parent_path().string();
  }
  command->callback([options, &chosen] { chosen = [options] { return run_demo(*options); }; });
}

}  // namespace nakadachi::apps
