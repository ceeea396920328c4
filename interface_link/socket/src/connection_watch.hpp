#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace nakadachi::socket {

/// The open connections of one door, by file descriptor.
///
/// The library hands out a message when its last part has come and keeps any
/// number of parts until then, so a peer with a good key could fill the memory
/// with one message that never ends. This watch compares what the kernel received
/// with what the door was handed, and breaks a connection that brings bytes and no
/// frames. Thread-safe.
class ConnectionWatch {
 public:
  /// `most_bytes` may be under way on one connection without a frame coming of it.
  explicit ConnectionWatch(std::uint64_t most_bytes) noexcept : most_bytes_(most_bytes) {}
  ConnectionWatch(const ConnectionWatch&) = delete;
  ConnectionWatch& operator=(const ConnectionWatch&) = delete;
  ~ConnectionWatch();

  /// Only connections to this port are looked into; before this call none is.
  void set_port(std::uint16_t port);

  void opened(int fd);
  void closed(int fd);
  std::size_t open() const;

  /// A message came on this connection.
  void delivered(int fd);

  /// Breaks this connection, if it is open still.
  void cut(int fd);

  /// Compares all connections and breaks those above the limit; tells how many.
  /// Call about every `kTickMs`.
  std::size_t cut_endless();

  static constexpr std::int64_t kTickMs = 250;

 private:
  struct Connection {
    int own_fd = -1;  // a duplicate, so that its number cannot come to mean another file
    std::uint64_t frames = 0;
    std::uint64_t frames_at_tick = 0;
    std::uint64_t bytes_accounted = 0;
  };
  int duplicate(int fd) const;
  bool is_endless(Connection& connection) const;
  static void break_off(Connection& connection) noexcept;

  const std::uint64_t most_bytes_;
  mutable std::mutex mutex_;
  std::uint16_t port_ = 0;
  std::unordered_map<int, Connection> connections_;
};

}  // namespace nakadachi::socket
