#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "apps/common/demo_books.hpp"
#include "apps/common/demo_check.hpp"
#include "apps/common/demo_load.hpp"
#include "apps/common/demo_pool.hpp"
#include "apps/common/demo_report.hpp"
#include "apps/common/embedded_facts.hpp"
#include "apps/common/text_table.hpp"
#include "apps/nakadachi/commands.hpp"
#include "apps/nakadachi/demo_morning.hpp"
#include "apps/nakadachi/demo_staff.hpp"
#include "apps/nakadachi/demo_wish.hpp"
#include "apps/nakadachi/progress_bar.hpp"
#include "nakadachi/base/clock.hpp"
#include "nakadachi/client/client.hpp"
#include "nakadachi/client/receipt_check.hpp"
#include "nakadachi/metering/usage.hpp"

namespace nakadachi::apps {
namespace {

struct DemoOptions {
  std::string program_directory;
  std::size_t tenants = 12;
  std::uint64_t exchanges = 2'000;
  std::uint64_t scale = 0;
  std::uint64_t seed = 0;
  std::size_t in_flight = 500;
  std::int64_t latency_ms = 0;
  std::string keep;
  std::string json_file;
  std::uint64_t cost_yen = 12'000'000;
  std::string corrupt;
  bool stay = false;
};

// A client that has waited for the first while asks again by its key, and then has patience. One
// in so many is in a hurry.
constexpr std::int64_t kFirstWaitMs = 3'000;
constexpr std::int64_t kPatienceMs = 120'000;
constexpr std::int64_t kHastyWaitMs = 3;
constexpr std::uint64_t kHastyOneIn = 50;
constexpr std::size_t kRowsOfLoad = 100;
constexpr std::size_t kMostPersons = 5'000;
constexpr std::int64_t kValidityS = 20;

/// The business systems of all towns: asks every query and collects the outcomes.
class Crowd {
 public:
  explicit Crowd(DemoPool& pool) : pool_(&pool) {}

