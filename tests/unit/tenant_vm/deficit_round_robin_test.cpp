#include "nakadachi/tenant_vm/deficit_round_robin.hpp"

#include <array>
#include <map>

#include "nakadachi/tenant_vm/token_bucket.hpp"
#include "tests/support/catch.hpp"

using namespace nakadachi;
using tenant_vm::DeficitRoundRobin;
using Served = DeficitRoundRobin::Served;

namespace {

/// Flows with a number of pieces of work each, and what was done for whom.
struct Worker {
  std::map<std::size_t, std::size_t> left;
  std::map<std::size_t, std::size_t> done;

  Served operator()(std::size_t flow) {
    if (left[flow] == 0) return Served::kEmpty;
    --left[flow];
    ++done[flow];
    return Served::kOne;
  }
};

}  // namespace

TEST_CASE("a flood of one flow leaves another's share alone", "[tenant_vm]") {
  DeficitRoundRobin fair;
  const std::size_t flood = fair.add_flow(1);
  const std::size_t quiet = fair.add_flow(1);
  Worker worker;
  worker.left = {{flood, 1'000'000}, {quiet, 400}};
  fair.activate(flood);
  fair.activate(quiet);
  CHECK(fair.run(800, std::ref(worker)) == 800);
  CHECK(worker.done[quiet] == 400);
  CHECK(worker.done[flood] == 400);
}

TEST_CASE("work is shared by weight", "[tenant_vm]") {
  DeficitRoundRobin fair;
  const std::size_t small = fair.add_flow(1);
  const std::size_t large = fair.add_flow(3);
  Worker worker;
  worker.left = {{small, 100'000}, {large, 100'000}};
  fair.activate(small);
  fair.activate(large);
  for (int i = 0; i < 40; ++i) fair.run(100, std::ref(worker));
  CHECK(worker.done[small] + worker.done[large] == 4'000);
  CHECK(worker.done[large] > 2 * worker.done[small]);
  CHECK(worker.done[large] < 4 * worker.done[small]);
}

TEST_CASE("a late flow gets its share at once", "[tenant_vm]") {
  DeficitRoundRobin fair;
  const std::size_t flood = fair.add_flow(1);
  const std::size_t late = fair.add_flow(1);
  Worker worker;
  worker.left = {{flood, 1'000'000}, {late, 10}};
  fair.activate(flood);
  fair.run(500, std::ref(worker));
  fair.activate(late);
  fair.run(40, std::ref(worker));
  CHECK(worker.done[late] == 10);
}

TEST_CASE("a blocked flow keeps its place and does not stop the others", "[tenant_vm]") {
  DeficitRoundRobin fair;
  const std::size_t blocked = fair.add_flow(1);
  const std::size_t free = fair.add_flow(1);
  fair.activate(blocked);
  fair.activate(free);
  bool open = false;
  std::array<std::size_t, 2> done{};
  const auto serve = [&](std::size_t flow) {
    if (flow == blocked && !open) return Served::kBlocked;
    ++done[flow];
    return Served::kOne;
  };
  CHECK(fair.run(50, serve) == 50);
  CHECK(done[free] == 50);
  open = true;
  fair.run(50, serve);
  CHECK(done[blocked] > 0);
}

TEST_CASE("when everybody is blocked the scheduler ends", "[tenant_vm]") {
  DeficitRoundRobin fair;
  for (int i = 0; i < 3; ++i) fair.activate(fair.add_flow(1));
  CHECK(fair.run(100, [](std::size_t) { return Served::kBlocked; }) == 0);
}

TEST_CASE("a token bucket lets the rate through and says how long to wait", "[tenant_vm]") {
  tenant_vm::TokenBucket bucket(100, 10);
  Timestamp now{1'000'000};
  int taken = 0;
  for (int i = 0; i < 50; ++i) taken += bucket.take(now) ? 1 : 0;
  CHECK(taken == 10);
  CHECK(bucket.wait_ms() == 10);
  for (int ms = 0; ms < 1'000; ++ms) taken += bucket.take(now + ms) ? 1 : 0;
  CHECK(taken >= 108);
  CHECK(taken <= 110);
  CHECK(bucket.take(now + 1'000'000'000));
}

TEST_CASE("without a rate everything passes", "[tenant_vm]") {
  tenant_vm::TokenBucket bucket(0, 1);
  for (int i = 0; i < 1'000; ++i) CHECK(bucket.take(Timestamp{5}));
}
