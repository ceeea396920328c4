#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "nakadachi/firewall_rules/address.hpp"

namespace nakadachi::walls::testing {

/// The first packet of a connection that nobody accepts. It carries a number, by which it is known
/// wherever it arrives and whatever was translated on the way, and so does its answer.
struct ProbePacket {
  std::uint32_t number = 0;
  Address from;
  Address to;
  std::uint32_t service = 0;  ///< as in a `ServiceSet`
  std::uint16_t source_port = 0;
};

/// Protocols without ports, which no flow can name: GRE and ESP. Where TCP has a port of the goal,
/// theirs have the one at which nodes listen.
inline constexpr std::array kOtherProtocols = {47, 50};
constexpr std::uint32_t service_of_protocol(int number) {
  return 3 * kPortsPerProtocol + static_cast<std::uint32_t>(number);
}

/// From the IP header on, with every checksum.
std::vector<std::uint8_t> bytes_of(const ProbePacket& packet);

/// What arrived: a probe, or the answer to one (a TCP reset, an echo reply, an ICMP error about one
/// by UDP).
struct Sighting {
  std::uint32_t number = 0;
  bool is_answer = false;
};
/// Reads what stands behind the IP header; nothing for packets that are neither.
std::optional<Sighting> read_sighting(Family family, int protocol,
                                      std::span<const std::uint8_t> payload);

/// The number of a service's protocol in IP headers.
int ip_number(std::uint32_t service, Family family);

}  // namespace nakadachi::walls::testing
