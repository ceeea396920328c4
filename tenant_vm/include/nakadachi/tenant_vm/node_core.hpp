#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <variant>
#include <vector>

#include "nakadachi/base/limits.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/copies/layout.hpp"
#include "nakadachi/crypto/keys.hpp"
#include "nakadachi/crypto/registry.hpp"
#include "nakadachi/crypto/signing.hpp"
#include "nakadachi/exchange/asker_leg.hpp"
#include "nakadachi/records/log_tree.hpp"
#include "nakadachi/rules/law_book.hpp"
#include "nakadachi/storage/exchange_store.hpp"
#include "nakadachi/symbol_mapping/acquisition.hpp"
#include "nakadachi/tenant_vm/service_hours.hpp"
#include "nakadachi/wire/admin_frame.hpp"
#include "nakadachi/wire/link_frame.hpp"
#include "nakadachi/wire/oltp_frame.hpp"

namespace nakadachi::tenant_vm {

/// A client's connection, named by the door.
using ClientId = StrongNumber<struct ClientTag, std::uint64_t>;
/// A business system, known by its key at the door.
using SystemId = StrongNumber<struct SystemTag, std::uint32_t>;
/// Who speaks at the admin door, known by its key.
using StaffId = StrongNumber<struct StaffTag, std::uint32_t>;
/// A look-up in the store, named by the core.
using LookupId = StrongNumber<struct LookupTag, std::uint64_t>;

// What a node is made of -----------------------------------------------------

/// One institution of a tenant, with its secrets. What it holds is in the store.
struct InstitutionSetup {
  InstitutionCode code;
  SecretBytes sealing_secret;     ///< crypto::SealingKey
  crypto::Delegation delegation;  ///< to this node's signing key
};

/// What a business system may do.
struct CallerRights {
  SystemId system;
  InstitutionCode institution;                ///< the one it speaks for
  std::vector<AffairCode> affairs;            ///< those it may ask in
  std::vector<InformationKind> answers = {};  ///< those it may answer itself
};

/// What somebody at the admin door may do.
struct StaffRights {
  StaffId staff;
  std::optional<InstitutionCode> institution;  ///< nothing: an operator of the service
  bool may_change = false;                     ///< registers, corrects, acquires
  bool may_decide = false;                     ///< on held requests
};

/// A tenant's share of the node.
struct Quota {
  std::uint32_t weight = 1;      ///< share under load
  std::uint32_t rate_per_s = 0;  ///< queries a second on average, 0: no limit
  std::uint32_t burst = 1;       ///< queries at once
  std::size_t max_queued = limits::kMaxQueuedPerTenant;
  std::size_t max_in_flight = limits::kMaxInFlightPerTenant;
  ServiceHours hours = {};  ///< for new queries; what is under way goes on
};

struct PartitionSetup {
  TenantId tenant;
  LaneId lane;
  crypto::TenantCipher cipher;
  std::vector<InstitutionSetup> institutions;
  std::vector<CallerRights> callers;
  std::vector<StaffRights> staff;  ///< with an institution of this tenant
  Quota quota;
};

struct NodeSetup {
  crypto::TrustRoots roots;
  crypto::Registry registry;
  rules::LawBook law;
  copies::LayoutBook layouts;  ///< by which copies are judged
  std::vector<PartitionSetup> partitions;
  std::vector<StaffId> operators;
  std::vector<TenantId> members;  ///< of the pool, on whatever node; others are outside it
  exchange::AskerTiming timing;
  std::int64_t validity_ms = 60'000;  ///< of a request, from asking
  symbols::AcquisitionPool acquisition_pool;
  std::int64_t acquisition_ms = kThirtyDaysMs;  ///< how long a symbol is waited for

