#include "tests/net/socket/tcp_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "nakadachi/base/assert.hpp"

namespace nakadachi::socket::helpers {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint16_t port_of(const std::string& endpoint) {
  return static_cast<std::uint16_t>(std::stoul(endpoint.substr(endpoint.rfind(':') + 1)));
}

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

}  // namespace

TcpProxy::TcpProxy(const std::string& target_endpoint)
    : target_port_(port_of(target_endpoint)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  NAKADACHI_ASSERT(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
  ::listen(listener_, 16);
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  endpoint_ = "tcp://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  thread_ = std::thread([this] { run(); });
}

TcpProxy::~TcpProxy() {
  stopping_ = true;
  thread_.join();
  for (const Line& line : lines_) {
    ::close(line.near);
    ::close(line.far);
  }
  ::close(listener_);
}

void TcpProxy::run() {
  while (!stopping_) {
    if (paused_) {
      ::poll(nullptr, 0, 10);
      continue;
    }
    const bool freezes = freezing_.exchange(false);
    std::vector<pollfd> items = {{listener_, POLLIN, 0}};
    for (Line& line : lines_) {
      line.frozen = line.frozen || freezes;
      // A negative descriptor is not waited for.
      items.push_back({line.frozen ? -1 : line.near, POLLIN, 0});
      items.push_back({line.frozen ? -1 : line.far, POLLIN, 0});
    }
    if (::poll(items.data(), items.size(), 10) <= 0) continue;
    std::size_t at = 1;
    for (auto line = lines_.begin(); line != lines_.end(); at += 2) {
      const bool open = (items[at].revents == 0 || forward(line->near, line->far)) &&
                        (items[at + 1].revents == 0 || forward(line->far, line->near));
      if (open) {
        ++line;
        continue;
      }
      ::close(line->near);
      ::close(line->far);
      line = lines_.erase(line);
    }
    if (items[0].revents != 0) accept_line();
  }
}

void TcpProxy::accept_line() {
  const int near = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (near < 0) return;
  const int far = connect_to(target_port_);
  if (far < 0) {
    ::close(near);
    return;
  }
  lines_.push_back({.near = near, .far = far});
}

bool TcpProxy::forward(int from, int to) {
  std::array<char, 65'536> buffer;
  const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  ssize_t put = 0;
  while (put < got) {
    const ssize_t now =
        ::send(to, buffer.data() + put, static_cast<std::size_t>(got - put), MSG_NOSIGNAL);
    if (now <= 0) return false;
    put += now;
  }
  if (bytes_to_pause_ != SIZE_MAX) {
    const auto forwarded = static_cast<std::size_t>(got);
    bytes_to_pause_ -= std::min(forwarded, bytes_to_pause_.load());
    if (bytes_to_pause_ == 0) paused_ = true;
  }
  return true;
}

SilentConnection::SilentConnection(const std::string& endpoint)
    : fd_(connect_to(port_of(endpoint))) {}

SilentConnection::~SilentConnection() {
  if (fd_ >= 0) ::close(fd_);
}

bool SilentConnection::wait_for_end() const {
  const timeval patience{30, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::array<char, 256> buffer;
  for (;;) {
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (got == 0) return true;
    if (got < 0) return errno == ECONNRESET;
  }
}

}  // namespace nakadachi::socket::helpers
