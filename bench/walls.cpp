// ./dev bench walls: what passes the compiled rules for all towns, against the rules for one town,
// in one run on the same kernel. By IPv4; rules of IPv6 are maps of the same kind beside those.

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "apps/common/text_table.hpp"
#include "apps/common/walls_file.hpp"
#include "bench/bench.hpp"
#include "nakadachi/firewall_rules/compile.hpp"
#include "tests/support/wall_lab.hpp"

namespace nakadachi::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
using walls::testing::Lab;
using walls::testing::Layout;

constexpr std::uint16_t kPort = 5701;
constexpr std::size_t kChunk = 128 * 1024;
/// What the rules for all towns must let through of what those for one town do.
constexpr double kLeastRatio = 0.95;
/// Still looked at for each connection, but never reached.
constexpr walls::Limit kNoHindrance{.new_per_second = 1'000'000, .connections = 1'000'000};

class Socket {
 public:
  explicit Socket(int handle) : handle_(handle) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (handle_ >= 0) ::close(handle_);
  }
  int handle() const noexcept { return handle_; }

 private:
  int handle_;
};

sockaddr_in at(walls::Address address) {
  sockaddr_in there{};
  there.sin_family = AF_INET;
  there.sin_port = htons(kPort);
  there.sin_addr.s_addr = htonl(static_cast<std::uint32_t>(address.low));
  return there;
}

