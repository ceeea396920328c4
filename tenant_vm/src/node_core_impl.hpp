#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lane.hpp"
#include "nakadachi/copies/change.hpp"
#include "nakadachi/copies/load.hpp"
#include "nakadachi/tenant_vm/deficit_round_robin.hpp"
#include "nakadachi/tenant_vm/found_proof.hpp"
#include "nakadachi/tenant_vm/node_core.hpp"
#include "nakadachi/wire/proven_batch.hpp"
#include "partition.hpp"

namespace nakadachi::tenant_vm {

/// node_core.cpp has the frame (events, lanes, scheduling, what leaves),
/// asker_side.cpp and provider_side.cpp the two sides of an exchange, held_side.cpp
/// what waits for staff, live_side.cpp what waits for business systems that answer
/// themselves, within_body.cpp exchanges that need no network, holdings.cpp how holdings change and
/// come back, staff_side.cpp the admin door's requests, acquisition_side.cpp symbols.
class NodeCore::Impl {
 public:
  Impl(NodeSetup setup, const crypto::Signer& signer, const crypto::Verifier& verifier,
       Random& random);

  Actions on(Event event, Timestamp now);
  std::optional<Timestamp> deadline() const;
  const NodeCounts& counts() const noexcept { return counts_; }
  std::size_t open_exchanges() const noexcept { return open_by_request_.size(); }
  std::optional<wire::TenantState> state_of(TenantId tenant) const;
  std::vector<storage::KeptDelegation> delegations_of(TenantId tenant) const;

 private:
  /// What a tenant has waiting, each served in its turn.
  enum class FlowSort : std::uint8_t { kQueries, kPermits, kRequests };
  static constexpr std::array kFlowSorts = {FlowSort::kQueries, FlowSort::kPermits,
                                            FlowSort::kRequests};

  /// A lane with the share of every tenant on it.
  struct LaneSlot {
    LaneSlot(LaneId id, const crypto::Signer& signer) : lane(id, signer) {}
    struct Flow {
      std::size_t partition;
      FlowSort sort;
    };
    Lane lane;
    DeficitRoundRobin fair;
    std::vector<Flow> flows;
    std::vector<std::size_t> partitions;
    std::map<std::size_t, std::size_t> places;          ///< partition → its place in `partitions`
    std::map<std::uint32_t, std::size_t> open_buckets;  ///< open asks and held requests, by id
  };

  static std::size_t flow_of(const LaneSlot& slot, std::size_t partition, FlowSort sort) {
    return kFlowSorts.size() * slot.places.at(partition) + static_cast<std::size_t>(sort);
  }

  struct Lookup {
    enum class For : std::uint8_t { kReplay, kPermit, kStatus, kWish };
    For purpose = For::kReplay;
    std::size_t partition = 0;
    ExchangeId exchange;
    // kReplay
    std::optional<ClientId> client;
    RequestKey key;
    Digest content_hash;
    InstitutionCode institution;    ///< whose system asks
    std::optional<QueryJob> query;  ///< nothing: its row was refused as one that is there
    // kPermit
    PermitJob permit;
    // kStatus
    exchange::StatusQuery status;
    // kWish
    std::optional<AdminJob> job;
    std::vector<ExchangeId> others;  ///< where the inquiry may be too
  };

  // Events (node_core.cpp)
  void handle(QueriesArrived& event);
  void handle(HandOversArrived& event);
  void handle(AdminRequestsArrived& event);
  void handle(ItemsArrived& event);
  void handle(LaneTaken& event);
  void handle(LogRecovered& event);
  void handle(StepsRecovered& event);
  void handle(HoldingsRecovered& event);
  void handle(ChangesRecovered& event);
  void handle(LaneReady& event);
  void handle(TrainSettled& event);
  void handle(FateTold& event);
  void handle(StepsFound& event);
  void handle(ProofFound& event);
  void handle(DelegationsRenewed& event);
  void handle(CallersReplaced& event);
  void handle(LawReplaced& event);
  void handle(Tick& event);

