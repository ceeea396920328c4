#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "nakadachi/storage/exchange_store.hpp"

namespace nakadachi::storage {

/// How long one call may wait for a server that is connected but does not answer.
inline constexpr std::int64_t kDefaultCallTimeoutMs = 10 * 1000;

/// How to reach the database: one libpq connection string a login role.
struct PostgresLogins {
  std::string train;  ///< nakadachi_train: may add trains, steps and changes, reads nothing
  std::string node;   ///< nakadachi_node: reads one bound tenant at a time
  /// A call that takes longer is broken off: `append` ends as unknown (as failed
  /// while its data were still on their way), the others with `kStoreUnavailable`.
  /// Locks are waited for half as long.
  std::int64_t call_timeout_ms = kDefaultCallTimeoutMs;
};

/// `ExchangeStore` on PostgreSQL 15 or later. A train is one query string: BEGIN,
/// the train's row (which fences the lane), its changes, binary COPY, COMMIT. Connects when first
/// used and again after a broken connection, never inside a transaction.
///
/// No call blocks for ever. Logins that row-level security does not hold (superuser,
/// BYPASSRLS) are refused with `kConfigInvalid`, connection strings that are none too;
/// tables that do not fit the program (migrations missing) end in `kStoreFailed`.
class PostgresStore final : public ExchangeStore {
 public:
  explicit PostgresStore(PostgresLogins logins);
  ~PostgresStore() override;

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

 private:
  Result<std::vector<Digest>> leaves_of(LaneId lane, TrainNumber number);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nakadachi::storage
