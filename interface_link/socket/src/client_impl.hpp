#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "nakadachi/base/clock.hpp"
#include "nakadachi/socket/client.hpp"
#include "zmq_calls.hpp"

namespace nakadachi::socket {

/// The part of a `Client` that its loop drives, on the loop's thread.
struct Client::Impl {
  Impl(zmq::context_t& context, ClientConfig config_in, ClientHandlers handlers_in)
      : config(std::move(config_in)), handlers(std::move(handlers_in)), context_(&context) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  /// Starts to connect. Errors: `kConfigInvalid`; nothing is open then.
  Result<void> open();

  /// Takes in what happened; reads at most `budget` parts. True when there may be more.
  bool turn(std::size_t budget, Timestamp now);
  bool send(ByteView frame);

  /// When `turn` is wanted though nothing happens.
  std::optional<Timestamp> deadline() const noexcept { return reopen_at_; }
  /// What to wait for at `socket` (ZMQ_POLLIN, ZMQ_POLLOUT).
  short wanted() const noexcept;

  struct Counts {
    std::atomic<std::uint64_t> frames_received{0};
    std::atomic<std::uint64_t> frames_sent{0};
    std::atomic<std::uint64_t> connected{0};
    std::atomic<std::uint64_t> refused{0};
    std::atomic<std::uint64_t> dropped_malformed{0};
    std::atomic<std::uint64_t> dropped_oversize{0};
    std::atomic<std::uint64_t> send_blocked{0};
  };

  ClientConfig config;
  ClientHandlers handlers;
  Counts counts;
  zmq::socket_t socket;
  zmq::socket_t monitor;
  bool connected = false;

 private:
  void close() noexcept;
  void configure();
  void take_events(Timestamp now);
  void lose(Timestamp now);
  void announce();
  bool take_frames(std::size_t budget);

  zmq::context_t* context_;
  zmq::message_t part_;
  bool announcing_ = false;  // shaken hands, `on_connected` is due
  bool blocked_ = false;     // a send found no room, `on_writable` is due
  bool discarding_ = false;
  std::optional<Timestamp> reopen_at_;
};

}  // namespace nakadachi::socket
