#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "nakadachi/socket/loop.hpp"
#include "tests/support/catch.hpp"

/// What the tests of the sockets share. Everything listens on loopback with a free port.
/// Catch's macros stand on the test's thread only; on others NAKADACHI_ASSERT does.
namespace nakadachi::socket::helpers {

/// Waits until `holds`, or gives up after a time that only a broken program needs.
inline bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 6'000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

/// A clock that stands still until it is set. Thread-safe.
class ManualClock final : public Clock {
 public:
  Timestamp now() const noexcept override { return {ms_.load()}; }
  void advance(std::int64_t ms) noexcept { ms_ += ms; }

 private:
  std::atomic<std::int64_t> ms_{1'000'000};
};

/// Frames as text, in order of arrival. Thread-safe.
class Frames {
 public:
  void add(ByteView frame) {
    const std::lock_guard lock(mutex_);
    frames_.emplace_back(as_chars(frame));
  }
  std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return frames_;
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return frames_.size();
  }
  bool holds(const std::string& text) const {
    const std::lock_guard lock(mutex_);
    for (const std::string& frame : frames_) {
      if (frame == text) return true;
    }
    return false;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> frames_;
};

inline std::shared_ptr<const AccessTable> table_of(
    const std::vector<std::pair<const CurveKeyPair*, std::uint64_t>>& users) {
  std::vector<AccessTable::Entry> entries;
  for (const auto& [keys, user] : users)
    entries.push_back({.key = keys->public_key(), .user = {user}});
  auto table = AccessTable::make(entries);
  REQUIRE(table.ok());
  return *table;
}

/// A door on its own thread that echoes every frame to its sender.
class EchoDoor {
 public:
  using Change = std::function<void(ServerConfig&)>;

  EchoDoor(const CurveKeyPair& keys, std::shared_ptr<const AccessTable> table,
           const Change& change = {}, const Clock* clock = nullptr) {
    auto made = Loop::make({.clock = clock});
    REQUIRE(made.ok());
    loop_ = std::move(*made);
    ServerConfig config{
        .name = "echo", .endpoint = "tcp://127.0.0.1:*", .keys = keys, .table = std::move(table)};
    if (change) change(config);
    auto server = loop_->listen(std::move(config), handlers());
    INFO((server.ok() ? "" : server.error().detail));
    REQUIRE(server.ok());
    server_ = *server;
    thread_ = std::make_unique<LoopThread>(*loop_);
  }

  Server& server() noexcept { return *server_; }
  const std::string& endpoint() const noexcept { return server_->endpoint(); }
  ServerCounters counters() const { return server_->counters(); }
  const Frames& received() const noexcept { return received_; }
  std::uint64_t limited() const noexcept { return limited_; }

  /// Sends on the loop's thread and tells what `Server::send` said.
  bool send(const Peer& peer, const std::string& text) {
    std::atomic<int> sent{-1};
    REQUIRE(loop_->post([&] { sent = server_->send(peer, as_bytes(text)) ? 1 : 0; }));
    REQUIRE(eventually([&] { return sent >= 0; }));
    return sent == 1;
  }
  std::vector<Peer> peers() const {
    const std::lock_guard lock(mutex_);
    return peers_;
  }

 private:
  ServerHandlers handlers() {
    return {
        .on_frame =
            [this](const Peer& peer, ByteView frame) {
              received_.add(frame);
              {
                const std::lock_guard lock(mutex_);
                peers_.push_back(peer);
              }
              server_->send(peer, frame);
            },
        .on_limited = [this](const Peer&) { ++limited_; },
        .on_unfit = [this](const Peer& peer,
                           ErrorCode why) { server_->send(peer, as_bytes(text_of(why).name)); }};
  }

  std::unique_ptr<Loop> loop_;
  Server* server_ = nullptr;
  Frames received_;
  std::atomic<std::uint64_t> limited_{0};
  mutable std::mutex mutex_;
  std::vector<Peer> peers_;
  std::unique_ptr<LoopThread> thread_;
};

/// A client on its own thread that keeps what it gets.
class Caller {
 public:
  using Change = std::function<void(ClientConfig&)>;

  Caller(const std::string& endpoint, const CurvePublicKey& server_key, const CurveKeyPair& keys,
         std::string hello = {}, const Change& change = {})
      : hello_(std::move(hello)) {
    auto made = Loop::make();
    REQUIRE(made.ok());
    loop_ = std::move(*made);
    ClientConfig config{.name = "caller",
                        .endpoint = endpoint,
                        .server_key = server_key,
                        .keys = keys,
                        .reconnect_ms = 20,
                        .reconnect_most_ms = 200};
    if (change) change(config);
    auto client = loop_->connect(std::move(config), handlers());
    REQUIRE(client.ok());
    client_ = *client;
    thread_ = std::make_unique<LoopThread>(*loop_);
  }

  ClientCounters counters() const { return client_->counters(); }
  const Frames& received() const noexcept { return received_; }
  bool connected() const noexcept { return connected_; }
  std::uint64_t disconnections() const noexcept { return disconnections_; }

  bool wait_until_connected() {
    return eventually([this] { return connected(); });
  }
  /// True when the library took the frame.
  bool send(std::string text) {
    std::atomic<int> sent{-1};
    REQUIRE(loop_->post([&] { sent = client_->send(as_bytes(text)) ? 1 : 0; }));
    REQUIRE(eventually([&] { return sent >= 0; }));
    return sent == 1;
  }
  /// Sends and waits for the echo.
  bool echo(const std::string& text) {
    return eventually([&] { return send(text); }) &&
           eventually([&] { return received_.holds(text); });
  }

 private:
  ClientHandlers handlers() {
    return {.on_connected =
                [this] {
                  if (!hello_.empty()) NAKADACHI_ASSERT(client_->send(as_bytes(hello_)));
                  connected_ = true;
                },
            .on_disconnected =
                [this] {
                  connected_ = false;
                  ++disconnections_;
                },
            .on_frame = [this](ByteView frame) { received_.add(frame); },
            .on_writable = {}};
  }

  const std::string hello_;
  std::unique_ptr<Loop> loop_;
  Client* client_ = nullptr;
  Frames received_;
  std::atomic<bool> connected_{false};
  std::atomic<std::uint64_t> disconnections_{0};
  std::unique_ptr<LoopThread> thread_;
};

}  // namespace nakadachi::socket::helpers
