// ./dev bench e2e: answered durable exchanges a second through every process (A), against
// what a straightforward program could store in the same database (B), in one run.

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/vfs.h>

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
#include <numeric>
#include <thread>
#include <vector>

#include "apps/common/demo_pool.hpp"
#include "apps/common/text_table.hpp"
#include "bench/bench.hpp"
#include "bench/peer.hpp"
#include "bench/postgres_facts.hpp"
#include "nakadachi/client/client.hpp"
#include "nakadachi/client/receipt_check.hpp"

namespace nakadachi::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto kWarmUp = std::chrono::seconds(3);
/// Persons are prepared for so many exchanges a second, and for so many of each one in flight:
/// three commits take 10 ms and more. A run in which all have been asked about ends early.
constexpr std::uint64_t kMostExchangesPerSecond = 12'000;
constexpr std::uint64_t kMostPerSecondInFlight = 100;
constexpr std::size_t kAnswerBytes = 256;

std::uint64_t own_cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

/// Processor time of every process, at one moment.
struct CpuTimes {
  std::uint64_t load = 0;
  std::uint64_t node = 0;
  std::uint64_t gateway = 0;
  std::uint64_t national = 0;
  std::uint64_t postgres = 0;

  static CpuTimes now(apps::DemoPool& pool) {
    return {.load = own_cpu_us(),
            .node = pool.node().cpu_us(),
            .gateway = pool.gateway().cpu_us(),
            .national = pool.national().cpu_us(),
            .postgres = postgres_cpu_us(pool.cluster())};
  }
};

/// Keeps a number of queries under way and remembers how each went.
class Load {
 public:
  Load(apps::DemoPool& pool, std::size_t in_flight) : pool_(&pool), in_flight_(in_flight) {}

  Result<void> connect() {
    const auto receipts = std::make_shared<client::ReceiptCheck>(pool_->registry());
    for (const apps::DemoPool::System& system : pool_->systems()) {
      NAKADACHI_TRY(auto made, client::Client::connect({.endpoint = pool_->oltp_endpoint(),
                                                        .server_key = pool_->oltp_key(),
                                                        .keys = system.keys,
                                                        .receipts = receipts}));
      clients_.push_back(std::move(made));
    }
    return {};
  }

  void run_until(SteadyClock::time_point end, std::uint64_t most) {
    while (SteadyClock::now() < end && next_ < most) {
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, end, [&] { return under_way_ < in_flight_; });
      const std::size_t room = in_flight_ - std::min(in_flight_, under_way_);
      under_way_ += room;
      lock.unlock();
      for (std::size_t i = 0; i < room; ++i) ask(next_++);
    }
  }

  void drain() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return under_way_ == 0; });
  }

  void start_measuring() {
    const std::scoped_lock lock(mutex_);
    latencies_us_.clear();
    measuring_ = true;
  }
  std::vector<std::uint32_t> stop_measuring() {
    const std::scoped_lock lock(mutex_);
    measuring_ = false;
    return std::move(latencies_us_);
  }
  std::uint64_t not_answered() {
    const std::scoped_lock lock(mutex_);
    return not_answered_;
  }

 private:
  void ask(std::uint64_t i) {
    const apps::DemoResidents::PlannedQuery planned = pool_->residents().query(i);
    const auto began = SteadyClock::now();
    clients_[planned.system]->ask(
        exchange::Query{client::Client::make_key(), planned.person, planned.subject},
        [this, began](const Result<exchange::Reply>& reply) { take(began, reply); });
  }

  void take(SteadyClock::time_point began, const Result<exchange::Reply>& reply) {
    const auto us =
        std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - began).count();
    const std::scoped_lock lock(mutex_);
    --under_way_;
    const bool answered = reply.ok() && reply->outcome == exchange::Outcome::kAnswered &&
                          reply->answer.size() >= kAnswerBytes;
    if (!answered) ++not_answered_;
    if (answered && measuring_) latencies_us_.push_back(static_cast<std::uint32_t>(us));
    if (under_way_ + kBatch <= in_flight_ || under_way_ == 0) changed_.notify_one();
  }

  /// The asking thread wakes up for this many places at a time.
  static constexpr std::size_t kBatch = 32;

  apps::DemoPool* pool_;
  std::size_t in_flight_;
  std::uint64_t next_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t under_way_ = 0;
  bool measuring_ = false;
  std::vector<std::uint32_t> latencies_us_;
  std::uint64_t not_answered_ = 0;
  std::vector<std::unique_ptr<client::Client>> clients_;  // last: their threads use the above
};

