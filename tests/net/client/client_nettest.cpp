#include "nakadachi/client/client.hpp"

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "nakadachi/base/limits.hpp"
#include "nakadachi/client/receipt_check.hpp"
#include "nakadachi/wire/oltp_frame.hpp"
#include "tests/net/socket/helpers.hpp"
#include "tests/net/socket/tcp_proxy.hpp"
#include "tests/support/universe.hpp"

namespace nakadachi::client {

using exchange::Query;
using exchange::Reply;
using socket::CurveKeyPair;
using socket::Peer;
using socket::helpers::eventually;
using socket::helpers::TcpProxy;

namespace {

using Frames = std::vector<Bytes>;

Reply answer_to(const RequestKey& key) {
  Reply reply{.key = key};
  reply.concluded = true;
  reply.outcome = exchange::Outcome::kAnswered;
  const ByteView view = key.view();
  reply.answer.assign(view.begin(), view.end());
  return reply;
}

Frames frames_of(const std::vector<Reply>& replies) { return wire::encode_replies(replies); }

Frames turned_away(const RequestKey& key, ErrorCode code, std::uint32_t retry_after_ms) {
  Reply reply{.key = key};
  reply.code = code;
  reply.retry_after_ms = retry_after_ms;
  return frames_of({reply});
}

/// A node that does with every query what the test says. Remembers how often it was
/// asked under each key, over restarts too.
class ScriptedNode {
 public:
  /// Frames to send for a query that comes the n-th time (from 1) under its key.
  using Script = std::function<Frames(const Query& query, int nth)>;

  explicit ScriptedNode(Script script) : script_(std::move(script)) { start(); }

  const std::string& endpoint() const noexcept { return endpoint_; }
  const socket::CurvePublicKey& key() const noexcept { return server_keys_.public_key(); }
  const CurveKeyPair& client_keys() const noexcept { return client_keys_; }