/// Ends with a reset: no waiting state is left behind that would slow later connections.
void close_at_once(int socket) {
  const linger none{1, 0};
  setsockopt(socket, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  ::close(socket);
}

/// The centre with its rules loaded, and one of its towns.
class Site {
 public:
  static Result<Site> build(std::size_t towns) {
    NAKADACHI_TRY(walls::Model model, apps::load_walls("preset:shared_centre"));
    model.towns.resize(std::min(towns, model.towns.size()));
    for (walls::Flow& flow : model.flows) {
      if (flow.limit != walls::Limit{}) flow.limit = kNoHindrance;
    }
    const int town = static_cast<int>(model.towns.size() / 2);
    NAKADACHI_TRY(walls::World built, walls::World::build(std::move(model)));
    auto world = std::make_unique<walls::World>(std::move(built));
    NAKADACHI_TRY(Lab lab, Lab::build(Layout(*world, {town}, {})));
    std::map<std::string, std::string> rules;
    for (const walls::RuleSet& set : walls::compile(*world, {})) {
      rules[set.name] = walls::to_nft(*world, set);
    }
    NAKADACHI_CHECK(lab.load(rules));
    const auto first_address = [&](const char* host, int of_town) {
      const auto& own = world->host_addresses(world->find_host(host), of_town);
      return (own & walls::all_addresses(walls::Family::kIpv4)).intervals().front().first;
    };
    const walls::Address from = first_address("business_systems", town);
    const walls::Address to = first_address("node1", walls::kNobody);
    return Site(std::move(world), std::move(lab), from, to);
  }

  /// Bytes a second over one connection from the town to the node.
  Result<double> throughput(std::chrono::milliseconds time) const {
    NAKADACHI_TRY(const auto listening, listen());
    NAKADACHI_TRY(const auto sender, connect());
    const Socket receiver(accept(listening->handle(), nullptr, nullptr));
    std::atomic<std::uint64_t> received = 0;
    std::thread reader([&] {
      std::vector<char> buffer(kChunk);
      for (;;) {
        const ssize_t got = recv(receiver.handle(), buffer.data(), buffer.size(), 0);
        if (got <= 0) return;
        received += static_cast<std::uint64_t>(got);
      }
    });
    const std::vector<char> chunk(kChunk, 'x');
    const auto began = SteadyClock::now();
    // However short the run and busy the machine, something has come through.
    while (SteadyClock::now() - began < time || received == 0) {
      if (send(sender->handle(), chunk.data(), chunk.size(), MSG_NOSIGNAL) < 0) break;
    }
    const std::uint64_t bytes = received;
    const std::chrono::duration<double> took = SteadyClock::now() - began;
    shutdown(sender->handle(), SHUT_RDWR);
    reader.join();
    return static_cast<double>(bytes) / took.count();
  }

  /// Connections a second that are opened, accepted and ended one after another.
  Result<double> new_connections(std::chrono::milliseconds time) const {
    NAKADACHI_TRY(const auto listening, listen());
    std::thread acceptor([&] {
      for (;;) {
        const int accepted = accept(listening->handle(), nullptr, nullptr);
        if (accepted < 0) return;
        close_at_once(accepted);
      }
    });
    std::uint64_t count = 0;
    const sockaddr_in there = at(to_);
    const auto began = SteadyClock::now();
    lab_.inside(lab_.layout().box_at(from_), [&] {
      do {
        const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto* const address = reinterpret_cast<const sockaddr*>(&there);
        if (::connect(socket, address, sizeof there) == 0) ++count;
        close_at_once(socket);
      } while (SteadyClock::now() - began < time);
    });
    const std::chrono::duration<double> took = SteadyClock::now() - began;
    shutdown(listening->handle(), SHUT_RDWR);
    acceptor.join();
    return static_cast<double>(count) / took.count();
  }

 private:
  Site(std::unique_ptr<walls::World> world, Lab lab, walls::Address from, walls::Address to)
      : world_(std::move(world)), lab_(std::move(lab)), from_(from), to_(to) {}

  static Error problem(const char* what) {
    return {.code = ErrorCode::kLinkDown,
            .detail = fmt::format("{}: {}", what, std::strerror(errno))};
  }

  Result<std::unique_ptr<Socket>> listen() const {
    return lab_.inside(lab_.layout().box_at(to_), [&]() -> Result<std::unique_ptr<Socket>> {
      auto socket = std::make_unique<Socket>(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const int yes = 1;
      setsockopt(socket->handle(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
      const sockaddr_in here = at(to_);
      if (bind(socket->handle(), reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0 ||
          ::listen(socket->handle(), SOMAXCONN) != 0) {
        return problem("listen");
      }
      return socket;
    });
  }

  Result<std::unique_ptr<Socket>> connect() const {
    return lab_.inside(lab_.layout().box_at(from_), [&]() -> Result<std::unique_ptr<Socket>> {
      auto socket = std::make_unique<Socket>(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const sockaddr_in there = at(to_);
      if (::connect(socket->handle(), reinterpret_cast<const sockaddr*>(&there), sizeof there) !=
          0) {
        return problem("connect");
      }
      return socket;
    });
  }

  std::unique_ptr<walls::World> world_;  // the lab's layout refers to it
  Lab lab_;
  walls::Address from_;
  walls::Address to_;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// The median over rounds: what slows the machine for a while slows both runs of a round.
double ratio(const std::vector<double>& all, const std::vector<double>& one) {
  std::vector<double> ratios;
  ratios.reserve(all.size());
  for (std::size_t round = 0; round < all.size(); ++round)
    ratios.push_back(all[round] / one[round]);
  return median(std::move(ratios));
}

struct Runs {
  std::vector<double> throughput;
  std::vector<double> new_connections;
};

Result<void> measure(const Site& site, std::chrono::milliseconds time, Runs& runs) {
  NAKADACHI_TRY(const double bytes, site.throughput(time));
  NAKADACHI_TRY(const double connections, site.new_connections(time));
  runs.throughput.push_back(bytes);
  runs.new_connections.push_back(connections);
  return {};
}

nlohmann::json to_json(const Runs& runs) {
  return {{"bytes_per_s", median(runs.throughput)},
          {"new_connections_per_s", median(runs.new_connections)},
          {"bytes_per_s_runs", runs.throughput},
          {"new_connections_per_s_runs", runs.new_connections}};
}

}  // namespace

Result<void> run_walls(const WallsOptions& options) {
  NAKADACHI_TRY(const Site all, Site::build(options.towns));
  NAKADACHI_TRY(const Site one, Site::build(1));
  Runs of_all;
  Runs of_one;
  const std::chrono::milliseconds time(options.run_ms);
  for (std::uint64_t round = 0; round < options.rounds; ++round) {
    // Who is first changes, so that neither always finds the warmer machine.
    const bool all_first = round % 2 == 0;
    NAKADACHI_CHECK(measure(all_first ? all : one, time, all_first ? of_all : of_one));
    NAKADACHI_CHECK(measure(all_first ? one : all, time, all_first ? of_one : of_all));
  }
  const double throughput = ratio(of_all.throughput, of_one.throughput);
  const double connections = ratio(of_all.new_connections, of_one.new_connections);
  const bool passed = throughput >= kLeastRatio && connections >= kLeastRatio;
  fmt::print("{:>24} {:>12} {:>20}\n", "medians of runs (IPv4)", "MB/s", "connections/s");
  for (const auto& [towns, runs] : {std::pair(options.towns, &of_all), {std::size_t{1}, &of_one}}) {
    fmt::print("{:>18} towns {:>12.0f} {:>20.0f}\n", towns, median(runs->throughput) / 1e6,
               median(runs->new_connections));
  }
  fmt::print("{:>24} {:>12.3f} {:>20.3f}\n", "median of ratios", throughput, connections);
  fmt::print("{}: both at least {:.2f}\n", passed ? "passed" : "NOT PASSED", kLeastRatio);
  if (options.json_file.empty()) return {};
  const nlohmann::json result = {{"throughput_ratio", throughput},
                                 {"new_connections_ratio", connections},
                                 {"least_ratio", kLeastRatio},
                                 {"passed", passed},
                                 {"family", "ipv4"},
                                 {"towns", options.towns},
                                 {"rounds", options.rounds},
                                 {"run_ms", options.run_ms},
                                 {"all_towns", to_json(of_all)},
                                 {"one_town", to_json(of_one)}};
  return apps::write_private_file(options.json_file, result.dump(2) + "\n");
}

}  // namespace nakadachi::bench
