#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "nakadachi/client/client.hpp"
#include "nakadachi/wire/admin_frame.hpp"
#include "nakadachi/wire/link_frame.hpp"
#include "nakadachi/wire/oltp_frame.hpp"
#include "tests/net/socket/helpers.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/live_pool.hpp"
#include "tests/support/quiet_pool.hpp"

using namespace nakadachi;
using socket::helpers::eventually;
using testing::LivePool;
using testing::Universe;

namespace {

/// The business systems of all institutions, which also answer themselves what is theirs.
class Clients {
 public:
  explicit Clients(const LivePool& pool) : universe_(pool.universe) {
    const auto receipts = pool.receipts();  // on the threads of all clients
    for (std::size_t i = 0; i < pool.system_keys.size(); ++i) {
      auto made = *client::Client::connect(
          {.endpoint = pool.oltp_endpoint(),
           .server_key = pool.oltp_keys.public_key(),
           .keys = pool.system_keys[i],
           .receipts = receipts,
           .ask_again_after_ms = 300,
           .ask_again_most_ms = 1'000,
           .on_question = [this, i](const auto& question) { hand_over(i, question); }});
      const std::lock_guard lock(mutex_);
      clients_.push_back(std::move(made));
    }
  }
  std::future<Result<exchange::Reply>> ask(const exchange::Query& query) {
    return clients_[Universe::system_of(query)]->ask(query);
  }

 private:
  void hand_over(std::size_t system, const exchange::LiveQuestion& question) {
    client::Client* client = nullptr;
    {
      const std::lock_guard lock(mutex_);
      if (system < clients_.size()) client = clients_[system].get();
    }
    if (client == nullptr) return;  // the question comes again
    static_cast<void>(client->hand_over(question.request, universe_.live_answer(question)));
  }

  const Universe& universe_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<client::Client>> clients_;
};

/// One that no staff have to decide on.
exchange::Query fresh_query(LivePool& pool, SeededRandom& random) {
  while (true) {
    exchange::Query query =
        pool.universe.make_query(random.below(testing::kInstitutions), SystemClock().now(), random);
    if (pool.universe.waits_for_staff(query)) continue;
    query.key = client::Client::make_key();
    return query;
  }
}

/// One that the core does not refuse: asked twice because of a restart, such a refusal
/// is told only when no permit can be honoured any more, 90 s later.
exchange::Query fresh_query_not_refused(LivePool& pool, SeededRandom& random) {
  while (true) {
    const exchange::Query query = fresh_query(pool, random);
    const exchange::Outcome outcome = pool.universe.expected(query).outcome;
    const bool refused = outcome == exchange::Outcome::kRefused ||
                         outcome == exchange::Outcome::kProviderHoldsNoSymbol;
    if (!refused) return query;
  }
}

void check_as_expected(const LivePool& pool, const exchange::Query& query,
                       const Result<exchange::Reply>& reply) {
  const Universe::Expected expected = pool.universe.expected(query);
  REQUIRE(reply.ok());
  CHECK(reply->outcome == expected.outcome);
  CHECK(reply->answer == expected.answer);
  CHECK(reply->receipt != nullptr);  // and the client found it good
}

/// Throws a number of frames at a door, as fast as it takes them.
class Thrower {
 public:
  using MakeFrame = std::function<Bytes(SeededRandom&)>;
  /// Why a frame was not taken, as the door told; `kInternal` when it told something else.
  using ReadError = std::function<ErrorCode(ByteView reply)>;

  Thrower(const std::string& endpoint, const socket::CurvePublicKey& server_key,
          const socket::CurveKeyPair& keys, std::uint64_t frames, MakeFrame make,
          ReadError read_error = {})
      : random_(frames),
        frames_(frames),
        make_(std::move(make)),
        read_error_(std::move(read_error)) {
    loop_ = *socket::Loop::make();
    socket::ClientHandlers handlers;
    handlers.on_connected = [this] { throw_on(); };
    handlers.on_writable = [this] { throw_on(); };
    handlers.on_frame = [this](ByteView reply) {
      if (!read_error_) return;
      const std::lock_guard lock(mutex_);
      ++told_[read_error_(reply)];
    };
    door_ = *loop_->connect({.name = "thrower",
                             .endpoint = endpoint,
                             .server_key = server_key,
                             .keys = keys,
                             .max_frame_bytes = 2 * limits::kMaxClientFrameBytes},
                            std::move(handlers));
    thread_ = std::make_unique<socket::LoopThread>(*loop_);
  }

