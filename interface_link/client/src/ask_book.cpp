#include "ask_book.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "nakadachi/base/limits.hpp"

namespace nakadachi::client {
namespace {

// First pause after the node refused a whole frame, whose queries it does not name.
constexpr std::int64_t kFirstHoldMs = 250;

/// Family 3: the node had no capacity and recorded nothing.
bool is_turned_away(ErrorCode code) noexcept { return static_cast<unsigned>(code) / 100 == 3; }

Error reason_to_give_up(std::uint32_t sends, std::uint32_t unanswered,
                        const std::optional<ErrorCode>& last_word) {
  if (sends == 0) return {.code = ErrorCode::kLinkDown, .detail = "never sent"};
  if (unanswered == 0 && last_word) return {.code = *last_word};
  if (!last_word) return {.code = ErrorCode::kOutcomeUnknown, .detail = "no reply"};
  if (*last_word == ErrorCode::kHeld) return {.code = ErrorCode::kHeld};
  return {.code = ErrorCode::kOutcomeUnknown,
          .detail = fmt::format("the node's last word: {}", text_of(*last_word).name)};
}

}  // namespace

void AskBook::ask(exchange::Query query, Timestamp give_up_at, Settle settle) {
  const RequestKey key = query.key;
  const auto known = entries_.find(key);
  if (known != entries_.end()) {
    if (known->second.query != query) {
      return this->settle({give_up_at, std::move(settle)}, ErrorCode::kSameKeyOtherContent);
    }
    known->second.waiters.push_back({give_up_at, std::move(settle)});
    return reschedule(known->second);
  }
  Entry& entry = entries_.emplace(key, Entry{.query = std::move(query)}).first->second;
  entry.waiters.push_back({give_up_at, std::move(settle)});
  make_due(entry);
}

AskBook::Entry* AskBook::find_due(const Due& due) {
  const auto found = entries_.find(due.key);
  const bool is_due = found != entries_.end() && found->second.state == State::kDue &&
                      found->second.due_number == due.number;
  return is_due ? &found->second : nullptr;
}

void AskBook::make_due(Entry& entry) {
  entry.state = State::kDue;
  entry.due_number = ++last_due_number_;
  due_.push_back({entry.query.key, entry.due_number});
  reschedule(entry);
}

std::optional<Bytes> AskBook::next_frame(Timestamp now) {
  offered_ = 0;
  if (hold_until_ && now < *hold_until_) return std::nullopt;
  std::vector<exchange::Query> queries;
  while (offered_ < due_.size() && queries.size() < limits::kMaxQueriesPerFrame) {
    if (const Entry* entry = find_due(due_[offered_])) queries.push_back(entry->query);
    ++offered_;
  }
  if (!queries.empty()) return wire::encode_queries(queries);
  due_.clear();  // only what is gone was left
  offered_ = 0;
  return std::nullopt;
}

std::size_t AskBook::frame_sent(Timestamp now) {
  std::size_t sent = 0;
  for (; offered_ > 0; --offered_, due_.pop_front()) {
    Entry* const entry = find_due(due_.front());
    if (entry == nullptr) continue;
    ++sent;
    if (entry->sends > 0) ++counts_.asked_again;
    ++entry->sends;
    ++entry->unanswered;
    entry->state = State::kAwaiting;
    entry->pause_ms = longer_than(entry->pause_ms);
    entry->ask_at = now + with_jitter(entry->pause_ms);
    reschedule(*entry);
  }
  return sent;
}

void AskBook::on_replies(wire::ReplyFrame frame, Timestamp now) {
  for (exchange::Reply& reply : frame.replies) on_reply(std::move(reply), now);
  for (const Error& error : frame.frame_errors) on_frame_error(error, now);
}

void AskBook::on_reply(exchange::Reply reply, Timestamp now) {
  hold_ms_ = 0;
  const auto found = entries_.find(reply.key);
  if (found == entries_.end()) {
    ++counts_.unknown_replies;
    return;
  }
  ++counts_.replies;
  Entry& entry = found->second;
  if (reply.concluded) {
    conclude(entry, std::move(reply));
  } else if (text_of(reply.code).retry == Retry::kNever) {
    settle(entry, reply.code);
  } else {
    rest(entry, reply, now);
  }
}

void AskBook::conclude(Entry& entry, exchange::Reply reply) {
  if (check_ != nullptr) {
    if (auto checked = check_(entry.query, reply); !checked) {
      ++counts_.receipts_refused;
      return settle(entry, checked.error());
    }
  }
  settle(entry, std::move(reply));
}

void AskBook::rest(Entry& entry, const exchange::Reply& reply, Timestamp now) {
  entry.last_word = reply.code;
  // A second word on the same sending says nothing about a further one.
  if (entry.state == State::kAwaiting && is_turned_away(reply.code)) --entry.unanswered;
  const std::int64_t wish_ms = reply.retry_after_ms;
  entry.state = State::kResting;
  entry.ask_at = now + with_jitter(wish_ms > 0 ? wish_ms : longer_than(entry.pause_ms / 2));
  reschedule(entry);
}

/// The frame's queries are not named: they will be asked again when their time comes.
void AskBook::on_frame_error(const Error& error, Timestamp now) {
  ++counts_.frames_refused;
  if (text_of(error.code).retry == Retry::kNever) return;
  hold_ms_ = std::min(std::max(2 * hold_ms_, kFirstHoldMs), timing_.ask_again_most_ms);
  hold_until_ = now + with_jitter(hold_ms_);
}

void AskBook::on_connected() {
  hold_until_.reset();
  std::vector<RequestKey> awaiting;
  for (const auto& [key, entry] : entries_) {
    if (entry.state == State::kAwaiting) awaiting.push_back(key);
  }
  std::sort(awaiting.begin(), awaiting.end());  // keys begin with their time
  for (const RequestKey& key : awaiting) make_due(entries_.at(key));
}

std::optional<Timestamp> AskBook::deadline() const {
  std::optional<Timestamp> next = hold_until_;
  if (!schedule_.empty() && (!next || schedule_.begin()->first < *next)) {
    next = schedule_.begin()->first;
  }
  return next;
}

void AskBook::on_deadline(Timestamp now) {
  if (hold_until_ && *hold_until_ <= now) hold_until_.reset();
  while (!schedule_.empty() && schedule_.begin()->first <= now) {
    Entry& entry = entries_.at(schedule_.begin()->second);
    unschedule(entry);
    give_up(entry, now);
    if (entry.waiters.empty()) {
      drop(entry);
    } else if (entry.state != State::kDue && entry.ask_at <= now) {
      make_due(entry);
    } else {
      reschedule(entry);
    }
  }
}

/// Tells those whose patience is over.
void AskBook::give_up(Entry& entry, Timestamp now) {
  std::vector<Waiter> leaving;
  std::erase_if(entry.waiters, [&](Waiter& waiter) {
    const bool leaves = waiter.give_up_at <= now;
    if (leaves) leaving.push_back(std::move(waiter));
    return leaves;
  });
  for (const Waiter& waiter : leaving) {
    settle(waiter, reason_to_give_up(entry.sends, entry.unanswered, entry.last_word));
  }
}

void AskBook::close() {
  while (!entries_.empty()) settle(entries_.begin()->second, ErrorCode::kShuttingDown);
  due_.clear();
}

void AskBook::settle(Entry& entry, Result<exchange::Reply> result) {
  const std::vector<Waiter> waiters = std::move(entry.waiters);
  drop(entry);
  for (std::size_t i = 0; i + 1 < waiters.size(); ++i) settle(waiters[i], result);
  settle(waiters.back(), std::move(result));
}

void AskBook::settle(const Waiter& waiter, Result<exchange::Reply> result) {
  on_settled_();
  waiter.settle(std::move(result));
}

void AskBook::drop(Entry& entry) {
  unschedule(entry);
  const RequestKey key = entry.query.key;
  entries_.erase(key);
}

void AskBook::unschedule(Entry& entry) {
  if (!entry.scheduled) return;
  schedule_.erase({*entry.scheduled, entry.query.key});
  entry.scheduled.reset();
}

void AskBook::reschedule(Entry& entry) {
  Timestamp at = entry.waiters.front().give_up_at;
  for (const Waiter& waiter : entry.waiters) at = std::min(at, waiter.give_up_at);
  if (entry.state != State::kDue) at = std::min(at, entry.ask_at);
  if (entry.scheduled == at) return;
  unschedule(entry);
  schedule_.emplace(at, entry.query.key);
  entry.scheduled = at;
}

std::int64_t AskBook::longer_than(std::int64_t pause_ms) const {
  return std::min(std::max(2 * pause_ms, timing_.ask_again_after_ms), timing_.ask_again_most_ms);
}

/// Up to a quarter longer, so that many clients do not ask in step; never sooner.
std::int64_t AskBook::with_jitter(std::int64_t pause_ms) {
  const auto quarter = static_cast<std::uint64_t>(pause_ms / 4);
  return pause_ms + static_cast<std::int64_t>(random_->next_u64() % (quarter + 1));
}

}  // namespace nakadachi::client
