#pragma once

#include <deque>
#include <map>
#include <optional>
#include <queue>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lane.hpp"
#include "nakadachi/tenant_vm/deficit_round_robin.hpp"
#include "nakadachi/tenant_vm/node_core.hpp"
#include "nakadachi/wire/proven_batch.hpp"
#include "partition.hpp"

namespace nakadachi::tenant_vm {

/// node_core.cpp has the frame (events, lanes, scheduling, what leaves),
/// asker_side.cpp and provider_side.cpp the two sides of an exchange.
class NodeCore::Impl {
 public:
  Impl(NodeSetup setup, const crypto::Signer& signer, const crypto::Verifier& verifier,
       Random& random);

  Actions on(Event event, Timestamp now);
  std::optional<Timestamp> deadline() const;
  const NodeCounts& counts() const noexcept { return counts_; }
  std::size_t open_exchanges() const noexcept { return open_by_request_.size(); }

 private:
  /// A lane with the share of every tenant on it.
  struct LaneSlot {
    LaneSlot(LaneId id, const crypto::Signer& signer) : lane(id, signer) {}
    struct Flow {
      std::size_t partition;
      bool permits;  ///< the flow of permits, not of queries
    };
    Lane lane;
    DeficitRoundRobin fair;
    std::vector<Flow> flows;
    std::vector<std::size_t> partitions;
    std::map<std::size_t, std::size_t> places;          ///< partition → its place in `partitions`
    std::map<std::uint32_t, std::size_t> open_buckets;  ///< open asks by bucket of their id
  };

  static std::size_t flow_of(const LaneSlot& slot, std::size_t partition, bool permits) {
    return 2 * slot.places.at(partition) + (permits ? 1 : 0);
  }

  struct Lookup {
    enum class For : std::uint8_t { kReplay, kPermit, kStatus };
    For purpose = For::kReplay;
    std::size_t partition = 0;
    ExchangeId exchange;
    // kReplay
    std::optional<ClientId> client;
    RequestKey key;
    Digest content_hash;
    // kPermit
    PermitJob permit;
    // kStatus
    exchange::StatusQuery status;
  };

  // Events (node_core.cpp)
  void handle(QueriesArrived& event);
  void handle(ItemsArrived& event);
  void handle(LaneTaken& event);
  void handle(StepsRecovered& event);
  void handle(LaneReady& event);
  void handle(TrainSettled& event);
  void handle(FateTold& event);
  void handle(StepsFound& event);
  void handle(DelegationsRenewed& event);
  void handle(Tick& event);

  // Scheduling and lanes (node_core.cpp)
  void pump();
  void serve_queues(LaneSlot& slot);
  DeficitRoundRobin::Served serve_flow(const LaneSlot::Flow& flow);
  void run_lane(LaneSlot& slot);
  void take_report(LaneSlot& slot, Lane::Report report);
  void on_durable(PendingStep step);
  void on_row_refused(const PendingStep& step, const Error& error);
  void drop_lane(LaneSlot& slot);
  void forget_old_ids();
  void sign_outbox();
  void run_timers();
  void arm_timer(std::size_t partition, const ExchangeId& id, OpenAsk& open);
  void start_lookup(Lookup lookup);
  Result<void> push_step(std::size_t partition, const ExchangeId& exchange, storage::Step step,
                         std::uint16_t outcome, wire::LinkItem item,
                         const wire::StoredContent& content);
  wire::LinkItem make_item(exchange::StatementKind kind, const InstitutionCode& to, Bytes statement,
                           const Institution& speaker);

  // Asking (asker_side.cpp)
  void enqueue_query(std::size_t partition, QueryJob job);
  void admit_query(std::size_t partition, const QueryJob& job);
  bool answer_replay(std::size_t partition, const ExchangeId& id, const QueryJob& job,
                     const Digest& hash);
  Result<exchange::Inquiry> judge_query(Partition& partition, const CallerRights& caller,
                                        const exchange::Query& query, std::uint16_t& legal_item);
  void ask(std::size_t partition, const ExchangeId& id, OpenAsk open);
  void refuse(std::size_t partition, const ExchangeId& id, OpenAsk open, ErrorCode reason);
  void add_open(std::size_t partition, const ExchangeId& id, OpenAsk open);
  void remove_open(std::size_t partition, const ExchangeId& id);
  void on_asked_durable(PendingStep& step);
  void on_concluded_durable(const PendingStep& step);
  void on_provision(const wire::LinkItem& item);
  void on_refusal(const wire::LinkItem& item);
  void on_status_reply(const wire::LinkItem& item);
  Result<void> accept_answer(OpenAsk& open, const exchange::Provision& provision);
  void act(std::size_t partition, const ExchangeId& id, OpenAsk& open, exchange::AskerLeg::Do what);
  void conclude(std::size_t partition, const ExchangeId& id, OpenAsk& open);
  void recover_ask(std::size_t partition, const storage::StoredStep& asked);
  void finish_replay(const Lookup& lookup, const std::vector<storage::StoredStep>& steps);
  void reply_stored(const Lookup& lookup, const wire::StoredContent& content);
  void reply_error(ClientId client, const RequestKey& key, ErrorCode code,
                   std::uint32_t retry_after_ms = 0);

  // Providing (provider_side.cpp)
  void on_permit(const wire::LinkItem& item);
  void admit_permit(std::size_t partition, PermitJob job);
  void provide(std::size_t partition, const ExchangeId& id, const PermitJob& job);
  exchange::Provision make_provision(Partition& partition, const PermitJob& job);
  void on_status_query(const wire::LinkItem& item);
  void tell_status(std::size_t partition, const ExchangeId& id, const exchange::StatusQuery& query);
  void resend_provision(std::size_t partition, const storage::StoredStep& provided);
  void finish_permit(const Lookup& lookup, const std::vector<storage::StoredStep>& steps);
  void finish_status(const Lookup& lookup, const std::vector<storage::StoredStep>& steps);

  void count(ErrorCode code) { ++counts_.errors[code]; }
  LaneSlot& slot_of(std::size_t partition) { return lanes_.at(partitions_[partition].lane); }
  Institution& institution(std::size_t partition, const InstitutionCode& code) {
    return partitions_[partition].institutions.at(code);
  }
  std::optional<std::size_t> holder_of(const InstitutionCode& code) const;
  rules::Verdict judge(const exchange::Subject& subject) const;
  void out(Action action) { actions_.push_back(std::move(action)); }

  crypto::TrustRoots roots_;
  crypto::Registry registry_;
  rules::LegalTable law_;
  exchange::AskerTiming timing_;
  std::int64_t validity_ms_;
  const crypto::Signer* signer_;
  Random* random_;
  wire::ItemVerifier items_;

  std::deque<Partition> partitions_;  // never grows after the start: stable addresses
  std::map<LaneId, LaneSlot> lanes_;
  std::map<TenantId, std::size_t> by_tenant_;
  std::map<SystemId, std::size_t> by_system_;
  std::map<InstitutionCode, std::size_t> by_institution_;
  std::unordered_map<Digest, std::pair<std::size_t, ExchangeId>> open_by_request_;

  using Timer = std::tuple<Timestamp, std::size_t, ExchangeId>;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::map<LookupId, Lookup> lookups_;
  std::uint64_t last_lookup_ = 0;
  wire::BatchBuilder statuses_;
  wire::BatchBuilder resends_;
  std::optional<Timestamp> outbox_since_;
  std::uint64_t batch_number_ = 0;
  std::uint32_t remembered_from_ = 0;

  Timestamp now_;
  Actions actions_;
  NodeCounts counts_;
};

}  // namespace nakadachi::tenant_vm