  void wait() {
    while (thrown_ < frames_) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  std::map<ErrorCode, std::uint64_t> told() const {
    const std::lock_guard lock(mutex_);
    return told_;
  }

 private:
  void throw_on() {
    while (thrown_ < frames_) {
      if (waiting_.empty()) waiting_ = make_(random_);
      if (!door_->send(waiting_)) return;
      waiting_.clear();
      ++thrown_;
    }
  }

  SeededRandom random_;
  std::uint64_t frames_;
  MakeFrame make_;
  ReadError read_error_;
  mutable std::mutex mutex_;
  std::map<ErrorCode, std::uint64_t> told_;
  Bytes waiting_;
  std::atomic<std::uint64_t> thrown_ = 0;
  std::unique_ptr<socket::Loop> loop_;
  socket::Client* door_ = nullptr;
  std::unique_ptr<socket::LoopThread> thread_;
};

Bytes random_bytes(SeededRandom& random) {
  Bytes bytes(1 + random.below(120));
  random.fill(bytes);
  return bytes;
}

/// A real frame of the link with a few of its bytes changed: well enough formed
/// to get past the first checks.
Thrower::MakeFrame damaged_link_frames() {
  testing::QuietPool pool;
  auto items = std::make_shared<std::vector<wire::LinkItem>>();
  pool.on_item = [items](wire::LinkItem& item) {
    items->push_back(item);
    return true;
  };
  pool.ask(pool.query_for(exchange::Outcome::kAnswered));
  auto frames = std::make_shared<std::vector<Bytes>>(wire::encode_link_frames(*items));
  return [frames](SeededRandom& random) {
    if (random.chance(500)) return random_bytes(random);
    Bytes frame = (*frames)[random.below(frames->size())];
    const std::uint64_t changes = 1 + random.below(4);
    for (std::uint64_t i = 0; i < changes; ++i) {
      frame[random.below(frame.size())] = static_cast<std::uint8_t>(random.next());
    }
    return frame;
  };
}

ErrorCode error_for_systems(ByteView reply) {
  const auto read = wire::decode_replies(reply);
  return read.ok() && read->frame_errors.size() == 1 ? read->frame_errors[0].code
                                                     : ErrorCode::kInternal;
}

ErrorCode error_for_staff(ByteView reply) {
  const auto read = wire::decode_admin_reply(reply);
  return read.ok() && read->frame_error ? read->frame_error->code : ErrorCode::kInternal;
}

/// Nothing was stored, and every process still works.
void check_no_trace(LivePool& pool) {
  CHECK(pool.stored_rows() == 0);
  CHECK(pool.stored_changes() == 0);
  Clients clients(pool);
  SeededRandom random(13);
  exchange::Query query = fresh_query(pool, random);
  while (pool.universe.expected(query).answer.empty() || Universe::system_of(query) == 3) {
    query = fresh_query(pool, random);
  }
  check_as_expected(pool, query, clients.ask(query).get());
  CHECK(pool.stored_rows() == 3);
}

}  // namespace

TEST_CASE("queries go through node, gateway and national system and back", "[live]") {
  LivePool pool;
  Clients clients(pool);
  SeededRandom random(11);
  std::vector<std::pair<exchange::Query, std::future<Result<exchange::Reply>>>> asked;
  for (int i = 0; i < 200; ++i) {
    const exchange::Query query = fresh_query(pool, random);
    asked.emplace_back(query, clients.ask(query));
  }
  for (auto& [query, reply] : asked) check_as_expected(pool, query, reply.get());
}

TEST_CASE("gateway and node die in the middle and every query still has its outcome", "[live]") {
  LivePool pool;
  Clients clients(pool);
  SeededRandom random(12);
  std::vector<std::pair<exchange::Query, std::future<Result<exchange::Reply>>>> asked;
  for (int i = 0; i < 300; ++i) {
    const exchange::Query query = fresh_query_not_refused(pool, random);
    asked.emplace_back(query, clients.ask(query));
    if (i == 100) {
      pool.stop_gateway();
      pool.start_gateway();
    }
    if (i == 200) {
      pool.stop_node();
      pool.start_node();
    }
  }
  for (auto& [query, reply] : asked) check_as_expected(pool, query, reply.get());
  // Asked again, each has the same outcome, and nothing new is stored.
  const std::size_t rows = pool.stored_rows();
  for (auto& [query, reply] : asked) check_as_expected(pool, query, clients.ask(query).get());
  CHECK(pool.stored_rows() == rows);
}

#ifdef __SANITIZE_THREAD__
constexpr std::uint64_t kManyFrames = 50'000;  // the thread sanitizer looks for other things
#else
constexpr std::uint64_t kManyFrames = 1'000'000;
#endif
// Frames of the link cost more to damage and to read, and only gateways and nodes can send any.
constexpr std::uint64_t kManyLinkFrames = kManyFrames / 5;

TEST_CASE("a million random frames at the door for business systems leave no trace", "[live]") {
  LivePool pool(socket::RateLimit::none());
  Thrower thrower(pool.oltp_endpoint(), pool.oltp_keys.public_key(), pool.system_keys[3],
                  kManyFrames, random_bytes);
  thrower.wait();
  CHECK(eventually([&] { return pool.node().oltp_counters().frames_received == kManyFrames; }));
  check_no_trace(pool);
}

TEST_CASE("a million random frames at the door for staff leave no trace", "[live]") {
  LivePool pool(socket::RateLimit::none());
  Thrower thrower(pool.admin_endpoint(), pool.oltp_keys.public_key(), pool.system_keys[3],
                  kManyFrames, random_bytes);
  thrower.wait();
  CHECK(eventually([&] { return pool.node().admin_counters().frames_received == kManyFrames; }));
  check_no_trace(pool);
}

TEST_CASE("a frame too large and frames too many are told why, counted, and leave no trace",
          "[live]") {
  struct Door {
    std::string endpoint;
    Thrower::ReadError read_error;
    std::function<socket::ServerCounters()> counters;
  };
  LivePool pool;
  const bool for_staff = GENERATE(false, true);
  CAPTURE(for_staff);
  const auto& node = pool.node();
  const Door door =
      for_staff
          ? Door{pool.admin_endpoint(), error_for_staff, [&] { return node.admin_counters(); }}
          : Door{pool.oltp_endpoint(), error_for_systems, [&] { return node.oltp_counters(); }};
  const auto thrower = [&](std::uint64_t frames, const Thrower::MakeFrame& make) {
    return std::make_unique<Thrower>(door.endpoint, pool.oltp_keys.public_key(),
                                     pool.system_keys[3], frames, make, door.read_error);
  };

  const auto large =
      thrower(1, [](SeededRandom&) { return Bytes(limits::kMaxClientFrameBytes + 1); });
  CHECK(eventually([&] { return large->told()[ErrorCode::kOversize] == 1; }));
  CHECK(door.counters().dropped_oversize == 1);
  CHECK(door.counters().frames_received == 0);

  const std::uint64_t at_once = socket::RateLimit{}.frames_at_once;
  const auto flood = thrower(10 * at_once, random_bytes);
  flood->wait();
  CHECK(eventually([&] { return flood->told()[ErrorCode::kRateLimited] > 0; }));
  CHECK(flood->told()[ErrorCode::kMalformedFrame] > 0);
  CHECK(eventually([&] {
    const socket::ServerCounters counted = door.counters();
    return counted.dropped_rate + counted.frames_received == 10 * at_once;
  }));
  CHECK(door.counters().dropped_rate > 0);
  CHECK(pool.stored_rows() == 0);
  CHECK(pool.stored_changes() == 0);
}

TEST_CASE("two hundred thousand damaged frames at the gateway leave no trace", "[live]") {
  LivePool pool;
  Thrower(pool.gateway_endpoint(), pool.gateway_keys.public_key(), pool.second_link_keys,
          kManyLinkFrames, damaged_link_frames())
      .wait();
  check_no_trace(pool);
}

TEST_CASE("two hundred thousand damaged frames at the national system leave no trace", "[live]") {
  LivePool pool;
  Thrower(pool.national_endpoint(), pool.national_keys.public_key(), pool.second_uplink_keys,
          kManyLinkFrames, damaged_link_frames())
      .wait();
  check_no_trace(pool);
}
