#include "nakadachi/tenant_vm/node_core.hpp"

#include <algorithm>
#include <utility>

#include "nakadachi/base/assert.hpp"
#include "node_core_impl.hpp"

namespace nakadachi::tenant_vm {

NodeCore::NodeCore(NodeSetup setup, const crypto::Signer& signer, const crypto::Verifier& verifier,
                   Random& random)
    : impl_(std::make_unique<Impl>(std::move(setup), signer, verifier, random)) {}

NodeCore::~NodeCore() = default;

Actions NodeCore::on(Event event, Timestamp now) { return impl_->on(std::move(event), now); }
std::optional<Timestamp> NodeCore::deadline() const { return impl_->deadline(); }
const NodeCounts& NodeCore::counts() const noexcept { return impl_->counts(); }
std::size_t NodeCore::open_exchanges() const noexcept { return impl_->open_exchanges(); }

std::uint32_t NodeCore::recovery_start(const storage::LaneGrant& grant, Timestamp now) noexcept {
  const std::uint32_t window = bucket_of(now - limits::kDedupeWindowMs);
  return grant.last.value == 0 ? window : std::min(window, grant.low_water_bucket);
}

NodeCore::Impl::Impl(NodeSetup setup, const crypto::Signer& signer,
                     const crypto::Verifier& verifier, Random& random)
    : roots_(setup.roots),
      registry_(std::move(setup.registry)),
      law_(std::move(setup.law)),
      timing_(setup.timing),
      validity_ms_(setup.validity_ms),
      signer_(&signer),
      random_(&random),
      items_(roots_, registry_, verifier) {
  for (PartitionSetup& made : setup.partitions) {
    const std::size_t index = partitions_.size();
    const Partition& partition = partitions_.emplace_back(std::move(made), random);
    LaneSlot& slot = lanes_.try_emplace(partition.lane, partition.lane, signer).first->second;
    slot.places.emplace(index, slot.partitions.size());
    slot.partitions.push_back(index);
    for (const bool permits : {false, true}) {
      slot.fair.add_flow(partition.quota.weight);
      slot.flows.push_back({.partition = index, .permits = permits});
    }
    by_tenant_.emplace(partition.tenant, index);
    for (const auto& [system, rights] : partition.callers) by_system_.emplace(system, index);
    for (const auto& [code, kept] : partition.institutions) by_institution_.emplace(code, index);
  }
}

Actions NodeCore::Impl::on(Event event, Timestamp now) {
  now_ = std::max(now_, now);
  std::visit([this](auto& happened) { handle(happened); }, event);
  pump();
  return std::exchange(actions_, {});
}

std::optional<Timestamp> NodeCore::Impl::deadline() const {
  std::optional<Timestamp> earliest;
  const auto consider = [&earliest](Timestamp at) {
    if (!earliest || at < *earliest) earliest = at;
  };
  for (const auto& [id, slot] : lanes_) {
    if (const auto at = slot.lane.deadline()) consider(*at);
  }
  if (outbox_since_) consider(*outbox_since_ + limits::kTrainAgeMs);
  if (!timers_.empty()) consider(std::get<Timestamp>(timers_.top()));
  return earliest;
}

// Events ----------------------------------------------------------------------

void NodeCore::Impl::handle(QueriesArrived& event) {
  const auto partition = by_system_.find(event.system);
  for (wire::DecodedQuery& decoded : event.queries) {
    if (partition == by_system_.end()) {
      reply_error(event.client, decoded.key, ErrorCode::kUnknownKey);
    } else if (!decoded.query) {
      reply_error(event.client, decoded.key, decoded.query.error().code);
    } else {
      enqueue_query(partition->second, {event.client, event.system, *std::move(decoded.query)});
    }
  }
}

void NodeCore::Impl::handle(ItemsArrived& event) {
  for (const wire::LinkItem& item : event.items) {
    switch (item.kind) {
      case exchange::StatementKind::kPermit:
        on_permit(item);
        break;
      case exchange::StatementKind::kProvision:
        on_provision(item);
        break;
      case exchange::StatementKind::kRefusal:
        on_refusal(item);
        break;
      case exchange::StatementKind::kStatusQuery:
        on_status_query(item);
        break;
      case exchange::StatementKind::kStatusReply:
        on_status_reply(item);
        break;
      case exchange::StatementKind::kInquiry:
      case exchange::StatementKind::kConclusion:
        count(ErrorCode::kUnknownEnumValue);  // never meant for a node
        break;
    }
  }
}

void NodeCore::Impl::handle(LaneTaken& event) {
  LaneSlot& slot = lanes_.at(event.lane);
  slot.lane.open(event.grant);
  if (event.grant.last.value == 0) return;  // an empty lane: what is remembered is complete
  for (const std::size_t index : slot.partitions) {
    partitions_[index].settled.forget_before(recovery_start(event.grant, now_));
  }
}

void NodeCore::Impl::handle(StepsRecovered& event) {
  const std::size_t index = by_tenant_.at(event.tenant);
  RecentIds& settled = partitions_[index].settled;
  for (std::size_t i = 0; i < event.steps.size(); ++i) {
    const storage::StoredStep& step = event.steps[i];
    const bool followed =
        i + 1 < event.steps.size() && event.steps[i + 1].exchange == step.exchange;
    if (followed) continue;
    if (step.step == storage::Step::kAsked) {
      recover_ask(index, step);
    } else {
      settled.remember(step.exchange, 0);
    }
  }
}

void NodeCore::Impl::handle(LaneReady& event) {
  LaneSlot& slot = lanes_.at(event.lane);
  slot.lane.start();
  for (const std::size_t index : slot.partitions) {
    for (auto& [id, open] : partitions_[index].asking) {
      act(index, id, open, open.leg.on_asked_committed(now_, true));
    }
  }
}

void NodeCore::Impl::handle(TrainSettled& event) {
  LaneSlot& slot = lanes_.at(event.lane);
  take_report(slot, slot.lane.on_settled(event.result, now_));
}

void NodeCore::Impl::handle(FateTold& event) {
  LaneSlot& slot = lanes_.at(event.lane);
  take_report(slot, slot.lane.on_fate(event.fate, now_));
}

void NodeCore::Impl::handle(StepsFound& event) {
  const auto found = lookups_.find(event.lookup);
  if (found == lookups_.end()) return;
  const Lookup lookup = std::move(found->second);
  lookups_.erase(found);
  if (!event.steps) {
    count(event.steps.error().code);
    if (lookup.purpose == Lookup::For::kPermit) {
      partitions_[lookup.partition].providing.erase(lookup.exchange);
    }
    if (lookup.client) reply_error(*lookup.client, lookup.key, ErrorCode::kOutcomeUnknown);
    return;
  }
  switch (lookup.purpose) {
    case Lookup::For::kReplay:
      return finish_replay(lookup, *event.steps);
    case Lookup::For::kPermit:
      return finish_permit(lookup, *event.steps);
    case Lookup::For::kStatus:
      return finish_status(lookup, *event.steps);
  }
}

void NodeCore::Impl::handle(DelegationsRenewed& event) {
  for (const crypto::Delegation& delegation : event.delegations) {
    const auto holder = holder_of(delegation.institution);
    if (!holder) continue;
    institution(*holder, delegation.institution).delegation =
        std::make_shared<const crypto::Delegation>(delegation);
  }
}

void NodeCore::Impl::handle(Tick& /*event*/) {}

// Scheduling and lanes --------------------------------------------------------

void NodeCore::Impl::pump() {
  forget_old_ids();
  run_timers();
  for (auto& [id, slot] : lanes_) {
    serve_queues(slot);
    run_lane(slot);
  }
  if (outbox_since_ && now_ - *outbox_since_ >= limits::kTrainAgeMs) sign_outbox();
}

void NodeCore::Impl::serve_queues(LaneSlot& slot) {
  while (slot.lane.has_room()) {
    const auto serve = [&](std::size_t flow) { return serve_flow(slot.flows[flow]); };
    if (slot.fair.run(limits::kMaxTrainRows, serve) < limits::kMaxTrainRows) return;
  }
}

DeficitRoundRobin::Served NodeCore::Impl::serve_flow(const LaneSlot::Flow& flow) {
  using Served = DeficitRoundRobin::Served;
  Partition& partition = partitions_[flow.partition];
  if (flow.permits) {
    if (partition.permits.empty()) return Served::kEmpty;
    PermitJob job = std::move(partition.permits.front());
    partition.permits.pop_front();
    admit_permit(flow.partition, std::move(job));
    return Served::kOne;
  }
  if (partition.queries.empty()) return Served::kEmpty;
  if (partition.asking.size() >= partition.quota.max_in_flight) return Served::kBlocked;
  const QueryJob job = std::move(partition.queries.front());
  partition.queries.pop_front();
  admit_query(flow.partition, job);
  return Served::kOne;
}

void NodeCore::Impl::run_lane(LaneSlot& slot) {
  if (const auto number = slot.lane.fate_to_ask(now_)) {
    out(AskFate{slot.lane.id(), slot.lane.epoch(), *number});
  }
  std::uint32_t low_water = bucket_of(now_);
  if (!slot.open_buckets.empty()) low_water = std::min(low_water, slot.open_buckets.begin()->first);
  if (auto train = slot.lane.depart(now_, low_water)) {
    ++counts_.trains;
    out(AppendTrain{std::move(train)});
  }
}

void NodeCore::Impl::take_report(LaneSlot& slot, Lane::Report report) {
  if (report.lost) return drop_lane(slot);
  for (PendingStep& step : report.durable) on_durable(std::move(step));
  for (const PendingStep& step : report.refused) on_row_refused(step, report.refusal);
}

void NodeCore::Impl::on_durable(PendingStep step) {
  ++counts_.rows;
  switch (step.row.step) {
    case storage::Step::kAsked:
      return on_asked_durable(step);
    case storage::Step::kProvided: {
      Partition& partition = partitions_[step.partition];
      partition.providing.erase(step.row.exchange);
      partition.settled.remember(step.row.exchange, step.fingerprint);
      ++counts_.provided;
      return out(SendItem{std::move(step.item)});
    }
    case storage::Step::kConcluded:
      return on_concluded_durable(step);
    case storage::Step::kHeld:
      return;  // nothing travels; the provision follows by itself
  }
}

/// The store refused this row alone. A conflict means the step is there already,
/// so whoever waits is told what the store holds.
void NodeCore::Impl::on_row_refused(const PendingStep& step, const Error& error) {
  count(error.code);
  Partition& partition = partitions_[step.partition];
  const ExchangeId& id = step.row.exchange;
  if (step.row.step == storage::Step::kProvided) {
    partition.providing.erase(id);
    if (error.code == ErrorCode::kRowConflict) partition.settled.remember(id, 0);
    return;  // the asker will ask what became of it
  }
  const auto found = partition.asking.find(id);
  if (found == partition.asking.end()) return;
  const OpenAsk& open = found->second;
  if (error.code == ErrorCode::kRowConflict) {
    partition.settled.remember(id, 0);
    Lookup lookup;
    lookup.partition = step.partition;
    lookup.exchange = id;
    lookup.client = open.client;
    lookup.key = open.key;
    lookup.content_hash = open.content_hash;
    start_lookup(std::move(lookup));
  } else if (open.client) {
    reply_error(*open.client, open.key, error.code);
  }
  remove_open(step.partition, id);
}

void NodeCore::Impl::drop_lane(LaneSlot& slot) {
  for (const std::size_t index : slot.partitions) {
    Partition& partition = partitions_[index];
    for (const QueryJob& job : partition.queries) {
      reply_error(job.client, job.query.key, ErrorCode::kLaneLost);
    }
    for (const auto& [id, open] : partition.asking) {
      if (open.client) reply_error(*open.client, open.key, ErrorCode::kOutcomeUnknown);
      open_by_request_.erase(open.request_hash);
    }
    partition.queries.clear();
    partition.permits.clear();
    partition.asking.clear();
    partition.providing.clear();
  }
  slot.open_buckets.clear();
  count(ErrorCode::kLaneLost);
  out(GiveUpLane{slot.lane.id()});
}

void NodeCore::Impl::forget_old_ids() {
  const std::uint32_t from = bucket_of(now_ - limits::kDedupeWindowMs);
  if (from <= remembered_from_) return;
  remembered_from_ = from;
  for (Partition& partition : partitions_) partition.settled.forget_before(from);
}

void NodeCore::Impl::run_timers() {
  while (!timers_.empty() && std::get<Timestamp>(timers_.top()) <= now_) {
    const auto [at, index, id] = timers_.top();
    timers_.pop();
    const auto found = partitions_[index].asking.find(id);
    if (found == partitions_[index].asking.end()) continue;
    OpenAsk& open = found->second;
    if (open.timer_at != at) continue;  // another one counts
    open.timer_at.reset();
    if (open.leg.state() != exchange::AskerLeg::State::kAwaiting) continue;
    if (open.leg.deadline() <= now_) act(index, id, open, open.leg.on_deadline(now_));
    arm_timer(index, id, open);
  }
}

/// Keeps one timer an exchange that runs out no later than its deadline.
void NodeCore::Impl::arm_timer(std::size_t partition, const ExchangeId& id, OpenAsk& open) {
  if (open.leg.state() != exchange::AskerLeg::State::kAwaiting) return;
  if (open.timer_at && *open.timer_at <= open.leg.deadline()) return;
  open.timer_at = open.leg.deadline();
  timers_.emplace(*open.timer_at, partition, id);
}

void NodeCore::Impl::sign_outbox() {
  outbox_since_.reset();
  for (auto [builder, purpose] : {std::pair(&statuses_, crypto::BatchPurpose::kStatus),
                                  std::pair(&resends_, crypto::BatchPurpose::kResend)}) {
    for (wire::LinkItem& item : builder->sign(purpose, batch_number_, now_, *signer_)) {
      out(SendItem{std::move(item)});
    }
  }
}

void NodeCore::Impl::start_lookup(Lookup lookup) {
  if (lookups_.size() >= limits::kMaxLookupsUnderWay) {
    count(ErrorCode::kQueueFull);
    if (lookup.purpose == Lookup::For::kPermit) {
      partitions_[lookup.partition].providing.erase(lookup.exchange);
    }
    if (lookup.client) reply_error(*lookup.client, lookup.key, ErrorCode::kQueueFull);
    return;
  }
  const LookupId id{++last_lookup_};
  const Partition& partition = partitions_[lookup.partition];
  out(FindSteps{id, partition.lane, partition.tenant, lookup.exchange});
  lookups_.emplace(id, std::move(lookup));
}

Result<void> NodeCore::Impl::push_step(std::size_t partition, const ExchangeId& exchange,
                                       storage::Step step, std::uint16_t outcome,
                                       wire::LinkItem item, const wire::StoredContent& content) {
  Partition& owner = partitions_[partition];
  NAKADACHI_TRY(Bytes sealed, owner.seal(exchange, step, content, *random_));
  PendingStep pending;
  pending.partition = partition;
  pending.since = now_;
  pending.fingerprint = RecentIds::fingerprint_of(content.content_hash);
  pending.row.tenant = owner.tenant;
  pending.row.exchange = exchange;
  pending.row.step = step;
  pending.row.outcome = outcome;
  pending.row.salt = item.salt;
  pending.row.leaf = crypto::leaf_hash(item.salt, storage::leaf_kind(step), content.statement);
  pending.row.sealed = std::move(sealed);
  pending.item = std::move(item);
  slot_of(partition).lane.push(std::move(pending));
  return {};
}

wire::LinkItem NodeCore::Impl::make_item(exchange::StatementKind kind, const InstitutionCode& to,
                                         Bytes statement, const Institution& speaker) {
  wire::LinkItem item;
  item.kind = kind;
  item.to = to;
  item.statement = std::move(statement);
  item.salt = random_->make<Salt>();
  item.delegation = speaker.delegation;
  return item;
}

std::optional<std::size_t> NodeCore::Impl::holder_of(const InstitutionCode& code) const {
  const auto found = by_institution_.find(code);
  if (found == by_institution_.end()) return std::nullopt;
  return found->second;
}

rules::Verdict NodeCore::Impl::judge(const exchange::Subject& subject) const {
  const crypto::RegistryEntry* const asker = registry_.find(subject.asker);
  const crypto::RegistryEntry* const provider = registry_.find(subject.provider);
  if (asker == nullptr || provider == nullptr) return {};
  return law_.judge(rules::InstitutionClass{asker->institution_class}, subject.affair,
                    rules::InstitutionClass{provider->institution_class}, subject.kind);
}

}  // namespace nakadachi::tenant_vm
