#include "nakadachi/tenant_vm/service_hours.hpp"

#include "nakadachi/tenant_vm/node_core.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/quiet_pool.hpp"
#include "tests/support/refused_apart.hpp"

using namespace nakadachi;
using tenant_vm::ServiceHours;

namespace {

constexpr std::int64_t kHourMs = 60 * ServiceHours::kMinuteMs;

/// A day's point in time by the clocks of Japan.
Timestamp in_japan(std::int64_t hour, std::int64_t minute = 0) {
  constexpr std::int64_t kMidnightMs = 20'000 * ServiceHours::kDayMs - 9 * kHourMs;
  return {kMidnightMs + hour * kHourMs + minute * ServiceHours::kMinuteMs};
}

}  // namespace

TEST_CASE("a town without hours is always open", "[tenant_vm]") {
  const ServiceHours hours;
  for (std::int64_t hour = 0; hour < 24; ++hour) CHECK(hours.wait_ms(in_japan(hour)) == 0);
}

TEST_CASE("hours are those of Japan and say how long it is until they begin", "[tenant_vm]") {
  const ServiceHours hours{.opens_at_min = 7 * 60, .closes_at_min = 22 * 60};
  CHECK(hours.wait_ms(in_japan(6, 59)) == ServiceHours::kMinuteMs);
  CHECK(hours.wait_ms(in_japan(7)) == 0);
  CHECK(hours.wait_ms(in_japan(21, 59)) == 0);
  CHECK(hours.wait_ms(in_japan(22)) == 9 * kHourMs);
  CHECK(hours.wait_ms(in_japan(0)) == 7 * kHourMs);
}

TEST_CASE("hours may go over midnight, or never begin", "[tenant_vm]") {
  const ServiceHours night{.opens_at_min = 20 * 60, .closes_at_min = 5 * 60};
  CHECK(night.wait_ms(in_japan(23)) == 0);
  CHECK(night.wait_ms(in_japan(4, 59)) == 0);
  CHECK(night.wait_ms(in_japan(5)) == 15 * kHourMs);
  const ServiceHours never{.opens_at_min = 0, .closes_at_min = 0};
  CHECK(never.wait_ms(in_japan(0)) == 24 * kHourMs);
}

TEST_CASE(
    "outside its hours a town's new queries are refused, which is recorded, and may come later",
    "[tenant_vm]") {
  testing::QuietPool pool;
  const exchange::Query known = pool.query_for(exchange::Outcome::kAnswered);
  const exchange::Reply before = pool.ask(known);
  const std::size_t rows = pool.store.rows().size();

  tenant_vm::NodeSetup setup = pool.universe.node_setup({0, 1}, *pool.node_signer);
  for (auto& partition : setup.partitions) {
    partition.quota.hours = {.opens_at_min = 0, .closes_at_min = 0};
  }
  pool.start_node(std::move(setup));
  const exchange::Query query = pool.query_for(exchange::Outcome::kAnswered);
  const Timestamp since = pool.now;
  for (int time = 0; time < 2; ++time) {
    const exchange::Reply reply = pool.ask(query);
    CHECK_FALSE(reply.concluded);
    CHECK(reply.code == ErrorCode::kClosedHours);
    CHECK(reply.retry_after_ms > 0);
    CHECK(pool.store.rows().size() == rows + 1);
  }
  testing::expect_refused_apart(pool, query, ErrorCode::kClosedHours, since);
  // What was asked in time is told at any time.
  CHECK(pool.ask(known) == before);
  // The refusal is not the outcome of the key.
  pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
  CHECK(pool.ask(query).outcome == exchange::Outcome::kAnswered);
  CHECK(pool.store.rows().size() == rows + 4);
}
