#include "connection_watch.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <optional>

namespace nakadachi::socket {
namespace {

// Heartbeats bring bytes without frames, some 20 a second.
constexpr std::uint64_t kHeartbeatBytesPerTick = 32;

std::optional<std::uint16_t> local_port_of(int fd) noexcept {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return std::nullopt;
  if (address.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  }
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> bytes_received(int fd) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  if (size < offsetof(tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received) {
    return std::nullopt;
  }
  return info.tcpi_bytes_received;
}

}  // namespace

ConnectionWatch::~ConnectionWatch() {
  for (const auto& [fd, connection] : connections_) {
    if (connection.own_fd >= 0) ::close(connection.own_fd);
  }
}

void ConnectionWatch::set_port(std::uint16_t port) {
  const std::lock_guard lock(mutex_);
  port_ = port;
}

// The descriptor was the library's when it told us, and may be gone or another's by now;
// its local port tells whether it is a connection of this door.
int ConnectionWatch::duplicate(int fd) const {
  if (port_ == 0) return -1;
  const int own = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own >= 0 && local_port_of(own) != port_) {
    ::close(own);
    return -1;
  }
  return own;
}

void ConnectionWatch::opened(int fd) {
  const std::lock_guard lock(mutex_);
  Connection& connection = connections_[fd];
  if (connection.own_fd >= 0) ::close(connection.own_fd);
  connection = {.own_fd = duplicate(fd)};
}

void ConnectionWatch::closed(int fd) {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(fd);
  if (found == connections_.end()) return;
  if (found->second.own_fd >= 0) ::close(found->second.own_fd);
  connections_.erase(found);
}

std::size_t ConnectionWatch::open() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

void ConnectionWatch::delivered(int fd) {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(fd);
  if (found != connections_.end()) ++found->second.frames;
}

bool ConnectionWatch::is_endless(Connection& connection) const {
  const auto received = bytes_received(connection.own_fd);
  if (!received) return false;
  if (connection.frames != connection.frames_at_tick) {
    connection.frames_at_tick = connection.frames;
    connection.bytes_accounted = *received;
  }
  const std::uint64_t open_bytes = *received - connection.bytes_accounted;
  connection.bytes_accounted += std::min(open_bytes, kHeartbeatBytesPerTick);
  return open_bytes > most_bytes_;
}

std::size_t ConnectionWatch::cut_endless() {
  const std::lock_guard lock(mutex_);
  std::size_t cut = 0;
  for (auto& [fd, connection] : connections_) {
    if (connection.own_fd < 0 || !is_endless(connection)) continue;
    break_off(connection);
    ++cut;
  }
  return cut;
}

void ConnectionWatch::cut(int fd) {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(fd);
  if (found != connections_.end() && found->second.own_fd >= 0) break_off(found->second);
}

void ConnectionWatch::break_off(Connection& connection) noexcept {
  ::shutdown(connection.own_fd, SHUT_RDWR);
  ::close(connection.own_fd);
  connection.own_fd = -1;
}

}  // namespace nakadachi::socket