  void stop() {
    thread_.reset();
    loop_.reset();
  }
  void start() {
    auto loop = socket::Loop::make();
    REQUIRE(loop.ok());
    loop_ = std::move(*loop);
    auto server = loop_->listen(
        {.name = "node",
         .endpoint = endpoint_,
         .keys = server_keys_,
         .table = *socket::AccessTable::make({{client_keys_.public_key(), {1}}}),
         .queued_frames = 10'000},  // a reply is a frame here
        {.on_frame = [this](const Peer& peer, ByteView frame) { on_frame(peer, frame); },
         .on_limited = {}});
    REQUIRE(server.ok());
    server_ = *server;
    endpoint_ = server_->endpoint();
    thread_ = std::make_unique<socket::LoopThread>(*loop_);
  }

  int times_asked(const RequestKey& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = asked_.find(key);
    return found == asked_.end() ? 0 : found->second;
  }
  std::size_t keys_seen() const {
    const std::lock_guard lock(mutex_);
    return asked_.size();
  }
  /// Queries in each frame, in order of arrival.
  std::vector<std::size_t> frame_sizes() const {
    const std::lock_guard lock(mutex_);
    return frame_sizes_;
  }

 private:
  void on_frame(const Peer& peer, ByteView frame) {
    const auto queries = wire::decode_query_frame(frame);
    NAKADACHI_ASSERT(queries.ok());
    {
      const std::lock_guard lock(mutex_);
      frame_sizes_.push_back(queries->queries.size());
    }
    for (const wire::DecodedQuery& query : queries->queries) {
      NAKADACHI_ASSERT(query.query.ok());
      int nth = 0;
      {
        const std::lock_guard lock(mutex_);
        nth = ++asked_[query.key];
      }
      for (const Bytes& reply : script_(*query.query, nth)) server_->send(peer, reply);
    }
  }

  const CurveKeyPair server_keys_ = CurveKeyPair::make();
  const CurveKeyPair client_keys_ = CurveKeyPair::make();
  const Script script_;
  std::string endpoint_ = "tcp://127.0.0.1:*";
  std::unique_ptr<socket::Loop> loop_;
  socket::Server* server_ = nullptr;
  mutable std::mutex mutex_;
  std::map<RequestKey, int> asked_;
  std::vector<std::size_t> frame_sizes_;
  std::unique_ptr<socket::LoopThread> thread_;
};

/// A client with short pauses.
std::unique_ptr<Client> connect_to(const ScriptedNode& node,
                                   const std::function<void(Config&)>& change = {}) {
  Config config{.endpoint = node.endpoint(),
                .server_key = node.key(),
                .keys = node.client_keys(),
                .without_receipts = true,  // the script has no log
                .ask_again_after_ms = 50,
                .ask_again_most_ms = 200,
                .reconnect_most_ms = 100};
  if (change) change(config);
  auto client = Client::connect(config);
  REQUIRE(client.ok());
  return std::move(*client);
}

Query query_about(std::uint64_t person) {
  return {Client::make_key(), *AddressNumber::from_number(person), {}};
}

constexpr std::int64_t kLong = 60'000;

/// Where nothing is lost, a reply that comes late is no reason to ask again.
void patiently(Config& config) {
  config.ask_again_after_ms = kLong;
  config.ask_again_most_ms = kLong;
}

}  // namespace

TEST_CASE("client: a query is answered") {
  ScriptedNode node([](const Query& query, int) { return frames_of({answer_to(query.key)}); });
  const auto client = connect_to(node, patiently);
  const Query query = query_about(1);
  const auto reply = client->ask_and_wait(query, kLong);
  REQUIRE(reply.ok());
  CHECK(*reply == answer_to(query.key));
  CHECK(client->ask(query_about(2)).get().ok());
  CHECK(node.times_asked(query.key) == 1);
}

TEST_CASE("client: a lost reply is asked for under the same key") {
  ScriptedNode node([](const Query& query, int nth) {
    return nth < 3 ? Frames{} : frames_of({answer_to(query.key)});
  });
  const auto client = connect_to(node);
  const Query query = query_about(1);
  const auto reply = client->ask_and_wait(query, kLong);
  REQUIRE(reply.ok());
  CHECK(reply->key == query.key);
  CHECK(node.times_asked(query.key) >= 3);  // more when the reply comes late
  CHECK(node.keys_seen() == 1);
  CHECK(client->counters().asked_again >= 2);
}

TEST_CASE("client: a duplicated reply and one to an unknown key disturb nothing") {
  ScriptedNode node([](const Query& query, int) {
    const Reply stranger = answer_to(Client::make_key());
    return frames_of({stranger, answer_to(query.key), answer_to(query.key), stranger});
  });
  const auto client = connect_to(node, patiently);
  std::atomic<int> called{0};
  for (std::uint64_t i = 0; i < 10; ++i) {
    client->ask(query_about(i), [&](const Result<Reply>& reply) {
      if (reply.ok()) ++called;
    });
  }
  REQUIRE(eventually([&] { return client->counters().unknown_replies == 30; }));
  CHECK(called == 10);
  CHECK(client->counters().replies == 10);
}

TEST_CASE("client: what cannot be read is counted and the query asked again") {
  ScriptedNode node([](const Query& query, int nth) {
    return nth == 1 ? Frames{{0xFF, 0xFF, 0xFF}} : frames_of({answer_to(query.key)});
  });
  const auto client = connect_to(node);
  CHECK(client->ask_and_wait(query_about(1), kLong).ok());
  CHECK(client->counters().frames_unreadable == 1);
}

TEST_CASE("client: a node that restarts in mid-flight is asked again") {
  std::atomic<bool> answers{false};
  ScriptedNode node([&](const Query& query, int) {
    return answers ? frames_of({answer_to(query.key)}) : Frames{};
  });
  const auto client = connect_to(node, [](Config& config) {
    config.ask_again_after_ms = kLong;  // the reconnect alone makes it ask again
    config.ask_again_most_ms = kLong;
  });
  std::vector<std::future<Result<Reply>>> futures;
  for (std::uint64_t i = 0; i < 300; ++i) futures.push_back(client->ask(query_about(i)));
  REQUIRE(eventually([&] { return node.keys_seen() == 300; }));
  node.stop();
  for (std::uint64_t i = 300; i < 400; ++i) futures.push_back(client->ask(query_about(i)));
  answers = true;
  node.start();
  for (auto& future : futures) REQUIRE(future.get().ok());
  CHECK(node.keys_seen() == 400);
  CHECK(client->counters().connected == 2);
}

TEST_CASE("client: a line that goes silent is left and the query asked over a new one") {
  ScriptedNode node([](const Query& query, int) { return frames_of({answer_to(query.key)}); });
  TcpProxy proxy(node.endpoint());
  const auto client = connect_to(node, [&](Config& config) {
    config.endpoint = proxy.endpoint();
    config.heartbeat_ms = 100;
    config.ask_again_after_ms = kLong;
    config.ask_again_most_ms = kLong;
  });
  REQUIRE(client->ask_and_wait(query_about(1), kLong).ok());
  proxy.freeze_lines();
  CHECK(client->ask_and_wait(query_about(2), kLong).ok());
  CHECK(client->counters().connected == 2);
}

TEST_CASE("client: the node's wish to be asked later is honoured") {
  socket::helpers::ManualClock clock;
  constexpr std::uint32_t kWishMs = 3'600'000;
  ScriptedNode node([&](const Query& query, int nth) {
    return nth == 1 ? turned_away(query.key, ErrorCode::kClosedHours, kWishMs)
                    : frames_of({answer_to(query.key)});
  });
  const auto client = connect_to(node, [&](Config& config) {
    config.clock = &clock;
    config.give_up_after_ms = 10 * std::int64_t{kWishMs};
  });
  const Query query = query_about(1);
  auto future = client->ask(query);
  REQUIRE(eventually([&] { return client->counters().replies == 1; }));
  clock.advance(kWishMs - 1);
  // Another query goes out and its reply is taken in meanwhile: the client has looked.
  static_cast<void>(client->ask(query_about(2)));
  REQUIRE(eventually([&] { return client->counters().replies == 2; }));
  CHECK(node.times_asked(query.key) == 1);
  clock.advance(kWishMs / 4 + 1);
  const auto reply = future.get();
  CHECK(reply.ok());
  CHECK(node.times_asked(query.key) == 2);
}

TEST_CASE("client: a final word is passed on, a passing one is not") {
  ScriptedNode node([](const Query& query, int nth) {
    if (query.person.reveal() == 1) return turned_away(query.key, ErrorCode::kClockSkew, 0);
    if (nth == 1) return turned_away(query.key, ErrorCode::kRateLimited, 1);
    if (nth == 2) return turned_away(query.key, ErrorCode::kOutcomeUnknown, 1);
    return frames_of({answer_to(query.key)});
  });
  const auto client = connect_to(node, patiently);
  const Query refused = query_about(1);
  const auto final = client->ask_and_wait(refused, kLong);
  REQUIRE_FALSE(final.ok());
  CHECK(final.error().code == ErrorCode::kClockSkew);
  CHECK(node.times_asked(refused.key) == 1);
  const Query patient = query_about(2);
  CHECK(client->ask_and_wait(patient, kLong).ok());
  CHECK(node.times_asked(patient.key) == 3);
}

TEST_CASE("client: when patience is over the key in hand goes on later") {
  std::atomic<bool> answers{false};
  ScriptedNode node([&](const Query& query, int) {
    return answers ? frames_of({answer_to(query.key)}) : Frames{};
  });
  const auto client = connect_to(node);
  const Query query = query_about(1);
  const auto unknown = client->ask_and_wait(query, 300);
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().code == ErrorCode::kOutcomeUnknown);
  answers = true;
  const auto reply = client->ask_and_wait(query, kLong);
  REQUIRE(reply.ok());
  CHECK(reply->key == query.key);
  CHECK(node.keys_seen() == 1);
}

TEST_CASE("client: without a connection the error says that nothing was sent") {
  ScriptedNode node([](const Query&, int) { return Frames{}; });
  node.stop();
  const auto client = connect_to(node);
  const auto reply = client->ask_and_wait(query_about(1), 200);
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == ErrorCode::kLinkDown);
}

