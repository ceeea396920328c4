#include <utility>

#include "node_core_impl.hpp"

namespace nakadachi::tenant_vm {
namespace {

using exchange::Outcome;
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
  if (permit->valid_until < now_) return count(ErrorCode::kPermitExpired);
  Partition& owner = partitions_[*partition];
  LaneSlot& slot = slot_of(*partition);
  if (!slot.lane.is_open()) return count(ErrorCode::kStoreUnavailable);
  if (owner.permits.size() >= owner.quota.max_queued) return count(ErrorCode::kQueueFull);
  owner.permits.push_back({*std::move(permit), wire::permit_hash(item.statement)});
  slot.fair.activate(flow_of(slot, *partition, true));
}

/// A permit is good for one provision: a repeated one gets the stored provision.
void NodeCore::Impl::admit_permit(std::size_t partition, PermitJob job) {
  Partition& owner = partitions_[partition];
  const exchange::Permit& permit = job.permit;
  const auto id = owner.provide_id(permit.subject.provider, permit.request_hash, permit.asked_at);
  if (!id) return count(id.error().code);
  if (owner.providing.contains(*id)) return;  // its step is on the way
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

void NodeCore::Impl::finish_permit(const Lookup& lookup,
                                   const std::vector<storage::StoredStep>& steps) {
  partitions_[lookup.partition].providing.erase(lookup.exchange);
  if (steps.empty()) return provide(lookup.partition, lookup.exchange, lookup.permit);
  resend_provision(lookup.partition, steps.front());
}

void NodeCore::Impl::provide(std::size_t partition, const ExchangeId& id, const PermitJob& job) {
  Partition& owner = partitions_[partition];
  if (job.permit.valid_until < now_) return count(ErrorCode::kPermitExpired);
  if (!slot_of(partition).lane.is_open()) return count(ErrorCode::kStoreUnavailable);
  const exchange::Provision provision = make_provision(owner, job);
  wire::StoredContent content;
  content.statement = wire::encode(provision);
  content.content_hash = content_hash(job.permit);
  wire::LinkItem item = make_item(exchange::StatementKind::kProvision, provision.asker,
                                  content.statement, owner.institutions.at(provision.provider));
  const auto pushed =
      push_step(partition, id, storage::Step::kProvided,
                static_cast<std::uint16_t>(provision.outcome), std::move(item), content);
  if (!pushed) return count(pushed.error().code);
  owner.providing.insert(id);
}

/// Decides what this provider answers. Its own reading of the law counts as much
/// as the core's.
exchange::Provision NodeCore::Impl::make_provision(Partition& partition, const PermitJob& job) {
  const exchange::Subject& subject = job.permit.subject;
  exchange::Provision provision;
  provision.request_hash = job.permit.request_hash;
  provision.permit_hash = job.permit_hash;
  provision.asker = subject.asker;
  provision.provider = subject.provider;
  provision.provided_at = now_;
  const auto conclude_as = [&provision](Outcome outcome, ErrorCode reason) {
    provision.outcome = outcome;
    provision.reason = reason;
    return provision;
  };
  if (!judge(subject).allowed) {
    return conclude_as(Outcome::kRefused, ErrorCode::kNotInLegalTable);
  }
  Institution& provider = partition.institutions.at(subject.provider);
  const auto person = provider.symbols.find_address(job.permit.symbol);
  if (!person) {
    return conclude_as(Outcome::kProviderHoldsNoSymbol, ErrorCode::kProviderHoldsNoSymbol);
  }
  const Bytes* const copy = provider.copies.find(*person, subject.kind);
  if (copy == nullptr) return conclude_as(Outcome::kNoData, ErrorCode::kNoData);
  const crypto::AnswerBinding binding{.permit_hash = job.permit_hash,
                                      .request_hash = job.permit.request_hash,
                                      .provider = subject.provider,
                                      .asker = subject.asker};
  const auto sealed =
      provider.sealer.seal(registry_.find(subject.asker)->sealing_key, binding, *copy, now_);
  if (!sealed) return conclude_as(Outcome::kRefused, sealed.error().code);
  provision.sealed_answer = wire::encode(*sealed);
  return conclude_as(Outcome::kAnswered, provision.reason);
}

// What became of it -----------------------------------------------------------

void NodeCore::Impl::on_status_query(const wire::LinkItem& item) {
  const auto query = wire::decode_status_query(item.statement);
  if (!query) return count(query.error().code);
  const auto checked = items_.check_node(item, query->asker, crypto::BatchPurpose::kStatus);
  if (!checked) return count(checked.error().code);
  const auto partition = holder_of(query->provider);
  if (!partition) return count(ErrorCode::kUnknownInstitution);
  Partition& owner = partitions_[*partition];
  if (!slot_of(*partition).lane.is_open()) return count(ErrorCode::kStoreUnavailable);
  const auto id = owner.provide_id(query->provider, query->request_hash, query->asked_at);
  if (!id) return count(id.error().code);
  const bool decided_in_memory =
      owner.settled.find(*id) == nullptr && bucket_of(*id) >= owner.settled.complete_from();
  if (decided_in_memory || owner.providing.contains(*id)) {
    return tell_status(*partition, *id, *query);
  }
  Lookup lookup;
  lookup.purpose = Lookup::For::kStatus;
  lookup.partition = *partition;
  lookup.exchange = *id;
  lookup.status = *query;
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
  if (partitions_[partition].providing.contains(id)) {
    reply.status = Status::kPending;
  } else if (now_ > query.valid_until + limits::kLapseMarginMs) {
    reply.status = Status::kLapsed;
  } else {
    reply.status = Status::kNotSeen;
  }
  statuses_.add(make_item(exchange::StatementKind::kStatusReply, query.asker, wire::encode(reply),
                          institution(partition, query.provider)));
  if (!outbox_since_) outbox_since_ = now_;
}

void NodeCore::Impl::resend_provision(std::size_t partition, const storage::StoredStep& provided) {
  const auto content = partitions_[partition].open(provided);
  if (!content) return count(content.error().code);
  const auto provision = wire::decode_provision(content->statement);
  if (!provision) return count(provision.error().code);
  wire::LinkItem item = make_item(exchange::StatementKind::kProvision, provision->asker,
                                  content->statement, institution(partition, provision->provider));
  item.salt = provided.salt;  // the leaf stays that of the stored step
  resends_.add(std::move(item));
  if (!outbox_since_) outbox_since_ = now_;
}

}  // namespace nakadachi::tenant_vm
