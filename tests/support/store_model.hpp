#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "nakadachi/storage/exchange_store.hpp"
#include "tests/support/log_numbers.hpp"

namespace nakadachi::testing {

/// Lane 1 has the tenants 1 … 3, lane 2 the tenants 4 … 6; nobody ever takes another lane.
inline constexpr std::uint32_t kContractTenantsPerLane = 3;
inline constexpr std::uint16_t kContractLanes = 2;
inline constexpr std::uint32_t kContractTenants = kContractLanes * kContractTenantsPerLane;

/// How many there are of each, from 1 on.
inline constexpr std::uint64_t kStepKinds = 4;
inline constexpr std::uint64_t kSectionKinds = 8;
inline constexpr std::uint64_t kCauseKinds = 6;

/// How the maker of a train numbered it.
enum class Numbering : std::uint8_t {
  kGood,
  kMalformed,       ///< numbers, heads and checkpoints do not fit together
  kNoContinuation,  ///< well, but as if a log stood elsewhere
};

/// What a store that keeps the contract of `ExchangeStore` holds after the calls it was told of,
/// and what it answers to the next ones. Whoever calls tells it in the order of the calls.
class StoreModel {
 public:
  using StepKey = std::tuple<TenantId, ExchangeId, storage::Step>;
  using ChangeKey = std::pair<TenantId, ExchangeId>;
  using HoldingPlace = std::pair<storage::Section, HoldingKey>;

  /// What becomes of a train. `code` and `bad_row` are those of a failed one.
  struct Fate {
    storage::Commit commit = storage::Commit::kCommitted;
    ErrorCode code = ErrorCode::kInternal;
    std::optional<std::size_t> bad_row;
  };

  static StepKey key_of(const storage::StepRow& row);
  static ChangeKey key_of(const storage::ChangeRow& change);

  // --- calls

  storage::LaneGrant take(LaneId lane);
  /// Nothing: the lane is lost.
  std::optional<storage::TrainFate> read_back(LaneId lane, Epoch epoch, TrainNumber number);
  /// Changes nothing. The numbers of the train are as its maker says.
  Fate foretell(const storage::Train& train, Numbering numbering) const;
  /// The train was committed.
  void apply(const storage::Train& train);
  void keep(TenantId tenant, std::span<const storage::KeptDelegation> delegations);

  // --- what is there

  /// As it would be granted without a change of epoch; zeros when nobody has taken it.
  storage::LaneGrant lane(LaneId lane) const;
  const std::map<StepKey, storage::StoredStep>& steps() const { return steps_; }
  const std::map<ChangeKey, storage::StoredChange>& changes() const { return changes_; }
  std::vector<storage::StoredStep> steps_of(TenantId tenant, const ExchangeId& exchange) const;
  /// Of these times and greater than `after`, in order; as are those below.
  std::vector<storage::StoredStep> steps_of(TenantId tenant, std::uint32_t from_bucket,
                                            const std::optional<ExchangeId>& after) const;
  std::vector<storage::StoredChange> changes_of(TenantId tenant, std::uint32_t from_bucket,
                                                const std::optional<ExchangeId>& after) const;
  std::vector<storage::Holding> holdings_of(TenantId tenant,
                                            const std::optional<HoldingPlace>& after) const;
  const std::vector<storage::LogEntry>& log(TenantId tenant) const;
  LogSizes log_sizes() const;
  /// The greatest one that is not beyond this size.
  std::optional<storage::Checkpoint> checkpoint(TenantId tenant, std::uint64_t most_size) const;
  /// Number 1 first.
  const std::vector<storage::StoredTrain>& trains(LaneId lane) const;
  /// Of the steps and changes of the train, in their order.
  std::vector<Digest> leaves(const storage::StoredTrain& train) const;
  const std::vector<storage::KeptDelegation>& delegations(TenantId tenant) const;

 private:
  struct Lane {
    Epoch epoch;
    Epoch taken;  ///< the epoch the present writer began with
    TrainNumber last;
    std::uint32_t low_water_bucket = 0;
  };

  /// Of the row or change at that place among its kind.
  void apply_step(const storage::Train& train, std::size_t place);
  void apply_change(const storage::Train& train, std::size_t place);

  std::map<LaneId, Lane> lanes_;
  std::map<StepKey, storage::StoredStep> steps_;
  std::map<ChangeKey, storage::StoredChange> changes_;
  std::map<TenantId, std::map<HoldingPlace, Bytes>> holdings_;
  std::map<TenantId, std::vector<storage::LogEntry>> logs_;
  std::map<TenantId, std::vector<storage::Checkpoint>> checkpoints_;  // ascending by size
  std::map<TenantId, std::vector<storage::KeptDelegation>> delegations_;
  std::map<LaneId, std::vector<storage::StoredTrain>> trains_;
};

}  // namespace nakadachi::testing
