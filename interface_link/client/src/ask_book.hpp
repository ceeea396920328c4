#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "nakadachi/base/random.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/exchange/messages.hpp"
#include "nakadachi/wire/oltp_frame.hpp"

namespace nakadachi::client {

struct AskTiming {
  std::int64_t ask_again_after_ms = 2'000;
  std::int64_t ask_again_most_ms = 30'000;
};

/// The queries in flight and when each is asked (again) or given up. Told what
/// happens and when; no sockets, threads or clocks.
class AskBook {
 public:
  using Settle = std::function<void(Result<exchange::Reply>)>;

  /// Whether a concluded reply may be believed; a query whose reply may not is settled
  /// with the error.
  using Check = std::function<Result<void>(const exchange::Query&, const exchange::Reply&)>;

  /// `on_settled` is called before each call of a `Settle`. `check` null: all is believed.
  AskBook(const AskTiming& timing, Random& random, Check check, std::function<void()> on_settled)
      : timing_(timing),
        random_(&random),
        check_(std::move(check)),
        on_settled_(std::move(on_settled)) {}

  /// A query to be asked until it is settled or `give_up_at`. One with the key and
  /// content of another in flight shares its fate.
  void ask(exchange::Query query, Timestamp give_up_at, Settle settle);

  /// The queries that are due, as many as one frame takes, or nothing. They stay due
  /// until `frame_sent`.
  std::optional<Bytes> next_frame(Timestamp now);
  /// The frame that `next_frame` made last has left. Tells how many queries it held.
  std::size_t frame_sent(Timestamp now);

  void on_replies(wire::ReplyFrame frame, Timestamp now);
  /// There is a connection, and nobody knows what became of what the last one took:
  /// all that awaits a reply is due again.
  void on_connected();

  /// When `on_deadline` is due.
  std::optional<Timestamp> deadline() const;
  void on_deadline(Timestamp now);

  /// Settles everything with `kShuttingDown`.
  void close();

  std::size_t size() const noexcept { return entries_.size(); }

  struct Counts {
    std::uint64_t asked_again = 0;
    std::uint64_t replies = 0;
    std::uint64_t unknown_replies = 0;
    std::uint64_t frames_refused = 0;
    std::uint64_t receipts_refused = 0;
  };
  const Counts& counts() const noexcept { return counts_; }

 private:
  struct Waiter {
    Timestamp give_up_at;
    Settle settle;
  };
  enum class State : std::uint8_t {
    kDue,       ///< stands in `due_`
    kAwaiting,  ///< sent, a reply may come
    kResting    ///< the node wants to be asked later
  };
  struct Entry {
    exchange::Query query;
    std::vector<Waiter> waiters;
    State state = State::kDue;
    std::uint64_t due_number = 0;  // of its newest place in `due_`
    std::uint32_t sends = 0;
    std::uint32_t unanswered = 0;        // sends that may have been recorded
    std::int64_t pause_ms = 0;           // the last one
    Timestamp ask_at;                    // unless due
    std::optional<Timestamp> scheduled;  // its place in `schedule_`
    std::optional<ErrorCode> last_word;
  };
  struct Due {
    RequestKey key;
    std::uint64_t number;
  };
  using Entries = std::unordered_map<RequestKey, Entry>;

  Entry* find_due(const Due& due);
  void make_due(Entry& entry);
  void on_reply(exchange::Reply reply, Timestamp now);
  void conclude(Entry& entry, exchange::Reply reply);
  void on_frame_error(const Error& error, Timestamp now);
  void rest(Entry& entry, const exchange::Reply& reply, Timestamp now);
  void give_up(Entry& entry, Timestamp now);
  void settle(Entry& entry, Result<exchange::Reply> result);
  void settle(const Waiter& waiter, Result<exchange::Reply> result);
  void drop(Entry& entry);
  void unschedule(Entry& entry);
  void reschedule(Entry& entry);
  std::int64_t longer_than(std::int64_t pause_ms) const;
  std::int64_t with_jitter(std::int64_t pause_ms);

  AskTiming timing_;
  Random* random_;
  Check check_;
  std::function<void()> on_settled_;
  Entries entries_;
  std::deque<Due> due_;  // may name what is gone or stands further back by now
  std::uint64_t last_due_number_ = 0;
  std::size_t offered_ = 0;  // how many of `due_` the last frame accounts for
  std::set<std::pair<Timestamp, RequestKey>> schedule_;
  std::optional<Timestamp> hold_until_;  // the node does not take frames now
  std::int64_t hold_ms_ = 0;
  Counts counts_;
};

}  // namespace nakadachi::client