  // Scheduling and lanes (node_core.cpp)
  void pump();
  void serve_queues(LaneSlot& slot);
  DeficitRoundRobin::Served serve_flow(const LaneSlot::Flow& flow);
  void run_lane(LaneSlot& slot);
  void take_report(LaneSlot& slot, Lane::Report report);
  void on_durable(PendingRow row, CommittedTrain& train);
  void on_step_durable(PendingStep step, CommittedTrain& train);
  void on_row_refused(const PendingRow& row, const Error& error);
  void on_step_refused(const PendingStep& step, const Error& error);
  void drop_lane(LaneSlot& slot);
  void forget_old_ids();
  void sign_outbox();
  void run_timers();
  void run_ask_timer(std::size_t partition, const ExchangeId& id, Timestamp at);
  void open_bucket(std::size_t partition, const ExchangeId& id);
  void close_bucket(std::size_t partition, const ExchangeId& id);
  void arm_timer(std::size_t partition, const ExchangeId& id, OpenAsk& open);
  void start_lookup(Lookup lookup);
  Result<void> push_step(std::size_t partition, const ExchangeId& exchange, storage::Step step,
                         std::uint16_t outcome, wire::LinkItem item,
                         const wire::StoredContent& content, const Units& units);
  wire::LinkItem make_item(exchange::StatementKind kind, const InstitutionCode& to, Bytes statement,
                           const Institution& speaker);

  // Asking (asker_side.cpp)
  void enqueue_query(std::size_t partition, QueryJob job);
  void admit_query(std::size_t partition, const QueryJob& job);
  bool answer_replay(std::size_t partition, const ExchangeId& id, const QueryJob& job);
  /// A query that may be asked, and by what right.
  struct LawfulQuery {
    exchange::Inquiry inquiry;
    bool within_body = false;
  };
  Result<LawfulQuery> judge_query(Partition& partition, const CallerRights& caller,
                                  const exchange::Query& query, std::uint16_t& legal_item);
  void ask(std::size_t partition, const ExchangeId& id, OpenAsk open);
  OpenAsk open_for(const QueryJob& job, exchange::Inquiry inquiry) const;
  OpenAsk open_refused(Partition& partition, const QueryJob& job) const;
  void refuse(std::size_t partition, const ExchangeId& id, OpenAsk open, ErrorCode reason);
  void refuse_apart(std::size_t partition, const QueryJob& job, ErrorCode reason,
                    std::uint32_t retry_after_ms = 0);
  void add_open(std::size_t partition, const ExchangeId& id, OpenAsk open);
  void remove_open(std::size_t partition, const ExchangeId& id);
  void on_asked_durable(PendingStep& step);
  void on_concluded_durable(PendingStep& step, CommittedTrain& train);
  const Institution& speaker_for(std::size_t partition, const OpenAsk& open) const;
  void on_provision(const wire::LinkItem& item);
  void take_provision(const wire::LinkItem& item, const exchange::Provision& provision);
  void on_refusal(const wire::LinkItem& item);
  void on_status_reply(const wire::LinkItem& item);
  void take_status(const exchange::StatusReply& reply);
  Result<void> accept_answer(OpenAsk& open, const exchange::Provision& provision);
  void act(std::size_t partition, const ExchangeId& id, OpenAsk& open, exchange::AskerLeg::Do what);
  void conclude(std::size_t partition, const ExchangeId& id, OpenAsk& open);
  void recover_ask(std::size_t partition, const storage::StoredStep& asked);
  void finish_replay(const Lookup& lookup, const std::vector<storage::StoredStep>& steps);
  /// A stored outcome that waits for its receipt.
  struct StoredReply {
    ClientId client;
    exchange::Reply reply;
    storage::StoredStep step;
    Bytes statement;
  };
  void reply_stored(const Lookup& lookup, const storage::StoredStep& concluded,
                    wire::StoredContent content);
  void prove(StoredReply stored, const ProofName& name);
  void send_proved(StoredReply stored, const ProofName& name, const FoundProof& proof);
  const FoundProof& keep_proof(const ProofName& name, FoundProof proof);
  void reply_error(ClientId client, const RequestKey& key, ErrorCode code,
                   std::uint32_t retry_after_ms = 0);

