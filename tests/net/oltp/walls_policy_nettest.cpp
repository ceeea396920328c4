// What the model of the network closes stays closed at the doors, by the processes themselves.

#include "apps/common/walls_policy.hpp"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>

#include "apps/common/run_program.hpp"
#include "apps/common/walls_file.hpp"
#include "nakadachi/client/client.hpp"
#include "tests/net/socket/helpers.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/live_pool.hpp"
#include "tests/support/walls_models.hpp"

using namespace nakadachi;
using socket::helpers::eventually;
using testing::LivePool;
using testing::Universe;

namespace {

constexpr std::int64_t kPatienceMs = 60'000;

apps::WallsPolicy policy() {
  auto model = apps::parse_walls(walls::testing::kLoopbackWalls, "loopback");
  INFO((model ? "" : model.error().detail));
  REQUIRE(model.ok());
  auto made = apps::WallsPolicy::make(
      *std::move(model), "node",
      {std::chrono::year{2026}, std::chrono::month{11}, std::chrono::day{22}});
  REQUIRE(made.ok());
  return *std::move(made);
}

const apps::WallsEnd kDoor{"oltp.endpoint", "tcp://127.0.0.1:5701", true};

std::unique_ptr<client::Client> first_system_at(const LivePool& pool, const std::string& address) {
  const std::string& endpoint = pool.oltp_endpoint();
  auto made = client::Client::connect(
      {.endpoint = "tcp://" + address + ":0;" + endpoint.substr(endpoint.rfind('/') + 1),
       .server_key = pool.oltp_keys.public_key(),
       .keys = pool.system_keys[0],
       .receipts = pool.receipts(),
       .ask_again_after_ms = 200});
  REQUIRE(made.ok());
  return *std::move(made);
}

exchange::Query query_between_towns(const LivePool& pool, SeededRandom& random) {
  while (true) {
    exchange::Query query = pool.universe.make_query(0, SystemClock().now(), random);
    const Universe::Expected expected = pool.universe.expected(query);
    query.key = client::Client::make_key();
    if (expected.outcome == exchange::Outcome::kAnswered && Universe::system_of(query) == 0 &&
        !Universe::is_live(query) && !Universe::is_within_body(query) &&
        !pool.universe.waits_for_staff(query)) {
      return query;
    }
  }
}

bool is_served(LivePool& pool, client::Client& client, SeededRandom& random,
               std::int64_t patience_ms = kPatienceMs) {
  const auto reply = client.ask_and_wait(query_between_towns(pool, random), patience_ms);
  return reply.ok() && reply->concluded;
}

}  // namespace

TEST_CASE("a business system is served from where the model lets it come, and nowhere else",
          "[live]") {
  const apps::WallsPolicy walls = policy();
  CHECK(walls.contradictions(std::array{kDoor}).empty());
  LivePool pool;
  pool.stop_node();
  pool.systems_may_come_from = walls.door(kDoor).callers();
  pool.start_node();
  SeededRandom random(31);
  const auto first_town = first_system_at(pool, "127.0.64.10");
  const auto second_town = first_system_at(pool, "127.0.65.10");
  const auto neighbour = first_system_at(pool, "127.0.64.11");
  CHECK(is_served(pool, *first_town, random));
  CHECK(is_served(pool, *second_town, random));  // its key is not tied to a place yet
  CHECK_FALSE(is_served(pool, *neighbour, random, 1'000));
  CHECK(neighbour->counters().connected == 0);

  oltp::Callers callers = pool.callers();
  const auto place = walls.door(kDoor).callers_at("business@011002");
  REQUIRE(place.ok());
  callers.systems.front().may_come_from = *place;
  const auto replaced = pool.node().replace_callers(std::move(callers));
  REQUIRE(replaced.ok());
  CHECK(is_served(pool, *first_town, random));
  CHECK_FALSE(is_served(pool, *second_town, random, 1'000));
  CHECK(second_town->counters().connected == 1);
}

TEST_CASE("a key that is newly tied to a place is cut elsewhere, and its system told where it is",
          "[live]") {
  const apps::WallsPolicy walls = policy();
  LivePool pool;
  SeededRandom random(32);
  const auto stolen = first_system_at(pool, "127.0.65.10");
  REQUIRE(is_served(pool, *stolen, random));
  const std::size_t rows_before = pool.stored_rows();

  // Under way when the key gets its place: the answers cannot come yet.
  pool.stop_gateway();
  std::vector<exchange::Query> asked;
  std::vector<std::future<Result<exchange::Reply>>> told;
  for (int i = 0; i < 5; ++i) {
    asked.push_back(query_between_towns(pool, random));
    told.push_back(stolen->ask(asked.back()));
  }
  REQUIRE(eventually([&] { return pool.stored_rows() == rows_before + asked.size(); }));
  const auto replies_before = stolen->counters().replies;
  oltp::Callers callers = pool.callers();
  const auto place = walls.door(kDoor).callers_at("business@011002");
  REQUIRE(place.ok());
  callers.systems.front().place = "business@011002";
  callers.systems.front().may_come_from = *place;
  const auto replaced = pool.node().replace_callers(std::move(callers));
  REQUIRE(replaced.ok());
  pool.start_gateway();

  const auto at_its_place = first_system_at(pool, "127.0.64.10");
  for (const exchange::Query& query : asked) {
    const auto reply = at_its_place->ask_and_wait(query, kPatienceMs);
    REQUIRE(reply.ok());
    CHECK(reply->answer == pool.universe.expected(query).answer);
  }
  CHECK(pool.stored_rows() == rows_before + 3 * asked.size());
  // The connection that stood was given nothing of it, was cut and not let in again.
  CHECK(stolen->counters().replies == replies_before);
  CHECK_FALSE(is_served(pool, *stolen, random, 1'500));
  CHECK(stolen->counters().replies == replies_before);
  CHECK(stolen->counters().connected == 1);
  stolen->close();
  for (auto& one : told) CHECK_FALSE(one.get().ok());
}

TEST_CASE("a process that the model contradicts does not start, and says why", "[live]") {
  std::string directory =
      (std::filesystem::temp_directory_path() / "nakadachi-walls-XXXXXX").string();
  REQUIRE(mkdtemp(directory.data()) != nullptr);
  std::ofstream(directory + "/town.toml") << walls::testing::kLoopbackWalls;
  std::ofstream(directory + "/gateway.toml") << R"(
[nodes]
endpoint = "tcp://127.0.0.2:5702"
key_file = "gateway.curve"
keys = "nodes.tsv"
[national]
endpoint = "tcp://127.0.0.3:5703"
public_key = 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7'
key_file = "national.curve"
[walls]
model = "town.toml"
host = "gateway"
)";
  const auto end = apps::run_program({std::string(NAKADACHI_BIN_DIR) + "/nakadachi", "gateway",
                                      "--config", directory + "/gateway.toml"},
                                     "");
  std::filesystem::remove_all(directory);
  REQUIRE(end.ok());
  CAPTURE(end->complaint);
  CHECK(end->status != 0);
  using Catch::Matchers::ContainsSubstring;
  CHECK_THAT(end->complaint, ContainsSubstring("nodes.endpoint = tcp://127.0.0.2:5702: no flow "
                                               "leads to tcp/5702 of host gateway; flow link was "
                                               "good until 2020-03-31"));
  CHECK_THAT(end->complaint,
             ContainsSubstring("national.endpoint = tcp://127.0.0.3:5703: no flow leads from "
                               "127.0.0.2 to tcp/5703 of others in core"));
}
