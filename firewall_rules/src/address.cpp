#include "nakadachi/firewall_rules/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace nakadachi::walls {
namespace {

Error malformed(std::string_view text, std::string_view wanted) {
  return {.code = ErrorCode::kWrongFormat, .detail = fmt::format("'{}': {}", text, wanted)};
}

/// A whole number with nothing behind it, at most `greatest`.
std::optional<std::uint32_t> number_of(std::string_view text, std::uint32_t greatest) {
  std::uint32_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || number > greatest) {
    return std::nullopt;
  }
  return number;
}

/// The last address of the network of `length` bits that begins at `first`.
Address last_of(Address first, unsigned length, unsigned width) {
  const unsigned free_bits = width - length;
  if (free_bits == 0) return first;
  if (free_bits < 64) {
    first.low |= (std::uint64_t{1} << free_bits) - 1;
    return first;
  }
  first.low = ~std::uint64_t{0};
  if (free_bits == 128) {
    first.high = ~std::uint64_t{0};
  } else {
    first.high |= (std::uint64_t{1} << (free_bits - 64)) - 1;
  }
  return first;
}

/// `address` with the bits behind the length cleared.
Address network_of(Address address, unsigned length, unsigned width) {
  const Address last = last_of(address, length, width);
  const Address mask = last_of({0, 0}, length, width);  // the free bits set
  return {last.high & ~mask.high, last.low & ~mask.low};
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  const std::string terminated(text);
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i) number = number << 8U | bytes[i];
    return ipv4(number);
  }
  if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) != 1) {
    return malformed(text, "write an address as in 10.1.2.3 or fd00::1");
  }
  Address address;
  for (std::size_t i = 0; i < 8; ++i) address.high = address.high << 8U | bytes[i];
  for (std::size_t i = 8; i < 16; ++i) address.low = address.low << 8U | bytes[i];
  if (address.family() == Family::kIpv4) return malformed(text, "write IPv4 as in 10.1.2.3");
  return address;
}

std::string Address::text() const {
  std::array<unsigned char, 16> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<unsigned char>(high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<unsigned char>(low >> (56 - 8 * i));
  }
  std::array<char, INET6_ADDRSTRLEN> written{};
  const bool is_v4 = family() == Family::kIpv4;
  inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes.data() + (is_v4 ? 12 : 0), written.data(),
            static_cast<socklen_t>(written.size()));
  return written.data();
}

Address plus(Address base, std::uint64_t count, unsigned shift) noexcept {
  Address added;
  if (shift >= 64) {
    added.high = shift >= 128 ? 0 : count << (shift - 64);
  } else {
    added.low = count << shift;
    added.high = shift == 0 ? 0 : count >> (64 - shift);
  }
  Address sum{base.high + added.high, base.low + added.low};
  if (sum.low < base.low) ++sum.high;
  return sum;
}

const AddressSet& all_addresses(Family family) {
  static const AddressSet ipv4_all =
      Interval<Address>{Address::ipv4(0), Address::ipv4(0xffff'ffff)};
  static const AddressSet ipv6_all = all_addresses() - ipv4_all;
  return family == Family::kIpv4 ? ipv4_all : ipv6_all;
}

const AddressSet& all_addresses() {
  static const AddressSet all = Interval<Address>{{0, 0}, {~std::uint64_t{0}, ~std::uint64_t{0}}};
  return all;
}

Result<Prefix> Prefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  NAKADACHI_TRY(const Address address, Address::parse(text.substr(0, slash)));
  Prefix prefix{address, 0};
  prefix.length = prefix.width();
  if (slash == std::string_view::npos) return prefix;
  const auto length = number_of(text.substr(slash + 1), prefix.width());
  if (!length) return malformed(text, "write the length behind / as a number of bits");
  prefix.length = *length;
  prefix.first = network_of(address, *length, prefix.width());
  if (prefix.first != address) {
    return malformed(text, fmt::format("the network is {}", prefix.text()));
  }
  return prefix;
}

Address mask_of(Family family, unsigned length) noexcept {
  const bool is_v4 = family == Family::kIpv4;
  const Address ones =
      is_v4 ? Address::ipv4(0xffff'ffff) : Address{~std::uint64_t{0}, ~std::uint64_t{0}};
  return network_of(ones, length, is_v4 ? 32 : 128);
}

Interval<Address> Prefix::interval() const noexcept {
  return {first, last_of(first, length, width())};
}

std::string Prefix::text() const {
  return length == width() ? first.text() : fmt::format("{}/{}", first.text(), length);
}

Result<Interval<Address>> parse_addresses(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) {
    NAKADACHI_TRY(const Prefix prefix, Prefix::parse(text));
    return prefix.interval();
  }
  NAKADACHI_TRY(const Address first, Address::parse(text.substr(0, dash)));
  NAKADACHI_TRY(const Address last, Address::parse(text.substr(dash + 1)));
  if (first.family() != last.family() || last < first) {
    return malformed(text, "a range goes from the lower to the higher address of one family");
  }
  return Interval<Address>{first, last};
}

std::string text_of(const Interval<Address>& piece) {
  const unsigned width = piece.first.family() == Family::kIpv4 ? 32 : 128;
  for (unsigned length = width + 1; length-- > 0;) {
    if (network_of(piece.first, length, width) != piece.first) break;
    if (last_of(piece.first, length, width) == piece.last) {
      return Prefix{piece.first, length}.text();
    }
  }
  return fmt::format("{}-{}", piece.first.text(), piece.last.text());
}

Result<Mac> Mac::parse(std::string_view text) {
  Mac mac;
  const bool shaped = text.size() == 17;
  for (std::size_t i = 0; shaped && i < 17; i += 3) {
    std::uint8_t byte = 0;
    const char* const end = text.data() + i + 2;
    const auto read = std::from_chars(text.data() + i, end, byte, 16);
    if (read.ec != std::errc() || read.ptr != end || (i < 15 && *end != ':')) {
      return malformed(text, "write a MAC address as in 02:00:5e:10:00:01");
    }
    mac.number = mac.number << 8U | byte;
  }
  if (!shaped) return malformed(text, "write a MAC address as in 02:00:5e:10:00:01");
  return mac;
}

std::string Mac::text() const {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", number >> 40U & 0xffU,
                     number >> 32U & 0xffU, number >> 24U & 0xffU, number >> 16U & 0xffU,
                     number >> 8U & 0xffU, number & 0xffU);
}

}  // namespace nakadachi::walls
