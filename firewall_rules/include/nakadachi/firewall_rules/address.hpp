#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "nakadachi/base/result.hpp"
#include "nakadachi/firewall_rules/interval_set.hpp"

namespace nakadachi::walls {

enum class Family : std::uint8_t { kIpv4, kIpv6 };
inline constexpr std::array kFamilies = {Family::kIpv4, Family::kIpv6};

/// An IPv4 or IPv6 address as one number of 128 bits. IPv4 stands at
/// ::ffff:0:0/96 (RFC 4291 2.5.5.2), which no packet carries as IPv6.
struct Address {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  /// Errors: `kWrongFormat`, also for an IPv6 spelling of an IPv4 address.
  static Result<Address> parse(std::string_view text);
  static constexpr Address ipv4(std::uint32_t number) noexcept {
    return {0, 0xffff'0000'0000ULL | number};
  }
  Family family() const noexcept {
    return high == 0 && (low >> 32U) == 0xffff ? Family::kIpv4 : Family::kIpv6;
  }
  /// As RFC 5952 wants it.
  std::string text() const;

  friend auto operator<=>(const Address&, const Address&) noexcept = default;
};

constexpr Address successor(Address address) {
  if (++address.low == 0) ++address.high;
  return address;
}
constexpr Address predecessor(Address address) {
  if (address.low-- == 0) --address.high;
  return address;
}

/// `base` plus `count` times 2^`shift`, without carry out of the 128 bits.
Address plus(Address base, std::uint64_t count, unsigned shift) noexcept;

using AddressSet = IntervalSet<Address>;

/// All addresses of a family; together they are all there are.
const AddressSet& all_addresses(Family family);
const AddressSet& all_addresses();

/// A network such as 10.0.0.0/8 or fd00::/8.
struct Prefix {
  Address first;
  unsigned length = 0;  ///< in bits of its own family

  /// With or without `/length`. Errors: `kWrongFormat`; also when bits behind
  /// the length are set (the detail then names the network that was meant).
  static Result<Prefix> parse(std::string_view text);
  Family family() const noexcept { return first.family(); }
  unsigned width() const noexcept { return family() == Family::kIpv4 ? 32 : 128; }
  Interval<Address> interval() const noexcept;
  std::string text() const;
  friend bool operator==(const Prefix&, const Prefix&) = default;
};

/// The netmask with `length` leading bits set, as in 255.255.255.0.
Address mask_of(Family family, unsigned length) noexcept;

/// An address, a prefix, or a range `first-last` of one family.
/// Errors: `kWrongFormat`.
Result<Interval<Address>> parse_addresses(std::string_view text);

/// The shortest spelling: address, prefix or range.
std::string text_of(const Interval<Address>& piece);

/// 48 bits of an Ethernet address.
struct Mac {
  std::uint64_t number = 0;
  /// Six pairs of hexadecimal digits with colons. Errors: `kWrongFormat`.
  static Result<Mac> parse(std::string_view text);
  std::string text() const;
  friend auto operator<=>(const Mac&, const Mac&) noexcept = default;
};

enum class Protocol : std::uint8_t { kTcp, kUdp, kEcho };

/// Protocol and port in one number: protocol × 65536 + port. `kEcho` (ping of
/// either family) has port 0 only; what lies above stands for everything else
/// that an IP packet can carry.
using ServiceSet = IntervalSet<std::uint32_t>;
inline constexpr std::uint32_t kPortsPerProtocol = 65536;
ServiceSet service(Protocol protocol, std::uint16_t first, std::uint16_t last);
/// Everything, as it passes between machines that nothing separates.
const ServiceSet& all_services();

/// `tcp/443`, `udp/53`, `tcp/8000-8010`, `echo`, `any`. Errors: `kWrongFormat`.
Result<ServiceSet> parse_service(std::string_view text);
/// The same back; several joined by commas.
std::string text_of(const ServiceSet& services);

/// Ports of one protocol in a set of services.
struct PortRange {
  Protocol protocol;
  std::uint16_t first;
  std::uint16_t last;
  friend auto operator<=>(const PortRange&, const PortRange&) noexcept = default;
};
/// What of a set can be written as ports, ascending.
std::vector<PortRange> port_ranges(const ServiceSet& services);
std::string_view name_of(Protocol protocol);

/// A product: these sources to these destinations for these services. A packet
/// of one family has both ends in it.
struct Region {
  AddressSet from;
  AddressSet to;
  ServiceSet services;
  bool empty() const noexcept { return from.empty() || to.empty() || services.empty(); }
  friend bool operator==(const Region&, const Region&) = default;
};

/// What of `region` no member of `holes` holds, as disjoint regions.
std::vector<Region> minus(const Region& region, std::span<const Region* const> holes);

}  // namespace nakadachi::walls