  static constexpr std::int64_t kThirtyDaysMs = std::int64_t{30} * 24 * 3600 * 1000;
};

// What happens to it ---------------------------------------------------------

/// A frame of queries came through the OLTP door from an authenticated system.
struct QueriesArrived {
  ClientId client;
  SystemId system;
  std::vector<wire::DecodedQuery> queries;
};
/// A business system that answers itself is there, with these answers.
struct HandOversArrived {
  ClientId client;
  SystemId system;
  std::vector<exchange::HandOver> hand_overs;
};
/// A frame of requests came through the admin door from an authenticated person or system.
struct AdminRequestsArrived {
  ClientId client;
  StaffId staff;
  std::vector<wire::DecodedAdminRequest> requests;
};
/// A frame came over the link.
struct ItemsArrived {
  std::vector<wire::LinkItem> items;
};
/// This node is the lane's writer now; what its tenants hold, their recent steps and
/// changes follow.
struct LaneTaken {
  LaneId lane;
  storage::LaneGrant grant;
};
/// Where the log of a tenant of a lane that was just taken stands.
struct LogRecovered {
  TenantId tenant;
  records::Frontier log;
};
/// Steps of one tenant from `recovery_start` on; several such events may come.
struct StepsRecovered {
  TenantId tenant;
  std::vector<storage::StoredStep> steps;
};
/// What a tenant holds; several such events may come, each holding in one of them.
struct HoldingsRecovered {
  TenantId tenant;
  std::vector<storage::Holding> holdings;
};
/// Changes of one tenant from `recovery_start` on; several such events may come.
struct ChangesRecovered {
  TenantId tenant;
  std::vector<storage::StoredChange> changes;
};
/// Everything of the lane's tenants has been told: work begins.
struct LaneReady {
  LaneId lane;
};
/// The store's report on the train under way.
struct TrainSettled {
  LaneId lane;
  storage::AppendResult result;
};
struct FateTold {
  LaneId lane;
  Result<storage::TrainFate> fate;
};
struct StepsFound {
  LookupId lookup;
  Result<std::vector<storage::StoredStep>> steps;
};
/// What the receipts of one tenant's entries in one train are made of, by whose word is
/// shown with them.
struct ProofName {
  TenantId tenant;
  LaneId lane;
  TrainNumber train;
  InstitutionCode institution;

