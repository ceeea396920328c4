#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "nakadachi/client/receipt_check.hpp"
#include "nakadachi/gateway/gateway_service.hpp"
#include "nakadachi/national/national_service.hpp"
#include "nakadachi/oltp/node_service.hpp"
#include "nakadachi/storage/memory_store.hpp"
#include "tests/support/universe.hpp"

namespace nakadachi::testing {

/// One `MemoryStore` for the several connections of a node.
class SharedStore final : public storage::ExchangeStore {
 public:
  struct Kept {
    std::mutex mutex;
    storage::MemoryStore store;
  };
  explicit SharedStore(std::shared_ptr<Kept> kept) : kept_(std::move(kept)) {}

  Result<storage::LaneGrant> take_lane(LaneId lane, std::string_view writer) override;
  storage::AppendResult append(const storage::Train& train) override;
  Result<storage::TrainFate> read_back(LaneId lane, Epoch epoch, TrainNumber number) override;
  Result<std::vector<storage::StoredStep>> find(TenantId tenant,
                                                const ExchangeId& exchange) override;
  Result<std::vector<storage::StoredStep>> scan(TenantId tenant, std::uint32_t from_bucket,
                                                const std::optional<ExchangeId>& after,
                                                std::size_t limit) override;
  Result<std::vector<storage::Holding>> scan_holdings(
      TenantId tenant, const std::optional<std::pair<storage::Section, HoldingKey>>& after,
      std::size_t limit) override;
  Result<std::vector<storage::StoredChange>> scan_changes(TenantId tenant,
                                                          std::uint32_t from_bucket,
                                                          const std::optional<ExchangeId>& after,
                                                          std::size_t limit) override;
  Result<std::optional<storage::StoredChange>> find_change(TenantId tenant,
                                                           const ExchangeId& change) override;
  Result<std::vector<storage::LogEntry>> scan_log(TenantId tenant, std::uint64_t from_number,
                                                  std::size_t limit) override;
  Result<std::optional<storage::Checkpoint>> last_checkpoint(TenantId tenant) override;
  Result<std::optional<storage::StoredTrain>> find_train(LaneId lane, TrainNumber number) override;
  Result<std::vector<storage::StoredTrain>> scan_trains(LaneId lane, TrainNumber from,
                                                        std::size_t limit) override;
  Result<void> keep_delegations(TenantId tenant,
                                std::span<const storage::KeptDelegation> delegations) override;
  Result<storage::StoredProof> find_proof(TenantId tenant, LaneId lane, TrainNumber number,
                                          std::uint64_t entry_number,
                                          const InstitutionCode& wished) override;

 private:
  std::shared_ptr<Kept> kept_;
};

/// A live node, gateway and national system on loopback, each on a thread of its
/// own, over a store in memory. Both towns of the universe are on the node.
class LivePool {
 public:
  /// `rate`: of one holder of keys, at each door of the node.
  explicit LivePool(socket::RateLimit rate = {});
  ~LivePool();

  void start_node();
  void stop_node();
  /// Those of the start: each institution's key, at both doors.
  oltp::Callers callers() const;
  oltp::NodeService& node() { return *node_; }
  void start_gateway();
  void stop_gateway();

  const std::string& oltp_endpoint() const { return oltp_endpoint_; }
  const std::string& admin_endpoint() const { return admin_endpoint_; }
  const std::string& gateway_endpoint() const { return gateway_endpoint_; }
  const std::string& national_endpoint() const { return national_endpoint_; }
  std::size_t stored_rows();     ///< of exchanges
  std::size_t stored_changes();  ///< of what the towns hold
  /// What clients check receipts with. Outlived by the pool.
  std::shared_ptr<client::ReceiptCheck> receipts() const;

  Universe universe;
  socket::CurveKeyPair oltp_keys;
  socket::CurveKeyPair gateway_keys;
  socket::CurveKeyPair national_keys;
  socket::CurveKeyPair link_keys;                 ///< the node's at the gateway
  socket::CurveKeyPair second_link_keys;          ///< another node's at the gateway
  socket::CurveKeyPair uplink_keys;               ///< the gateway's at the national system
  socket::CurveKeyPair second_uplink_keys;        ///< another gateway's
  std::vector<socket::CurveKeyPair> system_keys;  ///< of an institution, at both doors
  socket::AddressCheck systems_may_come_from;     ///< of a node that is started from now on

 private:
  socket::RateLimit rate_;
  std::shared_ptr<SharedStore::Kept> store_;
  std::unique_ptr<crypto::Signer> node_signer_;
  std::unique_ptr<national::NationalService> national_;
  std::unique_ptr<gateway::GatewayService> gateway_;
  std::unique_ptr<oltp::NodeService> node_;
  std::thread national_thread_;
  std::thread gateway_thread_;
  std::thread node_thread_;
  std::string oltp_endpoint_ = "tcp://127.0.0.1:*";
  std::string admin_endpoint_ = "tcp://127.0.0.1:*";
  std::string gateway_endpoint_ = "tcp://127.0.0.1:*";
  std::string national_endpoint_;
};

}  // namespace nakadachi::testing
