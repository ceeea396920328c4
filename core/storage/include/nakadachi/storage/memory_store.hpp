#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "nakadachi/storage/exchange_store.hpp"

namespace nakadachi::storage {

/// `ExchangeStore` in memory, for simulations and tests. Faults are set by the
/// test: the next append can fail, or be applied or dropped with its
/// acknowledgement lost.
class MemoryStore final : public ExchangeStore {
 public:
  /// What happens to the next call of `append`.
  enum class Fault { kNone, kFail, kLoseAcknowledgement, kLoseTrain };

  Result<LaneGrant> take_lane(LaneId lane, std::string_view writer) override;
  AppendResult append(const Train& train) override;
  Result<TrainFate> read_back(LaneId lane, Epoch epoch, TrainNumber number) override;
  Result<std::vector<StoredStep>> find(TenantId tenant, const ExchangeId& exchange) override;
  Result<std::vector<StoredStep>> scan(TenantId tenant, std::uint32_t from_bucket,
                                       const std::optional<ExchangeId>& after,
                                       std::size_t limit) override;
  Result<std::vector<Holding>> scan_holdings(
      TenantId tenant, const std::optional<std::pair<Section, HoldingKey>>& after,
      std::size_t limit) override;
  Result<std::vector<StoredChange>> scan_changes(TenantId tenant, std::uint32_t from_bucket,
                                                 const std::optional<ExchangeId>& after,
                                                 std::size_t limit) override;
  Result<std::optional<StoredChange>> find_change(TenantId tenant,
                                                  const ExchangeId& change) override;
  Result<std::vector<LogEntry>> scan_log(TenantId tenant, std::uint64_t from_number,
                                         std::size_t limit) override;
  Result<std::optional<Checkpoint>> last_checkpoint(TenantId tenant) override;
  Result<std::optional<StoredTrain>> find_train(LaneId lane, TrainNumber number) override;
  Result<std::vector<StoredTrain>> scan_trains(LaneId lane, TrainNumber from,
                                               std::size_t limit) override;
  Result<void> keep_delegations(TenantId tenant,
                                std::span<const KeptDelegation> delegations) override;
  Result<StoredProof> find_proof(TenantId tenant, LaneId lane, TrainNumber number,
                                 std::uint64_t entry_number,
                                 const InstitutionCode& wished) override;

  /// Puts a holding there as if a change of long ago had left it.
  void put_holding(TenantId tenant, Holding holding);

  void set_next_fault(Fault fault) noexcept { next_fault_ = fault; }

  /// Everything stored, ascending by (tenant, exchange, step), for checks.
  using Key = std::tuple<TenantId, ExchangeId, Step>;
  const std::map<Key, StoredStep>& rows() const noexcept { return rows_; }
  using ChangeKey = std::pair<TenantId, ExchangeId>;
  const std::map<ChangeKey, StoredChange>& changes() const noexcept { return changes_; }
  using HoldingName = std::tuple<TenantId, Section, HoldingKey>;
  const std::map<HoldingName, Bytes>& holdings() const noexcept { return holdings_; }
  using TrainKey = std::pair<LaneId, TrainNumber>;
  const std::map<TrainKey, StoredTrain>& trains() const noexcept { return trains_; }

 private:
  struct LaneState {
    Epoch epoch;
    Epoch taken;  ///< the epoch the present writer began with
    TrainNumber last;
    std::uint32_t low_water_bucket = 0;
    std::string writer;
  };
  /// A tenant's log: what each number stands for, and checkpoints ascending by size.
  struct Log {
    std::vector<std::variant<Key, ChangeKey>> entries;
    std::vector<Checkpoint> checkpoints;
  };
  AppendResult apply(const Train& train);
  bool continues_logs(const Train& train) const;
  std::vector<Digest> leaves_of(const StoredTrain& train);
  std::optional<KeptDelegation> delegation_for(TenantId tenant, const StoredTrain& train,
                                               const InstitutionCode& wished) const;
  /// Rows and changes are stored already.
  void note_logs(const Train& train);

  Fault next_fault_ = Fault::kNone;
  std::map<LaneId, LaneState> lanes_;
  std::map<Key, StoredStep> rows_;
  std::map<ChangeKey, StoredChange> changes_;
  std::map<HoldingName, Bytes> holdings_;
  std::map<TrainKey, StoredTrain> trains_;
  std::map<TenantId, Log> logs_;
  std::map<TenantId, std::vector<KeptDelegation>> delegations_;
};

}  // namespace nakadachi::storage
