// SIGHUP makes a running node read its callers again: all of them, or none.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include "apps/common/demo_pool.hpp"
#include "apps/common/join_files.hpp"
#include "apps/common/text_table.hpp"
#include "nakadachi/client/client.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::int64_t kPatienceMs = 60'000;

/// Lines of the node's log that tell of `event`.
std::size_t told(const DemoPool& pool, std::string_view event, std::string_view with = "") {
  const auto text = read_file(pool.directory() + "/node.log");
  REQUIRE(text.ok());
  const auto lines = split(*text, '\n');
  return static_cast<std::size_t>(std::ranges::count_if(lines, [&](std::string_view line) {
    return line.find(fmt::format("\"{}\"", event)) != std::string_view::npos &&
           line.find(with) != std::string_view::npos;
  }));
}

/// Writes the systems, has them read, and waits until the log tells of `event` once more.
void read_again(DemoPool& pool, const std::string& systems, std::string_view event,
                std::string_view with) {
  const std::size_t before = told(pool, event, with);
  REQUIRE(write_private_file(pool.directory() + "/systems.tsv", systems).ok());
  REQUIRE(kill(pool.node().pid(), SIGHUP) == 0);
  for (int i = 0; i < 2'000 && told(pool, event, with) == before; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  REQUIRE(told(pool, event, with) == before + 1);
}

std::unique_ptr<client::Client> system_with(const DemoPool& pool,
                                            const socket::CurveKeyPair& keys) {
  auto made = client::Client::connect({.endpoint = pool.oltp_endpoint(),
                                       .server_key = pool.oltp_key(),
                                       .keys = keys,
                                       .registry = pool.registry(),
                                       .ask_again_after_ms = 500});
  REQUIRE(made.ok());
  return *std::move(made);
}

}  // namespace

TEST_CASE("SIGHUP: a node reads its systems again, and a wrong file changes nothing", "[demo]") {
  auto started = DemoPool::start({.towns = 2,
                                  .persons = 10,
                                  .acquire = false,
                                  .everything_answered = true,
                                  .program_directory = NAKADACHI_BIN_DIR},
                                 [](std::string_view) {});
  INFO((started ? "" : started.error().detail));
  REQUIRE(started.ok());
  DemoPool& pool = **started;
  std::uint64_t next = 0;
  const DemoResidents::PlannedQuery first = pool.residents().query(next);
  const auto ask = [&](client::Client& client) {
    DemoResidents::PlannedQuery planned = pool.residents().query(next++);
    while (planned.system != first.system || planned.subject.kind == DemoResidents::live_kind()) {
      planned = pool.residents().query(next++);
    }
    const auto reply = client.ask_and_wait(
        {client::Client::make_key(), planned.person, planned.subject}, kPatienceMs);
    REQUIRE(reply.ok());
    CHECK(reply->concluded);
  };
  const auto rows = read_systems(pool.directory() + "/systems.tsv");
  REQUIRE(rows.ok());
  const auto new_keys = socket::CurveKeyPair::make();
  auto both = *rows;
  both.push_back(both[first.system]);
  both.back().key = new_keys.public_key();
  auto only_new = *rows;
  only_new[first.system].key = new_keys.public_key();

  const auto before = system_with(pool, pool.systems()[first.system].keys);
  ask(*before);
  const auto after = system_with(pool, new_keys);
  read_again(pool, write_systems(both), "callers_replaced", "\"system_keys_came\":1");
  ask(*after);
  ask(*before);

  const std::string third = write_systems({both.back()});
  read_again(pool, write_systems(both) + third, "callers_not_replaced", "\"field\":\"key\"");
  ask(*after);
  ask(*before);
  read_again(pool, "nothing of the kind\n", "callers_not_replaced", "\"position\":1");
  ask(*before);

  read_again(pool, write_systems(only_new), "callers_replaced", "\"system_keys_went\":1");
  ask(*after);
  const auto replies = before->counters().replies;
  CHECK_FALSE(
      before->ask_and_wait({client::Client::make_key(), first.person, first.subject}, 1'500).ok());
  CHECK(before->counters().replies == replies);
}

}  // namespace nakadachi::apps
