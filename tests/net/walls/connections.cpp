#include "tests/net/walls/connections.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "apps/common/run_program.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::walls::testing {
namespace {

constexpr int kConnectPatienceMs = 500;
constexpr int kTalkPatienceMs = 3'000;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const Address& address, std::uint16_t port) {
  SocketAddress made;
  if (address.family() == Family::kIpv4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(static_cast<std::uint32_t>(address.low));
    made.size = sizeof v4;
    std::memcpy(&made.storage, &v4, sizeof v4);
    return made;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  for (unsigned i = 0; i < 8; ++i) {
    v6.sin6_addr.s6_addr[i] = static_cast<std::uint8_t>(address.high >> (56 - 8 * i));
    v6.sin6_addr.s6_addr[8 + i] = static_cast<std::uint8_t>(address.low >> (56 - 8 * i));
  }
  made.size = sizeof v6;
  std::memcpy(&made.storage, &v6, sizeof v6);
  return made;
}

/// A socket of the box that has the address, bound to it.
TcpSocket bound_to(const Lab& lab, Address address, std::uint16_t port) {
  TcpSocket made(lab.inside(lab.layout().box_at(address), [&] {
    return ::socket(address.family() == Family::kIpv4 ? AF_INET : AF_INET6,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  }));
  const linger none{1, 0};
  setsockopt(made.handle(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
  const int again = 1;
  setsockopt(made.handle(), SOL_SOCKET, SO_REUSEADDR, &again, sizeof again);
  const SocketAddress own = socket_address(address, port);
  REQUIRE(::bind(made.handle(), own.get(), own.size) == 0);
  return made;
}

bool ready(const TcpSocket& socket, short events, int patience_ms) {
  pollfd watched{socket.handle(), events, 0};
  return poll(&watched, 1, patience_ms) == 1 && (watched.revents & events) != 0;
}

bool passes(const TcpSocket& from, const TcpSocket& to) {
  const char said = 'x';
  char heard = 0;
  return send(from.handle(), &said, 1, MSG_NOSIGNAL) == 1 && ready(to, POLLIN, kTalkPatienceMs) &&
         recv(to.handle(), &heard, 1, 0) == 1 && heard == said;
}

}  // namespace

TcpSocket::~TcpSocket() {
  if (handle_ >= 0) ::close(handle_);
}

TcpSocket listen_at(const Lab& lab, Address address, std::uint16_t port) {
  constexpr int kWaiting = 256;
  TcpSocket made = bound_to(lab, address, port);
  REQUIRE(::listen(made.handle(), kWaiting) == 0);
  return made;
}

std::optional<TcpSocket> connect_to(const Lab& lab, Address from, Address to, std::uint16_t port) {
  TcpSocket made = bound_to(lab, from, 0);
  const SocketAddress there = socket_address(to, port);
  const int begun = ::connect(made.handle(), there.get(), there.size);
  if (begun < 0 && errno != EINPROGRESS) return {};
  if (!ready(made, POLLOUT, kConnectPatienceMs)) return {};
  int problem = 0;
  socklen_t size = sizeof problem;
  getsockopt(made.handle(), SOL_SOCKET, SO_ERROR, &problem, &size);
  if (problem != 0) return {};
  return made;
}

bool Conversation::goes_on() const { return passes(caller, called) && is_answered(); }

bool Conversation::is_answered() const { return passes(called, caller); }

std::optional<Conversation> converse(const Lab& lab, Address from, Address to, std::uint16_t port) {
  const TcpSocket listening = listen_at(lab, to, port);
  auto caller = connect_to(lab, from, to, port);
  if (!caller || !ready(listening, POLLIN, kTalkPatienceMs)) return {};
  TcpSocket called(accept4(listening.handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  return Conversation{*std::move(caller), std::move(called)};
}

std::map<std::string, std::uint64_t> counters_in(const Lab& lab, int box) {
  const auto end = lab.inside(box, [] {
    return apps::run_program(
        {"/usr/sbin/nft", "-j", "list", "counters", "table", "inet", "nakadachi_walls"}, "");
  });
  REQUIRE(end.ok());
  CAPTURE(end->complaint);
  REQUIRE(end->status == 0);
  std::map<std::string, std::uint64_t> packets;
  const auto listed = nlohmann::json::parse(end->output);
  for (const auto& object : listed["nftables"]) {
    if (!object.contains("counter")) continue;
    const auto& counter = object["counter"];
    packets[counter["name"].get<std::string>()] = counter["packets"].get<std::uint64_t>();
  }
  return packets;
}

}  // namespace nakadachi::walls::testing
