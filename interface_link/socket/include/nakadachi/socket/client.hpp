#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/limits.hpp"
#include "nakadachi/socket/curve_keys.hpp"

namespace nakadachi::socket {

struct ClientConfig {
  std::string name;           ///< for logs
  std::string endpoint;       ///< of the server, as in tcp://127.0.0.1:5701; IPv6 in brackets
  CurvePublicKey server_key;  ///< only who holds its secret is talked to
  CurveKeyPair keys;          ///< by which the server knows us
  std::size_t max_frame_bytes = limits::kMaxClientFrameBytes;
  std::uint32_t queued_frames = 64;  ///< per direction, in the library
  std::uint32_t handshake_ms = 5'000;
  std::uint32_t heartbeat_ms = 5'000;       ///< a server silent for three of these is left
  std::uint32_t reconnect_ms = 100;         ///< first pause, doubled up to the next
  std::uint32_t reconnect_most_ms = 5'000;  ///< also the pause after a refused key
};

/// What a connection calls, all on the loop's thread. Empty functions are not called.
struct ClientHandlers {
  /// Connected, for the first time or again, and a frame can be sent now: the
  /// place to say hello. What was sent before may be lost.
  std::function<void()> on_connected;
  /// The connection is gone; the library goes on trying.
  std::function<void()> on_disconnected;
  /// The bytes are those of the call only.
  std::function<void(ByteView)> on_frame;
  /// There is room again after a `send` that returned false while connected.
  std::function<void()> on_writable;
};

struct ClientCounters {
  std::uint64_t frames_received = 0;
  std::uint64_t frames_sent = 0;        ///< taken by the library
  std::uint64_t connected = 0;          ///< times
  std::uint64_t refused = 0;            ///< handshakes the server, or we, broke off
  std::uint64_t dropped_malformed = 0;  ///< frames of several parts
  std::uint64_t dropped_oversize = 0;
  std::uint64_t send_blocked = 0;
};

/// One connection to a `Server`, made again whenever it breaks, also after the
/// server refused our key. Lives in its `Loop`.
class Client {
 public:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// Hands a frame to the library. False, and nothing is kept, when there is no
  /// connection or no room. True says nothing about arrival. On the loop's thread.
  bool send(ByteView frame);

  /// On the loop's thread.
  bool connected() const noexcept;

  /// Any thread.
  ClientCounters counters() const;

  Impl& impl() noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace nakadachi::socket