  // Providing (provider_side.cpp)
  /// What this provider does about a permit.
  struct Decision {
    exchange::Outcome outcome = exchange::Outcome::kRefused;
    ErrorCode reason = ErrorCode::kNoData;  ///< when refused
    bool non_disclosure = false;
    Bytes answer;       ///< with an outcome that has one
    bool hold = false;  ///< staff must decide; the rest does not count
    bool ask = false;   ///< the business system must answer; the rest does not count
  };
  void on_permit(const wire::LinkItem& item);
  void admit_permit(std::size_t partition, PermitJob job);
  bool waits_for_change(Partition& partition, const PermitJob& job);
  void provide(std::size_t partition, const ExchangeId& id, const PermitJob& job);
  Result<void> try_to_provide(std::size_t partition, const ExchangeId& id, const PermitJob& job);
  Result<void> lapse(std::size_t partition, const ExchangeId& id, const PermitJob& job);
  Cause cause_of(const Partition& partition, const ExchangeId& id, const PermitJob& job) const;
  static void add_permit(const PermitJob& job, Units& units);
  Result<Decision> decide(Partition& partition, const PermitJob& job, bool staff_agreed);
  Result<void> add_answer(Partition& partition, const PermitJob& job, const AddressNumber& person,
                          const rules::Verdict& verdict, Decision& to);
  Result<void> push_provision(std::size_t partition, const ExchangeId& id, const PermitJob& job,
                              const Decision& decision, std::string who, std::string why);
  void on_status_query(const wire::LinkItem& item);
  void answer_status(const exchange::StatusQuery& query);
  void tell_status(std::size_t partition, const ExchangeId& id, const exchange::StatusQuery& query);
  void resend_provision(std::size_t partition, const storage::StoredStep& provided);
  void finish_permit(Lookup lookup, const std::vector<storage::StoredStep>& steps);
  void finish_status(const Lookup& lookup, const std::vector<storage::StoredStep>& steps);

  // What waits for staff (held_side.cpp)
  Result<void> hold(std::size_t partition, const ExchangeId& id, const PermitJob& job);
  void take_held(std::size_t partition, const storage::StoredStep& held);
  void add_held(std::size_t partition, const ExchangeId& id, PermitJob job);
  void lapse_held(std::size_t partition, const ExchangeId& id);
  void answer_held_about_nobody(std::size_t partition);
  void decide_held(std::size_t partition, AdminJob job);
  void on_held_provided(std::size_t partition, const ExchangeId& id, const Error* refusal);
  static wire::HeldRequests list_held(const Partition& partition,
                                      const InstitutionCode& institution,
                                      const wire::ListHeld& list);

  // Business systems that answer themselves (live_side.cpp)
  Result<void> ask_live(std::size_t partition, const ExchangeId& id, PermitJob job);
  void send_question(std::size_t partition, const ExchangeId& id, LivePermit& live);
  void take_hand_over(std::size_t partition, const CallerRights& system, exchange::HandOver answer);
  void wake_live(std::size_t partition, const ExchangeId& id, Timestamp at);

  // Exchanges within one body (within_body.cpp)
  bool is_within_body(const Digest& request_hash) const;
  void provide_within(std::size_t partition, const OpenAsk& open);
  void send_provision(wire::LinkItem item);

  // Holdings (holdings.cpp)
  /// One change decided, sealed and named.
  struct Change {
    storage::Section section = storage::Section::kSymbol;
    HoldingKey key;
    Bytes value;  ///< empty: erased
    copies::Operation operation = copies::Operation::kRegister;
    std::optional<InformationKind> kind;
    /// What came in for it: a request at the admin door, unless said otherwise.
    std::uint16_t messages_in = 1;
    /// Of a statement on the link; nothing: of the value before it was sealed.
    std::optional<std::uint32_t> bytes_in;
    bool outside = false;  ///< caused by a body outside the pool
    /// Whose symbol ends with it.
    std::optional<std::pair<InstitutionCode, AddressNumber>> unbinds = {};
  };
  void apply(Partition& partition, const storage::Holding& holding);
  void apply_erased(Partition& partition, storage::Section section, const HoldingKey& key);
  static Result<void> apply_symbol(Partition& partition, const PendingChange& change);
  static Result<void> recover_symbol(Partition& partition, const HoldingKey& key, ByteView value);
  void finish_recovery(Partition& partition);
  static Units units_of(const Change& change);
  Result<PendingChange> make_row(std::size_t partition, const ExchangeId& id,
                                 const InstitutionCode& institution,
                                 const copies::ChangeReason& reason, Change change);
  Result<PendingChange> make_own_row(std::size_t partition, const InstitutionCode& institution,
                                     std::string_view why, Change change);
  void push_rows(std::vector<PendingChange> rows);
  void push_changes(std::size_t partition, const AdminJob& job, std::vector<Change> changes,
                    wire::AdminAnswer answer);
  void push_own_change(std::size_t partition, const InstitutionCode& institution,
                       std::string_view why, Change change);
  void on_change_durable(const PendingChange& change);
  void on_change_refused(const PendingChange& change, const Error& error);
  void settle_change(Partition& partition, const ExchangeId& change, const Error* refusal);

