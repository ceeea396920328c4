#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "nakadachi/base/clock.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/copies/content.hpp"
#include "nakadachi/crypto/registry.hpp"
#include "nakadachi/exchange/messages.hpp"
#include "nakadachi/socket/curve_keys.hpp"

/// For business systems: put queries to the node and be told their outcome.
namespace nakadachi::client {

class ReceiptCheck;

struct Config {
  std::string endpoint;               ///< of the node's OLTP door: tcp://10.1.2.3:5701
  socket::CurvePublicKey server_key;  ///< of the node
  socket::CurveKeyPair keys;          ///< by which the node knows this business system
  /// The pinned registry of institutions' keys (crypto::Registry::open), against which the
  /// receipt of every outcome is checked. Needed, unless there is `receipts` or
  /// `without_receipts`.
  std::shared_ptr<const crypto::Registry> registry = nullptr;
  /// Checks the receipts of several clients of one process: of a train one signature is
  /// checked for them all. `registry` stays null then.
  std::shared_ptr<ReceiptCheck> receipts = nullptr;
  /// Believes the node without a look at receipts, which are passed on as they come. For a
  /// system that leaves the check to somebody else; `registry` stays null then.
  bool without_receipts = false;
  std::size_t max_in_flight = 2'048;        ///< queries without a reply; more are refused
  std::int64_t give_up_after_ms = 600'000;  ///< of `ask`; `ask_and_wait` has its own
  std::int64_t ask_again_after_ms = 2'000;  ///< first pause without a reply, then doubled
  std::int64_t ask_again_most_ms = 30'000;  ///< longest such pause
  std::uint32_t heartbeat_ms = 5'000;       ///< a node silent for three of these is left
  std::uint32_t reconnect_most_ms = 5'000;  ///< longest pause between attempts to connect
  const Clock* clock = nullptr;  ///< for the pauses; null: time since the machine started
  /// For a business system that answers questions itself (即時の引渡し): takes each and
  /// has it answered by `hand_over`, now or later, from any thread. Runs on the client's
  /// thread; must be quick, must not throw, must not `close`. The same question may come
  /// again until it is answered; `wrong` says then why an answer was not taken. Null: this system
  /// is never asked.
  std::function<void(const exchange::LiveQuestion&)> on_question = nullptr;
};

/// What a client did so far.
struct Counters {
  std::uint64_t frames_sent = 0;
  std::uint64_t queries_sent = 0;  ///< in those frames, those asked again included
  std::uint64_t asked_again = 0;
  std::uint64_t replies = 0;          ///< to queries in flight
  std::uint64_t unknown_replies = 0;  ///< to queries that are not, or no longer, in flight
  std::uint64_t frames_refused = 0;   ///< frames the node told us it did not take
  std::uint64_t frames_unreadable = 0;
  std::uint64_t receipts_refused = 0;  ///< outcomes whose receipt was missing or bad
  std::uint64_t connected = 0;         ///< times
};

/// A connection to the node, with the patience to find out what became of a query.
///
///     namespace client = nakadachi::client;
///     auto keys = nakadachi::socket::CurveKeyPair::load("welfare.key");
///     auto node = client::Client::connect({.endpoint = "tcp://10.1.2.3:5701",
///                                          .server_key = server_key,
///                                          .keys = *keys,
///                                          .registry = registry});
///     const nakadachi::exchange::Query query{client::Client::make_key(), person, subject};
///     const auto reply = (*node)->ask_and_wait(query, 3'000);
///     if (!reply.ok()) return show(describe(reply.error()));
///     if (reply->outcome == nakadachi::exchange::Outcome::kAnswered) use(reply->answer);
///     keep(*reply->receipt);
///
/// A node is not taken at its word: every outcome comes with the receipt of its record in
/// the log of the asker's own body (docs/records.md), and is handed over only when that
/// receipt is good and says the same (`ReceiptCheck`). Who keeps the receipt can prove
/// later what was recorded, whatever has become of the log since.
///
/// A query is told apart by its key, and the key is what makes asking safe: the
/// node answers the same key with the same outcome and records it once. When no
/// reply comes, the connection breaks or the node is busy, the client asks again
/// under the same key, after growing pauses and never sooner than the node wished.
/// It never makes a key of its own accord. Who keeps the key (and the query) can go
/// on after `kHeld`, `kOutcomeUnknown`, a restart or a crash: ask the same again.
///
/// So each query ends as one of these, and every one can be asked for again by its key:
///
///  | what became of it          | the caller has                                          |
///  |----------------------------|---------------------------------------------------------|
///  | answered, in part          | reply: `kAnswered`, `kAnsweredInPart`, with the answer  |
///  | no data                    | reply: `kNoData`                                        |
///  | provider holds no symbol   | reply: `kProviderHoldsNoSymbol`; may ask it to acquire  |
///  | refused                    | reply: `kRefused`, reason in `code`, item in `legal_item` |
///  | lapsed                     | reply: `kLapsed`; may be asked anew under a new key     |
///  | held                       | error `kHeld`: staff decide, or it lapses; ask again    |
///  | unknown                    | error `kOutcomeUnknown`: ask again                      |
///
/// A success is always a concluded reply whose receipt is good. Errors of every way to ask:
///  - `kWrongLength`, `kWrongFormat`, `kPersonalNumberPresent`: refused here, in the
///    field told; nothing was sent;
///  - `kQueueFull`: `max_in_flight` is reached; nothing was sent. Or the node's word,
///    as the next;
///  - what the node said, when its word is final or time is over and it had turned
///    the query away each time before asking anything (`kRateLimited`,
///    `kClosedHours`, …): the retry class tells whether the same may be asked later;
///  - those of `ReceiptCheck::check`: the node told an outcome whose receipt is missing or
///    bad; counted in `receipts_refused`. What it told is dropped. The query may be
///    recorded: the same key, asked again, tells whether a good receipt can be had;
///  - `kLinkDown`: time is over and the query never left this machine;
///  - `kHeld`: time is over and the provider's staff had not decided when last heard of;
///  - `kOutcomeUnknown`: time is over; it may or may not have been recorded;
///  - `kSameKeyOtherContent`: a query in flight has this key and asks something else;
///  - `kShuttingDown`: the client was closed first; as unknown as `kOutcomeUnknown`
///    when it had been sent.
///
/// Thread-safe. Works on a thread of its own and gathers what waits into frames, so
/// many callers cost little more than one.
class Client {
 public:
  /// Takes the reply, or why there is none. Runs on the client's thread (on the
  /// caller's when refused at once, on the closing one when closed); must be quick,
  /// must not throw, may `ask`, must not `close`.
  using Callback = std::function<void(Result<exchange::Reply>)>;

