#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <string>
#include <thread>
#include <vector>

#include "nakadachi/base/bytes.hpp"

namespace nakadachi::socket::helpers {

/// Stands between client and server on loopback and can stop forwarding, so that
/// both ends see an open connection on which nothing moves.
class TcpProxy {
 public:
  explicit TcpProxy(const std::string& target_endpoint);
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;
  ~TcpProxy();

  const std::string& endpoint() const noexcept { return endpoint_; }
  void pause() noexcept { paused_ = true; }
  /// Pauses by itself once so many bytes were forwarded.
  void pause_after(std::size_t bytes) noexcept { bytes_to_pause_ = bytes; }
  /// The lines there are stay open and carry nothing any more; new ones work.
  void freeze_lines() noexcept { freezing_ = true; }
  void resume() noexcept {
    bytes_to_pause_ = SIZE_MAX;
    paused_ = false;
  }

 private:
  struct Line {
    int near = -1;
    int far = -1;
    bool frozen = false;
  };
  void run();
  void accept_line();
  bool forward(int from, int to);

  std::uint16_t target_port_;
  int listener_ = -1;
  std::string endpoint_;
  std::atomic<bool> paused_{false};
  std::atomic<std::size_t> bytes_to_pause_{SIZE_MAX};
  std::atomic<bool> freezing_{false};
  std::atomic<bool> stopping_{false};
  std::list<Line> lines_;
  std::thread thread_;
};

/// A TCP connection that says nothing.
class SilentConnection {
 public:
  explicit SilentConnection(const std::string& endpoint);
  SilentConnection(const SilentConnection&) = delete;
  SilentConnection& operator=(const SilentConnection&) = delete;
  ~SilentConnection();
  bool is_open() const noexcept { return fd_ >= 0; }
  /// Reads until the other side has closed.
  bool wait_for_end() const;

 private:
  int fd_;
};

}  // namespace nakadachi::socket::helpers
