#include "nakadachi/exchange/asker_leg.hpp"

#include <algorithm>

namespace nakadachi::exchange {
namespace {

/// The core also tells by a refusal that the provider has no symbol (Cabinet Order 26(2)).
Outcome outcome_of(ErrorCode refusal) noexcept {
  return refusal == ErrorCode::kProviderHoldsNoSymbol ? Outcome::kProviderHoldsNoSymbol
                                                      : Outcome::kRefused;
}

}  // namespace

AskerLeg::Do AskerLeg::on_forbidden(ErrorCode reason) noexcept {
  if (state_ != State::kAsking) return Do::kNothing;
  return conclude(Outcome::kRefused, reason);
}

AskerLeg::Do AskerLeg::on_asked_committed(Timestamp now, bool recovered) noexcept {
  if (state_ != State::kAsking) return Do::kNothing;
  state_ = State::kAwaiting;
  pause_ms_ = timing_.status_after_ms;
  deadline_ = now + pause_ms_;
  sent_more_than_once_ = recovered;  // it may have gone out before the restart
  return recovered ? Do::kSendStatusQuery : Do::kSendInquiry;
}

AskerLeg::Do AskerLeg::on_deadline(Timestamp now) noexcept {
  if (state_ != State::kAwaiting) return Do::kNothing;
  wait_longer(now);
  return Do::kSendStatusQuery;
}

AskerLeg::Do AskerLeg::on_provision(Outcome outcome, ErrorCode reason) noexcept {
  if (state_ != State::kAwaiting) return Do::kNothing;
  return conclude(outcome, reason);
}

AskerLeg::Do AskerLeg::on_refusal(ErrorCode reason) noexcept {
  if (state_ != State::kAwaiting) return Do::kNothing;
  if (!sent_more_than_once_) return conclude(outcome_of(reason), reason);
  refused_ = true;
  refusal_ = reason;
  deadline_ = std::max(deadline_, valid_until_);
  return Do::kNothing;
}

AskerLeg::Do AskerLeg::on_status(Status status, Timestamp now) noexcept {
  if (state_ != State::kAwaiting) return Do::kNothing;
  switch (status) {
    case Status::kLapsed:
      return refused_ ? conclude(outcome_of(refusal_), refusal_)
                      : conclude(Outcome::kLapsed, ErrorCode::kLapsed);
    case Status::kPending:
    case Status::kHeld:
    case Status::kWishHeld:
    case Status::kWishFollowed:
      return Do::kNothing;  // the deadline stands; of the last two nothing can be said here
    case Status::kNotSeen:
      break;
  }
  if (refused_ || now >= valid_until_) return Do::kNothing;
  sent_more_than_once_ = true;
  return Do::kSendInquiry;
}

AskerLeg::Do AskerLeg::conclude(Outcome outcome, ErrorCode reason) noexcept {
  state_ = State::kConcluding;
  decision_ = {.outcome = outcome, .reason = reason};
  return Do::kConclude;
}

void AskerLeg::wait_longer(Timestamp now) noexcept {
  pause_ms_ = std::min(pause_ms_ * 2, timing_.status_at_most_ms);
  deadline_ = now + pause_ms_;
}

}  // namespace nakadachi::exchange
