#include "tests/support/probe_packet.hpp"

#include <netinet/in.h>

#include <algorithm>

namespace nakadachi::walls::testing {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint32_t kMark = 0x4e4b4457;  // NKDW
constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kReset = 0x04;
constexpr std::uint8_t kEchoRequest4 = 8;
constexpr std::uint8_t kEchoReply4 = 0;
constexpr std::uint8_t kEchoRequest6 = 128;
constexpr std::uint8_t kEchoReply6 = 129;

constexpr std::uint8_t kUnreachable4 = 3;
constexpr std::uint8_t kUnreachable6 = 1;
constexpr std::uint32_t kPortOfNodes = 5701;

bool is_other(int protocol) {
  return std::find(kOtherProtocols.begin(), kOtherProtocols.end(), protocol) !=
         kOtherProtocols.end();
}

void put16(Bytes& bytes, std::uint32_t value) {
  bytes.push_back(static_cast<std::uint8_t>(value >> 8U));
  bytes.push_back(static_cast<std::uint8_t>(value));
}
void put32(Bytes& bytes, std::uint32_t value) {
  put16(bytes, value >> 16U);
  put16(bytes, value);
}
void put64(Bytes& bytes, std::uint64_t value) {
  put32(bytes, static_cast<std::uint32_t>(value >> 32U));
  put32(bytes, static_cast<std::uint32_t>(value));
}
void put(Bytes& bytes, const Address& address) {
  if (address.family() == Family::kIpv4)
    return put32(bytes, static_cast<std::uint32_t>(address.low));
  put64(bytes, address.high);
  put64(bytes, address.low);
}

std::uint32_t read32(std::span<const std::uint8_t> bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) value = value << 8U | bytes[i];
  return value;
}

/// RFC 1071.
std::uint16_t checksum(const Bytes& bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += std::uint64_t{bytes[i]} << (i % 2 == 0 ? 8U : 0U);
  }
  while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

void set16(Bytes& bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8U);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

struct Transport {
  Bytes bytes;
  std::size_t checksum_at;
};

Transport tcp(const ProbePacket& packet) {
  Bytes bytes;
  put16(bytes, packet.source_port);
  put16(bytes, packet.service % kPortsPerProtocol);
  put32(bytes, packet.number);
  put32(bytes, 0);
  put16(bytes, 0x5000U | kSyn);
  put16(bytes, 1024);
  put32(bytes, 0);
  return {bytes, 16};
}

Transport udp(const ProbePacket& packet) {
  Bytes bytes;
  put16(bytes, packet.source_port);
  put16(bytes, packet.service % kPortsPerProtocol);
  put16(bytes, 16);
  put16(bytes, 0);
  put32(bytes, kMark);
  put32(bytes, packet.number);
  return {bytes, 6};
}

Transport echo(const ProbePacket& packet) {
  Bytes bytes;
  bytes.push_back(packet.from.family() == Family::kIpv4 ? kEchoRequest4 : kEchoRequest6);
  bytes.push_back(0);
  put16(bytes, 0);
  put16(bytes, packet.source_port);
  put16(bytes, 1);
  put32(bytes, kMark);
  put32(bytes, packet.number);
  return {bytes, 2};
}

Transport without_ports(const ProbePacket& packet) {
  Bytes bytes;
  put16(bytes, 0);
  put16(bytes, kPortOfNodes);
  put32(bytes, kMark);
  put32(bytes, packet.number);
  return {bytes, 0};
}

Transport transport_of(int protocol, const ProbePacket& packet) {
  if (protocol == IPPROTO_TCP) return tcp(packet);
  if (protocol == IPPROTO_UDP) return udp(packet);
  return is_other(protocol) ? without_ports(packet) : echo(packet);
}

