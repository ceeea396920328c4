#include <algorithm>
#include <map>
#include <set>

#include "nakadachi/records/receipt.hpp"
#include "nakadachi/storage/memory_store.hpp"
#include "nakadachi/tenant_vm/found_proof.hpp"
#include "nakadachi/wire/statements.hpp"
#include "tenant_vm/src/lane.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/quiet_pool.hpp"
#include "tests/support/same_receipt.hpp"

/// Receipts of trains that many tenants share, as they are made when the train has become
/// durable and when its rows are found again.
namespace nakadachi::tenant_vm {
namespace {

using exchange::Outcome;
using testing::kStart;
using testing::QuietPool;
using testing::Universe;

/// Both towns on one lane.
class Town {
 public:
  explicit Town(const Universe& universe)
      : node(universe.make_signer("node")), lane(LaneId{1}, *node), universe_(&universe) {
    const NodeSetup setup = universe.node_setup({0, 1}, *node);
    for (const PartitionSetup& partition : setup.partitions) {
      delegations.emplace(partition.tenant, partition.institutions[0].delegation);
    }
    for (const auto& [tenant, delegation] : delegations) {
      const storage::KeptDelegation kept{.institution = delegation.institution,
                                         .node_key = delegation.node_key,
                                         .from = delegation.from,
                                         .until = delegation.until,
                                         .signature = delegation.signature};
      REQUIRE(store.keep_delegations(tenant, {&kept, 1}).ok());
    }
    lane.open(*store.take_lane(LaneId{1}, "test"));
    lane.start();
  }

  void push_step(std::size_t town, SeededRandom& random) {
    PendingStep step;
    step.row.tenant = universe_->tenant(town);
    step.row.exchange = random.make<ExchangeId>();
    step.row.step = storage::Step::kConcluded;
    step.row.units.cause = Cause::kOwnQuery;
    step.row.salt = random.make<Salt>();
    step.item.statement.resize(40);
    random.fill(step.item.statement);
    step.row.leaf = crypto::leaf_hash(step.row.salt, 3, step.item.statement);
    lane.push(std::move(step), now);
  }

  void push_change(std::size_t town, SeededRandom& random) {
    PendingChange change;
    change.row.tenant = universe_->tenant(town);
    change.row.change = random.make<ExchangeId>();
    change.row.key = random.make<HoldingKey>();
    change.row.units.cause = Cause::kHoldings;
    change.row.leaf = random.make<Digest>();
    change.row.value = {1};
    lane.push(std::move(change), now);
  }

  Lane::Report depart() {
    now = now + limits::kTrainAgeMs;
    const auto train = lane.depart(now, 0);
    REQUIRE(train != nullptr);
    return lane.on_settled(store.append(*train), now);
  }

  std::unique_ptr<crypto::Signer> node;
  storage::MemoryStore store;
  std::map<TenantId, crypto::Delegation> delegations;
  Lane lane;
  Timestamp now = kStart;

