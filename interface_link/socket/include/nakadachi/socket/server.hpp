#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/limits.hpp"
#include "nakadachi/socket/access_table.hpp"
#include "nakadachi/socket/curve_keys.hpp"

namespace nakadachi::socket {

/// One connection of one user. The route is good for that connection only: after
/// a reconnect the same user comes with another.
struct Peer {
  using Route = FixedBytes<struct RouteTag, 5>;
  Route route;
  UserId user;

  friend auto operator<=>(const Peer&, const Peer&) noexcept = default;
};

/// What one user may send, over all its connections. The bucket starts full.
struct RateLimit {
  std::uint64_t frames_per_second = 2'000;
  std::uint64_t frames_at_once = 4'000;
  std::uint64_t bytes_per_second = 16 * 1024 * 1024;
  std::uint64_t bytes_at_once = 32 * 1024 * 1024;

  /// For links between our own processes, which are bounded at their ends.
  static constexpr RateLimit none() {
    constexpr std::uint64_t kMore = std::uint64_t{1} << 40;
    return {kMore, kMore, kMore, kMore};
  }
};

struct ServerConfig {
  std::string name;  ///< of the door, for logs and for its access domain; not empty
  std::string
      endpoint;  ///< as in tcp://127.0.0.1:5701 or tcp://[::1]:5701; port * takes a free one
  CurveKeyPair keys;
  std::shared_ptr<const AccessTable> table;
  AddressCheck may_come_from = {};  ///< asked of every connection before it is let in
  std::size_t max_frame_bytes = limits::kMaxClientFrameBytes;
  RateLimit rate = {};
  std::size_t max_connections = 1'024;
  std::uint32_t queued_frames = 64;    ///< per connection and direction, in the library; at least 2
  std::uint32_t handshake_ms = 5'000;  ///< a connection that has not shown its key by then is cut
  std::uint32_t heartbeat_ms = 5'000;  ///< a peer silent for three of these is cut
};

/// What a door calls, all on the loop's thread. Empty functions are not called.
struct ServerHandlers {
  /// A frame of a peer whose key is in the current table, within its rate. The
  /// bytes are those of the call only.
  std::function<void(const Peer&, ByteView)> on_frame;
  /// A frame of this peer was dropped unread because it sends too much.
  std::function<void(const Peer&)> on_limited;
  /// A frame of this peer was dropped for its form: `kOversize` (just over the limit;
  /// a far larger one cuts the line unheard) or `kMalformedFrame` (several parts).
  std::function<void(const Peer&, ErrorCode)> on_unfit;
};

/// What a door did and turned away since it opened. Frames are counted once each.
struct ServerCounters {
  std::uint64_t frames_received = 0;  ///< handed to `on_frame`
  std::uint64_t frames_sent = 0;      ///< taken by the library
  std::uint64_t connections = 0;      ///< now open, shaking hands included
  std::uint64_t handshakes_done = 0;
  std::uint64_t refused_keys = 0;       ///< connections with a key not in the table
  std::uint64_t refused_addresses = 0;  ///< connections with a good key from where it may not be
  std::uint64_t refused_protocol = 0;   ///< no CURVE, or no proper handshake in time
  std::uint64_t refused_full = 0;       ///< connections above `max_connections`
  std::uint64_t dropped_unnamed = 0;    ///< frames without a proven key: must stay 0
  std::uint64_t dropped_revoked = 0;    ///< frames from, or to, a key that may no longer
  std::uint64_t dropped_malformed = 0;  ///< frames of several parts, or with a route of their own
  std::uint64_t dropped_oversize = 0;   ///< frames just over the limit; larger ones cut the line
  std::uint64_t dropped_rate = 0;       ///< frames above the rate
  std::uint64_t cut_endless = 0;        ///< connections cut amid a frame that never ended
  std::uint64_t unroutable = 0;         ///< sends to a connection that is gone
  std::uint64_t send_blocked = 0;       ///< sends to a connection that does not read
};

/// A door: many peers connect, each proves its key, frames come in and go out.
///
/// Lives in its `Loop`. Fails closed: nothing passes unless the key is in the
/// current table and its time has come and is not over, which is looked at for every
/// frame: the next one with a key that may no longer (or no longer from its address) is
/// dropped, and its connection cut. What was refused is logged, once a minute at most.
class Server {
 public:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  /// Where it listens, with the real port.
  const std::string& endpoint() const noexcept;

  /// Hands a frame to the library. False, and the frame is dropped and counted,
  /// when the connection is gone, does not read, or belongs to a revoked user.
  /// True says nothing about arrival. On the loop's thread only.
  bool send(const Peer& peer, ByteView frame);

  /// From now on connections and frames are judged by this table. Any thread.
  void replace_table(std::shared_ptr<const AccessTable> table);

  /// Any thread.
  ServerCounters counters() const;

  Impl& impl() noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace nakadachi::socket