struct Measured {
  double seconds = 0;
  std::vector<std::uint32_t> latencies_us;  // sorted
  CpuTimes before;
  CpuTimes after;
  std::uint64_t rows = 0;
  std::uint64_t wal_bytes = 0;
  std::uint64_t not_answered = 0;

  double per_second() const { return static_cast<double>(latencies_us.size()) / seconds; }
  double percentile_ms(double share) const {
    if (latencies_us.empty()) return 0;
    const auto place =
        static_cast<std::size_t>(share * static_cast<double>(latencies_us.size() - 1));
    return latencies_us[place] / 1000.0;
  }
  double cpu_us(std::uint64_t CpuTimes::* process) const {
    return static_cast<double>(after.*process - before.*process) /
           static_cast<double>(std::max<std::size_t>(1, latencies_us.size()));
  }
};

Result<Measured> measure(apps::DemoPool& pool, const E2eOptions& options, std::uint64_t persons) {
  Load load(pool, options.in_flight);
  NAKADACHI_CHECK(load.connect());
  load.run_until(SteadyClock::now() + kWarmUp, persons);
  Measured measured;
  NAKADACHI_TRY(const StoreFacts facts_before, read_store_facts(pool.cluster()));
  measured.before = CpuTimes::now(pool);
  const auto began = SteadyClock::now();
  load.start_measuring();
  load.run_until(began + std::chrono::seconds(options.seconds), persons);
  measured.latencies_us = load.stop_measuring();
  measured.seconds = std::chrono::duration<double>(SteadyClock::now() - began).count();
  measured.after = CpuTimes::now(pool);
  NAKADACHI_TRY(const StoreFacts facts_after, read_store_facts(pool.cluster()));
  measured.rows = facts_after.rows - facts_before.rows;
  measured.wal_bytes = facts_after.wal_bytes - facts_before.wal_bytes;
  load.drain();
  measured.not_answered = load.not_answered();
  std::sort(measured.latencies_us.begin(), measured.latencies_us.end());
  return measured;
}

/// What A is a figure of: fewer towns or longer waits are another measurement.
constexpr std::size_t kFewestTowns = 50;
constexpr double kLongestP99Ms = 250;

bool counts(const Measured& a, const E2eOptions& options) {
  return options.towns >= kFewestTowns && a.percentile_ms(0.99) <= kLongestP99Ms;
}

constexpr std::array<std::pair<std::string_view, std::uint64_t CpuTimes::*>, 5> kProcesses = {
    {{"load", &CpuTimes::load},
     {"node", &CpuTimes::node},
     {"gateway", &CpuTimes::gateway},
     {"national", &CpuTimes::national},
     {"postgres", &CpuTimes::postgres}}};

void print(const Measured& a, double b_per_s, const std::vector<double>& peers,
           const E2eOptions& options) {
  const double exchanges = static_cast<double>(a.latencies_us.size());
  fmt::print("\nA  {:>8.0f} answered durable exchanges a second   p50 {:.1f} ms   p99 {:.1f} ms\n",
             a.per_second(), a.percentile_ms(0.5), a.percentile_ms(0.99));
  fmt::print("B  {:>8.0f} a second, the database alone          ({})\n", b_per_s,
             fmt::join(peers, ", "));
  fmt::print("   {:>8.2f} ratio A/B\n\nprocessor µs an exchange\n", a.per_second() / b_per_s);
  double sum = 0;
  for (const auto& [name, process] : kProcesses) {
    sum += a.cpu_us(process);
    fmt::print("   {:>8.1f} {}\n", a.cpu_us(process), name);
  }
  fmt::print("   {:>8.1f} in all\n\n", sum);
  fmt::print("   {:>8.2f} rows an exchange\n   {:>8.0f} bytes of write-ahead log an exchange\n",
             static_cast<double>(a.rows) / exchanges, static_cast<double>(a.wal_bytes) / exchanges);
  if (a.not_answered > 0) fmt::print("   {:>8} queries not answered\n", a.not_answered);
  if (!counts(a, options)) {
    fmt::print("\nnot to be compared: A asks for {} towns or more and a p99 of {} ms or less\n",
               kFewestTowns, kLongestP99Ms);
  }
}

