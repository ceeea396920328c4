// SIGHUP makes running services read their callers and the law again: all of it, or nothing.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

#include "apps/common/demo_pool.hpp"
#include "apps/common/join_files.hpp"
#include "apps/common/text_table.hpp"
#include "nakadachi/client/client.hpp"
#include "nakadachi/exchange/outcome_text.hpp"
#include "tests/net/demo/small_pool.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::int64_t kPatienceMs = 60'000;

/// Lines of a program's log that tell of `event`.
std::size_t told(const DemoPool& pool, std::string_view event, std::string_view with = "",
                 const std::string& program = "node") {
  const auto text = read_file(pool.directory() + "/" + program + ".log");
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
  const auto small = small_pool();
  DemoPool& pool = *small;
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

TEST_CASE("SIGHUP: node and national system read the law again, and what is wrong changes nothing",
          "[demo]") {
  const auto small = small_pool();
  DemoPool& pool = *small;
  const auto read_again = [&](const std::string& program, std::string_view event,
                              std::string_view with = "") {
    INFO(program << " " << event << " " << with);
    const std::size_t before = told(pool, event, with, program);
    REQUIRE(kill((program == "node" ? pool.node() : pool.national()).pid(), SIGHUP) == 0);
    for (int i = 0; i < 2'000 && told(pool, event, with, program) == before; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    REQUIRE(told(pool, event, with, program) == before + 1);
  };
  // Of one mayor to another, as an ordinance of the asking town allows.
  std::uint64_t next = 0;
  auto planned = pool.residents().query(next);
  while (planned.system % 2 == 1) planned = pool.residents().query(++next);
  planned.subject.affair = DemoResidents::network_affair();
  planned.subject.kind = DemoResidents::own_kind();
  const auto system = system_with(pool, pool.systems()[planned.system].keys);
  const auto outcome = [&] {
    const auto reply = system->ask_and_wait(
        {client::Client::make_key(), planned.person, planned.subject}, kPatienceMs);
    REQUIRE(reply.ok());
    const bool refused = reply->outcome == exchange::Outcome::kRefused;
    return std::string(refused ? text_of(reply->code).name
                               : exchange::text_of(reply->outcome).name);
  };
  const auto write = [&](const std::string& name, const std::string& text) {
    REQUIRE(write_private_file(pool.directory() + "/" + name, text).ok());
  };
  const auto read = [&](const std::string& name) {
    return read_file(pool.directory() + "/" + name).value();
  };
  const std::string allowed = outcome();
  CHECK((allowed == "answered" || allowed == "no_data"));

  const std::string ordinances = read("ordinances.tsv");
  write("ordinances.tsv", "nothing of the kind\n");
  read_again("node", "law_not_replaced", "ordinances.tsv");
  CHECK(outcome() == allowed);
  write("ordinances.tsv", "# none\n");
  read_again("node", "law_replaced");
  CHECK(outcome() == "not_in_legal_table");
  write("ordinances.tsv", ordinances);
  read_again("node", "law_replaced");
  CHECK(outcome() == allowed);

  const std::string config = read("node.toml");
  write("node.toml", config + "\n[[law.table]]\nfrom = \"2020-01-01\"\nfile = \"other.tsv\"\n");
  read_again("node", "law_not_replaced", "other.tsv");
  CHECK(outcome() == allowed);
  write("node.toml", config);
  write("ordinances.tsv", ordinances.substr(0, ordinances.size() - 1));
  read_again("node", "law_not_replaced", "may have been cut");
  write("ordinances.tsv", ordinances);
  const std::string table = std::string(NAKADACHI_SOURCE_DIR) + "/data/legal_table.tsv";
  write("node.toml",
        config + "\n[[law.table]]\nfrom = \"2019-01-01\"\nuntil = \"2020-01-01\"\nfile = \"" +
            table + "\"\n");
  read_again("node", "law_not_replaced", "no legal table is in force");
  CHECK(outcome() == allowed);
  write("node.toml", config);

  const std::string violations = read("violations.tsv");
  write("violations.tsv", violations + planned.subject.asker.text() + "\t*\n");
  read_again("national", "law_replaced");
  CHECK(outcome() == "provision_suspended");
  write("violations.tsv", "half a\n");
  read_again("national", "law_not_replaced");
  CHECK(outcome() == "provision_suspended");
  write("violations.tsv", violations);
  read_again("national", "law_replaced");
  CHECK(outcome() == allowed);
}

TEST_CASE("SIGHUP: a gateway reads its nodes again, and a wrong file changes nothing", "[demo]") {
  const auto small = small_pool(300);
  DemoPool& pool = *small;
  const std::string file = pool.directory() + "/nodes.tsv";
  const auto rows = read_nodes(file);
  REQUIRE(rows.ok());
  const auto read_nodes_again = [&](const std::string& text, std::string_view event,
                                    std::string_view with) {
    const std::size_t before = told(pool, event, with, "gateway");
    REQUIRE(write_private_file(file, text).ok());
    REQUIRE(kill(pool.gateway().pid(), SIGHUP) == 0);
    for (int i = 0; i < 2'000 && told(pool, event, with, "gateway") == before; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    REQUIRE(told(pool, event, with, "gateway") == before + 1);
  };
  const auto system = system_with(pool, pool.systems()[pool.residents().query(0).system].keys);
  std::uint64_t next = 0;
  const auto next_query = [&] {
    while (pool.residents().query(next).system != pool.residents().query(0).system) ++next;
    const DemoResidents::PlannedQuery planned = pool.residents().query(next++);
    return exchange::Query{client::Client::make_key(), planned.person, planned.subject};
  };
  const auto is_told = [&](const exchange::Query& query, std::int64_t patience_ms = kPatienceMs) {
    const auto reply = system->ask_and_wait(query, patience_ms);
    return reply.ok() && reply->concluded && reply->outcome == exchange::Outcome::kAnswered;
  };
  REQUIRE(is_told(next_query()));

  // All or nothing: a third key of one node, half a row, nobody.
  const auto new_keys = socket::CurveKeyPair::make();
  auto both = *rows;
  both.push_back({.number = 1, .key = new_keys.public_key()});
  const std::string two = write_nodes(both);
  const std::string third =
      fmt::format("1\t{}\n", to_z85(socket::CurveKeyPair::make().public_key()));
  read_nodes_again(two + third, "nodes_not_replaced", "\"field\":\"number\"");
  read_nodes_again(two.substr(0, two.size() - 20), "nodes_not_replaced", "\"position\":3");
  read_nodes_again("", "nodes_not_replaced", "nobody is in it");
  REQUIRE(is_told(next_query()));

  // Both keys, then the new one only: what is asked meanwhile waits and is not lost.
  read_nodes_again(two, "nodes_replaced", "\"keys_came\":1");
  REQUIRE(is_told(next_query()));
  read_nodes_again(write_nodes({both.back()}), "nodes_replaced", "\"keys_went\":1");
  const exchange::Query waiting = next_query();
  CHECK_FALSE(is_told(waiting, 2'000));
  CHECK(told(pool, "door_refused", "\"door\":\"link\"", "gateway") > 0);
  pool.node().stop();
  std::filesystem::remove(pool.directory() + "/node-link.curve");
  REQUIRE(new_keys.save(pool.directory() + "/node-link.curve").ok());
  REQUIRE(pool.reopen().ok());
  const auto anew = system_with(pool, pool.systems()[pool.residents().query(0).system].keys);
  const auto reply = anew->ask_and_wait(waiting, kPatienceMs);
  REQUIRE(reply.ok());
  CHECK(reply->outcome == exchange::Outcome::kAnswered);

  // The key it has is over, which the file says; then it is not.
  both.back().time.until = Timestamp{0};
  read_nodes_again(write_nodes(both), "nodes_replaced", "\"keys\":2");
  const exchange::Query too_late = next_query();
  CHECK_FALSE(anew->ask_and_wait(too_late, 2'000).ok());
  both.back().time = {};
  read_nodes_again(write_nodes(both), "nodes_replaced", "\"keys\":2");
  CHECK(anew->ask_and_wait(too_late, kPatienceMs).ok());
}

}  // namespace nakadachi::apps
