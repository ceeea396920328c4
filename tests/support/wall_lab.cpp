#include "tests/support/wall_lab.hpp"

#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "apps/common/run_program.hpp"

namespace nakadachi::walls::testing {
namespace {

constexpr int kReceiveBuffer = 32 * 1024 * 1024;
constexpr auto kPatience = std::chrono::seconds(10);

std::string device(const Port& port) { return fmt::format("e{}", port.number); }

Result<void> run_here(const std::vector<std::string>& arguments, const std::string& input) {
  NAKADACHI_TRY(const apps::ProgramEnd end, apps::run_program(arguments, input));
  if (end.status == 0) return {};
  return Error{.code = ErrorCode::kInternal,
               .detail = fmt::format("{}: {}", arguments.front(), end.complaint)};
}

Result<void> run_ip(const std::string& commands) {
  return run_here({"/usr/sbin/ip", "-batch", "-"}, commands);
}

void set_kernel(const std::string& name, int value) {
  std::ofstream("/proc/sys/net/" + name) << value;
}

std::string routes_text(const Layout& layout, const Box& box) {
  std::string text;
  for (const Route& route : layout.routes_of(box)) {
    const Port& port = box.ports[index(route.port)];
    text += fmt::format("route add {}", route.to.text());
    if (route.via != nullptr) {
      text += fmt::format(" via {}", route.via->link_local(route.to.family()).text());
    }
    text += fmt::format(" dev {}", device(port));
    if (route.via != nullptr) text += " onlink";
    for (const Address& own : box.addresses) {
      if (own.family() != route.to.family()) continue;
      text += fmt::format(" src {}", own.text());
      break;
    }
    text += '\n';
  }
  return text;
}

sockaddr_storage socket_address(const Address& address, int device) {
  sockaddr_storage storage{};
  if (address.family() == Family::kIpv4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(static_cast<std::uint32_t>(address.low));
    std::memcpy(&storage, &v4, sizeof v4);
    return storage;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  for (unsigned i = 0; i < 8; ++i) {
    v6.sin6_addr.s6_addr[i] = static_cast<std::uint8_t>(address.high >> (56 - 8 * i));
    v6.sin6_addr.s6_addr[8 + i] = static_cast<std::uint8_t>(address.low >> (56 - 8 * i));
  }
  if (v6.sin6_addr.s6_addr[0] == 0xfe && v6.sin6_addr.s6_addr[1] == 0x80) {
    v6.sin6_scope_id = static_cast<std::uint32_t>(device);
  }
  std::memcpy(&storage, &v6, sizeof v6);
  return storage;
}

/// Rules of the sender and missing routes refuse; anything else would make a probe vanish unseen.
void send_bytes(int socket, const std::vector<std::uint8_t>& bytes, const sockaddr* to,
                socklen_t to_size) {
  while (sendto(socket, bytes.data(), bytes.size(), 0, to, to_size) < 0) {
    if (errno == EPERM || errno == ENETUNREACH || errno == EHOSTUNREACH) return;
    NAKADACHI_ASSERT(errno == EAGAIN || errno == ENOBUFS);
    pollfd writable{socket, POLLOUT, 0};
    poll(&writable, 1, 1);
  }
}

void put(std::vector<std::uint8_t>& frame, const Mac& mac) {
  for (unsigned i = 0; i < 6; ++i) {
    frame.push_back(static_cast<std::uint8_t>(mac.number >> (40 - 8 * i)));
  }
}

}  // namespace

Lab::Socket::Socket(int domain, int type, int protocol)
    : handle(::socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol)) {
  NAKADACHI_ASSERT(handle >= 0);
  // Root may have more than the machine's usual limit.
  setsockopt(handle, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer);
}

Lab::Socket::~Socket() {
  if (handle >= 0) ::close(handle);
}

Result<Lab> Lab::build(Layout layout) {
  NAKADACHI_TRY(auto switches, apps::NetworkNamespace::create());
  Lab lab(std::move(layout), std::move(switches));
  NAKADACHI_CHECK(lab.add_bridges());
  for (const Box& box : lab.layout_.boxes()) NAKADACHI_CHECK(lab.add_station(box));
  for (int box = 0; box < static_cast<int>(lab.stations_.size()); ++box) lab.open_sockets(box);
  NAKADACHI_CHECK(lab.wait_until_open());
  return lab;
}

Result<void> Lab::add_bridges() {
  std::string commands;
  for (std::size_t place = 0; place < layout_.networks().size(); ++place) {
    commands +=
        fmt::format("link add n{0} type bridge mcast_snooping 0\nlink set n{0} up\n", place);
  }
  return switches_.inside([&] {
    set_kernel("ipv6/conf/default/disable_ipv6", 1);
    set_kernel("bridge/bridge-nf-call-iptables", 0);
    set_kernel("bridge/bridge-nf-call-ip6tables", 0);
    return run_ip(commands);
  });
}

Result<void> Lab::add_station(const Box& box) {
  NAKADACHI_TRY(auto space, apps::NetworkNamespace::create());
  Station station{.space = std::move(space)};
  station.space.inside([&] {
    for (const char* name : {"all", "default"}) {
      const std::string folder = std::string("/conf/") + name + "/";
      set_kernel("ipv4" + folder + "rp_filter", 0);
      set_kernel("ipv4" + folder + "send_redirects", 0);
      set_kernel("ipv6" + folder + "accept_dad", 0);
      set_kernel("ipv6" + folder + "accept_ra", 0);
    }
    set_kernel("ipv4/ip_forward", box.wall == kNobody ? 0 : 1);
    set_kernel("ipv6/conf/all/forwarding", box.wall == kNobody ? 0 : 1);
  });
  const std::string there = fmt::format("/proc/{}/fd/{}", getpid(), station.space.handle());
  std::string commands;
  for (const Port& port : box.ports) {
    commands += fmt::format("link add p{0} type veth peer name e{0} address {1} netns {2}\n",
                            port.number, port.mac.text(), there);
  }
  NAKADACHI_CHECK(switches_.inside([&] { return run_ip(commands); }));
  NAKADACHI_CHECK(set_up(box, station));
  commands.clear();
  for (const Port& port : box.ports) {
    commands +=
        fmt::format("link set p{0} up\nlink set p{0} master n{1}\n", port.number, port.network);
  }
  NAKADACHI_CHECK(switches_.inside([&] { return run_ip(commands); }));
  stations_.push_back(std::move(station));
  return {};
}

Result<void> Lab::set_up(const Box& box, const Station& station) const {
  std::string commands = "link set lo up\n";
  for (const Port& port : box.ports) {
    commands += fmt::format(
        "link set dev {0} addrgenmode none\nlink set {0} up\naddr add {1}/32 dev {0}\n"
        "route add 169.254.0.0/16 dev {0} metric {3}\naddr add {2}/128 dev {0} nodad\n"
        "route add fe80::/64 dev {0} metric {3}\n",
        device(port), port.link_local(Family::kIpv4).text(), port.link_local(Family::kIpv6).text(),
        port.number);
  }
  for (const Address& address : box.addresses) {
    commands +=
        address.family() == Family::kIpv4
            ? fmt::format("addr add {}/32 dev {}\n", address.text(), device(box.ports[0]))
            : fmt::format("addr add {}/128 dev {} nodad\n", address.text(), device(box.ports[0]));
  }
  commands += routes_text(layout_, box);
  return station.space.inside([&] { return run_ip(commands); });
}

void Lab::open_sockets(int box) {
  Station& station = stations_[index(box)];
  station.space.inside([&] {
    station.mouths.emplace_back(AF_INET, SOCK_RAW, IPPROTO_RAW);
    station.mouths.emplace_back(AF_INET6, SOCK_RAW, IPPROTO_RAW);
    station.mouths.emplace_back(AF_PACKET, SOCK_RAW, 0);
    for (const Port& port : layout_.boxes()[index(box)].ports) {
      station.devices.push_back(static_cast<int>(if_nametoindex(device(port).c_str())));
    }
    for (const Family family : kFamilies) {
      const int domain = family == Family::kIpv4 ? AF_INET : AF_INET6;
      const auto listen = [&](int protocol) {
        ears_.push_back({Socket(domain, SOCK_RAW, protocol), box, family, protocol});
      };
      for (const std::uint32_t protocol : {0U, 1U, 2U}) {  // TCP, UDP, echo
        listen(ip_number(protocol * kPortsPerProtocol, family));
      }
      for (const int protocol : kOtherProtocols) listen(protocol);
    }
  });
}

Result<void> Lab::load(const std::map<std::string, std::string>& rules) {
  for (int box = 0; box < static_cast<int>(stations_.size()); ++box) {
    const auto found = rules.find(layout_.boxes()[index(box)].rules);
    if (found == rules.end()) continue;
    NAKADACHI_CHECK(
        inside(box, [&] { return run_here({"/usr/sbin/nft", "-f", "-"}, found->second); }));
  }
  return {};
}

void Lab::send(const Probe& probe) {
  const Station& station = stations_[index(probe.box)];
  if (probe.frame_from) {
    return send_frame(station, layout_.boxes()[index(probe.box)], probe);
  }
  const auto bytes = bytes_of(probe.packet);
  const bool is_v4 = probe.packet.to.family() == Family::kIpv4;
  const auto to = socket_address(probe.packet.to, station.devices.front());
  send_bytes(station.mouths[is_v4 ? 0 : 1].handle, bytes, reinterpret_cast<const sockaddr*>(&to),
             is_v4 ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
}

void Lab::send_frame(const Station& station, const Box& box, const Probe& probe) {
  const bool is_v4 = probe.packet.to.family() == Family::kIpv4;
  std::vector<std::uint8_t> frame;
  const int network = layout_.network_of(probe.packet.to);
  put(frame, layout_.next_hop(box, network, probe.packet.to).mac);
  put(frame, *probe.frame_from);
  const int ether_type = is_v4 ? ETHERTYPE_IP : ETHERTYPE_IPV6;
  frame.push_back(static_cast<std::uint8_t>(ether_type >> 8));
  frame.push_back(static_cast<std::uint8_t>(ether_type & 0xff));
  const auto bytes = bytes_of(probe.packet);
  frame.insert(frame.end(), bytes.begin(), bytes.end());
  sockaddr_ll there{};
  there.sll_family = AF_PACKET;
  there.sll_ifindex = station.devices.front();
  send_bytes(station.mouths[2].handle, frame, reinterpret_cast<const sockaddr*>(&there),
             sizeof there);
}

void Lab::drain(const Ear& ear, std::vector<Arrival>& arrivals) const {
  std::array<std::uint8_t, 2048> buffer{};
  for (;;) {
    const ssize_t size = recv(ear.socket.handle, buffer.data(), buffer.size(), 0);
    if (size < 0) return;
    std::span<const std::uint8_t> payload(buffer.data(), static_cast<std::size_t>(size));
    if (ear.family == Family::kIpv4) {
      const std::size_t header = 4U * (payload[0] & 0x0fU);
      if (payload.size() < header) continue;
      payload = payload.subspan(header);
    }
    const auto sighting = read_sighting(ear.family, ear.protocol, payload);
    if (sighting) arrivals.push_back({ear.box, *sighting});
  }
}

std::vector<Lab::Arrival> Lab::collect(std::chrono::milliseconds quiet) {
  std::vector<pollfd> watched;
  watched.reserve(ears_.size());
  for (const Ear& ear : ears_) watched.push_back({ear.socket.handle, POLLIN, 0});
  std::vector<Arrival> arrivals;
  while (poll(watched.data(), watched.size(), static_cast<int>(quiet.count())) > 0) {
    for (std::size_t place = 0; place < watched.size(); ++place) {
      if (watched[place].revents != 0) drain(ears_[place], arrivals);
    }
  }
  return arrivals;
}

/// One probe from each box to each other that it is joined with, in each family.
std::map<std::uint32_t, Lab::Probe> Lab::probes_of_all() const {
  std::map<std::uint32_t, Probe> probes;
  const auto& boxes = layout_.boxes();
  const auto add = [&](int from, const Address& source, const Address& target) {
    if (source.family() != target.family()) return;
    const auto number = static_cast<std::uint32_t>(probes.size() + 1);
    probes[number] = {from, {number, source, target, 9, 9}, {}};
  };
  const auto add_pair = [&](int from, int to) {
    const Box& sender = boxes[index(from)];
    const Box& target = boxes[index(to)];
    if (from == to || sender.addresses.empty() || target.addresses.empty() ||
        !layout_.joined(sender.ports[0].network, target.ports[0].network)) {
      return;
    }
    for (const Address& source : sender.addresses) {
      for (const Address& address : target.addresses) add(from, source, address);
    }
  };
  for (int from = 0; from < static_cast<int>(boxes.size()); ++from) {
    for (int to = 0; to < static_cast<int>(boxes.size()); ++to) add_pair(from, to);
  }
  return probes;
}

/// Sends them again and again until all arrived; this also lets every box learn the MACs of its
/// neighbours.
Result<void> Lab::wait_until_open() {
  std::map<std::uint32_t, Probe> missing = probes_of_all();
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!missing.empty() && std::chrono::steady_clock::now() < end) {
    std::size_t sent = 0;
    for (const auto& [key, probe] : missing) {
      send(probe);
      if (++sent % 64 == 0) break;
    }
    for (const Arrival& arrival : collect(std::chrono::milliseconds(5))) {
      missing.erase(arrival.sighting.number);
    }
  }
  if (missing.empty()) return {};
  const ProbePacket& lost = missing.begin()->second.packet;
  return Error{.code = ErrorCode::kTimedOut,
               .detail = fmt::format("{} does not reach {} without rules", lost.from.text(),
                                     lost.to.text())};
}

Result<void> Lab::possible() {
  NAKADACHI_TRY(const auto space, apps::NetworkNamespace::create());
  return space.inside([]() -> Result<void> {
    NAKADACHI_CHECK(run_ip("link set lo up\n"));
    return run_here({"/usr/sbin/nft", "list", "ruleset"}, "");
  });
}

}  // namespace nakadachi::walls::testing