  // The admin door (staff_side.cpp)
  void enqueue_request(std::size_t partition, AdminJob job);
  void admit_request(std::size_t partition, AdminJob job);
  bool touches_change(Partition& partition, const AdminJob& job);
  Result<void> check_rights(const Partition& partition, const AdminJob& job) const;
  Result<std::vector<Change>> plan(Partition& partition, const wire::AdminRequest& request,
                                   wire::AdminAnswer& answer);
  Result<Change> plan_copy(Partition& partition, Institution& institution,
                           const wire::PutCopy& command, wire::AdminAnswer& answer);
  Result<Change> plan_removal(Partition& partition, Institution& institution,
                              const wire::EraseCopy& command, wire::AdminAnswer& answer);
  static std::vector<Change> plan_end(const Institution& institution,
                                      const wire::EndFullLoad& command, wire::AdminAnswer& answer);
  Result<Change> plan_flag(Partition& partition, Institution& institution,
                           const wire::ChangeFlag& command, wire::AdminAnswer& answer);
  Result<Change> plan_mode(Partition& partition, Institution& institution,
                           const wire::SetAnswerMode& command);
  Result<Change> plan_binding(Partition& partition, Institution& institution,
                              const wire::BindSymbol& command);
  static Result<Change> plan_symbol_end(Partition& partition, const Institution& institution,
                                        const AddressNumber& person);
  Result<std::vector<Change>> plan_symbol_move(Partition& partition, const Institution& institution,
                                               const wire::MoveSymbol& command);
  Result<void> bind_to_another(Partition& partition, const Institution& institution,
                               const AddressNumber& from, const AddressNumber& to,
                               std::vector<Change>& changes);
  Result<std::vector<Change>> plan_person(Partition& partition, const wire::PutPerson& command,
                                          wire::AdminAnswer& answer);
  Result<std::vector<Change>> plan_merge(Partition& partition, const wire::MergePersons& command);
  Result<void> move_holdings(Partition& partition, const Institution& institution,
                             const symbols::AddressBook::Merged& merged,
                             std::vector<Change>& changes);
  Result<wire::AdminAnswer> read(Partition& partition, const wire::AdminRequest& request);
  static Result<wire::AdminAnswer> list_flags(Partition& partition, const Institution& institution,
                                              const wire::ListFlags& list);
  Result<wire::AdminAnswer> read_as_operator(const wire::AdminCommand& command) const;
  wire::AdminAnswer tenants() const;
  wire::AdminAnswer institutions(const wire::ListInstitutions& list) const;
  void answer_admin(ClientId client, const RequestKey& key, Result<wire::AdminAnswer> answer);

