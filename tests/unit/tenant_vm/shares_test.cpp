#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"
#include "tests/support/quiet_pool.hpp"

using namespace nakadachi;
using testing::QuietPool;
using testing::Universe;

namespace {

constexpr std::size_t kFlooder = 0;  // institutions of different towns
constexpr std::size_t kQuiet = 2;
constexpr std::uint64_t kQuietQueries = 200;
constexpr std::uint64_t kFloodQueries = 1'900;

std::vector<exchange::Query> queries(QuietPool& pool, std::size_t system, std::uint64_t count) {
  std::vector<exchange::Query> made;
  while (made.size() < count) {
    exchange::Query query = pool.universe.make_query(system, pool.now, pool.random);
    // Of those only that come to be asked.
    if (pool.universe.expected(query).outcome == exchange::Outcome::kRefused) continue;
    made.push_back(std::move(query));
  }
  return made;
}

/// Trains in which questions of each town became durable.
struct AskedTrains {
  explicit AskedTrains(const QuietPool& pool) {
    for (const auto& [key, row] : pool.store.rows()) {
      if (row.step != storage::Step::kAsked) continue;
      auto& trains = std::get<TenantId>(key) == pool.universe.tenant(0) ? of_flooder : of_quiet;
      trains.push_back(row.train);
    }
    std::sort(of_flooder.begin(), of_flooder.end());
    std::sort(of_quiet.begin(), of_quiet.end());
  }
  std::vector<TrainNumber> of_flooder;
  std::vector<TrainNumber> of_quiet;
};

}  // namespace

TEST_CASE("of a lane that is flooded by one town another one has its half", "[tenant_vm]") {
  QuietPool pool;
  tenant_vm::NodeSetup setup = pool.universe.node_setup({0, 1}, *pool.node_signer);
  for (tenant_vm::PartitionSetup& partition : setup.partitions) partition.lane = LaneId{1};
  pool.start_node(std::move(setup));

  const auto flood = queries(pool, kFlooder, kFloodQueries);
  const auto quiet = queries(pool, kQuiet, kQuietQueries);
  TrainNumber first_train;
  pool.on_append = [&](const storage::Train& train) {
    // The quiet town asks when the flood has long been waiting.
    if (std::exchange(first_train, train.number) == TrainNumber{}) pool.ask(kQuiet, quiet);
    return pool.store.append(train);
  };
  pool.ask(kFlooder, flood);

  const AskedTrains asked(pool);
  REQUIRE(asked.of_quiet.size() == kQuietQueries);
  // What of the flood went before had been taken before the other town asked.
  const TrainNumber first = asked.of_quiet.front();
  const TrainNumber last = asked.of_quiet.back();
  REQUIRE(first > asked.of_flooder.front());
  const auto beside =
      std::count_if(asked.of_flooder.begin(), asked.of_flooder.end(),
                    [&](TrainNumber train) { return train >= first && train <= last; });
  CAPTURE(beside);
  // As much as the quiet town, and the rest of the trains they had in common.
  CHECK(beside <= static_cast<std::int64_t>(kQuietQueries + limits::kMaxTrainRows));
  CHECK(asked.of_flooder.back() > last);
}

TEST_CASE("what a town asks above its rate is turned away, told when to come again",
          "[tenant_vm]") {
  constexpr std::uint32_t kBurst = 5;
  QuietPool pool;
  tenant_vm::NodeSetup setup = pool.universe.node_setup({0, 1}, *pool.node_signer);
  setup.partitions[0].quota.rate_per_s = 2;
  setup.partitions[0].quota.burst = kBurst;
  pool.start_node(std::move(setup));

  const auto flood = queries(pool, kFlooder, 3 * kBurst);
  const auto turned_away = [&](const std::vector<exchange::Reply>& replies) {
    return std::count_if(replies.begin(), replies.end(), [](const exchange::Reply& reply) {
      return reply.code == ErrorCode::kRateLimited && !reply.concluded && reply.retry_after_ms > 0;
    });
  };
  CHECK(turned_away(pool.ask(kFlooder, flood)) == 2 * kBurst);
  CHECK(pool.errors(ErrorCode::kRateLimited) == 2 * kBurst);
  CHECK(AskedTrains(pool).of_flooder.size() == kBurst);  // no row of the others
  // The other town is not concerned, and a second later two more may come.
  CHECK(turned_away(pool.ask(kQuiet, queries(pool, kQuiet, 3 * kBurst))) == 0);
  pool.pass(1'000);
  CHECK(turned_away(pool.ask(kFlooder, queries(pool, kFlooder, kBurst))) == kBurst - 2);
}