  /// Starts to connect and returns; queries wait until there is a connection.
  /// Errors: `kConfigInvalid` (endpoint; or field "registry": not exactly one of
  /// `registry`, `receipts` and `without_receipts` is there).
  static Result<std::unique_ptr<Client>> connect(const Config& config);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  /// Closes.
  ~Client();

  /// A new request key: the present time and 80 random bits. Any thread.
  static RequestKey make_key();

  std::future<Result<exchange::Reply>> ask(exchange::Query query);
  void ask(exchange::Query query, Callback callback);
  /// As above with a time limit of its own.
  void ask(exchange::Query query, std::int64_t give_up_after_ms, Callback callback);
  /// The same, waiting here. Not on the client's thread.
  Result<exchange::Reply> ask_and_wait(exchange::Query query, std::int64_t give_up_after_ms);

  /// Answers a question: with what the copy of this kind would say (docs/copies.md), or
  /// nothing when there is no data. An answer that is lost on the way or comes when the
  /// validity of the request is over changes nothing: the question comes again, or has
  /// lapsed. Any thread. Errors: those of copies::encode, nothing is sent then;
  /// `kShuttingDown`, `kQueueFull`.
  Result<void> hand_over(const ExchangeId& request,
                         const std::optional<copies::CopyContent>& content);

  /// Settles every query in flight with `kShuttingDown` and joins the thread. Later
  /// queries are refused with the same. Again: nothing.
  void close();

  Counters counters() const;

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nakadachi::client