nlohmann::json to_json(const Measured& a, double b_per_s, const std::vector<double>& peers,
                       const Settings& settings, const E2eOptions& options) {
  nlohmann::json cpu = nlohmann::json::object();
  for (const auto& [name, process] : kProcesses) cpu[std::string(name)] = a.cpu_us(process);
  const double exchanges = static_cast<double>(a.latencies_us.size());
  return {{"a_per_s", a.per_second()},
          {"b_per_s", b_per_s},
          {"b_runs", peers},
          {"ratio", a.per_second() / b_per_s},
          {"p50_ms", a.percentile_ms(0.5)},
          {"p99_ms", a.percentile_ms(0.99)},
          {"cpu_us_per_exchange", cpu},
          {"rows_per_exchange", static_cast<double>(a.rows) / exchanges},
          {"wal_bytes_per_exchange", static_cast<double>(a.wal_bytes) / exchanges},
          {"counts", counts(a, options)},
          {"not_answered", a.not_answered},
          {"towns", options.towns},
          {"in_flight", options.in_flight},
          {"seconds", a.seconds},
          {"settings", settings}};
}

Result<void> refuse_tmpfs(const std::string& directory) {
  constexpr auto kTmpfsMagic = 0x01021994;
  struct statfs file_system{};
  if (statfs(directory.c_str(), &file_system) != 0 || file_system.f_type != kTmpfsMagic) return {};
  return Error{.code = ErrorCode::kConfigInvalid,
               .detail = directory + " is in memory; set TMPDIR to a directory on a real disk"};
}

}  // namespace

Result<void> run_e2e(const E2eOptions& options) {
  apps::PoolPlan plan;
  plan.towns = options.towns;
  plan.lanes = options.lanes;
  plan.answer_bytes = kAnswerBytes;
  plan.everything_answered = true;
  plan.acquire = false;
  plan.persons = std::min(kMostExchangesPerSecond, kMostPerSecondInFlight * options.in_flight) *
                 (options.seconds + static_cast<std::uint64_t>(kWarmUp.count()));
  plan.program_directory = std::filesystem::canonical("/proc/self/exe").parent_path().string();
  const std::uint64_t persons = plan.persons;
  NAKADACHI_TRY(const auto pool, apps::DemoPool::start(std::move(plan), [](std::string_view stage) {
                  fmt::print("{} …\n", stage);
                  std::fflush(stdout);
                }));
  NAKADACHI_CHECK(refuse_tmpfs(pool->cluster().directory()));
  NAKADACHI_TRY(const Settings settings, read_settings(pool->cluster()));
  for (const auto& [name, value] : settings) fmt::print("   {} = {}\n", name, value);
  NAKADACHI_CHECK(require_durable(settings));

  NAKADACHI_TRY(const Peer peer, Peer::prepare(pool->cluster(), pool->directory()));
  fmt::print("measuring the database alone …\n");
  NAKADACHI_TRY(const double peer_before, peer.run(options.peer_seconds));
  fmt::print("measuring exchanges for {} s …\n", options.seconds);
  NAKADACHI_TRY(const Measured a, measure(*pool, options, persons));
  fmt::print("measuring the database alone again …\n");
  NAKADACHI_TRY(const double peer_after, peer.run(options.peer_seconds));
  const std::vector<double> peers = {peer_before, peer_after};
  const double b_per_s = *std::max_element(peers.begin(), peers.end());
  print(a, b_per_s, peers, options);
  if (options.json_file.empty()) return {};
  return apps::write_private_file(options.json_file,
                                  to_json(a, b_per_s, peers, settings, options).dump(2) + "\n");
}

}  // namespace nakadachi::bench
