#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "nakadachi/firewall_rules/address.hpp"

namespace nakadachi::walls {
namespace {

constexpr std::array kProtocols = {Protocol::kTcp, Protocol::kUdp, Protocol::kEcho};
constexpr std::uint32_t kLastService = 4 * kPortsPerProtocol - 1;

std::uint32_t base_of(Protocol protocol) {
  return static_cast<std::uint32_t>(protocol) * kPortsPerProtocol;
}

Error malformed(std::string_view text) {
  return {.code = ErrorCode::kWrongFormat,
          .detail = fmt::format("'{}': write tcp/443, udp/53, tcp/8000-8010, echo or any", text)};
}

bool read_port(std::string_view text, std::uint16_t& port) {
  const std::string digits(text);
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, port);
  return read.ec == std::errc() && read.ptr == end && !digits.empty();
}

}  // namespace

std::string_view name_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp:
      return "tcp";
    case Protocol::kUdp:
      return "udp";
    case Protocol::kEcho:
      break;
  }
  return "echo";
}

ServiceSet service(Protocol protocol, std::uint16_t first, std::uint16_t last) {
  return Interval<std::uint32_t>{base_of(protocol) + first, base_of(protocol) + last};
}

const ServiceSet& all_services() {
  static const ServiceSet all = Interval<std::uint32_t>{0, kLastService};
  return all;
}

Result<ServiceSet> parse_service(std::string_view text) {
  if (text == "any") return all_services();
  if (text == "echo") return service(Protocol::kEcho, 0, 0);
  const std::size_t slash = text.find('/');
  const std::string_view protocol = text.substr(0, slash);
  if (slash == std::string_view::npos || (protocol != "tcp" && protocol != "udp")) {
    return malformed(text);
  }
  const std::string_view ports = text.substr(slash + 1);
  const std::size_t dash = ports.find('-');
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  if (!read_port(ports.substr(0, dash), first)) return malformed(text);
  last = first;
  if (dash != std::string_view::npos && !read_port(ports.substr(dash + 1), last)) {
    return malformed(text);
  }
  if (last < first) return malformed(text);
  return service(protocol == "tcp" ? Protocol::kTcp : Protocol::kUdp, first, last);
}

std::vector<PortRange> port_ranges(const ServiceSet& services) {
  std::vector<PortRange> ranges;
  for (const Protocol protocol : kProtocols) {
    const std::uint32_t base = base_of(protocol);
    const std::uint16_t greatest = protocol == Protocol::kEcho ? 0 : 65535;
    const ServiceSet mine = services & service(protocol, 0, greatest);
    for (const auto& piece : mine.intervals()) {
      ranges.push_back({protocol, static_cast<std::uint16_t>(piece.first - base),
                        static_cast<std::uint16_t>(piece.last - base)});
    }
  }
  return ranges;
}

std::string text_of(const ServiceSet& services) {
  if (services == all_services()) return "any";
  std::string text;
  for (const PortRange& range : port_ranges(services)) {
    if (!text.empty()) text += ", ";
    text += name_of(range.protocol);
    if (range.protocol == Protocol::kEcho) continue;
    text += range.first == range.last ? fmt::format("/{}", range.first)
                                      : fmt::format("/{}-{}", range.first, range.last);
  }
  return text;
}

std::vector<Region> minus(const Region& region, std::span<const Region* const> holes) {
  std::vector<Region> rest;
  if (!region.empty()) rest.push_back(region);
  for (const Region* const hole : holes) {
    std::vector<Region> next;
    for (Region& piece : rest) {
      if (!piece.services.intersects(hole->services) || !piece.to.intersects(hole->to) ||
          !piece.from.intersects(hole->from)) {
        next.push_back(std::move(piece));
        continue;
      }
      // What lies outside the hole in one direction, then inside there but outside in the next.
      const AddressSet from = piece.from & hole->from;
      const AddressSet to = piece.to & hole->to;
      Region cuts[] = {{piece.from - hole->from, piece.to, piece.services},
                       {from, piece.to - hole->to, piece.services},
                       {from, to, piece.services - hole->services}};
      for (Region& cut : cuts) {
        if (!cut.empty()) next.push_back(std::move(cut));
      }
    }
    rest = std::move(next);
  }
  return rest;
}

}  // namespace nakadachi::walls