  friend auto operator<=>(const ProofName&, const ProofName&) noexcept = default;
};
struct ProofFound {
  ProofName name;
  Result<storage::StoredProof> proof;
};
/// Institutions have signed new delegations to this node's key, in time before
/// the former ones end.
struct DelegationsRenewed {
  std::vector<crypto::Delegation> delegations;
};
/// From now on these are all who may come to the doors. Those of institutions that are not
/// here are left out. What they asked before goes on; what still waits for its turn is
/// judged by the new rights.
struct CallersReplaced {
  std::vector<CallerRights> systems;
  std::vector<StaffRights> staff;  ///< with an institution
  std::vector<StaffId> operators;
};
/// From now on this is the law, also for what was asked before and is judged only now: a dated
/// book says what held then. Who judges by another is told of anew.
struct LawReplaced {
  rules::LawBook law;
};
/// Time has passed; see `NodeCore::deadline`.
struct Tick {};

using Event = std::variant<QueriesArrived, HandOversArrived, AdminRequestsArrived, ItemsArrived,
                           LaneTaken, LogRecovered, StepsRecovered, HoldingsRecovered,
                           ChangesRecovered, LaneReady, TrainSettled, FateTold, StepsFound,
                           ProofFound, DelegationsRenewed, CallersReplaced, LawReplaced, Tick>;

// What it wants done ---------------------------------------------------------

struct SendReply {
  ClientId client;
  exchange::Reply reply;
};
/// Ask a business system that answers itself.
struct SendQuestion {
  ClientId client;
  exchange::LiveQuestion question;
};
struct SendAdminReply {
  ClientId client;
  wire::AdminReply reply;
};
struct SendItem {
  wire::LinkItem item;
};
/// Append the train; tell the result with `TrainSettled`. One at a time a lane.
struct AppendTrain {
  std::shared_ptr<const storage::Train> train;
};
/// Read back what became of the train; tell it with `FateTold`.
struct AskFate {
  LaneId lane;
  Epoch epoch;
  TrainNumber number;
};
/// Find an exchange's steps; tell them with `StepsFound`.
struct FindSteps {
  LookupId lookup;
  LaneId lane;
  TenantId tenant;
  ExchangeId exchange;
};
/// Find what makes receipts of stored entries (`ExchangeStore::find_proof`); tell it with
/// `ProofFound`.
struct FindProof {
  ProofName name;
  std::uint64_t entry_number = 0;
};
/// Keep renewed delegations of a tenant (`ExchangeStore::keep_delegations`): what is signed
/// under them can be proved after a restart only once they are kept. When that fails, have
/// them renewed again soon.
struct KeepDelegations {
  TenantId tenant;
  std::vector<storage::KeptDelegation> delegations;
};
/// Another writer has the lane; this node has dropped its tenants.
struct GiveUpLane {
  LaneId lane;
};

/// Who judged a question by another law than this node's of that time.
struct LawDifference {
  enum class Judge : std::uint8_t { kCore, kProvider };
  Judge judge = Judge::kCore;
  bool asks = false;            ///< the institution told of asked; else it is to provide
  InstitutionCode counterpart;  ///< the other institution of the question
};

/// Something operators must learn of: an error of the closed list, and whose it is.
struct TellOperators {
  ErrorCode code;
  InstitutionCode institution;            ///< one of this node
  std::optional<LawDifference> law = {};  ///< with `kLawDiffers`
};

using Action = std::variant<SendReply, SendQuestion, SendAdminReply, SendItem, AppendTrain, AskFate,
                            FindSteps, FindProof, KeepDelegations, GiveUpLane, TellOperators>;
using Actions = std::vector<Action>;

/// What has been counted since the start.
struct NodeCounts {
  std::uint64_t accepted = 0;  ///< queries that became exchanges
  std::uint64_t replayed = 0;  ///< queries recognised as asked before
  std::uint64_t concluded = 0;
  std::uint64_t provided = 0;
  std::uint64_t held = 0;     ///< requests that waited for staff
  std::uint64_t live = 0;     ///< requests that a business system was asked to answer
  std::uint64_t changes = 0;  ///< changes of holdings
  std::uint64_t trains = 0;
  std::uint64_t rows = 0;
  /// Everything turned away, refused or disbelieved, by error.
  std::map<ErrorCode, std::uint64_t> errors;
};

/// The node as a pure state machine: partitions, lanes, fair scheduling, dedupe,
/// and both sides of every exchange. No socket, no clock, no thread, no disk.
///
/// One thread. The same setup, events, times and random bytes give the same actions.
/// Nothing leaves before the step it speaks of is durable. What is turned away
/// for capacity leaves no trace but a count.
class NodeCore {
 public:
  /// `signer`, `verifier` and `random` outlive the core.
  NodeCore(NodeSetup setup, const crypto::Signer& signer, const crypto::Verifier& verifier,
           Random& random);
  ~NodeCore();
  NodeCore(const NodeCore&) = delete;
  NodeCore& operator=(const NodeCore&) = delete;

  /// Takes in one event. Time never goes back: an earlier `now` counts as the latest seen.
  Actions on(Event event, Timestamp now);

  /// When the next `Tick` has something to do; nothing when only other events have.
  std::optional<Timestamp> deadline() const;

  /// The first bucket of which recovery must tell every step, given the lane's grant.
  static std::uint32_t recovery_start(const storage::LaneGrant& grant, Timestamp now) noexcept;

  const NodeCounts& counts() const noexcept;
  /// What one tenant has under way and holds; nothing when it is not here.
  std::optional<wire::TenantState> state_of(TenantId tenant) const;

  /// By whose word this node signs for the tenant's institutions, to be kept in the store
  /// before it signs anything.
  std::vector<storage::KeptDelegation> delegations_of(TenantId tenant) const;

  /// Exchanges asked and not concluded, over all partitions.
  std::size_t open_exchanges() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nakadachi::tenant_vm
