#include "nakadachi/client/client.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "ask_book.hpp"
#include "nakadachi/client/receipt_check.hpp"
#include "nakadachi/socket/loop.hpp"
#include "nakadachi/wire/oltp_frame.hpp"

namespace nakadachi::client {
namespace {

/// Time since the machine started: pauses do not care for clocks being set.
class MonotonicClock final : public Clock {
 public:
  Timestamp now() const noexcept override {
    const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::milliseconds>(since_start).count()};
  }
};

const Clock* clock_of(const Config& config) {
  static const MonotonicClock monotonic;
  return config.clock != nullptr ? config.clock : &monotonic;
}

/// Called on the loop's thread only.
AskBook::Check check_of(const Config& config) {
  if (config.without_receipts) return nullptr;
  auto receipts = config.receipts != nullptr ? config.receipts
                                             : std::make_shared<ReceiptCheck>(config.registry);
  return
      [receipts = std::move(receipts)](const exchange::Query& query, const exchange::Reply& reply) {
        return receipts->check(query, reply);
      };
}

void add(std::atomic<std::uint64_t>& counter, std::uint64_t by) noexcept {
  counter.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace

struct Client::Impl {
  using Future = std::future<Result<exchange::Reply>>;

  explicit Impl(const Config& config_in)
      : config(config_in),
        book({.ask_again_after_ms = config_in.ask_again_after_ms,
              .ask_again_most_ms = config_in.ask_again_most_ms},
             random, check_of(config_in), [this] { in_flight.fetch_sub(1); }) {}

  /// Makes the loop, its connection and its thread. Errors: `kConfigInvalid`.
  Result<void> start();
  void ask(exchange::Query query, std::int64_t give_up_after_ms, Callback callback);
  Future ask_for_future(exchange::Query query, std::int64_t give_up_after_ms);
  Result<void> hand_over(exchange::HandOver answer);
  void close();

  struct Asked {
    exchange::Query query;
    Timestamp give_up_at;
    Callback callback;
  };

  // On the loop's thread.
  void take_inbox();
  void on_frame(ByteView frame);
  void send_due(Timestamp now);
  void send_answers(Timestamp now);
  std::optional<Timestamp> deadline() const;
  void publish_counts();

  const Config config;
  SystemRandom random;  // of the loop's thread
  AskBook book;         // of the loop's thread
  bool has_room = false;
  std::deque<exchange::HandOver> answers;     // of the loop's thread
  std::optional<Timestamp> say_answering_at;  // nothing while there is no connection

  std::atomic<std::size_t> in_flight{0};
  std::mutex mutex;
  std::vector<Asked> inbox;  // guarded by mutex
  bool closed = false;       // guarded by mutex

  std::atomic<std::uint64_t> frames_sent{0};
  std::atomic<std::uint64_t> queries_sent{0};
  std::atomic<std::uint64_t> asked_again{0};
  std::atomic<std::uint64_t> replies{0};
  std::atomic<std::uint64_t> unknown_replies{0};
  std::atomic<std::uint64_t> frames_refused{0};
  std::atomic<std::uint64_t> frames_unreadable{0};
  std::atomic<std::uint64_t> receipts_refused{0};

  std::unique_ptr<socket::Loop> loop;
  socket::Client* connection = nullptr;
  std::thread thread;
  std::thread::id thread_id;
};

Result<void> Client::Impl::start() {
  NAKADACHI_TRY(loop, socket::Loop::make({.clock = clock_of(config)}));
  NAKADACHI_TRY(connection, loop->connect({.name = "client",
                                           .endpoint = config.endpoint,
                                           .server_key = config.server_key,
                                           .keys = config.keys,
                                           .heartbeat_ms = config.heartbeat_ms,
                                           .reconnect_most_ms = config.reconnect_most_ms},
                                          {.on_connected =
                                               [this] {
                                                 has_room = true;
                                                 book.on_connected();
                                                 say_answering_at = loop->now();
                                               },
                                           .on_disconnected =
                                               [this] {
                                                 has_room = false;
                                                 say_answering_at.reset();
                                               },
                                           .on_frame = [this](ByteView frame) { on_frame(frame); },
                                           .on_writable = [this] { has_room = true; }}));
  loop->add_hooks({.deadline = [this] { return deadline(); },
                   .on_deadline = [this](Timestamp now) { book.on_deadline(now); },
                   .on_turn_end =
                       [this](Timestamp now) {
                         send_due(now);
                         send_answers(now);
                       }});
  thread = std::thread([this] { loop->run(); });
  thread_id = thread.get_id();
  return {};
}

void Client::Impl::ask(exchange::Query query, std::int64_t give_up_after_ms, Callback callback) {
  NAKADACHI_ASSERT(callback != nullptr);
  if (auto checked = wire::check_query(query); !checked) return callback(checked.error());
  if (in_flight.fetch_add(1) >= config.max_in_flight) {
    in_flight.fetch_sub(1);
    return callback(ErrorCode::kQueueFull);
  }
  bool is_first = false;
  {
    std::unique_lock lock(mutex);
    if (closed) {
      lock.unlock();
      in_flight.fetch_sub(1);
      return callback(ErrorCode::kShuttingDown);
    }
    is_first = inbox.empty();
    inbox.push_back({std::move(query), loop->now() + give_up_after_ms, std::move(callback)});
  }
  // Refused only when the loop is stopping, and then `close` empties the inbox.
  if (is_first) static_cast<void>(loop->post([this] { take_inbox(); }));
}

Client::Impl::Future Client::Impl::ask_for_future(exchange::Query query,
                                                  std::int64_t give_up_after_ms) {
  // Shared, because it is still being touched when the future is ready already.
  auto promise = std::make_shared<std::promise<Result<exchange::Reply>>>();
  auto future = promise->get_future();
  ask(std::move(query), give_up_after_ms,
      [promise](Result<exchange::Reply> reply) { promise->set_value(std::move(reply)); });
  return future;
}

void Client::Impl::take_inbox() {
  std::vector<Asked> taken;
  {
    const std::lock_guard lock(mutex);
    taken.swap(inbox);
  }
  for (Asked& asked : taken) {
    book.ask(std::move(asked.query), asked.give_up_at, std::move(asked.callback));
  }
}

void Client::Impl::on_frame(ByteView frame) {
  auto decoded = wire::decode_replies(frame);
  if (!decoded) return add(frames_unreadable, 1);
  for (const exchange::LiveQuestion& question : decoded->questions) {
    if (config.on_question != nullptr) config.on_question(question);
  }
  book.on_replies(std::move(*decoded), loop->now());
}

void Client::Impl::send_due(Timestamp now) {
  while (has_room) {
    const auto frame = book.next_frame(now);
    if (!frame) break;
    has_room = connection->send(*frame);
    if (!has_room) break;
    add(frames_sent, 1);
    add(queries_sent, book.frame_sent(now));
  }
  publish_counts();
}

/// Answers as they come, and from time to time the word that questions are taken. What
/// is not taken now is asked for again.
void Client::Impl::send_answers(Timestamp now) {
  if (config.on_question == nullptr) return;
  while (has_room && !answers.empty()) {
    has_room = connection->send(wire::encode_hand_over(&answers.front()));
    if (!has_room) return;
    answers.pop_front();
  }
  if (!has_room || !say_answering_at || *say_answering_at > now) return;
  has_room = connection->send(wire::encode_hand_over(nullptr));
  if (has_room) say_answering_at = now + limits::kAnsweringMs / 3;
}

std::optional<Timestamp> Client::Impl::deadline() const {
  const auto of_book = book.deadline();
  if (config.on_question == nullptr || !has_room || !say_answering_at) return of_book;
  return of_book ? std::min(*of_book, *say_answering_at) : *say_answering_at;
}

Result<void> Client::Impl::hand_over(exchange::HandOver answer) {
  const std::lock_guard lock(mutex);
  if (closed) return ErrorCode::kShuttingDown;
  auto shared = std::make_shared<exchange::HandOver>(std::move(answer));
  return loop->post([this, shared] { answers.push_back(std::move(*shared)); });
}

void Client::Impl::publish_counts() {
  const AskBook::Counts& counts = book.counts();
  asked_again.store(counts.asked_again, std::memory_order_relaxed);
  replies.store(counts.replies, std::memory_order_relaxed);
  unknown_replies.store(counts.unknown_replies, std::memory_order_relaxed);
  frames_refused.store(counts.frames_refused, std::memory_order_relaxed);
  receipts_refused.store(counts.receipts_refused, std::memory_order_relaxed);
}

void Client::Impl::close() {
  {
    const std::lock_guard lock(mutex);
    if (closed) return;
    closed = true;
  }
  NAKADACHI_ASSERT(std::this_thread::get_id() != thread_id);
  loop->stop();
  thread.join();
  take_inbox();
  book.close();
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Client::~Client() { close(); }

Result<std::unique_ptr<Client>> Client::connect(const Config& config) {
  const int ways = static_cast<int>(config.registry != nullptr) +
                   static_cast<int>(config.receipts != nullptr) +
                   static_cast<int>(config.without_receipts);
  if (ways != 1) {
    return Error{.code = ErrorCode::kConfigInvalid, .field = "registry"};
  }
  auto impl = std::make_unique<Impl>(config);
  NAKADACHI_CHECK(impl->start());
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

RequestKey Client::make_key() {
  static thread_local SystemRandom random;
  return make_request_key(SystemClock().now(), random);
}

void Client::ask(exchange::Query query, Callback callback) {
  impl_->ask(std::move(query), impl_->config.give_up_after_ms, std::move(callback));
}

std::future<Result<exchange::Reply>> Client::ask(exchange::Query query) {
  return impl_->ask_for_future(std::move(query), impl_->config.give_up_after_ms);
}

void Client::ask(exchange::Query query, std::int64_t give_up_after_ms, Callback callback) {
  impl_->ask(std::move(query), give_up_after_ms, std::move(callback));
}

Result<exchange::Reply> Client::ask_and_wait(exchange::Query query, std::int64_t give_up_after_ms) {
  NAKADACHI_ASSERT(std::this_thread::get_id() != impl_->thread_id);
  return impl_->ask_for_future(std::move(query), give_up_after_ms).get();
}

Result<void> Client::hand_over(const ExchangeId& request,
                               const std::optional<copies::CopyContent>& content) {
  exchange::HandOver answer{.request = request, .content = {}};
  if (content) {
    NAKADACHI_TRY(answer.content, copies::encode(*content));
  }
  return impl_->hand_over(std::move(answer));
}

void Client::close() { impl_->close(); }

Counters Client::counters() const {
  return {.frames_sent = impl_->frames_sent,
          .queries_sent = impl_->queries_sent,
          .asked_again = impl_->asked_again,
          .replies = impl_->replies,
          .unknown_replies = impl_->unknown_replies,
          .frames_refused = impl_->frames_refused,
          .frames_unreadable = impl_->frames_unreadable,
          .receipts_refused = impl_->receipts_refused,
          .connected = impl_->connection->counters().connected};
}

}  // namespace nakadachi::client