TEST_CASE("client: a node that refuses frames is asked again later") {
  std::atomic<int> refusals{0};
  ScriptedNode node([&](const Query& query, int nth) -> Frames {
    if (nth > 2) return frames_of({answer_to(query.key)});
    ++refusals;
    return {wire::encode_frame_error({.code = ErrorCode::kRateLimited})};
  });
  const auto client = connect_to(node);
  CHECK(client->ask_and_wait(query_about(1), kLong).ok());
  CHECK(refusals == 2);
  CHECK(client->counters().frames_refused == 2);
}

TEST_CASE("client: queries that wait share frames") {
  ScriptedNode node([](const Query& query, int) { return frames_of({answer_to(query.key)}); });
  node.stop();
  const auto client = connect_to(node, patiently);
  std::vector<std::future<Result<Reply>>> futures;
  for (std::uint64_t i = 0; i < 600; ++i) futures.push_back(client->ask(query_about(i)));
  node.start();
  for (auto& future : futures) REQUIRE(future.get().ok());
  const std::vector<std::size_t> expected = {limits::kMaxQueriesPerFrame,
                                             limits::kMaxQueriesPerFrame,
                                             600 - 2 * limits::kMaxQueriesPerFrame};
  CHECK(node.frame_sizes() == expected);
}