Bytes header(const ProbePacket& packet, int protocol, std::size_t size) {
  Bytes bytes;
  if (packet.from.family() == Family::kIpv4) {
    put16(bytes, 0x4500);
    put16(bytes, static_cast<std::uint32_t>(20 + size));
    put32(bytes, 0);
    put16(bytes, 0x4000U | static_cast<std::uint32_t>(protocol));  // TTL 64, protocol
    put16(bytes, 0);
    put(bytes, packet.from);
    put(bytes, packet.to);
    set16(bytes, 10, checksum(bytes));
    return bytes;
  }
  put32(bytes, 0x6000'0000);
  put16(bytes, static_cast<std::uint32_t>(size));
  put16(bytes, static_cast<std::uint32_t>(protocol) << 8U | 64U);
  put(bytes, packet.from);
  put(bytes, packet.to);
  return bytes;
}

}  // namespace

int ip_number(std::uint32_t service, Family family) {
  const std::uint32_t protocol = service / kPortsPerProtocol;
  if (protocol == static_cast<std::uint32_t>(Protocol::kTcp)) return IPPROTO_TCP;
  if (protocol == static_cast<std::uint32_t>(Protocol::kUdp)) return IPPROTO_UDP;
  if (service > 3 * kPortsPerProtocol) return static_cast<int>(service - 3 * kPortsPerProtocol);
  return family == Family::kIpv4 ? static_cast<int>(IPPROTO_ICMP)
                                 : static_cast<int>(IPPROTO_ICMPV6);
}

std::vector<std::uint8_t> bytes_of(const ProbePacket& packet) {
  const Family family = packet.from.family();
  const int number = ip_number(packet.service, family);
  auto [payload, checksum_at] = transport_of(number, packet);
  Bytes summed;
  if (number != IPPROTO_ICMP) {  // the pseudo-header
    put(summed, packet.from);
    put(summed, packet.to);
    put32(summed, static_cast<std::uint32_t>(payload.size()));
    put32(summed, static_cast<std::uint32_t>(number));
  }
  summed.insert(summed.end(), payload.begin(), payload.end());
  const std::uint16_t sum = checksum(summed);
  if (!is_other(number)) {
    set16(payload, checksum_at, number == IPPROTO_UDP && sum == 0 ? 0xffff : sum);
  }
  Bytes bytes = header(packet, number, payload.size());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

std::optional<Sighting> read_sighting(Family family, int protocol,
                                      std::span<const std::uint8_t> payload) {
  const bool is_v4 = family == Family::kIpv4;
  if (is_other(protocol)) {
    if (payload.size() < 12 || read32(payload, 4) != kMark) return std::nullopt;
    return Sighting{read32(payload, 8), false};
  }
  if (protocol == IPPROTO_TCP) {
    if (payload.size() < 20) return std::nullopt;
    if (payload[13] == kSyn) return Sighting{read32(payload, 4), false};
    if ((payload[13] & kReset) != 0) return Sighting{read32(payload, 8) - 1, true};
    return std::nullopt;
  }
  if (payload.size() < 16) return std::nullopt;
  const bool is_icmp = protocol != IPPROTO_UDP;
  if (is_icmp && payload[0] == (is_v4 ? kUnreachable4 : kUnreachable6)) {
    // Behind its own header and those of the packet that it is about.
    const std::size_t mark_at = is_v4 ? 8 + 20 + 8 : 8 + 40 + 8;
    if (payload.size() < mark_at + 8 || read32(payload, mark_at) != kMark) return std::nullopt;
    return Sighting{read32(payload, mark_at + 4), true};
  }
  if (read32(payload, 8) != kMark) return std::nullopt;
  const std::uint32_t number = read32(payload, 12);
  if (!is_icmp) return Sighting{number, false};
  if (payload[0] == (is_v4 ? kEchoRequest4 : kEchoRequest6)) return Sighting{number, false};
  if (payload[0] == (is_v4 ? kEchoReply4 : kEchoReply6)) return Sighting{number, true};
  return std::nullopt;
}

}  // namespace nakadachi::walls::testing
