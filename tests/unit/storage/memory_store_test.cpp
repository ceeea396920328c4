#include "nakadachi/storage/memory_store.hpp"

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

Train train_of(const LaneGrant& grant, std::uint64_t number) {
  Train train;
  train.lane = LaneId{1};
  train.epoch = grant.epoch;
  train.number = TrainNumber{number};
  train.rows.resize(1);
  train.rows[0].tenant = TenantId{1};
  train.rows[0].exchange = first_id_of_bucket(static_cast<std::uint32_t>(number));
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
