#include <utility>

#include "nakadachi/tenant_vm/holding_values.hpp"
#include "node_core_impl.hpp"

namespace nakadachi::tenant_vm {
namespace {

using exchange::Outcome;
using exchange::StatementKind;
using exchange::Status;

}  // namespace

// Permits ---------------------------------------------------------------------

void NodeCore::Impl::on_permit(const wire::LinkItem& item) {
  if (const auto checked = items_.check_core(item); !checked) return count(checked.error().code);
  auto permit = wire::decode_permit(item.statement);
  if (!permit) return count(permit.error().code);
  const auto partition = holder_of(permit->subject.provider);
  if (!partition) return count(ErrorCode::kUnknownInstitution);
  const std::int64_t skew_ms = permit->issued_at - now_;
  if (skew_ms > limits::kMaxClockSkewMs) return count(ErrorCode::kClockSkew);
  notice_law(permit->law, permit->asked_at, permit->subject.provider,
             {.counterpart = permit->subject.asker});
  Partition& owner = partitions_[*partition];
  LaneSlot& slot = slot_of(*partition);
  if (!slot.lane.is_open()) return count(ErrorCode::kStoreUnavailable);
  if (owner.permits.size() >= owner.quota.max_queued) return count(ErrorCode::kQueueFull);
  owner.permits.push_back({.permit = *std::move(permit),
                           .permit_hash = wire::permit_hash(item.statement),
                           .statement = item.statement,
                           .person = {},
                           .handed_over = {}});
  slot.fair.activate(flow_of(slot, *partition, FlowSort::kPermits));
}

/// Whether the answer would rest on a holding whose change is on its way to the
/// disk: then the permit waits, so that whatever is durable before an answer is
/// obeyed by it.
bool NodeCore::Impl::waits_for_change(Partition& partition, const PermitJob& job) {
  if (partition.changing.empty()) return false;
  const exchange::Subject& subject = job.permit.subject;
  if (!job.person && holder_changing(partition, subject.provider, job.permit.symbol)) return true;
  const auto person = partition.person_of(job);
  if (!person) return false;
  if (partition.is_person_changing(*person)) return true;
  const auto flags = copies::flag_key(partition.cipher, subject.provider, *person);
  const auto copy = copies::copy_key(partition.cipher, subject.provider, *person, subject.kind);
  const auto mode = copies::answer_setting_key(partition.cipher, subject.provider, subject.kind);
  return partition.is_changing(storage::Section::kFlag, flags) ||
         partition.is_changing(storage::Section::kCopy, copy) ||
         partition.is_changing(storage::Section::kSetting, mode);
}

/// A permit is good for one provision: a repeated one gets the stored provision.
void NodeCore::Impl::admit_permit(std::size_t partition, PermitJob job) {
  Partition& owner = partitions_[partition];
  const exchange::Permit& permit = job.permit;
  const auto id = owner.provide_id(permit.subject.provider, permit.request_hash, permit.asked_at);
  if (!id) return count(id.error().code);
  if (owner.providing.contains(*id)) return;
  if (job.handed_over) {
    const auto live = owner.live.find(*id);
    if (live == owner.live.end()) return count(ErrorCode::kNoLongerKept);
    live->second.answered = false;
    if (owner.has_moved(live->second)) return send_question(partition, *id, live->second);
    owner.live.erase(live);
    return provide(partition, *id, job);
  }
  if (owner.held.contains(*id) || owner.live.contains(*id)) return;
  const RecentIds::Fingerprint* const known = owner.settled.find(*id);
  if (known == nullptr && bucket_of(*id) >= owner.settled.complete_from()) {
    return provide(partition, *id, job);
  }
  if (known != nullptr && *known != 0 &&
      *known != RecentIds::fingerprint_of(content_hash(permit))) {
    return count(ErrorCode::kSameKeyOtherContent);
  }
  Lookup lookup;
  lookup.purpose = Lookup::For::kPermit;
  lookup.partition = partition;
  lookup.exchange = *id;
  lookup.permit = std::move(job);
  owner.providing.insert(*id);  // until the store has told
  start_lookup(std::move(lookup));
}

void NodeCore::Impl::finish_permit(Lookup lookup, const std::vector<storage::StoredStep>& steps) {
  Partition& owner = partitions_[lookup.partition];
  owner.providing.erase(lookup.exchange);
  if (steps.empty() && waits_for_change(owner, lookup.permit)) {
    owner.permits.push_front(std::move(lookup.permit));
    LaneSlot& slot = slot_of(lookup.partition);
    return slot.fair.activate(flow_of(slot, lookup.partition, FlowSort::kPermits));
  }
  if (steps.empty()) return provide(lookup.partition, lookup.exchange, lookup.permit);
  resend_provision(lookup.partition, steps.front());
}

void NodeCore::Impl::provide(std::size_t partition, const ExchangeId& id, const PermitJob& job) {
  const auto provided = try_to_provide(partition, id, job);
  if (provided) return;
  count(provided.error().code);  // the asker will ask what became of it
  on_held_provided(partition, id, &provided.error());
}

Result<void> NodeCore::Impl::try_to_provide(std::size_t partition, const ExchangeId& id,
                                            const PermitJob& job) {
  if (!slot_of(partition).lane.is_open()) return ErrorCode::kStoreUnavailable;
  if (job.permit.valid_until < now_) {  // it came too late, or waited too long
    count(ErrorCode::kPermitExpired);
    return lapse(partition, id, job);
  }
  Partition& owner = partitions_[partition];
  const auto held = owner.held.find(id);
  const AdminJob* const agreed =
      held != owner.held.end() && held->second.decision ? &*held->second.decision : nullptr;
  NAKADACHI_TRY(const Decision decision, decide(owner, job, agreed != nullptr));
  if (decision.hold) return hold(partition, id, job);
  if (decision.ask) return ask_live(partition, id, job);
  if (agreed == nullptr) return push_provision(partition, id, job, decision, {}, {});
  return push_provision(partition, id, job, decision, agreed->request.who, agreed->request.why);
}

/// The notice has lost its force (施行命令 41条3項): both sides record that it lapsed.
Result<void> NodeCore::Impl::lapse(std::size_t partition, const ExchangeId& id,
                                   const PermitJob& job) {
  auto& held = partitions_[partition].held;
  if (const auto found = held.find(id); found != held.end()) {
    if (const auto decision = std::exchange(found->second.decision, std::nullopt)) {
      answer_admin(decision->client, decision->request.key, ErrorCode::kLapsed);
    }
  }
  const Decision lapsed{.outcome = Outcome::kLapsed, .reason = ErrorCode::kLapsed};
  return push_provision(partition, id, job, lapsed, {}, {});
}

/// Decides what this provider answers. Its own reading of the law counts as much
/// as the core's. An error means that nothing may be said now, for a flag may
/// stand behind it.
Result<NodeCore::Impl::Decision> NodeCore::Impl::decide(Partition& partition, const PermitJob& job,
                                                        bool staff_agreed) {
  const exchange::Subject& subject = job.permit.subject;
  Decision decision;
  const rules::Verdict verdict = judge(subject, job.permit.asked_at);
  const bool within_body = verdict.source == rules::Source::kWithinBodyOrdinance;
  if (!verdict.allowed || within_body != job.person.has_value()) {
    decision.reason = ErrorCode::kNotInLegalTable;
    return decision;
  }
  const Institution& provider = partition.institutions.at(subject.provider);
  const auto person = partition.person_of(job);
  if (!person) {
    decision.outcome = Outcome::kProviderHoldsNoSymbol;
    return decision;
  }
  NAKADACHI_TRY(const copies::FlagState flags,
                provider.flags.of(partition.cipher, *person, subject.kind, Day::of(now_)));
  decision.non_disclosure = flags.non_disclosure;
  const copies::AnswerMode mode = provider.modes.of(subject.kind);
  decision.hold = !staff_agreed && (flags.held || mode == copies::AnswerMode::kApproval);
  decision.ask = mode == copies::AnswerMode::kLive && !job.handed_over;
  if (decision.hold || decision.ask) return decision;
  NAKADACHI_CHECK(add_answer(partition, job, *person, verdict, decision));
  return decision;
}

/// The items asked for, of what was handed over or else of the registered copy, as
/// far as the law covers them.
Result<void> NodeCore::Impl::add_answer(Partition& partition, const PermitJob& job,
                                        const AddressNumber& person, const rules::Verdict& verdict,
                                        Decision& to) {
  const exchange::Subject& subject = job.permit.subject;
  to.outcome = Outcome::kNoData;
  std::optional<copies::CopyContent> copy;
  if (!job.handed_over) {
    NAKADACHI_TRY(copy, partition.institutions.at(subject.provider)
                            .copies.find(partition.cipher, person, subject.kind));
  } else if (!job.handed_over->content.empty()) {
    NAKADACHI_TRY(copy, copies::decode_content(job.handed_over->content));
  }
  if (!copy || !copy->validity.holds(Day::of(now_))) return {};
  copies::Selection selection = copies::select(*copy, subject.items);
  const std::size_t uncovered =
      std::erase_if(selection.content.items,
                    [&](const copies::CopyItem& item) { return !verdict.covers(item.number); });
  if (selection.content.items.empty()) return {};
  const bool in_part = !selection.missing.empty() || uncovered > 0;
  to.outcome = in_part ? Outcome::kAnsweredInPart : Outcome::kAnswered;
  NAKADACHI_TRY(to.answer, copies::encode(selection.content));
  return {};
}

/// Who caused what is done about a permit.
Cause NodeCore::Impl::cause_of(const Partition& partition, const ExchangeId& id,
                               const PermitJob& job) const {
  if (job.person) return Cause::kOwnQuery;
  const crypto::RegistryEntry* const asker = registry_.find(job.permit.subject.asker);
  if (asker == nullptr || !members_.contains(asker->tenant)) return Cause::kOutside;
  return partition.held.contains(id) ? Cause::kApproval : Cause::kAnswered;
}

/// A leg of an exchange begins with this permit.
void NodeCore::Impl::add_permit(const PermitJob& job, Units& units) {
  units.persons = 1;
  if (job.person) return;  // nothing has travelled
  units.messages_in = 1;
  units.bytes_in = static_cast<std::uint32_t>(job.statement.size());
}

Result<void> NodeCore::Impl::push_provision(std::size_t partition, const ExchangeId& id,
                                            const PermitJob& job, const Decision& decision,
                                            std::string who, std::string why) {
  Partition& owner = partitions_[partition];
  const exchange::Subject& subject = job.permit.subject;
  Institution& provider = owner.institutions.at(subject.provider);
  exchange::Provision provision;
  provision.request_hash = job.permit.request_hash;
  provision.permit_hash = job.permit_hash;
  provision.asker = subject.asker;
  provision.provider = subject.provider;
  provision.outcome = decision.outcome;
  provision.reason = decision.reason;
  provision.provided_at = now_;
  provision.law = law_.fingerprint_on(Day::of(job.permit.asked_at));
  provision.non_disclosure = decision.non_disclosure;
  if (exchange::has_answer(decision.outcome)) {
    const crypto::AnswerBinding binding{.permit_hash = job.permit_hash,
                                        .request_hash = job.permit.request_hash,
                                        .provider = subject.provider,
                                        .asker = subject.asker};
    NAKADACHI_TRY(const auto sealed,
                  provider.sealer.seal(registry_.find(subject.asker)->sealing_key, binding,
                                       decision.answer, now_));
    provision.sealed_answer = wire::encode(sealed);
  }
  wire::StoredContent content;
  content.statement = wire::encode(provision);
  content.content_hash = content_hash(job.permit);
  content.who = std::move(who);
  content.why = std::move(why);
  content.permit = job.statement;
  Units units{.cause = cause_of(owner, id, job)};
  if (!owner.held.contains(id)) add_permit(job, units);
  if (!job.person) {
    units.messages_out = 1;
    units.bytes_out = static_cast<std::uint32_t>(content.statement.size());
  }
  const InstitutionCode to = job.person ? InstitutionCode() : provision.asker;
  wire::LinkItem item = make_item(StatementKind::kProvision, to, content.statement, provider);
  NAKADACHI_CHECK(push_step(partition, id, storage::Step::kProvided,
                            static_cast<std::uint16_t>(provision.outcome), std::move(item), content,
                            units));
  owner.providing.insert(id);
  return {};
}

// What became of it -----------------------------------------------------------

void NodeCore::Impl::on_status_query(const wire::LinkItem& item) {
  const auto query = wire::decode_status_query(item.statement);
  if (!query) return count(query.error().code);
  const auto checked = items_.check_node(item, query->asker, crypto::BatchPurpose::kStatus);
  if (!checked) return count(checked.error().code);
  answer_status(*query);
}

void NodeCore::Impl::answer_status(const exchange::StatusQuery& query) {
  const auto partition = holder_of(query.provider);
  if (!partition) return count(ErrorCode::kUnknownInstitution);
  Partition& owner = partitions_[*partition];
  if (!slot_of(*partition).lane.is_open()) return count(ErrorCode::kStoreUnavailable);
  const auto id = owner.provide_id(query.provider, query.request_hash, query.asked_at);
  if (!id) return count(id.error().code);
  const bool decided_in_memory =
      owner.settled.find(*id) == nullptr && bucket_of(*id) >= owner.settled.complete_from();
  if (decided_in_memory || owner.providing.contains(*id) || owner.held.contains(*id)) {
    return tell_status(*partition, *id, query);
  }
  Lookup lookup;
  lookup.purpose = Lookup::For::kStatus;
  lookup.partition = *partition;
  lookup.exchange = *id;
  lookup.status = query;
  start_lookup(std::move(lookup));
}

void NodeCore::Impl::finish_status(const Lookup& lookup,
                                   const std::vector<storage::StoredStep>& steps) {
  if (!steps.empty()) return resend_provision(lookup.partition, steps.front());
  tell_status(lookup.partition, lookup.exchange, lookup.status);
}

/// "Lapsed" is a promise: it is given only when no permit can be honoured any more.
void NodeCore::Impl::tell_status(std::size_t partition, const ExchangeId& id,
                                 const exchange::StatusQuery& query) {
  exchange::StatusReply reply;
  reply.request_hash = query.request_hash;
  reply.asker = query.asker;
  reply.provider = query.provider;
  reply.at = now_;
  if (partitions_[partition].held.contains(id)) {
    reply.status = Status::kHeld;
  } else if (partitions_[partition].providing.contains(id) ||
             partitions_[partition].live.contains(id)) {
    reply.status = Status::kPending;
  } else if (now_ > query.valid_until + limits::kLapseMarginMs) {
    reply.status = Status::kLapsed;
  } else {
    reply.status = Status::kNotSeen;
  }
  if (is_within_body(query.request_hash)) return take_status(reply);
  statuses_.add(make_item(StatementKind::kStatusReply, query.asker, wire::encode(reply),
                          institution(partition, query.provider)));
  if (!outbox_since_) outbox_since_ = now_;
}

void NodeCore::Impl::resend_provision(std::size_t partition, const storage::StoredStep& provided) {
  const auto content = partitions_[partition].open(provided);
  if (!content) return count(content.error().code);
  const auto provision = wire::decode_provision(content->statement);
  if (!provision) return count(provision.error().code);
  wire::LinkItem item = make_item(StatementKind::kProvision, provision->asker, content->statement,
                                  institution(partition, provision->provider));
  item.salt = provided.salt;  // the leaf stays that of the stored step
  if (is_within_body(provision->request_hash)) return take_provision(item, *provision);
  resends_.add(std::move(item));
  if (!outbox_since_) outbox_since_ = now_;
}

}  // namespace nakadachi::tenant_vm
