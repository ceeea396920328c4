#include "nakadachi/storage/memory_store.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/log_numbers.hpp"
#include "tests/support/store_contract.hpp"

namespace nakadachi::storage {
namespace {

class MemoryUnderTest final : public testing::StoreUnderTest {
 public:
  ExchangeStore& store() override { return store_; }
  void lose_next(Loss loss) override {
    store_.set_next_fault(loss == Loss::kTrain ? MemoryStore::Fault::kLoseTrain
                                               : MemoryStore::Fault::kLoseAcknowledgement);
  }

 private:
  MemoryStore store_;
};

/// Of one step, numbered as the first of its tenant's log.
Train train_of(const LaneGrant& grant, std::uint64_t number) {
  SeededRandom random(number);
  Train train;
  train.lane = LaneId{1};
  train.epoch = grant.epoch;
  train.number = TrainNumber{number};
  train.rows.resize(1);
  train.rows[0].tenant = TenantId{1};
  train.rows[0].exchange = first_id_of_bucket(static_cast<std::uint32_t>(number));
  testing::number_train(train, {}, random);
  return train;
}

TEST_CASE("the store in memory keeps the contract of ExchangeStore") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    MemoryUnderTest subject;
    testing::StoreContract(subject, seed).run(400);
  }
}

TEST_CASE("a failed train of the store in memory leaves nothing and is not repeated as a fault") {
  MemoryStore store;
  const auto grant = store.take_lane(LaneId{1}, "test");
  REQUIRE(grant);
  store.set_next_fault(MemoryStore::Fault::kFail);
  const AppendResult failed = store.append(train_of(*grant, 1));
  CHECK(failed.commit == Commit::kFailed);
  CHECK(failed.error.code == ErrorCode::kStoreUnavailable);
  CHECK(store.rows().empty());
  CHECK(store.append(train_of(*grant, 1)).commit == Commit::kCommitted);
  CHECK(store.rows().size() == 1);
}

TEST_CASE("the store in memory refuses a train that states no heads, and keeps nothing of it") {
  MemoryStore store;
  const auto grant = store.take_lane(LaneId{1}, "test");
  REQUIRE(grant);
  Train train = train_of(*grant, 1);
  train.heads.clear();
  const AppendResult refused = store.append(train);
  CHECK(refused.commit == Commit::kFailed);
  CHECK(refused.error.code == ErrorCode::kStoreFailed);
  CHECK(refused.error.field == "heads");
  CHECK(!refused.bad_row);
  CHECK(store.rows().empty());
  CHECK(store.trains().empty());
  CHECK(store.append(train_of(*grant, 1)).commit == Commit::kCommitted);
}

TEST_CASE("the journal in memory keeps what an erased holding no longer has") {
  MemoryStore store;
  const auto grant = store.take_lane(LaneId{1}, "test");
  REQUIRE(grant);
  Train train = train_of(*grant, 1);
  train.changes = {{.tenant = TenantId{1},
                    .change = first_id_of_bucket(1),
                    .section = Section::kAcquisition,
                    .record = {1, 2},
                    .value = {3, 4}}};
  SeededRandom random(3);
  testing::number_train(train, {}, random);
  REQUIRE(store.append(train).commit == Commit::kCommitted);
  const MemoryStore::HoldingName name{TenantId{1}, Section::kAcquisition, HoldingKey{}};
  CHECK(store.holdings() == std::map<MemoryStore::HoldingName, Bytes>{{name, {3, 4}}});

  train = train_of(*grant, 2);
  train.rows.clear();
  train.changes = {{.tenant = TenantId{1},
                    .change = first_id_of_bucket(2),
                    .section = Section::kAcquisition,
                    .erase = true,
                    .record = {5}}};
  testing::number_train(train, {{TenantId{1}, 2}}, random);
  store.set_next_fault(MemoryStore::Fault::kLoseTrain);
  REQUIRE(store.append(train).commit == Commit::kUnknown);
  CHECK(store.holdings().size() == 1);
  CHECK(store.changes().size() == 1);
  REQUIRE(store.append(train).commit == Commit::kCommitted);
  CHECK(store.holdings().empty());
  REQUIRE(store.changes().size() == 2);
  CHECK(store.changes().at({TenantId{1}, first_id_of_bucket(1)}).record == Bytes{1, 2});
}

TEST_CASE("a writer's name that is too long is refused before the lane is touched") {
  MemoryStore store;
  const auto refused = store.take_lane(LaneId{1}, std::string(kMaxWriterBytes + 1, 'x'));
  REQUIRE(!refused);
  CHECK(refused.error().code == ErrorCode::kWrongLength);
  const auto grant = store.take_lane(LaneId{1}, std::string(kMaxWriterBytes, 'x'));
  REQUIRE(grant);
  CHECK(grant->epoch == Epoch{1});
}

}  // namespace
}  // namespace nakadachi::storage
