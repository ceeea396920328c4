#include <algorithm>
#include <utility>

#include "node_core_impl.hpp"

namespace nakadachi::tenant_vm {

namespace {

constexpr std::int64_t kAgainMs = 1'000;

}  // namespace

// Into the hands of staff -----------------------------------------------------

/// A request held is a step of its exchange: it keeps the permit, and the
/// provision that follows keeps the decision. Its bucket is open from now on, so that
/// whoever recovers after the train that carries it reads it.
Result<void> NodeCore::Impl::hold(std::size_t partition, const ExchangeId& id,
                                  const PermitJob& job) {
  Partition& owner = partitions_[partition];
  wire::StoredContent content;
  content.statement = job.statement;
  content.content_hash = content_hash(job.permit);
  content.within_body = job.person;
  wire::LinkItem item;  // goes nowhere
  item.salt = random_->make<Salt>();
  Units units{.cause = cause_of(owner, id, job)};
  if (units.cause == Cause::kAnswered) units.cause = Cause::kApproval;
  add_permit(job, units);
  NAKADACHI_CHECK(
      push_step(partition, id, storage::Step::kHeld, 0, std::move(item), content, units));
  open_bucket(partition, id);
  owner.providing.insert(id);
  ++counts_.held;
  return {};
}

/// A request held is durable, or was found again.
void NodeCore::Impl::take_held(std::size_t partition, const storage::StoredStep& held) {
  const auto content = partitions_[partition].open(held);
  if (!content) return count(content.error().code);
  auto permit = wire::decode_permit(content->statement);
  if (!permit) return count(permit.error().code);
  add_held(partition, held.exchange,
           {.permit = *std::move(permit),
            .permit_hash = wire::permit_hash(content->statement),
            .statement = content->statement,
            .person = content->within_body,
            .handed_over = {}});
}

void NodeCore::Impl::add_held(std::size_t partition, const ExchangeId& id, PermitJob job) {
  open_bucket(partition, id);
  timers_.emplace(job.permit.valid_until + 1, partition, id);  // again once the lane is ready
  partitions_[partition].held.emplace(id, HeldPermit{.job = std::move(job), .decision = {}});
}

// And out of them -------------------------------------------------------------

/// Nobody has decided in time.
void NodeCore::Impl::lapse_held(std::size_t partition, const ExchangeId& id) {
  Partition& owner = partitions_[partition];
  HeldPermit& held = owner.held.at(id);
  if (held.decision || owner.providing.contains(id)) return;
  if (!slot_of(partition).lane.is_open()) return;
  const auto pushed = lapse(partition, id, held.job);
  if (!pushed) count(pushed.error().code);
}

/// The symbol they asked by has ended: staff have nobody left to decide about. Where a symbol could
/// not be read nothing is said that cannot be taken back: they lapse.
void NodeCore::Impl::answer_held_about_nobody(std::size_t partition) {
  Partition& owner = partitions_[partition];
  if (!owner.all_symbols_read) return;
  std::vector<std::pair<ExchangeId, PermitJob>> about_nobody;
  for (const auto& [id, held] : owner.held) {
    if (held.decision || owner.providing.contains(id) || owner.person_of(held.job)) continue;
    about_nobody.emplace_back(id, held.job);
  }
  for (const auto& [id, job] : about_nobody) provide(partition, id, job);
}

void NodeCore::Impl::decide_held(std::size_t partition, AdminJob job) {
  Partition& owner = partitions_[partition];
  const auto& command = std::get<wire::Decide>(job.request.command);
  const auto answer = [&](ErrorCode code) { answer_admin(job.client, job.request.key, code); };
  const auto found = owner.held.find(command.request);
  const bool ours = found != owner.held.end() &&
                    found->second.job.permit.subject.provider == job.request.institution;
  if (!ours) return answer(ErrorCode::kNoLongerKept);
  HeldPermit& held = found->second;
  if (held.decision || owner.providing.contains(command.request)) {
    return answer(ErrorCode::kRowConflict);
  }
  if (held.job.permit.valid_until < now_) return answer(ErrorCode::kLapsed);
  if (owner.person_of(held.job) != command.person) return answer(ErrorCode::kAnotherPerson);
  Result<Decision> decision = Decision{.reason = command.refusal.value_or(ErrorCode::kNoData)};
  if (!command.refusal) decision = decide(owner, held.job, true);
  if (!decision) return answer(decision.error().code);
  if (decision->ask) {
    const auto asked = ask_live(partition, command.request, held.job);
    if (!asked) return answer(asked.error().code);
    held.decision = std::move(job);
    return;
  }
  const auto pushed = push_provision(partition, command.request, held.job, *decision,
                                     job.request.who, job.request.why);
  if (!pushed) return answer(pushed.error().code);
  held.decision = std::move(job);
}

/// The provision of a held request is durable, or the store has refused it.
void NodeCore::Impl::on_held_provided(std::size_t partition, const ExchangeId& id,
                                      const Error* refusal) {
  Partition& owner = partitions_[partition];
  const auto found = owner.held.find(id);
  if (found == owner.held.end()) return;
  if (const auto decision = std::exchange(found->second.decision, std::nullopt)) {
    answer_admin(decision->client, decision->request.key,
                 refusal == nullptr ? Result<wire::AdminAnswer>(wire::Done{.count = 1})
                                    : Result<wire::AdminAnswer>(*refusal));
  }
  if (refusal != nullptr && refusal->code != ErrorCode::kRowConflict) {
    timers_.emplace(std::max(found->second.job.permit.valid_until, now_) + kAgainMs, partition, id);
    return;  // to be decided again, or to lapse
  }
  close_bucket(partition, id);
  owner.held.erase(found);
}

wire::HeldRequests NodeCore::Impl::list_held(const Partition& partition,
                                             const InstitutionCode& institution,
                                             const wire::ListHeld& list) {
  std::vector<wire::HeldPlace> places;
  for (const auto& [id, held] : partition.held) {
    const exchange::Permit& permit = held.job.permit;
    if (permit.subject.provider != institution || held.decision) continue;
    const wire::HeldPlace place{permit.valid_until, id};
    if (!list.after || *list.after < place) places.push_back(place);
  }
  std::ranges::sort(places);
  wire::HeldRequests page;
  for (const wire::HeldPlace& place : places) {
    const PermitJob& job = partition.held.at(place.request).job;
    const auto person = partition.person_of(job);
    if (!person) continue;
    page.more = page.requests.size() == limits::kMaxHeldListed;
    if (page.more) break;
    page.requests.push_back({.request = place.request,
                             .subject = job.permit.subject,
                             .legal_item = job.permit.legal_item,
                             .person = *person,
                             .asked_at = job.permit.asked_at,
                             .valid_until = job.permit.valid_until});
  }
  return page;
}

}  // namespace nakadachi::tenant_vm
