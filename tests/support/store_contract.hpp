#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "nakadachi/base/random.hpp"
#include "nakadachi/storage/exchange_store.hpp"
#include "tests/support/random_trains.hpp"
#include "tests/support/store_choices.hpp"
#include "tests/support/store_model.hpp"

namespace nakadachi::testing {

/// A store to be tested, fresh, and a way to lose what it says.
class StoreUnderTest {
 public:
  /// What is lost of the next train.
  enum class Loss : std::uint8_t { kAcknowledgement, kTrain };

  virtual ~StoreUnderTest() = default;
  virtual storage::ExchangeStore& store() = 0;
  virtual void lose_next(Loss loss) = 0;
  /// A well-formed tenant that has not joined with the lane, where the store knows about that.
  virtual std::optional<TenantId> stranger() const { return std::nullopt; }
};

/// The contract of `ExchangeStore`, as random sequences of calls whose results a model foretells.
/// Every form of the store runs it.
class StoreContract {
 public:
  /// The same seed makes the same calls. `subject` is not owned.
  StoreContract(StoreUnderTest& subject, std::uint64_t seed)
      : subject_(subject),
        store_(subject.store()),
        random_(seed),
        any_(model_, random_),
        trains_(model_, random_, subject.stranger()) {}
  StoreContract(const StoreContract&) = delete;
  StoreContract& operator=(const StoreContract&) = delete;

  /// Makes that many calls, then reads everything.
  void run(std::size_t calls);

 private:
  void one_call();

  void take(LaneId lane);
  void ask_what_became(LaneId lane);
  void check_read_back(LaneId lane, Epoch epoch, TrainNumber number);
  void check_append(const RandomTrains::Made& made);
  void lose_and_ask(LaneId lane);
  void keep_delegations(TenantId tenant);

  void check_find();
  void check_find_change();
  void check_find_train(LaneId lane);
  void check_last_checkpoint();
  /// Of an entry of a log, or one behind it.
  void check_find_proof();
  void check_proof(const storage::StoredProof& proof, TenantId tenant, std::uint64_t number);

  // These read all pages from there on.
  void check_scan(TenantId tenant, std::uint32_t from_bucket, std::optional<ExchangeId> after,
                  std::size_t limit);
  void check_scan_changes(TenantId tenant, std::uint32_t from_bucket,
                          std::optional<ExchangeId> after, std::size_t limit);
  void check_scan_holdings(TenantId tenant, std::optional<StoreModel::HoldingPlace> after,
                           std::size_t limit);
  void check_scan_log(TenantId tenant, std::uint64_t from, std::size_t limit);
  void check_scan_trains(LaneId lane, TrainNumber from, std::size_t limit);

  StoreUnderTest& subject_;
  storage::ExchangeStore& store_;
  SeededRandom random_;
  StoreModel model_;
  StoreChoices any_;
  RandomTrains trains_;
};

}  // namespace nakadachi::testing
