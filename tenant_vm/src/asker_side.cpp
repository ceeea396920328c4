#include <algorithm>
#include <utility>

#include "nakadachi/crypto/hash.hpp"
#include "node_core_impl.hpp"

namespace nakadachi::tenant_vm {
namespace {

constexpr std::uint32_t kRetrySoonMs = 200;
constexpr std::uint32_t kRetryLaterMs = 1'000;
/// Trains of which receipts of stored entries can be made without the store: some 20 kB each.
constexpr std::size_t kProofsKept = 64;

const storage::StoredStep* find_step(const std::vector<storage::StoredStep>& steps,
                                     storage::Step wanted) {
  const auto found = std::find_if(steps.begin(), steps.end(),
                                  [wanted](const auto& step) { return step.step == wanted; });
  return found == steps.end() ? nullptr : &*found;
}

exchange::Reply concluded_reply(const RequestKey& key, exchange::Outcome outcome, ErrorCode reason,
                                std::uint16_t legal_item, Bytes answer) {
  exchange::Reply reply;
  reply.key = key;
  reply.concluded = true;
  reply.outcome = outcome;
  reply.code = reason;
  reply.legal_item = legal_item;
  reply.answer = std::move(answer);
  return reply;
}

}  // namespace

void NodeCore::Impl::reply_error(ClientId client, const RequestKey& key, ErrorCode code,
                                 std::uint32_t retry_after_ms) {
  count(code);
  exchange::Reply reply;
  reply.key = key;
  reply.code = code;
  reply.retry_after_ms = retry_after_ms;
  out(SendReply{client, std::move(reply)});
}

// From the door to the durable question ---------------------------------------

/// Turns work away for capacity: it is counted and leaves no row, for a row each would be
/// the very load that the limit keeps off. Every later refusal leaves one.
void NodeCore::Impl::enqueue_query(std::size_t partition, QueryJob job) {
  Partition& owner = partitions_[partition];
  LaneSlot& slot = slot_of(partition);
  const RequestKey& key = job.query.key;
  if (!slot.lane.is_open()) {
    return reply_error(job.client, key, ErrorCode::kStoreUnavailable, kRetryLaterMs);
  }
  if (owner.queries.size() >= owner.quota.max_queued) {
    return reply_error(job.client, key, ErrorCode::kQueueFull, kRetryLaterMs);
  }
  if (!owner.rate.take(now_)) {
    return reply_error(job.client, key, ErrorCode::kRateLimited,
                       std::max(kRetrySoonMs, owner.rate.wait_ms()));
  }
  job.institution = owner.callers.at(job.system).institution;
  owner.queries.push_back(std::move(job));
  slot.fair.activate(flow_of(slot, partition, FlowSort::kQueries));
}

void NodeCore::Impl::admit_query(std::size_t partition, const QueryJob& job) {
  Partition& owner = partitions_[partition];
  const auto known = owner.callers.find(job.system);
  // No longer, or no longer of the institution for which it has come.
  if (known == owner.callers.end() || known->second.institution != job.institution) {
    return refuse_apart(partition, job, ErrorCode::kUnknownKey);
  }
  const CallerRights& caller = known->second;
  if (time_of(job.query.key) > now_ + limits::kMaxClockSkewMs) {
    return refuse_apart(partition, job, ErrorCode::kClockSkew);
  }
  const auto id = owner.ask_id(caller.institution, job.system, job.query.key);
  if (!id) return reply_error(job.client, job.query.key, id.error().code);
  if (answer_replay(partition, *id, job)) return;
  if (const std::int64_t wait_ms = owner.quota.hours.wait_ms(now_); wait_ms > 0) {
    return refuse_apart(partition, job, ErrorCode::kClosedHours,
                        static_cast<std::uint32_t>(wait_ms));
  }
  ++counts_.accepted;
  std::uint16_t legal_item = 0;
  auto judged = judge_query(owner, caller, job.query, legal_item);
  OpenAsk open = judged ? open_for(job, std::move(judged->inquiry)) : open_refused(owner, job);
  open.legal_item = legal_item;
  if (!judged) return refuse(partition, *id, std::move(open), judged.error().code);
  if (judged->within_body) open.within_body = owner.current(job.query.person);
  ask(partition, *id, std::move(open));
}

OpenAsk NodeCore::Impl::open_for(const QueryJob& job, exchange::Inquiry inquiry) const {
  OpenAsk open(timing_, std::move(inquiry));
  open.content_hash = content_hash(job.system, job.query);
  open.key = job.query.key;
  open.system = job.system;
  open.speaker = job.institution;
  open.client = job.client;
  return open;
}

/// What a refusal is recorded of. Where no symbol names the person, the caller's number does.
OpenAsk NodeCore::Impl::open_refused(Partition& partition, const QueryJob& job) const {
  exchange::Inquiry inquiry;
  inquiry.subject = job.query.subject;
  inquiry.asked_at = now_;
  const AddressNumber person = partition.current(job.query.person);
  const auto symbol = partition.institutions.at(job.institution).symbols.find_symbol(person);
  if (symbol) inquiry.symbol = *symbol;
  OpenAsk open = open_for(job, std::move(inquiry));
  if (!symbol) open.within_body = person;
  return open;
}

/// A refusal that is no outcome of the query's key, which may be asked with later or is
/// another question's. Its row stands apart, under an id of the present 64 seconds: whoever
/// goes on asking adds one row in them. The caller is told when it is durable.
void NodeCore::Impl::refuse_apart(std::size_t partition, const QueryJob& job, ErrorCode reason,
                                  std::uint32_t retry_after_ms) {
  Partition& owner = partitions_[partition];
  const auto tell = [&](ErrorCode code) {
    reply_error(job.client, job.query.key, code, retry_after_ms);
  };
  if (!slot_of(partition).lane.is_open()) return tell(ErrorCode::kStoreUnavailable);
  const auto id = owner.refusal_id(job, reason, now_);
  if (!id) return tell(id.error().code);
  if (const auto open = owner.asking.find(*id); open != owner.asking.end()) {
    open->second.client = job.client;
    return;
  }
  if (owner.settled.find(*id) != nullptr) return tell(reason);
  OpenAsk open = open_refused(owner, job);
  open.apart = true;
  open.retry_after_ms = retry_after_ms;
  refuse(partition, *id, std::move(open), reason);
}

/// True when the query is no new one (or may not be) and has been dealt with.
bool NodeCore::Impl::answer_replay(std::size_t partition, const ExchangeId& id,
                                   const QueryJob& job) {
  Partition& owner = partitions_[partition];
  const RequestKey& key = job.query.key;
  const Digest hash = content_hash(job.system, job.query);
  if (const auto open = owner.asking.find(id); open != owner.asking.end()) {
    if (open->second.content_hash != hash) {
      refuse_apart(partition, job, ErrorCode::kSameKeyOtherContent);
    } else {
      ++counts_.replayed;
      open->second.client = job.client;
      if (open->second.held) reply_error(job.client, key, ErrorCode::kHeld);
    }
    return true;
  }
  const RecentIds::Fingerprint* const known = owner.settled.find(id);
  const bool too_old = time_of(key) < now_ - limits::kMaxClockSkewMs ||
                       bucket_of(id) < owner.settled.complete_from();
  if (known == nullptr && !too_old) return false;
  if (known != nullptr && *known != 0 && *known != RecentIds::fingerprint_of(hash)) {
    refuse_apart(partition, job, ErrorCode::kSameKeyOtherContent);
    return true;
  }
  Lookup lookup;
  lookup.partition = partition;
  lookup.exchange = id;
  lookup.client = job.client;
  lookup.key = key;
  lookup.content_hash = hash;
  lookup.institution = job.institution;
  lookup.query = job;
  start_lookup(std::move(lookup));
  return true;
}

/// Rights, legal basis, symbol: what must hold before anything leaves the town. Once the law was
/// asked, its item is told in `legal_item`, also where it does not allow the query.
Result<NodeCore::Impl::LawfulQuery> NodeCore::Impl::judge_query(Partition& partition,
                                                                const CallerRights& caller,
                                                                const exchange::Query& query,
                                                                std::uint16_t& legal_item) {
  const exchange::Subject& subject = query.subject;
  if (subject.asker != caller.institution) return ErrorCode::kInstitutionNotAllowed;
  if (std::find(caller.affairs.begin(), caller.affairs.end(), subject.affair) ==
      caller.affairs.end()) {
    return ErrorCode::kAffairNotAllowed;
  }
  if (registry_.find(subject.provider) == nullptr) return ErrorCode::kUnknownInstitution;
  const rules::Verdict verdict = judge(subject, now_);
  legal_item = verdict.item.value();
  if (!verdict.allowed) return ErrorCode::kNotInLegalTable;
  LawfulQuery lawful;
  lawful.within_body = verdict.source == rules::Source::kWithinBodyOrdinance;
  if (!lawful.within_body) {
    NAKADACHI_TRY(lawful.inquiry.symbol, partition.institutions.at(subject.asker)
                                             .symbols.find_symbol(partition.current(query.person)));
  } else if (!partition.institutions.contains(subject.provider)) {
    return ErrorCode::kUnknownInstitution;
  }
  lawful.inquiry.subject = subject;
  lawful.inquiry.asked_at = now_;
  lawful.inquiry.valid_until = now_ + validity_ms_;
  lawful.inquiry.nonce = random_->make<Salt>();
  return lawful;
}

void NodeCore::Impl::ask(std::size_t partition, const ExchangeId& id, OpenAsk open) {
  Bytes statement = wire::encode(open.inquiry);
  open.request_hash = wire::request_hash(statement);
  wire::StoredContent content;
  content.statement = statement;
  content.content_hash = open.content_hash;
  content.key = open.key;
  content.system = open.system.value;
  content.within_body = open.within_body;
  content.legal_item = open.legal_item;
  wire::LinkItem item =
      make_item(exchange::StatementKind::kInquiry, InstitutionCode(), std::move(statement),
                institution(partition, open.inquiry.subject.asker));
  Units units{.cause = Cause::kOwnQuery, .persons = 1};
  if (!open.within_body) {
    units.messages_out = 1;
    units.bytes_out = static_cast<std::uint32_t>(content.statement.size());
  }
  const auto pushed =
      push_step(partition, id, storage::Step::kAsked, 0, std::move(item), content, units);
  if (!pushed && open.client) return reply_error(*open.client, open.key, pushed.error().code);
  add_open(partition, id, std::move(open));
}

void NodeCore::Impl::refuse(std::size_t partition, const ExchangeId& id, OpenAsk open,
                            ErrorCode reason) {
  open.leg.on_forbidden(reason);
  add_open(partition, id, std::move(open));
  conclude(partition, id, partitions_[partition].asking.at(id));
}

void NodeCore::Impl::add_open(std::size_t partition, const ExchangeId& id, OpenAsk open) {
  open_bucket(partition, id);
  if (open.request_hash != Digest()) {
    open_by_request_.emplace(open.request_hash, std::pair(partition, id));
  }
  partitions_[partition].asking.emplace(id, std::move(open));
}

void NodeCore::Impl::remove_open(std::size_t partition, const ExchangeId& id) {
  close_bucket(partition, id);
  const auto open = partitions_[partition].asking.find(id);
  open_by_request_.erase(open->second.request_hash);
  partitions_[partition].asking.erase(open);
}

// From the durable question to the decision -----------------------------------

void NodeCore::Impl::on_asked_durable(PendingStep& step) {
  const auto found = partitions_[step.partition].asking.find(step.row.exchange);
  if (found == partitions_[step.partition].asking.end()) return;
  OpenAsk& open = found->second;
  open.item = std::move(step.item);
  act(step.partition, step.row.exchange, open, open.leg.on_asked_committed(now_, false));
}

void NodeCore::Impl::act(std::size_t partition, const ExchangeId& id, OpenAsk& open,
                         exchange::AskerLeg::Do what) {
  using Do = exchange::AskerLeg::Do;
  switch (what) {
    case Do::kNothing:
      return;
    case Do::kConclude:
      return conclude(partition, id, open);
    case Do::kSendInquiry:
      if (open.within_body) {
        provide_within(partition, open);
      } else if (open.item.batch != nullptr) {
        out(SendItem{open.item});
      } else {
        resends_.add(open.item);  // its train's proof was lost with the former process
        if (!outbox_since_) outbox_since_ = now_;
      }
      break;
    case Do::kSendStatusQuery: {
      const exchange::Subject& subject = open.inquiry.subject;
      const exchange::StatusQuery query{.request_hash = open.request_hash,
                                        .asker = subject.asker,
                                        .provider = subject.provider,
                                        .asked_at = open.inquiry.asked_at,
                                        .valid_until = open.inquiry.valid_until};
      if (open.within_body) {
        arm_timer(partition, id, open);
        return answer_status(query);  // may conclude the exchange
      }
      statuses_.add(make_item(exchange::StatementKind::kStatusQuery, subject.provider,
                              wire::encode(query), institution(partition, subject.asker)));
      if (!outbox_since_) outbox_since_ = now_;
      break;
    }
  }
  arm_timer(partition, id, open);
}

void NodeCore::Impl::on_provision(const wire::LinkItem& item) {
  const auto provision = wire::decode_provision(item.statement);
  if (!provision) return count(provision.error().code);
  const auto checked = items_.check_node(item, provision->provider, crypto::BatchPurpose::kTrain);
  if (!checked) return count(checked.error().code);
  take_provision(item, *provision);
}

/// A believed provision.
void NodeCore::Impl::take_provision(const wire::LinkItem& item,
                                    const exchange::Provision& provision) {
  const auto known = open_by_request_.find(provision.request_hash);
  if (known == open_by_request_.end()) return;  // concluded before: a late or second copy
  const auto [partition, id] = known->second;
  OpenAsk& open = partitions_[partition].asking.at(id);
  if (open.leg.state() != exchange::AskerLeg::State::kAwaiting) return;
  if (const auto accepted = accept_answer(open, provision); !accepted) {
    return count(accepted.error().code);
  }
  notice_law(
      provision.law, open.inquiry.asked_at, provision.asker,
      {.judge = LawDifference::Judge::kProvider, .asks = true, .counterpart = provision.provider});
  if (!open.within_body) open.bytes_in = static_cast<std::uint32_t>(item.statement.size());
  open.provider_non_disclosure = provision.non_disclosure;
  open.provided_at = provision.provided_at;
  open.provision_leaf =
      crypto::leaf_hash(item.salt, static_cast<std::uint8_t>(item.kind), item.statement);
  act(partition, id, open, open.leg.on_provision(provision.outcome, provision.reason));
}

/// Whether the provision is one for this question; opens its answer.
Result<void> NodeCore::Impl::accept_answer(OpenAsk& open, const exchange::Provision& provision) {
  const exchange::Subject& subject = open.inquiry.subject;
  if (provision.asker != subject.asker || provision.provider != subject.provider) {
    return ErrorCode::kPermitForAnotherRequest;
  }
  if (!exchange::has_answer(provision.outcome)) return {};
  NAKADACHI_TRY(const crypto::SealedAnswer sealed,
                wire::decode_sealed_answer(provision.sealed_answer));
  const crypto::AnswerBinding binding{.permit_hash = provision.permit_hash,
                                      .request_hash = provision.request_hash,
                                      .provider = provision.provider,
                                      .asker = provision.asker};
  Partition& owner = partitions_[by_institution_.at(subject.asker)];
  NAKADACHI_TRY(open.answer, owner.institutions.at(subject.asker).opener.open(sealed, binding));
  return {};
}

void NodeCore::Impl::on_refusal(const wire::LinkItem& item) {
  if (const auto checked = items_.check_core(item); !checked) return count(checked.error().code);
  const auto refusal = wire::decode_refusal(item.statement);
  if (!refusal) return count(refusal.error().code);
  const auto known = open_by_request_.find(refusal->request_hash);
  if (known == open_by_request_.end()) return;
  const auto [partition, id] = known->second;
  OpenAsk& open = partitions_[partition].asking.at(id);
  notice_law(refusal->law, open.inquiry.asked_at, refusal->asker,
             {.asks = true, .counterpart = open.inquiry.subject.provider});
  open.bytes_in = static_cast<std::uint32_t>(item.statement.size());
  act(partition, id, open, open.leg.on_refusal(refusal->reason));
}

void NodeCore::Impl::on_status_reply(const wire::LinkItem& item) {
  const auto reply = wire::decode_status_reply(item.statement);
  if (!reply) return count(reply.error().code);
  const auto checked = items_.check_node(item, reply->provider, crypto::BatchPurpose::kStatus);
  if (!checked) return count(checked.error().code);
  take_status(*reply);
}

/// A believed answer to the question what became of a request.
void NodeCore::Impl::take_status(const exchange::StatusReply& reply) {
  const auto known = open_by_request_.find(reply.request_hash);
  if (known == open_by_request_.end()) return take_wish_status(reply);
  const auto [partition, id] = known->second;
  OpenAsk& open = partitions_[partition].asking.at(id);
  if (open.inquiry.subject.provider != reply.provider) {
    return count(ErrorCode::kPermitForAnotherRequest);
  }
  if (reply.status == exchange::Status::kHeld) {
    open.held = true;
    if (open.client) reply_error(*open.client, open.key, ErrorCode::kHeld);
  }
  act(partition, id, open, open.leg.on_status(reply.status, now_));
}

// From the decision to the reply ----------------------------------------------

void NodeCore::Impl::conclude(std::size_t partition, const ExchangeId& id, OpenAsk& open) {
  const exchange::AskerLeg::Decision& decision = open.leg.decision();
  const exchange::Conclusion conclusion{
      .request_hash = open.request_hash,
      .subject = open.inquiry.subject,
      .symbol = open.inquiry.symbol,
      .outcome = decision.outcome,
      .reason = decision.reason,
      .legal_item = open.legal_item,
      .asked_at = open.inquiry.asked_at,
      .concluded_at = now_,
      .provision_leaf = open.provision_leaf,
      .provided_at = open.provided_at,
      .provider_non_disclosure = open.provider_non_disclosure,
      .answer_hash = open.answer.empty() ? Digest() : crypto::sha256({open.answer}),
      .key = open.key};
  wire::StoredContent content;
  content.statement = wire::encode(conclusion);
  content.content_hash = open.content_hash;
  content.key = open.key;
  content.system = open.system.value;
  content.answer = open.answer;
  wire::LinkItem item;
  item.kind = exchange::StatementKind::kConclusion;
  item.statement = content.statement;
  item.salt = random_->make<Salt>();
  const bool was_asked = open.request_hash != Digest();
  if (!was_asked) content.within_body = open.within_body;
  const Units units{.cause = Cause::kOwnQuery,
                    .persons = static_cast<std::uint16_t>(was_asked ? 0 : 1),
                    .messages_in = static_cast<std::uint16_t>(open.bytes_in > 0 ? 1 : 0),
                    .bytes_in = open.bytes_in};
  const auto pushed =
      push_step(partition, id, storage::Step::kConcluded,
                static_cast<std::uint16_t>(decision.outcome), std::move(item), content, units);
  if (!pushed) count(pushed.error().code);
}

/// By whose word the node keeps the record of a question.
const Institution& NodeCore::Impl::speaker_for(std::size_t partition, const OpenAsk& open) const {
  const Partition& owner = partitions_[partition];
  const auto asker = owner.institutions.find(open.speaker);
  return asker != owner.institutions.end() ? asker->second : owner.institutions.begin()->second;
}

void NodeCore::Impl::on_concluded_durable(PendingStep& step, CommittedTrain& train) {
  Partition& owner = partitions_[step.partition];
  const auto found = owner.asking.find(step.row.exchange);
  if (found == owner.asking.end()) return;
  OpenAsk& open = found->second;
  ++counts_.concluded;
  const auto& decision = open.leg.decision();
  if (open.client && open.apart) {
    reply_error(*open.client, open.key, decision.reason, open.retry_after_ms);
  } else if (open.client) {
    exchange::Reply reply = concluded_reply(open.key, decision.outcome, decision.reason,
                                            open.legal_item, std::move(open.answer));
    reply.receipt = train.receipt_of(step.row, std::move(step.item.statement),
                                     *speaker_for(step.partition, open).delegation);
    out(SendReply{*open.client, std::move(reply)});
  }
  owner.settled.remember(step.row.exchange, step.fingerprint);
  remove_open(step.partition, step.row.exchange);
}

// After a restart, and for replays --------------------------------------------

void NodeCore::Impl::recover_ask(std::size_t partition, const storage::StoredStep& asked) {
  auto content = partitions_[partition].open(asked);
  if (!content) return count(content.error().code);
  auto inquiry = wire::decode_inquiry(content->statement);
  if (!inquiry) return count(inquiry.error().code);
  OpenAsk open(timing_, *std::move(inquiry));
  open.request_hash = wire::request_hash(content->statement);
  open.content_hash = content->content_hash;
  open.key = content->key;
  open.system = SystemId{content->system};
  open.speaker = open.inquiry.subject.asker;  // a lawful question is its caller's own
  open.within_body = content->within_body;
  open.legal_item = content->legal_item;
  open.item =
      make_item(exchange::StatementKind::kInquiry, InstitutionCode(), std::move(content->statement),
                institution(partition, open.inquiry.subject.asker));
  open.item.salt = asked.salt;  // the leaf stays that of the stored step
  add_open(partition, asked.exchange, std::move(open));
}

void NodeCore::Impl::finish_replay(const Lookup& lookup,
                                   const std::vector<storage::StoredStep>& steps) {
  const auto* const concluded = find_step(steps, storage::Step::kConcluded);
  if (steps.empty() && lookup.query) {  // its key is too old to be new
    return refuse_apart(lookup.partition, *lookup.query, ErrorCode::kClockSkew);
  }
  if (concluded == nullptr) {  // another node is still working on it
    if (lookup.client) reply_error(*lookup.client, lookup.key, ErrorCode::kOutcomeUnknown);
    return;
  }
  auto content = partitions_[lookup.partition].open(*concluded);
  if (!lookup.client) return;
  if (!content) return reply_error(*lookup.client, lookup.key, content.error().code);
  if (content->content_hash != lookup.content_hash) {
    constexpr ErrorCode kOther = ErrorCode::kSameKeyOtherContent;
    if (lookup.query) return refuse_apart(lookup.partition, *lookup.query, kOther);
    return reply_error(*lookup.client, lookup.key, kOther);
  }
  reply_stored(lookup, *concluded, *std::move(content));
}

void NodeCore::Impl::reply_stored(const Lookup& lookup, const storage::StoredStep& concluded,
                                  wire::StoredContent content) {
  const auto conclusion = wire::decode_conclusion(content.statement);
  if (!conclusion) return reply_error(*lookup.client, lookup.key, conclusion.error().code);
  StoredReply stored{.client = *lookup.client,
                     .reply = concluded_reply(lookup.key, conclusion->outcome, conclusion->reason,
                                              conclusion->legal_item, std::move(content.answer)),
                     .step = concluded,
                     .statement = std::move(content.statement)};
  stored.step.sealed.clear();
  prove(std::move(stored), {.tenant = partitions_[lookup.partition].tenant,
                            .lane = concluded.lane,
                            .train = concluded.train,
                            .institution = lookup.institution});
}

/// Replies with the receipt of what is stored. Many that ask again at once, as after a
/// restart, wait for few trains: each is looked up once.
void NodeCore::Impl::prove(StoredReply stored, const ProofName& name) {
  if (const auto known = proofs_.find(name); known != proofs_.end()) {
    return send_proved(std::move(stored), name, known->second);
  }
  if (replies_awaiting_proof_ >= limits::kMaxLookupsUnderWay) {
    return reply_error(stored.client, stored.reply.key, ErrorCode::kQueueFull, kRetryLaterMs);
  }
  ++replies_awaiting_proof_;
  const auto [waiting, is_first] = awaiting_proof_.try_emplace(name);
  if (is_first) out(FindProof{name, stored.step.number});
  waiting->second.push_back(std::move(stored));
}

void NodeCore::Impl::handle(ProofFound& event) {
  const auto found = awaiting_proof_.find(event.name);
  if (found == awaiting_proof_.end()) return;
  std::vector<StoredReply> waiting = std::move(found->second);
  awaiting_proof_.erase(found);
  replies_awaiting_proof_ -= waiting.size();
  const auto refuse_all = [&](ErrorCode code) {
    for (const StoredReply& one : waiting) reply_error(one.client, one.reply.key, code);
  };
  if (!event.proof && event.proof.error().code == ErrorCode::kStoreUnavailable) {
    count(ErrorCode::kStoreUnavailable);
    return refuse_all(ErrorCode::kOutcomeUnknown);
  }
  const auto make = [&]() -> Result<FoundProof> {
    NAKADACHI_TRY(storage::StoredProof stored, std::move(event.proof));
    return FoundProof::make(event.name.tenant, std::move(stored));
  };
  auto made = make();
  if (!made) {
    tell_operators(made.error().code, event.name.institution);
    return refuse_all(made.error().code);
  }
  const FoundProof& proof = keep_proof(event.name, *std::move(made));
  for (StoredReply& one : waiting) send_proved(std::move(one), event.name, proof);
}

void NodeCore::Impl::send_proved(StoredReply stored, const ProofName& name,
                                 const FoundProof& proof) {
  auto receipt = proof.receipt_of(name.tenant, stored.step, std::move(stored.statement));
  if (!receipt) return reply_error(stored.client, stored.reply.key, receipt.error().code);
  stored.reply.receipt = *std::move(receipt);
  ++counts_.replayed;
  out(SendReply{stored.client, std::move(stored.reply)});
}

const FoundProof& NodeCore::Impl::keep_proof(const ProofName& name, FoundProof proof) {
  if (proofs_in_order_.size() >= kProofsKept) {
    proofs_.erase(proofs_in_order_.front());
    proofs_in_order_.pop_front();
  }
  proofs_in_order_.push_back(name);
  return proofs_.insert_or_assign(name, std::move(proof)).first->second;
}

}  // namespace nakadachi::tenant_vm
