#include <dirent.h>

#include <algorithm>
#include <map>
#include <string>

#include "interface_link/socket/src/server_impl.hpp"
#include "interface_link/socket/src/zmq_calls.hpp"
#include "tests/net/socket/helpers.hpp"

namespace nakadachi::socket {

using helpers::Caller;
using helpers::EchoDoor;
using helpers::eventually;
using helpers::ManualClock;
using helpers::table_of;

namespace {

std::size_t entries_of(const char* folder) {
  DIR* const directory = ::opendir(folder);
  REQUIRE(directory != nullptr);
  std::size_t count = 0;
  while (::readdir(directory) != nullptr) ++count;  // NOLINT(concurrency-mt-unsafe): own stream
  ::closedir(directory);
  return count;
}

std::unique_ptr<Loop> make_loop(const LoopConfig& config = {}) {
  auto loop = Loop::make(config);
  REQUIRE(loop.ok());
  return std::move(*loop);
}

}  // namespace

TEST_CASE("socket: work posted from many threads runs once each and in each thread's order") {
  constexpr int kThreads = 4;
  constexpr int kTasks = 5'000;
  const auto loop = make_loop();
  std::map<int, std::vector<int>> seen;  // touched on the loop's thread only
  {
    const LoopThread running(*loop);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&loop, &seen, thread] {
        for (int i = 0; i < kTasks; ++i) {
          while (!loop->post([&seen, thread, i] { seen[thread].push_back(i); })) {
            std::this_thread::yield();
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  REQUIRE(seen.size() == kThreads);
  for (const auto& [thread, order] : seen) {
    REQUIRE(order.size() == kTasks);
    CHECK(std::is_sorted(order.begin(), order.end()));
  }
}

TEST_CASE("socket: accepted work is run though the loop stops, later work is refused") {
  const auto loop = make_loop();
  int runs = 0;
  REQUIRE(loop->post([&] { ++runs; }));
  loop->stop();
  CHECK(loop->post([&] { ++runs; }).error().code == ErrorCode::kShuttingDown);
  loop->run();
  CHECK(runs == 1);
}

TEST_CASE("socket: waiting work is bounded") {
  const auto loop = make_loop({.max_tasks = 3});
  int runs = 0;
  for (int i = 0; i < 3; ++i) REQUIRE(loop->post([&] { ++runs; }));
  CHECK(loop->post([&] { ++runs; }).error().code == ErrorCode::kQueueFull);
  loop->stop();
  loop->run();
  CHECK(runs == 3);
}

TEST_CASE("socket: deadlines fire once they are reached, and turns end") {
  ManualClock clock;
  const auto loop = make_loop({.clock = &clock});
  std::optional<Timestamp> due = clock.now() + 500;
  std::atomic<int> fired{0};
  std::atomic<int> turns{0};
  loop->add_hooks({.deadline = [&] { return due; },
                   .on_deadline =
                       [&](Timestamp now) {
                         NAKADACHI_ASSERT(now >= *due);
                         due.reset();
                         ++fired;
                       },
                   .on_turn_end = [&](Timestamp) { ++turns; }});
  const LoopThread running(*loop);
  REQUIRE(loop->post([] {}));
  REQUIRE(eventually([&] { return turns > 0; }));
  CHECK(fired == 0);
  clock.advance(500);
  REQUIRE(loop->post([] {}));
  CHECK(eventually([&] { return fired == 1; }));
}

TEST_CASE("socket: a busy door does not starve another on the same loop") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  const auto table = table_of({{&alice, 1}});
  const auto loop = make_loop({.frames_per_turn = 5});
  std::vector<char> order;  // touched on the loop's thread only
  const auto listen = [&](char name) {
    auto door = loop->listen(
        {.name = "door", .endpoint = "tcp://127.0.0.1:*", .keys = server, .table = table},
        {.on_frame = [&order, name](const Peer&, ByteView) { order.push_back(name); },
         .on_limited = {}});
    REQUIRE(door.ok());
    return *door;
  };
  Server* const busy = listen('b');
  Server* const quiet = listen('q');
  Caller flooder(busy->endpoint(), server.public_key(), alice);
  Caller caller(quiet->endpoint(), server.public_key(), alice);
  REQUIRE(flooder.wait_until_connected());
  REQUIRE(caller.wait_until_connected());
  for (int i = 0; i < 50; ++i) REQUIRE(eventually([&] { return flooder.send("more"); }));
  REQUIRE(caller.send("once"));
  // The loop has not run yet: what arrived waits in the library.
  REQUIRE(eventually([&] {
    return ready(busy->impl().socket, ZMQ_POLLIN) && ready(quiet->impl().socket, ZMQ_POLLIN);
  }));
  {
    const LoopThread running(*loop);
    REQUIRE(eventually([&] {
      return busy->counters().frames_received == 50 && quiet->counters().frames_received == 1;
    }));
  }
  const auto place = std::find(order.begin(), order.end(), 'q') - order.begin();
  CHECK(place <= 5);
}

TEST_CASE("socket: a client is told when there is room again") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  auto doors = make_loop();
  std::atomic<std::uint64_t> arrived{0};
  const auto door =
      doors->listen({.name = "slow",
                     .endpoint = "tcp://127.0.0.1:*",
                     .keys = server,
                     .table = table_of({{&alice, 1}}),
                     .queued_frames = 2},
                    {.on_frame = [&](const Peer&, ByteView) { ++arrived; }, .on_limited = {}});
  REQUIRE(door.ok());
  const auto loop = make_loop();
  const std::string frame(100'000, 'x');
  std::atomic<std::uint64_t> sent{0};
  std::atomic<int> writable{0};
  Client* client = nullptr;
  const auto fill = [&] {
    while (client->send(as_bytes(frame))) ++sent;
  };
  const auto connected = loop->connect(
      {.name = "fast",
       .endpoint = (*door)->endpoint(),
       .server_key = server.public_key(),
       .keys = alice,
       .queued_frames = 2},
      {.on_connected = fill, .on_disconnected = {}, .on_frame = {}, .on_writable = [&] {
         ++writable;
       }});
  REQUIRE(connected.ok());
  client = *connected;
  const LoopThread sending(*loop);
  REQUIRE(eventually([&] { return client->counters().send_blocked > 0; }));
  const LoopThread receiving(*doors);
  CHECK(eventually([&] { return writable > 0; }));
  CHECK(eventually([&] { return arrived == sent; }));
}

TEST_CASE("socket: loops leave no thread and no file behind") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  const auto use = [&] {
    EchoDoor door(server, table_of({{&alice, 1}}));
    Caller caller(door.endpoint(), server.public_key(), alice);
    Caller stranger(door.endpoint(), server.public_key(), server);
    REQUIRE(caller.echo("once"));
  };
  use();  // what is made once for all is made now
  const std::size_t threads = entries_of("/proc/self/task");
  const std::size_t files = entries_of("/proc/self/fd");
  for (int i = 0; i < 3; ++i) use();
  // A thread that was joined may stand there for a moment longer.
  CHECK(eventually([&] { return entries_of("/proc/self/task") == threads; }));
  CHECK(entries_of("/proc/self/fd") == files);
}

}  // namespace nakadachi::socket
