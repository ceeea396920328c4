#include "nakadachi/tenant_vm/node_core.hpp"

#include <algorithm>
#include <utility>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/wire/law.hpp"
#include "node_core_impl.hpp"

namespace nakadachi::tenant_vm {
namespace {

constexpr std::int64_t kTellEveryMs = 3'600'000;

storage::KeptDelegation kept(const crypto::Delegation& delegation) {
  return {.institution = delegation.institution,
          .node_key = delegation.node_key,
          .from = delegation.from,
          .until = delegation.until,
          .signature = delegation.signature};
}

}  // namespace

NodeCore::NodeCore(NodeSetup setup, const crypto::Signer& signer, const crypto::Verifier& verifier,
                   Random& random)
    : impl_(std::make_unique<Impl>(std::move(setup), signer, verifier, random)) {}

NodeCore::~NodeCore() = default;

Actions NodeCore::on(Event event, Timestamp now) { return impl_->on(std::move(event), now); }
std::optional<Timestamp> NodeCore::deadline() const { return impl_->deadline(); }
const NodeCounts& NodeCore::counts() const noexcept { return impl_->counts(); }
std::optional<wire::TenantState> NodeCore::state_of(TenantId tenant) const {
  return impl_->state_of(tenant);
}
std::vector<storage::KeptDelegation> NodeCore::delegations_of(TenantId tenant) const {
  return impl_->delegations_of(tenant);
}
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
      layouts_(std::move(setup.layouts)),
      operators_(setup.operators.begin(), setup.operators.end()),
      members_(setup.members.begin(), setup.members.end()),
      timing_(setup.timing),
      validity_ms_(setup.validity_ms),
      acquisition_ms_(setup.acquisition_ms),
      signer_(&signer),
      random_(&random),
      items_(roots_, registry_, verifier) {
  const auto map_keys = std::make_shared<const symbols::MapKeys>(random);
  for (PartitionSetup& made : setup.partitions) {
    const std::size_t index = partitions_.size();
    const Partition& partition = partitions_.emplace_back(std::move(made), setup, map_keys, random);
    LaneSlot& slot = lanes_.try_emplace(partition.lane, partition.lane, signer).first->second;
    slot.places.emplace(index, slot.partitions.size());
    slot.partitions.push_back(index);
    for (const FlowSort sort : kFlowSorts) {
      slot.fair.add_flow(partition.quota.weight);
      slot.flows.push_back({.partition = index, .sort = sort});
    }
    by_tenant_.emplace(partition.tenant, index);
    for (const auto& [system, rights] : partition.callers) by_system_.emplace(system, index);
    for (const auto& [staff, rights] : partition.staff) by_staff_.emplace(staff, index);
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
  if (next_lapse_) consider(*next_lapse_);
  if (next_wish_) consider(*next_wish_);
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
      case exchange::StatementKind::kSymbolNotice:
        on_symbol_notice(item);
        break;
      case exchange::StatementKind::kAcquisitionRequest:
        on_acquisition_request(item);
        break;
      case exchange::StatementKind::kInquiry:
      case exchange::StatementKind::kConclusion:
      case exchange::StatementKind::kSymbolReceipt:
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
    partitions_[index].changed.forget_before(recovery_start(event.grant, now_));
  }
}

void NodeCore::Impl::handle(StepsRecovered& event) {
  const std::size_t index = by_tenant_.at(event.tenant);
  RecentIds& settled = partitions_[index].settled;
  for (std::size_t i = 0; i < event.steps.size();) {
    const std::size_t first = i;
    bool ended = false;
    for (; i < event.steps.size() && event.steps[i].exchange == event.steps[first].exchange; ++i) {
      const storage::Step step = event.steps[i].step;
      ended = ended || step == storage::Step::kProvided || step == storage::Step::kConcluded;
    }
    const storage::StoredStep& step = event.steps[first];
    if (ended) {
      settled.remember(step.exchange, 0);
    } else if (step.step == storage::Step::kHeld) {
      take_held(index, step);
    } else {
      recover_ask(index, step);
    }
  }
}

void NodeCore::Impl::handle(LogRecovered& event) {
  slot_of(by_tenant_.at(event.tenant)).lane.set_log(event.tenant, std::move(event.log));
}

void NodeCore::Impl::handle(HoldingsRecovered& event) {
  Partition& partition = partitions_[by_tenant_.at(event.tenant)];
  for (const storage::Holding& holding : event.holdings) apply(partition, holding);
}

void NodeCore::Impl::handle(ChangesRecovered& event) {
  Partition& partition = partitions_[by_tenant_.at(event.tenant)];
  for (const storage::StoredChange& change : event.changes) {
    partition.changed.remember(change.change, 0);
  }
}

void NodeCore::Impl::handle(LaneReady& event) {
  LaneSlot& slot = lanes_.at(event.lane);
  slot.lane.start();
  for (const std::size_t index : slot.partitions) {
    finish_recovery(partitions_[index]);
    for (auto& [id, open] : partitions_[index].asking) {
      act(index, id, open, open.leg.on_asked_committed(now_, true));
    }
    for (const auto& [id, held] : partitions_[index].held) {
      timers_.emplace(held.job.permit.valid_until + 1, index, id);
    }
    answer_held_about_nobody(index);
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
  Lookup lookup = std::move(found->second);
  lookups_.erase(found);
  if (!event.steps) {
    count(event.steps.error().code);
    if (lookup.purpose == Lookup::For::kPermit) {
      partitions_[lookup.partition].providing.erase(lookup.exchange);
    }
    if (lookup.client) reply_error(*lookup.client, lookup.key, ErrorCode::kOutcomeUnknown);
    if (lookup.job) answer_admin(lookup.job->client, lookup.job->request.key, event.steps.error());
    return;
  }
  switch (lookup.purpose) {
    case Lookup::For::kReplay:
      return finish_replay(lookup, *event.steps);
    case Lookup::For::kPermit:
      return finish_permit(std::move(lookup), *event.steps);
    case Lookup::For::kStatus:
      return finish_status(lookup, *event.steps);
    case Lookup::For::kWish:
      return finish_wish(std::move(lookup), *event.steps);
  }
}

void NodeCore::Impl::handle(DelegationsRenewed& event) {
  std::map<TenantId, std::vector<storage::KeptDelegation>> renewed;
  for (const crypto::Delegation& delegation : event.delegations) {
    const auto holder = holder_of(delegation.institution);
    if (!holder) continue;
    institution(*holder, delegation.institution).delegation =
        std::make_shared<const crypto::Delegation>(delegation);
    renewed[partitions_[*holder].tenant].push_back(kept(delegation));
  }
  for (auto& [tenant, delegations] : renewed) out(KeepDelegations{tenant, std::move(delegations)});
}

void NodeCore::Impl::handle(LawReplaced& event) {
  law_ = std::move(event.law);
  laws_told_.clear();
}

void NodeCore::Impl::handle(CallersReplaced& event) {
  std::vector<decltype(Partition::callers)> former;
  by_system_.clear();
  by_staff_.clear();
  operators_ = {event.operators.begin(), event.operators.end()};
  for (Partition& partition : partitions_) {
    former.push_back(std::exchange(partition.callers, {}));
    partition.staff.clear();
  }
  for (CallerRights& rights : event.systems) {
    const auto holder = holder_of(rights.institution);
    if (!holder) continue;
    by_system_.emplace(rights.system, *holder);
    partitions_[*holder].callers.emplace(rights.system, std::move(rights));
  }
  for (const StaffRights& rights : event.staff) {
    const auto holder = rights.institution ? holder_of(*rights.institution) : std::nullopt;
    if (!holder) continue;
    by_staff_.emplace(rights.staff, *holder);
    partitions_[*holder].staff.emplace(rights.staff, rights);
  }
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    const auto& callers = partitions_[i].callers;
    std::erase_if(partitions_[i].listening, [&](const auto& one) {
      const auto now = callers.find(one.first);
      return now == callers.end() || now->second.institution != former[i].at(one.first).institution;
    });
  }
}

void NodeCore::Impl::handle(Tick& /*event*/) {}

// Scheduling and lanes --------------------------------------------------------

void NodeCore::Impl::pump() {
  forget_old_ids();
  run_timers();
  lapse_acquisitions();
  send_wishes();
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
  if (flow.sort == FlowSort::kPermits) {
    if (partition.permits.empty()) return Served::kEmpty;
    if (waits_for_change(partition, partition.permits.front())) return Served::kBlocked;
    PermitJob job = std::move(partition.permits.front());
    partition.permits.pop_front();
    admit_permit(flow.partition, std::move(job));
    return Served::kOne;
  }
  if (flow.sort == FlowSort::kRequests) {
    if (!partition.notices.empty()) {
      if (waits_for_change(partition, partition.notices.front().notice)) return Served::kBlocked;
      const SymbolNoticeJob job = partition.notices.front();
      partition.notices.pop_front();
      take_notice(flow.partition, job);
      return Served::kOne;
    }
    if (partition.requests.empty()) return Served::kEmpty;
    partition.use_current_numbers(partition.requests.front().request.command);
    if (touches_change(partition, partition.requests.front())) return Served::kBlocked;
    AdminJob job = std::move(partition.requests.front());
    partition.requests.pop_front();
    admit_request(flow.partition, std::move(job));
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
  for (PendingRow& row : report.durable) on_durable(std::move(row), *report.train);
  for (const std::size_t partition : std::exchange(persons_put_, {})) follow_held_wishes(partition);
  for (const PendingRow& row : report.refused) on_row_refused(row, report.refusal);
}

void NodeCore::Impl::on_durable(PendingRow row, CommittedTrain& train) {
  ++counts_.rows;
  if (auto* const step = std::get_if<PendingStep>(&row.what)) {
    on_step_durable(std::move(*step), train);
  } else {
    on_change_durable(std::get<PendingChange>(row.what));
  }
}

void NodeCore::Impl::on_step_durable(PendingStep step, CommittedTrain& train) {
  switch (step.row.step) {
    case storage::Step::kAsked:
      return on_asked_durable(step);
    case storage::Step::kProvided: {
      Partition& partition = partitions_[step.partition];
      partition.providing.erase(step.row.exchange);
      partition.settled.remember(step.row.exchange, step.fingerprint);
      on_held_provided(step.partition, step.row.exchange, nullptr);
      ++counts_.provided;
      return send_provision(std::move(step.item));
    }
    case storage::Step::kConcluded:
      return on_concluded_durable(step, train);
    case storage::Step::kHeld:
      partitions_[step.partition].providing.erase(step.row.exchange);
      take_held(step.partition, {.exchange = step.row.exchange,
                                 .step = step.row.step,
                                 .sealed = std::move(step.row.sealed)});
      return close_bucket(step.partition, step.row.exchange);  // opened by `hold`
  }
}

void NodeCore::Impl::on_row_refused(const PendingRow& row, const Error& error) {
  count(error.code);
  if (const auto* const step = std::get_if<PendingStep>(&row.what)) {
    on_step_refused(*step, error);
  } else {
    on_change_refused(std::get<PendingChange>(row.what), error);
  }
}

/// The store refused this row alone. A conflict means the step is there already,
/// so whoever waits is told what the store holds.
void NodeCore::Impl::on_step_refused(const PendingStep& step, const Error& error) {
  Partition& partition = partitions_[step.partition];
  const ExchangeId& id = step.row.exchange;
  if (step.row.step == storage::Step::kProvided || step.row.step == storage::Step::kHeld) {
    partition.providing.erase(id);
    if (step.row.step == storage::Step::kHeld) close_bucket(step.partition, id);
    if (error.code == ErrorCode::kRowConflict) partition.settled.remember(id, 0);
    on_held_provided(step.partition, id, &error);
    return;  // the asker will ask what became of it
  }
  const auto found = partition.asking.find(id);
  if (found == partition.asking.end()) return;
  const OpenAsk& open = found->second;
  const bool conflict = error.code == ErrorCode::kRowConflict;
  if (conflict) partition.settled.remember(id, 0);
  if (conflict && !open.apart) {
    Lookup lookup;
    lookup.partition = step.partition;
    lookup.exchange = id;
    lookup.client = open.client;
    lookup.key = open.key;
    lookup.content_hash = open.content_hash;
    lookup.institution = speaker_for(step.partition, open).code;
    start_lookup(std::move(lookup));
  } else if (open.client) {
    reply_error(*open.client, open.key, conflict ? open.leg.decision().reason : error.code,
                open.retry_after_ms);
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
    for (const AdminJob& job : partition.requests) {
      answer_admin(job.client, job.request.key, ErrorCode::kLaneLost);
    }
    for (const auto& [id, change] : partition.open_changes) {
      answer_admin(change.client, change.key, ErrorCode::kOutcomeUnknown);
    }
    partition.queries.clear();
    partition.permits.clear();
    partition.notices.clear();
    partition.requests.clear();
    partition.asking.clear();
    partition.providing.clear();
    partition.held.clear();
    partition.live.clear();
    partition.open_changes.clear();
    partition.receipts.clear();
    partition.changing.clear();
    for (auto& [code, institution] : partition.institutions) institution.wishes.clear();
  }
  slot.open_buckets.clear();
  count(ErrorCode::kLaneLost);
  out(GiveUpLane{slot.lane.id()});
}

void NodeCore::Impl::forget_old_ids() {
  const std::uint32_t from = bucket_of(now_ - limits::kDedupeWindowMs);
  if (from <= remembered_from_) return;
  remembered_from_ = from;
  for (Partition& partition : partitions_) {
    partition.settled.forget_before(from);
    partition.changed.forget_before(from);
  }
}

void NodeCore::Impl::run_timers() {
  while (!timers_.empty() && std::get<Timestamp>(timers_.top()) <= now_) {
    const auto [at, index, id] = timers_.top();
    timers_.pop();
    if (partitions_[index].live.contains(id)) {
      wake_live(index, id, at);
    } else if (partitions_[index].held.contains(id)) {
      lapse_held(index, id);
    } else {
      run_ask_timer(index, id, at);
    }
  }
}

void NodeCore::Impl::run_ask_timer(std::size_t partition, const ExchangeId& id, Timestamp at) {
  const auto found = partitions_[partition].asking.find(id);
  if (found == partitions_[partition].asking.end()) return;
  OpenAsk& open = found->second;
  if (open.timer_at != at) return;  // another one counts
  open.timer_at.reset();
  if (open.leg.state() != exchange::AskerLeg::State::kAwaiting) return;
  if (open.leg.deadline() <= now_) act(partition, id, open, open.leg.on_deadline(now_));
  arm_timer(partition, id, open);
}

void NodeCore::Impl::open_bucket(std::size_t partition, const ExchangeId& id) {
  ++slot_of(partition).open_buckets[bucket_of(id)];
}

void NodeCore::Impl::close_bucket(std::size_t partition, const ExchangeId& id) {
  auto& buckets = slot_of(partition).open_buckets;
  const auto bucket = buckets.find(bucket_of(id));
  if (--bucket->second == 0) buckets.erase(bucket);
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
    if (lookup.job) {
      answer_admin(lookup.job->client, lookup.job->request.key, ErrorCode::kQueueFull);
    }
    return;
  }
  const LookupId id{++last_lookup_};
  const Partition& partition = partitions_[lookup.partition];
  out(FindSteps{id, partition.lane, partition.tenant, lookup.exchange});
  lookups_.emplace(id, std::move(lookup));
}

Result<void> NodeCore::Impl::push_step(std::size_t partition, const ExchangeId& exchange,
                                       storage::Step step, std::uint16_t outcome,
                                       wire::LinkItem item, const wire::StoredContent& content,
                                       const Units& units) {
  Partition& owner = partitions_[partition];
  NAKADACHI_TRY(Bytes sealed, owner.seal(exchange, step, content, *random_));
  PendingStep pending;
  pending.partition = partition;
  pending.fingerprint = RecentIds::fingerprint_of(content.content_hash);
  pending.row.tenant = owner.tenant;
  pending.row.exchange = exchange;
  pending.row.step = step;
  pending.row.outcome = outcome;
  pending.row.units = units;
  pending.row.salt = item.salt;
  pending.row.leaf = crypto::leaf_hash(item.salt, storage::leaf_kind(step), content.statement);
  pending.row.sealed = std::move(sealed);
  pending.item = std::move(item);
  slot_of(partition).lane.push(std::move(pending), now_);
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

rules::Verdict NodeCore::Impl::judge(const exchange::Subject& subject, Timestamp at) const {
  const crypto::RegistryEntry* const asker = registry_.find(subject.asker);
  const crypto::RegistryEntry* const provider = registry_.find(subject.provider);
  if (asker == nullptr || provider == nullptr) return {};
  return law_.judge({.inquirer = wire::party_of(*asker),
                     .affair = subject.affair,
                     .procedure = subject.procedure,
                     .provider = wire::party_of(*provider),
                     .kind = subject.kind},
                    at);
}

/// Who judged by another law than ours of that time is told of once an hour: the core, or a
/// provider. So there are never more of them than the registry has institutions, whatever their
/// fingerprints.
void NodeCore::Impl::notice_law(std::uint64_t fingerprint, Timestamp judged,
                                const InstitutionCode& institution, const LawDifference& by) {
  if (fingerprint == law_.fingerprint_on(Day::of(judged))) return;
  count(ErrorCode::kLawDiffers);
  const bool is_core = by.judge == LawDifference::Judge::kCore;
  const auto judge = is_core ? InstitutionCode() : by.counterpart;
  const auto [known, is_new] = laws_told_.try_emplace(judge, now_);
  if (!is_new && now_ - known->second < kTellEveryMs) return;
  known->second = now_;
  out(TellOperators{ErrorCode::kLawDiffers, institution, by});
}

std::vector<storage::KeptDelegation> NodeCore::Impl::delegations_of(TenantId tenant) const {
  std::vector<storage::KeptDelegation> delegations;
  const auto found = by_tenant_.find(tenant);
  if (found == by_tenant_.end()) return delegations;
  for (const auto& [code, institution] : partitions_[found->second].institutions) {
    delegations.push_back(kept(*institution.delegation));
  }
  return delegations;
}

std::optional<wire::TenantState> NodeCore::Impl::state_of(TenantId tenant) const {
  const auto found = by_tenant_.find(tenant);
  if (found == by_tenant_.end()) return std::nullopt;
  const Partition& partition = partitions_[found->second];
  wire::TenantState state{
      .tenant = tenant,
      .lane = partition.lane,
      .queued = partition.queries.size() + partition.permits.size() + partition.requests.size(),
      .in_flight = partition.asking.size(),
      .held = partition.held.size()};
  for (const auto& [code, institution] : partition.institutions) {
    state.copies += institution.copies.size();
    state.symbols += institution.symbols.size();
  }
  return state;
}

}  // namespace nakadachi::tenant_vm
