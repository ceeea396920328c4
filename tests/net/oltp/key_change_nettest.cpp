// A business system and staff change their keys while they work.

#include <future>
#include <memory>

#include "nakadachi/admin/client.hpp"
#include "nakadachi/client/client.hpp"
#include "tests/net/socket/helpers.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/live_pool.hpp"

using namespace nakadachi;
using socket::helpers::eventually;
using testing::LivePool;
using testing::Universe;

namespace {

constexpr std::int64_t kChangePatienceMs = 60'000;

std::unique_ptr<client::Client> system_with(const LivePool& pool,
                                            const socket::CurveKeyPair& keys) {
  auto made = client::Client::connect({.endpoint = pool.oltp_endpoint(),
                                       .server_key = pool.oltp_keys.public_key(),
                                       .keys = keys,
                                       .receipts = pool.receipts(),
                                       .ask_again_after_ms = 200,
                                       .ask_again_most_ms = 500});
  REQUIRE(made.ok());
  return *std::move(made);
}

/// Queries of the first system that are answered by what the provider has registered.
exchange::Query simple_query(const LivePool& pool, SeededRandom& random) {
  while (true) {
    exchange::Query query = pool.universe.make_query(0, SystemClock().now(), random);
    const Universe::Expected expected = pool.universe.expected(query);
    const bool fits = expected.outcome == exchange::Outcome::kAnswered &&
                      Universe::system_of(query) == 0 && !Universe::is_live(query) &&
                      !Universe::is_within_body(query) && !pool.universe.waits_for_staff(query);
    if (!fits) continue;
    query.key = client::Client::make_key();
    return query;
  }
}

void check_answered(const LivePool& pool, const exchange::Query& query, client::Client& by) {
  const auto reply = by.ask_and_wait(query, kChangePatienceMs);
  REQUIRE(reply.ok());
  CHECK(reply->outcome == exchange::Outcome::kAnswered);
  CHECK(reply->answer == pool.universe.expected(query).answer);
  CHECK(reply->receipt != nullptr);
}

/// The first system's keys.
oltp::Callers with_keys(const LivePool& pool, const std::vector<oltp::SystemKey>& keys) {
  oltp::Callers callers = pool.callers();
  callers.systems.erase(callers.systems.begin());
  callers.systems.insert(callers.systems.end(), keys.begin(), keys.end());
  return callers;
}

}  // namespace

TEST_CASE("a system changes its key while it asks, and has every outcome once", "[live]") {
  LivePool pool;
  const auto& old_keys = pool.system_keys[0];
  const auto new_keys = socket::CurveKeyPair::make();
  const oltp::SystemKey old_key{.holder = {1}, .key = old_keys.public_key()};
  const oltp::SystemKey new_key{.holder = {1}, .key = new_keys.public_key()};
  SeededRandom random(21);
  const auto before = system_with(pool, old_keys);
  check_answered(pool, simple_query(pool, random), *before);

  // Both at once.
  REQUIRE(pool.node().replace_callers(with_keys(pool, {old_key, new_key})).ok());
  const auto after = system_with(pool, new_keys);
  check_answered(pool, simple_query(pool, random), *after);
  check_answered(pool, simple_query(pool, random), *before);
  const std::size_t rows_before = pool.stored_rows();

  // Questions that are under way when the old key goes: the answers cannot come yet.
  pool.stop_gateway();
  std::vector<exchange::Query> asked;
  std::vector<std::future<Result<exchange::Reply>>> told;
  for (int i = 0; i < 20; ++i) {
    asked.push_back(simple_query(pool, random));
    told.push_back(before->ask(asked.back()));
  }
  REQUIRE(eventually([&] { return pool.stored_rows() == rows_before + asked.size(); }));
  const auto replies_before = before->counters().replies;
  REQUIRE(pool.node().replace_callers(with_keys(pool, {new_key})).ok());
  pool.start_gateway();
  for (const exchange::Query& query : asked) check_answered(pool, query, *after);
  CHECK(pool.stored_rows() == rows_before + 3 * asked.size());

  // Nothing of it went to the old key, which was connected when it ended and never again.
  CHECK(before->counters().replies == replies_before);
  CHECK(before->counters().connected == 1);
  before->close();
  for (auto& one : told) CHECK_FALSE(one.get().ok());
}

TEST_CASE("a key of a system ends by itself while it is connected", "[live]") {
  LivePool pool;
  const auto new_keys = socket::CurveKeyPair::make();
  SeededRandom random(22);
  const auto before = system_with(pool, pool.system_keys[0]);
  const exchange::Query query = simple_query(pool, random);
  check_answered(pool, query, *before);
  const Timestamp over = SystemClock().now();
  REQUIRE(pool.node()
              .replace_callers(with_keys(pool, {{.holder = {1},
                                                 .key = pool.system_keys[0].public_key(),
                                                 .time = {.from = {}, .until = over}},
                                                {.holder = {1},
                                                 .key = new_keys.public_key(),
                                                 .time = {.from = over - 1'000, .until = {}}}}))
              .ok());
  CHECK_FALSE(before->ask_and_wait(simple_query(pool, random), 1'500).ok());
  CHECK(before->counters().replies == 1);
  const auto after = system_with(pool, new_keys);
  check_answered(pool, query, *after);  // what it had learnt before
  check_answered(pool, simple_query(pool, random), *after);
}

TEST_CASE("callers that contradict each other change nothing at the doors", "[live]") {
  LivePool pool;
  const auto new_keys = socket::CurveKeyPair::make();
  SeededRandom random(23);
  const auto system = system_with(pool, pool.system_keys[0]);
  oltp::Callers wrong = with_keys(pool, {{.holder = {1}, .key = new_keys.public_key()}});
  wrong.staff.push_back(wrong.staff.front());  // the last thing that is looked at
  const auto refused = pool.node().replace_callers(std::move(wrong));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kConfigInvalid);
  check_answered(pool, simple_query(pool, random), *system);
  CHECK(system->counters().connected == 1);
}

TEST_CASE("a key of staff that was revoked is refused at its next request", "[live]") {
  LivePool pool;
  const auto new_keys = socket::CurveKeyPair::make();
  const auto staff_with = [&](const socket::CurveKeyPair& keys) {
    auto made = admin::Client::connect({.endpoint = pool.admin_endpoint(),
                                        .server_key = pool.oltp_keys.public_key(),
                                        .keys = keys,
                                        .give_up_after_ms = 5'000});
    REQUIRE(made.ok());
    return *std::move(made);
  };
  const auto list_held = [&](admin::Client& client) {
    return client.ask({.institution = pool.universe.institution(0), .command = wire::ListHeld{}});
  };
  const auto before = staff_with(pool.system_keys[0]);
  REQUIRE(list_held(*before).ok());
  oltp::Callers callers = pool.callers();
  callers.staff.front().key = new_keys.public_key();
  const auto replaced = pool.node().replace_callers(std::move(callers));
  REQUIRE(replaced.ok());
  CHECK(list_held(*staff_with(new_keys)).ok());
  CHECK_FALSE(list_held(*before).ok());
  // The same key is still good at the door for business systems.
  SeededRandom random(24);
  check_answered(pool, simple_query(pool, random), *system_with(pool, pool.system_keys[0]));
}
