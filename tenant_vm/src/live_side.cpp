#include <algorithm>
#include <utility>

#include "node_core_impl.hpp"

/// Kinds that a business system answers itself (即時の引渡し). What waits for it is in
/// memory only: until a step is durable nothing was promised, and the asker asks what
/// became of its request anyway.
namespace nakadachi::tenant_vm {

namespace {

bool may_answer(const CallerRights& system, const exchange::Subject& subject) {
  return system.institution == subject.provider &&
         std::find(system.answers.begin(), system.answers.end(), subject.kind) !=
             system.answers.end();
}

std::vector<exchange::WrongItem> wrong_items(const std::vector<copies::Finding>& findings) {
  std::vector<exchange::WrongItem> wrong;
  for (const copies::Finding& finding : findings) {
    if (wrong.size() == limits::kMaxWrongItemsTold) break;
    wrong.push_back({finding.item, static_cast<std::uint16_t>(finding.fault)});
  }
  return wrong;
}

}  // namespace

Result<void> NodeCore::Impl::ask_live(std::size_t partition, const ExchangeId& id, PermitJob job) {
  Partition& owner = partitions_[partition];
  if (owner.live.size() >= owner.quota.max_in_flight) return ErrorCode::kQueueFull;
  ++counts_.live;
  LivePermit& live = owner.live[id];
  live.job = std::move(job);
  send_question(partition, id, live);
  return {};
}

/// Asks whoever listens, and wakes again when an answer is overdue. An answer names its request and
/// no person: when the symbol has become another's meanwhile, nobody is asked any more and the
/// request lapses.
void NodeCore::Impl::send_question(std::size_t partition, const ExchangeId& id, LivePermit& live) {
  Partition& owner = partitions_[partition];
  const exchange::Permit& permit = live.job.permit;
  live.wake_at = std::min(now_ + limits::kAskLiveAgainMs, permit.valid_until + 1);
  timers_.emplace(live.wake_at, partition, id);
  const auto person = owner.person_of(live.job);
  if (!person) return;  // the symbol has ended meanwhile: `wake_live` says so
  if (owner.has_moved(live)) return;
  live.about = *person;
  for (const auto& [system, listener] : owner.listening) {
    if (listener.until < now_ || !may_answer(owner.callers.at(system), permit.subject)) continue;
    return out(SendQuestion{listener.client,
                            {.request = id,
                             .person = *person,
                             .subject = permit.subject,
                             .legal_item = permit.legal_item,
                             .asked_at = permit.asked_at,
                             .valid_until = permit.valid_until,
                             .wrong = live.wrong}});
  }
}

void NodeCore::Impl::handle(HandOversArrived& event) {
  const auto partition = by_system_.find(event.system);
  if (partition == by_system_.end()) return count(ErrorCode::kUnknownKey);
  Partition& owner = partitions_[partition->second];
  const CallerRights& system = owner.callers.at(event.system);
  if (system.answers.empty()) return count(ErrorCode::kInstitutionNotAllowed);
  const auto [listener, is_new] = owner.listening.try_emplace(event.system);
  const bool came_back =
      is_new || listener->second.client != event.client || listener->second.until < now_;
  listener->second = {.client = event.client, .until = now_ + limits::kAnsweringMs};
  for (exchange::HandOver& answer : event.hand_overs) {
    take_hand_over(partition->second, system, std::move(answer));
  }
  if (!came_back) return;
  for (auto& [id, live] : owner.live) {
    if (live.answered || !may_answer(system, live.job.permit.subject)) continue;
    send_question(partition->second, id, live);
  }
}

/// The answer takes the way of a permit: law, flags and changes under way are looked
/// at once more before anything is said. Its question stays until then, so that the same permit
/// is not taken for a new one. An answer that does not fit its layout is none: the question goes
/// out again with what was wrong.
void NodeCore::Impl::take_hand_over(std::size_t partition, const CallerRights& system,
                                    exchange::HandOver answer) {
  Partition& owner = partitions_[partition];
  const auto found = owner.live.find(answer.request);
  if (found == owner.live.end() || found->second.answered) {  // late, or a second time
    return count(ErrorCode::kNoLongerKept);
  }
  if (!may_answer(system, found->second.job.permit.subject)) {
    return count(ErrorCode::kInstitutionNotAllowed);
  }
  if (owner.has_moved(found->second)) return count(ErrorCode::kNoLongerKept);
  if (!answer.content.empty()) {
    const auto content = copies::decode_content(answer.content);
    if (!content) return count(content.error().code);
    const InformationKind& kind = found->second.job.permit.subject.kind;
    found->second.wrong = wrong_items(copies::check_copy(kind, *content, layouts_, Day::of(now_)));
    if (!found->second.wrong.empty()) return count(ErrorCode::kWrongFormat);
  }
  found->second.answered = true;
  PermitJob job = found->second.job;
  job.handed_over = std::move(answer);
  owner.permits.push_back(std::move(job));
  LaneSlot& slot = slot_of(partition);
  slot.fair.activate(flow_of(slot, partition, FlowSort::kPermits));
}

/// Asks again, or lets the request lapse.
void NodeCore::Impl::wake_live(std::size_t partition, const ExchangeId& id, Timestamp at) {
  Partition& owner = partitions_[partition];
  const auto found = owner.live.find(id);
  if (found->second.wake_at != at) return;  // another timer counts
  if (found->second.answered) return;       // and looks at everything once more itself
  const bool is_valid = found->second.job.permit.valid_until >= now_;
  const PermitJob& asked = found->second.job;
  const bool goes_on = owner.person_of(asked).has_value() || waits_for_change(owner, asked);
  if (is_valid && goes_on) return send_question(partition, id, found->second);
  const PermitJob job = std::move(found->second.job);
  owner.live.erase(found);
  if (is_valid) return provide(partition, id, job);
  if (!slot_of(partition).lane.is_open()) return;
  const auto pushed = lapse(partition, id, job);
  if (!pushed) count(pushed.error().code);
}

}  // namespace nakadachi::tenant_vm