  Result<void> connect() {
    const auto receipts = std::make_shared<client::ReceiptCheck>(pool_->registry());
    for (std::size_t i = 0; i < pool_->systems().size(); ++i) {
      client::Config config{.endpoint = pool_->oltp_endpoint(),
                            .server_key = pool_->oltp_key(),
                            .keys = pool_->systems()[i].keys,
                            .receipts = receipts};
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
  /// Answers that did not fit their layout, as their systems were told.
  std::uint64_t live_refused() const noexcept { return live_refused_; }
  std::uint64_t within_body() const noexcept { return within_body_; }
  const std::map<ErrorCode, std::uint64_t>& errors() const noexcept { return errors_; }
  std::uint64_t by_ordinance() const noexcept { return by_ordinance_; }
  /// Questions whose clients were told in the meantime that they are held, or that nobody knows.
  std::uint64_t seen_held() const noexcept { return seen_held_; }
  std::uint64_t seen_unknown() const noexcept { return seen_unknown_; }
  /// The last of the questions whose provider held no symbol; nothing when there was none.
  const std::optional<exchange::Query>& lack() const noexcept { return lack_; }

 private:
  /// A question on its way.
  struct Asked {
    std::uint64_t number = 0;
    exchange::Query query;
    std::size_t system = 0;
    exchange::Outcome expected = exchange::Outcome::kAnswered;
    std::int64_t wait_ms = kFirstWaitMs;
    bool held = false;     ///< its client has been told so
    bool unknown = false;  ///< likewise
  };

  /// A mayor's business system hands over what it has; the first time without its items, and is
  /// asked again with what is wrong about that.
  void answer(std::size_t system, const exchange::LiveQuestion& question) {
    std::optional<copies::CopyContent> content = pool_->residents().live_answer(question.person);
    if (!question.wrong.empty()) ++live_refused_;
    client::Client* client = nullptr;
    bool wrongly = false;
    {
      const std::scoped_lock lock(mutex_);
      client = clients_[system].get();
      wrongly = content && answered_wrongly_.insert(system).second;
    }
    if (wrongly) content->items.clear();
    const auto answered = client->hand_over(question.request, content);
    if (answered && !wrongly) ++answered_live_;
  }

  void ask(std::uint64_t i) {
    DemoResidents::PlannedQuery planned = pool_->residents().query(i);
    if (planned.subject.affair == DemoResidents::own_affair()) ++within_body_;
    const bool hasty = i % kHastyOneIn == kHastyOneIn - 1;
    ask(std::make_shared<Asked>(
        Asked{.number = i,
              .query = {client::Client::make_key(), planned.person, std::move(planned.subject)},
              .system = planned.system,
              .expected = planned.expected,
              .wait_ms = hasty ? kHastyWaitMs : kFirstWaitMs}));
  }

  void ask(const std::shared_ptr<Asked>& asked) {
    clients_[asked->system]->ask(
        asked->query, asked->wait_ms,
        [this, asked](Result<exchange::Reply> reply) { take(asked, std::move(reply)); });
  }

  void take(const std::shared_ptr<Asked>& asked, Result<exchange::Reply> reply) {
    if (!reply && asks_again(*asked, reply.error().code)) return ask(asked);
    const std::scoped_lock lock(mutex_);
    ++done_;
    --under_way_;
    if (!reply) {
      ++errors_[reply.error().code];
    } else {
      count(*asked, *reply);
      reply->receipt.reset();  // it was good: the client has checked it
      told_.emplace(asked->query.key, *std::move(reply));
    }
    changed_.notify_one();
  }

  /// Whoever was told that nothing is known yet waits longer, twice at most.
  bool asks_again(Asked& asked, ErrorCode code) {
    const bool held = code == ErrorCode::kHeld;
    const bool unknown = code == ErrorCode::kOutcomeUnknown;
    if (!held && !unknown && code != ErrorCode::kLinkDown) return false;
    const std::scoped_lock lock(mutex_);
    if (held && !std::exchange(asked.held, true)) ++seen_held_;
    if (unknown && !std::exchange(asked.unknown, true)) ++seen_unknown_;
    if (asked.wait_ms == kPatienceMs) return false;
    asked.wait_ms = asked.wait_ms < kFirstWaitMs ? kFirstWaitMs : kPatienceMs;
    return true;
  }

  void count(const Asked& asked, const exchange::Reply& reply) {
    if (reply.outcome != asked.expected) ++unexpected_;
    const bool refused = reply.outcome == exchange::Outcome::kRefused;
    if (!refused && asked.query.subject.affair == DemoResidents::network_affair()) ++by_ordinance_;
    const bool lacks = reply.outcome == exchange::Outcome::kProviderHoldsNoSymbol;
    if (!lacks || (lack_ && asked.number < lack_number_)) return;
    lack_ = asked.query;
    lack_number_ = asked.number;
  }

  DemoPool* pool_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t under_way_ = 0;
  std::atomic<std::uint64_t> done_ = 0;
  std::uint64_t unexpected_ = 0;
  std::uint64_t within_body_ = 0;
  std::uint64_t by_ordinance_ = 0;
  std::uint64_t seen_held_ = 0;
  std::uint64_t seen_unknown_ = 0;
  std::optional<exchange::Query> lack_;
  std::uint64_t lack_number_ = 0;
  std::atomic<std::uint64_t> answered_live_ = 0;
  std::atomic<std::uint64_t> live_refused_ = 0;
  std::set<std::size_t> answered_wrongly_;  ///< systems
  ClientOutcomes told_;
  std::map<ErrorCode, std::uint64_t> errors_;
  std::vector<std::unique_ptr<client::Client>> clients_;  // last: their threads use the above
};

PoolPlan plan_of(const DemoOptions& options) {
  PoolPlan plan;
  plan.towns = options.tenants;
  plan.persons = std::min<std::size_t>(options.exchanges, kMostPersons);
  plan.scale = options.scale;
  plan.seed = options.seed;
  plan.national_latency_ms = options.latency_ms;
  plan.directory = options.keep;
  plan.keep = !options.keep.empty();
  plan.validity_s = kValidityS;
  plan.program_directory = options.program_directory;
  return plan;
}

void tell(std::string_view stage) {
  fmt::print("{} …\n", stage);
  std::fflush(stdout);
}

/// A load of copies, looked at before it is sent.
Result<DemoLoadCheck> check_load(const DemoPool& pool) {
  NAKADACHI_TRY(const copies::LayoutBook layouts, load_layouts());
  return check_demo_load(pool.residents(), layouts, kRowsOfLoad);
}

/// Everybody asks; then everybody goes home and the node stops.
Result<void> exchange_all(const DemoOptions& options, DemoPool& pool, ClientOutcomes& told,
                          DemoReport& report) {
  DemoStaff staff(pool);
  NAKADACHI_CHECK(staff.start());
  Crowd crowd(pool);
  NAKADACHI_CHECK(crowd.connect());
  ProgressBar progress("exchanging", options.exchanges);
  crowd.ask_all(options, progress);
  progress.finish();
  report.decided = staff.decided();
  report.unexpected = crowd.unexpected();
  report.errors = crowd.errors();
  report.answered_live = crowd.answered_live();
  report.live_refused = crowd.live_refused();
  report.within_body = crowd.within_body();
  report.by_ordinance = crowd.by_ordinance();
  report.seen_held = crowd.seen_held();
  report.seen_unknown = crowd.seen_unknown();
  if (crowd.lack()) {
    NAKADACHI_TRY(report.wishes, ask_provider(pool, *crowd.lack()));
  }
  told = crowd.told();
  return {};
}

/// The books of a pool that has stopped: closed, damaged where that is wanted, and gone through
/// by everybody who can tell.
Result<void> check_books(const DemoOptions& options, DemoPool& pool, const ClientOutcomes& told,
                         DemoReport& report) {
  tell("closing the month on trial");
  NAKADACHI_TRY(report.bill, close_running_month(pool, options.cost_yen));
  if (!options.corrupt.empty()) {
    NAKADACHI_TRY(report.damaged, damage(pool, options.corrupt));
  }
  tell("verifying every log");
  NAKADACHI_TRY(report.logs, verify_logs(pool));
  tell("opening both towns' rows");
  NAKADACHI_TRY(report.rows, check_rows(pool, told, report.errors));
  tell("letting the auditor recount");
  NAKADACHI_TRY(report.audit, audit_pool(pool));
  Tallies recorded = report.rows.told;
  for (const auto& [key, count] : report.rows.apart) recorded[key] += count;
  for (Discrepancy& one : differences(report.audit.tallies, recorded)) {
    report.audit.found.push_back(std::move(one));
  }
  return {};
}

volatile std::sig_atomic_t standing_ended = 0;
void end_standing(int) { standing_ended = 1; }

/// Leaves the pool standing until somebody ends it. Not by a StopSignal: libraries have made
/// threads by now that would take the signal.
Result<void> stay_up(DemoPool& pool) {
  NAKADACHI_CHECK(pool.reopen());
  std::signal(SIGINT, end_standing);
  std::signal(SIGTERM, end_standing);
  fmt::print(
      "the pool stands; Ctrl-C ends it. In another shell:\n"
      "  set -a; . {0}/access.env; set +a\n"
      "  nakadachi tenant list --key-file {0}/operator.curve\n"
      "  nakadachi meter show --month {1}\n"
      "  nakadachi records list --tenant {2} --limit 10\n",
      pool.directory(), metering::Month::of(Day::of(SystemClock().now())).text(),
      pool.towns()[0].code.text());
  std::fflush(stdout);
  while (standing_ended == 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return {};
}

Result<void> run_demo(const DemoOptions& options, int& status) {
  const auto began = std::chrono::steady_clock::now();
  NAKADACHI_TRY(const auto pool, DemoPool::start(plan_of(options), tell));
  DemoReport report;
  ClientOutcomes told;
  tell("working a morning as a town's staff");
  NAKADACHI_TRY(report.staff, staff_morning(*pool));
  NAKADACHI_TRY(report.load, check_load(*pool));
  NAKADACHI_CHECK(exchange_all(options, *pool, told, report));
  pool->node().stop();
  report.tenants = pool->towns().size();
  report.institutions = pool->systems().size();
  report.exchanges = options.exchanges;
  report.seed = options.seed;
  report.told = told.size();
  for (const auto& [key, reply] : told) {
    ++report.outcomes[reply.outcome];
    if (reply.outcome == exchange::Outcome::kRefused) ++report.refusals[reply.code];
  }
  report.symbols = pool->symbols();
  report.copies = pool->copies();
  NAKADACHI_CHECK(check_books(options, *pool, told, report));
  report.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  print_report(report);
  if (!options.json_file.empty()) {
    NAKADACHI_CHECK(write_private_file(options.json_file, report_json(report).dump(2) + "\n"));
  }
  if (!options.keep.empty()) fmt::print("kept in {}\n", pool->directory());
  status = is_well(report) ? 0 : 1;
  if (options.stay) return stay_up(*pool);
  return {};
}

}  // namespace

void add_demo_command(CommandLine app, Command& chosen, int& status,
                      const std::string& program_path) {
  const CommandLine command =
      app.add_command("demo", "A whole pool on this machine, with real exchanges");
  command.footer(
      "Starts a private PostgreSQL, the reference national system, a gateway and a node, joins\n"
      "real municipalities and asks. Then the node stops, the running month is closed on trial "
      "with\n"
      "the shipped tariff, every log is verified, every row is opened and compared at both towns,\n"
      "and an auditor of plain SQL (docs/audit.md) recounts exchanges, records, units and yen.\n"
      "Exit status: 0 when all agree, 1 when anything does not.\n"
      "With --corrupt one thing in the database is damaged once the month is closed, and the demo\n"
      "has to end with 1 and name it.\n"
      "Example: nakadachi demo --tenants 50 --exchanges 20000 --json demo.json");
  const auto options = std::make_shared<DemoOptions>();
  command.add_option("--tenants", options->tenants, "towns, the first of 1,741")
      .shows_default()
      .between(2, 1'741);
  command.add_option("--exchanges", options->exchanges, "queries to ask")
      .shows_default()
      .between(1, 100'000'000);
  command
      .add_option("--scale", options->scale,
                  "one simulated resident for so many real ones of each town, e.g. 1000;\n"
                  "default: as many in each town, 5,000 in all at most")
      .between(100, 10'000'000);
  command
      .add_option("--seed", options->seed,
                  "of the simulated residents: other persons, and another fate for each")
      .shows_default();
  command.add_option("--in-flight", options->in_flight, "queries under way at a time")
      .shows_default()
      .between(1, 10'000);
  command.add_option("--latency-ms", options->latency_ms, "of the national system, each way")
      .shows_default()
      .between(0, 10'000);
  command.add_option("--keep", options->keep, "a new directory to keep everything in, also keys");
  command
      .add_flag("--stay", options->stay,
                "then leave the pool standing, to try commands on it until Ctrl-C")
      .needs("--keep");
  command.add_option("--json", options->json_file, "also write one JSON object to this file");
  command.add_option("--cost", options->cost_yen, "the pool's cost of the month, in yen")
      .shows_default()
      .between(0, 1'000'000'000'000);
  command
      .add_option("--corrupt", options->corrupt,
                  "damage one thing: the outcome of a record, the bytes of a unit, a byte of a\n"
                  "sealed statement, the leaf of a row, or a head in a train")
      .one_of({"record", "unit", "statement", "leaf", "head"});
  std::error_code ignored;
  options->program_directory =
      std::filesystem::canonical("/proc/self/exe", ignored).parent_path().string();
  if (ignored) {
    options->program_directory = std::filesystem::path(program_path).parent_path().string();
  }
  command.when_chosen([options, &chosen, &status] {
    chosen = [options, &status] { return run_demo(*options, status); };
  });
}

}  // namespace nakadachi::apps
