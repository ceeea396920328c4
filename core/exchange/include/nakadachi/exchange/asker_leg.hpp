#pragma once

#include <cstdint>

#include "nakadachi/base/clock.hpp"
#include "nakadachi/exchange/messages.hpp"

namespace nakadachi::exchange {

/// When an asker starts to wonder.
struct AskerTiming {
  std::int64_t status_after_ms = 2'000;     ///< first question what became of it
  std::int64_t status_at_most_ms = 30'000;  ///< longest pause between such questions (doubling)
};

/// The asking side of one exchange, from the durable "asked" to the decision to
/// conclude. Pure: told what happened and when, says what to do next.
///
/// After a time-out the question is what happened; the inquiry itself goes out
/// again only when the provider has said, with its signature, that it has not
/// seen it. Until then the outcome is unknown, which is a state and not a guess.
class AskerLeg {
 public:
  enum class State : std::uint8_t {
    kAsking,     ///< the step "asked" is not durable yet
    kAwaiting,   ///< sent; outcome unknown
    kConcluding  ///< decided; the step "concluded" is on its way
  };
  enum class Do : std::uint8_t { kNothing, kSendInquiry, kSendStatusQuery, kConclude };

  /// What `kConclude` is to record.
  struct Decision {
    Outcome outcome = Outcome::kLapsed;
    ErrorCode reason = ErrorCode::kLapsed;
  };

  AskerLeg(const AskerTiming& timing, Timestamp valid_until) noexcept
      : timing_(timing), valid_until_(valid_until) {}

  /// Law or rights forbid asking: nothing is sent, the refusal is recorded.
  Do on_forbidden(ErrorCode reason) noexcept;
  /// The step "asked" is durable: send. After a restart of the node (`recovered`)
  /// it is not known whether the inquiry went out, so ask first.
  Do on_asked_committed(Timestamp now, bool recovered) noexcept;
  /// Call when `deadline()` is reached.
  Do on_deadline(Timestamp now) noexcept;
  /// A proven provision came, also as answer to a status query.
  Do on_provision(Outcome outcome, ErrorCode reason) noexcept;
  /// The core refused. Final when the inquiry went out once; otherwise an earlier
  /// copy may have been permitted, so the provider is asked when validity is over.
  Do on_refusal(ErrorCode reason) noexcept;
  Do on_status(Status status, Timestamp now) noexcept;

  State state() const noexcept { return state_; }
  /// When `on_deadline` is due; only in `kAwaiting`.
  Timestamp deadline() const noexcept { return deadline_; }
  const Decision& decision() const noexcept { return decision_; }

 private:
  Do conclude(Outcome outcome, ErrorCode reason) noexcept;
  void wait_longer(Timestamp now) noexcept;

  AskerTiming timing_;
  Timestamp valid_until_;
  State state_ = State::kAsking;
  Timestamp deadline_;
  std::int64_t pause_ms_ = 0;
  bool sent_more_than_once_ = false;
  bool refused_ = false;
  ErrorCode refusal_ = ErrorCode::kNotInLegalTable;
  Decision decision_;
};

}  // namespace nakadachi::exchange
