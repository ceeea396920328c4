#include "tests/support/live_pool.hpp"

#include <future>
#include <utility>

#include "nakadachi/base/assert.hpp"

namespace nakadachi::testing {
namespace {

/// Starts a service on a thread of its own, which runs it, and returns it.
template <class Service, class Start>
std::unique_ptr<Service> run_on(std::thread& thread, const Start& start) {
  std::promise<std::unique_ptr<Service>> promise;
  auto started = promise.get_future();
  thread = std::thread([promise = std::move(promise), start]() mutable {
    auto made = start();
    NAKADACHI_ASSERT(made.ok());
    Service* const running = (*made).get();
    promise.set_value(*std::move(made));
    static_cast<void>(running->run());
  });
  return started.get();
}

std::vector<socket::CurveKeyPair> make_system_keys() {
  std::vector<socket::CurveKeyPair> keys;
  for (std::size_t i = 0; i < kInstitutions; ++i) keys.push_back(socket::CurveKeyPair::make());
  return keys;
}

}  // namespace

Result<storage::LaneGrant> SharedStore::take_lane(LaneId lane, std::string_view writer) {
  const std::scoped_lock lock(kept_->mutex);
  return kept_->store.take_lane(lane, writer);
}

storage::AppendResult SharedStore::append(const storage::Train& train) {
  const std::scoped_lock lock(kept_->mutex);
  return kept_->store.append(train);
}

Result<storage::TrainFate> SharedStore::read_back(LaneId lane, Epoch epoch, TrainNumber number) {
  const std::scoped_lock lock(kept_->mutex);
  return kept_->store.read_back(lane, epoch, number);
}

Result<std::vector<storage::StoredStep>> SharedStore::find(TenantId tenant,
                                                           const ExchangeId& exchange) {
  const std::scoped_lock lock(kept_->mutex);
  return kept_->store.find(tenant, exchange);
}

Result<std::vector<storage::StoredStep>> SharedStore::scan(TenantId tenant,
                                                           std::uint32_t from_bucket,
                                                           const std::optional<ExchangeId>& after,
                                                           std::size_t limit) {
  const std::scoped_lock lock(kept_->mutex);
  return kept_->store.scan(tenant, from_bucket, after, limit);
}

Result<std::vector<storage::Holding>> SharedStore::scan_holdings(
    TenantId tenant, const std::optional<std::pair<storage::Section, HoldingKey>>& after,
    std::size_t limit) {
  const std::scoped_lock lock(kept_->mutex);
  return kept_->store.scan_holdings(tenant, after, limit);
}

Result<std::vector<storage::StoredChange>> SharedStore::scan_changes(
    TenantId tenant, std::uint32_t from_bucket, const std::optional<ExchangeId>& after,
    std::size_t limit) {
  const std::scoped_lock lock(kept_->mutex);
  return kept_->store.scan_changes(tenant, from_bucket, after, limit);
}

Result<std::optional<storage::StoredChange>> SharedStore::find_change(TenantId tenant,
                                                                      const ExchangeId& change) {
  const std::scoped_lock lock(kept_->mutex);
  return kept_->store.find_change(tenant, change);
}

Result<std::vector<storage::LogEntry>> SharedStore::scan_log(TenantId tenant,
                                                             std::uint64_t from_number,
                                                             std::size_t limit) {
  const std::scoped_lock lock(kept_->mutex);
  return kept_->store.scan_log(tenant, from_number, limit);
}

Result<std::optional<storage::Checkpoint>> SharedStore::last_checkpoint(TenantId tenant) {
  const std::scoped_lock lock(kept_->mutex);
  return kept_->store.last_checkpoint(tenant);
}

Result<std::optional<storage::StoredTrain>> SharedStore::find_train(LaneId lane,
                                                                    TrainNumber number) {
  const std::scoped_lock lock(kept_->mutex);
  return kept_->store.find_train(lane, number);
}

Result<std::vector<storage::StoredTrain>> SharedStore::scan_trains(LaneId lane, TrainNumber from,
                                                                   std::size_t limit) {
  const std::scoped_lock lock(kept_->mutex);
  return kept_->store.scan_trains(lane, from, limit);
}

Result<void> SharedStore::keep_delegations(TenantId tenant,
                                           std::span<const storage::KeptDelegation> delegations) {
  const std::scoped_lock lock(kept_->mutex);
  return kept_->store.keep_delegations(tenant, delegations);
}

Result<storage::StoredProof> SharedStore::find_proof(TenantId tenant, LaneId lane,
                                                     TrainNumber number, std::uint64_t entry_number,
                                                     const InstitutionCode& wished) {
  const std::scoped_lock lock(kept_->mutex);
  return kept_->store.find_proof(tenant, lane, number, entry_number, wished);
}

// The universe is made for the present: real services take the time from the clock.
LivePool::LivePool(socket::RateLimit rate)
    : universe(7, SystemClock().now()),
      oltp_keys(socket::CurveKeyPair::make()),
      gateway_keys(socket::CurveKeyPair::make()),
      national_keys(socket::CurveKeyPair::make()),
      link_keys(socket::CurveKeyPair::make()),
      second_link_keys(socket::CurveKeyPair::make()),
      uplink_keys(socket::CurveKeyPair::make()),
      second_uplink_keys(socket::CurveKeyPair::make()),
      system_keys(make_system_keys()),
      rate_(rate),
      store_(std::make_shared<SharedStore::Kept>()),
      node_signer_(universe.make_signer("node")) {
  universe.found(store_->store);
  national_ = run_on<national::NationalService>(national_thread_, [this] {
    return national::NationalService::start(
        {.endpoint = "tcp://127.0.0.1:*",
         .keys = national_keys,
         .gateways = {uplink_keys.public_key(), second_uplink_keys.public_key()},
         .keep_issued = [](auto) { return Result<void>(); }},
        universe.national_setup(), universe.core_signer(), universe.verifier());
  });
  national_endpoint_ = national_->endpoint();  // NOLINT(*-prefer-member-initializer)
  start_gateway();
  start_node();
}

LivePool::~LivePool() {
  stop_node();
  stop_gateway();
  national_->stop();
  national_thread_.join();
}

void LivePool::start_gateway() {
  gateway_ = run_on<gateway::GatewayService>(gateway_thread_, [this] {
    return gateway::GatewayService::start(
        {.nodes_endpoint = gateway_endpoint_,
         .keys = gateway_keys,
         .nodes = {{.holder = 1, .key = link_keys.public_key()},
                   {.holder = 2, .key = second_link_keys.public_key()}},
         .national_endpoint = national_endpoint_,
         .national_key = national_keys.public_key(),
         .national_keys = uplink_keys});
  });
  gateway_endpoint_ = gateway_->endpoint();
}

void LivePool::stop_gateway() {
  if (gateway_ == nullptr) return;
  gateway_->stop();
  gateway_thread_.join();
  gateway_.reset();
}

oltp::Callers LivePool::callers() const {
  oltp::Callers callers{.systems = {}, .staff = {}, .rights = universe.callers()};
  for (std::size_t i = 0; i < system_keys.size(); ++i) {
    const auto number = static_cast<std::uint32_t>(i + 1);
    callers.systems.push_back({.holder = {number}, .key = system_keys[i].public_key()});
    callers.staff.push_back({.holder = {number}, .key = system_keys[i].public_key()});
  }
  return callers;
}

void LivePool::start_node() {
  const oltp::Callers callers = this->callers();
  node_ = run_on<oltp::NodeService>(node_thread_, [this, &callers] {
    return oltp::NodeService::start(
        {.name = "live pool",
         .oltp_endpoint = oltp_endpoint_,
         .oltp_keys = oltp_keys,
         .systems = callers.systems,
         .systems_may_come_from = systems_may_come_from,
         .admin_endpoint = admin_endpoint_,
         .staff = callers.staff,
         .rate = rate_,
         .gateway_endpoint = gateway_endpoint_,
         .gateway_key = gateway_keys.public_key(),
         .link_keys = link_keys,
         .lanes = {{LaneId{1}, {universe.tenant(0)}}, {LaneId{2}, {universe.tenant(1)}}},
         .open_store = [kept = store_] { return std::make_unique<SharedStore>(kept); },
         .renew_delegations = {}},
        universe.node_setup({0, 1}, *node_signer_), *node_signer_, universe.verifier());
  });
  oltp_endpoint_ = node_->endpoint();
  admin_endpoint_ = node_->admin_endpoint();
}

void LivePool::stop_node() {
  if (node_ == nullptr) return;
  node_->stop();
  node_thread_.join();
  node_.reset();
}

std::shared_ptr<client::ReceiptCheck> LivePool::receipts() const {
  return std::make_shared<client::ReceiptCheck>(universe.registry(), universe.verifier());
}

std::size_t LivePool::stored_rows() {
  const std::scoped_lock lock(store_->mutex);
  return store_->store.rows().size();
}

std::size_t LivePool::stored_changes() {
  const std::scoped_lock lock(store_->mutex);
  return store_->store.changes().size();
}

}  // namespace nakadachi::testing