 private:
  const Universe* universe_;
};

/// What proves the step when it is found in the store.
Result<records::Receipt> found(Town& town, const storage::StepRow& row, const Bytes& statement) {
  const storage::StoredStep step = town.store.rows().at({row.tenant, row.exchange, row.step});
  auto stored = town.store.find_proof(row.tenant, step.lane, step.train, step.number,
                                      town.delegations.at(row.tenant).institution);
  REQUIRE(stored.ok());
  NAKADACHI_TRY(const FoundProof proof, FoundProof::make(row.tenant, *std::move(stored)));
  NAKADACHI_TRY(const auto receipt, proof.receipt_of(row.tenant, step, statement));
  return *receipt;
}

TEST_CASE("steps of trains that tenants share have receipts that hold, also found again",
          "[tenant_vm]") {
  const Universe universe(5);
  Town town(universe);
  SeededRandom random(5);
  const auto registry = universe.registry();
  crypto::DelegationVerifier delegations(*registry, universe.verifier());
  crypto::BatchVerifier batches(universe.verifier());
  // Enough trains to get past a checkpoint of each log.
  for (int trains = 0; trains < 30; ++trains) {
    const std::size_t rows = 1 + random.below(trains % 3 == 0 ? 5 : 200);
    for (std::size_t i = 0; i < rows; ++i) {
      const std::size_t which = trains % 4 == 1 ? 0 : random.below(2);
      random.chance(200) ? town.push_change(which, random) : town.push_step(which, random);
    }
    Lane::Report report = town.depart();
    REQUIRE(report.train != nullptr);
    std::map<TenantId, const records::Witness*> witnesses;
    for (PendingRow& row : report.durable) {
      auto* const step = std::get_if<PendingStep>(&row.what);
      if (step == nullptr || !random.chance(100)) continue;
      const Bytes statement = step->item.statement;
      const auto receipt =
          report.train->receipt_of(step->row, statement, town.delegations.at(step->row.tenant));
      REQUIRE(records::check(*receipt, *registry, delegations, batches).ok());
      const auto* const witness = receipt->witness.get();
      CHECK(witnesses.try_emplace(step->row.tenant, witness).first->second == witness);
      const auto again = found(town, step->row, statement);
      REQUIRE(again.ok());
      testing::check_same(*again, *receipt);
    }
  }
  CHECK((*town.store.last_checkpoint(universe.tenant(0)))->size > 1'000);
}

TEST_CASE("what was changed in the store since its train was signed gets no receipt",
          "[tenant_vm]") {
  const Universe universe(5);
  Town town(universe);
  SeededRandom random(6);
  for (int i = 0; i < 4; ++i) town.push_step(static_cast<std::size_t>(i % 2), random);
  town.depart();
  for (int i = 0; i < 4; ++i) town.push_step(static_cast<std::size_t>(i % 2), random);
  town.depart();
  const TenantId tenant = universe.tenant(0);
  const auto good = *town.store.find_proof(tenant, LaneId{1}, TrainNumber{2}, 2,
                                           town.delegations.at(tenant).institution);
  REQUIRE(FoundProof::make(tenant, good).ok());
  const auto verdict = [&](const auto& change) {
    storage::StoredProof changed = good;
    change(changed);
    return FoundProof::make(tenant, std::move(changed)).error().code;
  };
  using P = storage::StoredProof;
  const auto step = [](P& proof, std::size_t i) -> storage::StoredStep& {
    return std::get<storage::StoredStep>(proof.entries.at(i));
  };
  using enum ErrorCode;
  CHECK(verdict([&](P& p) { step(p, 0).outcome = 1; }) == kLogHeadDiffers);
  CHECK(verdict([&](P& p) { step(p, 3).units.persons = 9; }) == kLogHeadDiffers);
  CHECK(verdict([&](P& p) { step(p, 3).train = TrainNumber{1}; }) == kLogHeadDiffers);
  CHECK(verdict([&](P& p) { p.entries.pop_back(); }) == kLogHeadDiffers);
  CHECK(verdict([&](P& p) { p.entries.erase(p.entries.begin()); }) == kLogGap);
  CHECK(verdict([&](P& p) { p.entries.clear(); }) == kLogGap);
  CHECK(verdict([&](P& p) { p.leaves.pop_back(); }) == kHeadNotInTrain);
  CHECK(verdict([&](P& p) { p.leaves[1].writable()[0] ^= 1; }) == kHeadNotInTrain);
  CHECK(verdict([&](P& p) { p.train.heads[1].root.writable()[0] ^= 1; }) != ErrorCode{});
}

TEST_CASE("an outcome asked for after a restart under a new node key has its receipt",
          "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  const exchange::Reply first = pool.ask(query);
  REQUIRE(first.receipt != nullptr);
  pool.node_signer = pool.universe.make_signer("node after the restart");
  pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
  const exchange::Reply again = pool.ask(query);
  CHECK(again == first);
  REQUIRE(again.receipt != nullptr);
  CHECK(again.receipt->entry == first.receipt->entry);
  CHECK(again.receipt->statement == first.receipt->statement);
  CHECK(again.receipt->witness->train == first.receipt->witness->train);
}

TEST_CASE("many who ask again at once cause one look-up a train", "[tenant_vm]") {
  QuietPool pool;
  std::vector<exchange::Query> queries;
  while (queries.size() < 60) {
    exchange::Query query = pool.universe.make_query(0, pool.now, pool.random);
    if (pool.universe.waits_for_staff(query) || Universe::is_live(query)) continue;
    queries.push_back(std::move(query));
  }
  pool.ask(0, queries);
  std::set<TrainNumber> trains;
  for (const auto& [key, row] : pool.store.rows()) {
    if (row.step == storage::Step::kConcluded) trains.insert(row.train);
  }
  std::size_t found = 0;
  pool.on_proof = [&](const auto&) { ++found; };
  const auto replies = pool.ask(0, queries);
  CHECK(replies.size() == queries.size());
  CHECK(std::ranges::all_of(replies, [](const auto& reply) { return reply.receipt != nullptr; }));
  CHECK(found == trains.size());
  CHECK(found < queries.size());
  CHECK(pool.ask(0, queries).size() == queries.size());
  CHECK(found == trains.size());  // and then none
}

TEST_CASE("an outcome whose receipt cannot be made now is told as unknown, then with it",
          "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  pool.ask(query);
  pool.on_proof = [](auto& found) { found = ErrorCode::kStoreUnavailable; };
  const exchange::Reply reply = pool.ask(query);
  CHECK_FALSE(reply.concluded);
  CHECK(reply.code == ErrorCode::kOutcomeUnknown);
  CHECK(reply.answer.empty());
  pool.on_proof = nullptr;
  CHECK(pool.ask(query).concluded);
}

TEST_CASE("an outcome of a log that was changed is not told again", "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  pool.ask(query);
  pool.on_proof = [](auto& found) {
    auto& step = std::get<storage::StoredStep>(found->entries.front());
    ++step.units.bytes_out;
  };
  const exchange::Reply reply = pool.ask(query);
  CHECK_FALSE(reply.concluded);
  CHECK(reply.code == ErrorCode::kLogHeadDiffers);
  CHECK(reply.answer.empty());
}

TEST_CASE("an outcome that nothing in the store proves any more is not told", "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  pool.ask(query);
  const ErrorCode lacks = GENERATE(ErrorCode::kLogHeadDiffers, ErrorCode::kDelegationInvalid);
  pool.on_proof = [lacks](auto& found) { found = lacks; };
  const exchange::Reply reply = pool.ask(query);
  CHECK_FALSE(reply.concluded);
  CHECK(reply.code == lacks);
  CHECK(reply.answer.empty());
}

}  // namespace
}  // namespace nakadachi::tenant_vm