TEST_CASE("client: queries above the limit in flight are refused at once") {
  std::atomic<bool> answers{false};
  ScriptedNode node([&](const Query& query, int) {
    return answers ? frames_of({answer_to(query.key)}) : Frames{};
  });
  const auto client = connect_to(node, [](Config& config) { config.max_in_flight = 5; });
  std::vector<std::future<Result<Reply>>> futures;
  for (std::uint64_t i = 0; i < 5; ++i) futures.push_back(client->ask(query_about(i)));
  for (int i = 0; i < 3; ++i) {
    auto refused = client->ask(query_about(9));
    REQUIRE(refused.wait_for(std::chrono::seconds(0)) == std::future_status::ready);
    CHECK(refused.get().error().code == ErrorCode::kQueueFull);
  }
  answers = true;
  for (auto& future : futures) CHECK(future.get().ok());
  CHECK(client->ask_and_wait(query_about(10), kLong).ok());
  CHECK(node.keys_seen() == 6);
}

TEST_CASE("client: what must not leave the machine does not") {
  ScriptedNode node([](const Query& query, int) { return frames_of({answer_to(query.key)}); });
  const auto client = connect_to(node);
  Query query = query_about(1);
  query.subject.section = "照会 123456789018";
  const auto refused = client->ask_and_wait(query, kLong);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kPersonalNumberPresent);
  CHECK(client->ask_and_wait(query_about(2), kLong).ok());
  CHECK(node.times_asked(query.key) == 0);
}

TEST_CASE("client: closing settles what is outstanding") {
  ScriptedNode node([](const Query&, int) { return Frames{}; });
  const auto client = connect_to(node);
  std::vector<std::future<Result<Reply>>> futures;
  for (std::uint64_t i = 0; i < 300; ++i) futures.push_back(client->ask(query_about(i)));
  REQUIRE(eventually([&] { return node.keys_seen() > 0; }));
  client->close();
  for (auto& future : futures) {
    REQUIRE(future.wait_for(std::chrono::seconds(0)) == std::future_status::ready);
    CHECK(future.get().error().code == ErrorCode::kShuttingDown);
  }
  CHECK(client->ask(query_about(1)).get().error().code == ErrorCode::kShuttingDown);
  client->close();
}

