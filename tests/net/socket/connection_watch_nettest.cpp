#include "interface_link/socket/src/connection_watch.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "tests/net/socket/helpers.hpp"

namespace nakadachi::socket {
namespace {

/// A TCP connection over loopback with both its ends.
class Line {
 public:
  Line() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listener, generic, size) == 0);
    REQUIRE(::listen(listener, 1) == 0);
    REQUIRE(::getsockname(listener, generic, &size) == 0);
    near_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::connect(near_, generic, size) == 0);
    far_ = ::accept(listener, nullptr, nullptr);
    REQUIRE(far_ >= 0);
    ::close(listener);
    port_ = ntohs(address.sin_port);
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() {
    ::close(near_);
    ::close(far_);
  }

  int server_end() const noexcept { return far_; }
  std::uint16_t port() const noexcept { return port_; }

  /// Brings that many bytes to the server's end and through it.
  void bring(std::size_t bytes) const {
    std::string chunk(10'000, 'x');
    while (bytes > 0) {
      const std::size_t size = std::min(bytes, chunk.size());
      REQUIRE(::send(near_, chunk.data(), size, MSG_NOSIGNAL) == static_cast<ssize_t>(size));
      REQUIRE(::recv(far_, chunk.data(), size, MSG_WAITALL) == static_cast<ssize_t>(size));
      bytes -= size;
    }
  }
  bool is_cut() const {
    char byte = 0;
    return ::recv(near_, &byte, 1, MSG_DONTWAIT) == 0;
  }

 private:
  int near_ = -1;
  int far_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace

TEST_CASE("connection watch: bytes without a frame are cut above the limit") {
  const Line line;
  ConnectionWatch watch(50'000);
  watch.set_port(line.port());
  watch.opened(line.server_end());
  CHECK(watch.open() == 1);
  line.bring(50'000);
  CHECK(watch.cut_endless() == 0);
  CHECK_FALSE(line.is_cut());
  line.bring(5'000);
  CHECK(watch.cut_endless() == 1);
  CHECK(line.is_cut());
  CHECK(watch.cut_endless() == 0);
  watch.closed(line.server_end());
  CHECK(watch.open() == 0);
}

TEST_CASE("connection watch: one connection is cut when it is told so") {
  const Line line;
  const Line other;
  ConnectionWatch watch(50'000);
  watch.set_port(line.port());
  watch.opened(line.server_end());
  watch.cut(other.server_end());
  CHECK_FALSE(line.is_cut());
  watch.cut(line.server_end());
  CHECK(line.is_cut());
  watch.cut(line.server_end());
  CHECK(watch.open() == 1);  // until the library has noticed
}

TEST_CASE("connection watch: a frame clears what came before it") {
  const Line line;
  ConnectionWatch watch(50'000);
  watch.set_port(line.port());
  watch.opened(line.server_end());
  for (int i = 0; i < 20; ++i) {
    line.bring(45'000);
    watch.delivered(line.server_end());
    CHECK(watch.cut_endless() == 0);
  }
  line.bring(45'000);
  CHECK(watch.cut_endless() == 0);
  line.bring(45'000);
  CHECK(watch.cut_endless() == 1);
}

TEST_CASE("connection watch: heartbeats do not add up") {
  const Line line;
  ConnectionWatch watch(1'000);
  watch.set_port(line.port());
  watch.opened(line.server_end());
  for (int i = 0; i < 1'000; ++i) {
    line.bring(20);
    REQUIRE(watch.cut_endless() == 0);
  }
}

TEST_CASE("connection watch: a descriptor that is no connection of the door is left alone") {
  const Line line;
  ConnectionWatch watch(1'000);
  watch.set_port(static_cast<std::uint16_t>(line.port() ^ 1U));
  watch.opened(line.server_end());
  watch.opened(STDIN_FILENO);
  watch.opened(99'999);
  line.bring(10'000);
  CHECK(watch.cut_endless() == 0);
  CHECK_FALSE(line.is_cut());
  watch.delivered(12'345);  // never heard of
  CHECK(watch.open() == 3);
}

}  // namespace nakadachi::socket