  // Symbols (acquisition_side.cpp)
  void on_symbol_notice(const wire::LinkItem& item);
  static bool waits_for_change(Partition& partition, const exchange::SymbolNotice& notice);
  void take_notice(std::size_t partition, const SymbolNoticeJob& job);
  static bool awaits_receipt(const Partition& partition, const exchange::SymbolNotice& notice);
  void keep_symbol(std::size_t partition, const SymbolNoticeJob& job, const AddressNumber& begun_as,
                   bool bind);
  Result<ExchangeId> store_symbol(std::size_t partition, const SymbolNoticeJob& job,
                                  const AddressNumber& begun_as, bool bind);
  void confirm_symbol(std::size_t partition, const InstitutionCode& institution,
                      std::uint64_t number);
  Result<Change> start_acquisition(Partition& partition, Institution& institution,
                                   const AddressNumber& person, wire::AdminAnswer& answer);
  static bool symbol_changing(Partition& partition, const InstitutionCode& institution,
                              const AddressNumber& person);
  static bool holder_changing(Partition& partition, const InstitutionCode& institution,
                              const Symbol& symbol);
  static wire::Acquisitions list_acquisitions(const Partition& partition,
                                              const Institution& institution,
                                              const wire::ListAcquisitions& list);
  static wire::SymbolShown show_symbol(const Partition& partition, const Institution& institution,
                                       const wire::ShowSymbol& show);
  void lapse_acquisitions();
  void lapse_acquisitions_of(std::size_t partition, Institution& institution);
  void on_acquisition_request(const wire::LinkItem& item);
  static Result<symbols::FourItems> open_items(Institution& provider,
                                               const exchange::AcquisitionRequest& wish);
  void look_for_inquiry(std::size_t partition, AdminJob job);
  void finish_wish(Lookup lookup, const std::vector<storage::StoredStep>& steps);
  Result<Change> make_wish(Partition& partition, const wire::AdminRequest& request,
                           const exchange::Conclusion& inquiry);
  Result<void> take_wish(Partition& partition, const HoldingKey& key, ByteView value);
  void send_wishes();
  void send_wishes_of(std::size_t partition, Institution& asker);
  void end_wish(std::size_t partition, Institution& asker, const Digest& request_hash,
                std::string_view why);
  void answer_wishes(std::size_t partition, const HoldingKey& row);
  void take_wish_status(const exchange::StatusReply& reply);
  void follow_held_wishes(std::size_t partition);
  bool follow_wish(std::size_t partition, Institution& provider, KeptWish& kept);
  void answer_wish(std::size_t partition, const KeptWish& kept, const InstitutionCode& provider);

  void tell_operators(ErrorCode code, const InstitutionCode& institution) {
    out(TellOperators{code, institution, {}});
  }
  void notice_law(std::uint64_t fingerprint, Timestamp judged, const InstitutionCode& institution,
                  const LawDifference& by);
  void count(ErrorCode code) { ++counts_.errors[code]; }
  LaneSlot& slot_of(std::size_t partition) { return lanes_.at(partitions_[partition].lane); }
  Institution& institution(std::size_t partition, const InstitutionCode& code) {
    return partitions_[partition].institutions.at(code);
  }
  std::optional<std::size_t> holder_of(const InstitutionCode& code) const;
  rules::Verdict judge(const exchange::Subject& subject, Timestamp at) const;
  void out(Action action) { actions_.push_back(std::move(action)); }

  crypto::TrustRoots roots_;
  crypto::Registry registry_;
  rules::LawBook law_;
  copies::LayoutBook layouts_;
  /// Who judged by another law (the core: no institution), when it was told last.
  std::map<InstitutionCode, Timestamp> laws_told_;
  std::set<StaffId> operators_;
  std::set<TenantId> members_;
  exchange::AskerTiming timing_;
  std::int64_t validity_ms_;
  std::int64_t acquisition_ms_;
  const crypto::Signer* signer_;
  Random* random_;
  wire::ItemVerifier items_;

  std::deque<Partition> partitions_;  // never grows after the start: stable addresses
  std::map<LaneId, LaneSlot> lanes_;
  std::map<TenantId, std::size_t> by_tenant_;
  std::map<SystemId, std::size_t> by_system_;
  std::map<StaffId, std::size_t> by_staff_;
  std::map<InstitutionCode, std::size_t> by_institution_;
  std::unordered_map<Digest, std::pair<std::size_t, ExchangeId>> open_by_request_;

  using Timer = std::tuple<Timestamp, std::size_t, ExchangeId>;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  std::map<LookupId, Lookup> lookups_;
  std::map<ProofName, std::vector<StoredReply>> awaiting_proof_;
  std::size_t replies_awaiting_proof_ = 0;
  std::map<ProofName, FoundProof> proofs_;  ///< the last ones found
  std::deque<ProofName> proofs_in_order_;
  std::uint64_t last_lookup_ = 0;
  wire::BatchBuilder statuses_;
  wire::BatchBuilder resends_;
  std::optional<Timestamp> outbox_since_;
  std::optional<Timestamp> next_lapse_;  ///< of an acquisition
  std::optional<Timestamp> next_wish_;   ///< to be sent again, or to lapse
  std::set<std::size_t> persons_put_;    ///< partitions, by the train that is being looked at
  std::uint64_t batch_number_ = 0;
  std::uint32_t remembered_from_ = 0;

  Timestamp now_;
  Actions actions_;
  NodeCounts counts_;
};

}  // namespace nakadachi::tenant_vm