TEST_CASE("client: a client that is dropped settles what is outstanding") {
  ScriptedNode node([](const Query&, int) { return Frames{}; });
  std::future<Result<Reply>> future;
  {
    const auto client = connect_to(node);
    future = client->ask(query_about(1));
  }
  CHECK(future.get().error().code == ErrorCode::kShuttingDown);
}

TEST_CASE("client: many threads and callbacks that ask lose no query") {
  ScriptedNode node([](const Query& query, int nth) {
    // Every third query loses its first reply.
    const bool lost = nth == 1 && query.person.reveal() % 3 == 0;
    return lost ? Frames{} : frames_of({answer_to(query.key)});
  });
  const auto client = connect_to(node);
  constexpr int kThreads = 4;
  constexpr std::uint64_t kEach = 400;
  std::atomic<std::uint64_t> answered{0};
  std::atomic<std::uint64_t> follow_ups{0};
  std::atomic<std::uint64_t> waited_for{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (std::uint64_t i = 0; i < kEach; ++i) {
        const Query query = query_about(i);
        client->ask(query, [&, key = query.key](const Result<Reply>& reply) {
          if (reply.ok() && reply->key == key) ++answered;
          client->ask(query_about(1), [&](const Result<Reply>& second) {
            if (second.ok()) ++follow_ups;
          });
        });
        if (i % 20 == 0 && client->ask_and_wait(query_about(2), kLong).ok()) ++waited_for;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(eventually([&] { return answered == kThreads * kEach; }));
  CHECK(eventually([&] { return follow_ups == kThreads * kEach; }));
  CHECK(waited_for == kThreads * kEach / 20);
  CHECK(node.keys_seen() == kThreads * (2 * kEach + kEach / 20));
}

TEST_CASE("client: an outcome without a receipt is never told as one") {
  const testing::Universe universe(1);
  ScriptedNode node([](const Query& query, int) { return frames_of({answer_to(query.key)}); });
  const auto client = connect_to(node, [&](Config& config) {
    config.without_receipts = false;
    config.registry = universe.registry();
  });
  const auto reply = client->ask_and_wait(query_about(1), kLong);
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.error().code == ErrorCode::kMissingField);
  CHECK(reply.error().field == "receipt");
  CHECK(eventually([&] { return client->counters().receipts_refused == 1; }));
}

TEST_CASE("client: who says nothing about receipts is not connected") {
  ScriptedNode node([](const Query& query, int) { return frames_of({answer_to(query.key)}); });
  Config config{.endpoint = node.endpoint(), .server_key = node.key(), .keys = node.client_keys()};
  const auto client = Client::connect(config);
  REQUIRE_FALSE(client.ok());
  CHECK(client.error() == Error{.code = ErrorCode::kConfigInvalid, .field = "registry"});
  // Nor who says two things.
  config.registry = testing::Universe(1).registry();
  config.without_receipts = true;
  CHECK_FALSE(Client::connect(config).ok());
  config.without_receipts = false;
  config.receipts = std::make_shared<ReceiptCheck>(config.registry);
  CHECK_FALSE(Client::connect(config).ok());
}

TEST_CASE("client: an endpoint that is none is refused") {
  const auto keys = CurveKeyPair::make();
  const auto client = Client::connect({.endpoint = "nowhere",
                                       .server_key = keys.public_key(),
                                       .keys = keys,
                                       .without_receipts = true});
  REQUIRE_FALSE(client.ok());
  CHECK(client.error().code == ErrorCode::kConfigInvalid);
}

TEST_CASE("client: keys are in order of time and unlike") {
  std::set<RequestKey> keys;
  Timestamp last{0};
  for (int i = 0; i < 1'000; ++i) {
    const RequestKey key = Client::make_key();
    CHECK(time_of(key) >= last);
    last = time_of(key);
    keys.insert(key);
  }
  CHECK(keys.size() == 1'000);
  CHECK(last <= SystemClock().now());
}

}  // namespace nakadachi::client
