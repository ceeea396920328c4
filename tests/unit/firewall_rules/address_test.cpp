#include "nakadachi/firewall_rules/address.hpp"

#include <random>

#include "tests/support/catch.hpp"

using namespace nakadachi;
using namespace nakadachi::walls;

TEST_CASE("addresses and networks are read and written as people write them", "[walls]") {
  for (const std::string text :
       {"10.1.2.3", "0.0.0.0", "255.255.255.255", "fd00::1", "::", "::1", "2001:db8:0:1::"}) {
    CAPTURE(text);
    const auto address = Address::parse(text);
    REQUIRE(address.ok());
    CHECK(address->text() == text);
  }
  for (const std::string text :
       {"10.1.2", "10.1.2.256", "010.1.2.3x", "::ffff:10.1.2.3", "fd00::g", "", "fe80::1%eth0"}) {
    CAPTURE(text);
    CHECK_FALSE(Address::parse(text).ok());
  }
  CHECK(Prefix::parse("10.0.0.0/8")->text() == "10.0.0.0/8");
  CHECK(Prefix::parse("fd00::/8")->text() == "fd00::/8");
  CHECK(Prefix::parse("10.0.0.1")->length == 32);
  CHECK_FALSE(Prefix::parse("10.0.0.0/33").ok());
  const auto loose = Prefix::parse("10.1.2.3/24");
  REQUIRE_FALSE(loose.ok());
  CHECK(loose.error().detail.find("10.1.2.0/24") != std::string::npos);
  CHECK(walls::text_of(*parse_addresses("10.0.0.0-10.0.0.255")) == "10.0.0.0/24");
  CHECK(walls::text_of(*parse_addresses("10.0.0.1-10.0.0.2")) == "10.0.0.1-10.0.0.2");
  CHECK_FALSE(parse_addresses("10.0.0.2-10.0.0.1").ok());
  CHECK_FALSE(parse_addresses("10.0.0.2-fd00::1").ok());
  CHECK(mask_of(Family::kIpv4, 24).text() == "255.255.255.0");
  CHECK(mask_of(Family::kIpv6, 64).text() == "ffff:ffff:ffff:ffff::");
  CHECK(Mac::parse("02:00:5e:10:00:0f")->text() == "02:00:5e:10:00:0f");
  CHECK_FALSE(Mac::parse("02:00:5e:10:00").ok());
  CHECK_FALSE(Mac::parse("02-00-5e-10-00-0f").ok());
}

TEST_CASE("no address is of both families and every one is of one", "[walls]") {
  CHECK((all_addresses(Family::kIpv4) & all_addresses(Family::kIpv6)).empty());
  CHECK((all_addresses(Family::kIpv4) | all_addresses(Family::kIpv6)) == all_addresses());
}

TEST_CASE("services are read and written", "[walls]") {
  for (const std::string text : {"tcp/443", "udp/53", "tcp/8000-8010", "echo", "any"}) {
    CAPTURE(text);
    CHECK(walls::text_of(*parse_service(text)) == text);
  }
  CHECK(walls::text_of(*parse_service("tcp/443") | *parse_service("udp/53")) == "tcp/443, udp/53");
  for (const std::string text : {"443", "tcp/", "tcp/x", "sctp/1", "tcp/65536", "tcp/5-4"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_service(text).ok());
  }
}

namespace {

using Small = IntervalSet<std::uint32_t>;

Small random_set(std::mt19937& random) {
  std::vector<Interval<std::uint32_t>> pieces;
  for (auto i = random() % 5; i > 0; --i) {
    const auto first = static_cast<std::uint32_t>(random() % 24);
    pieces.push_back({first, first + static_cast<std::uint32_t>(random() % 6)});
  }
  return Small::of(pieces);
}

}  // namespace

TEST_CASE("set algebra on intervals agrees with membership", "[walls]") {
  std::mt19937 random(1);
  std::size_t wrong = 0;
  for (int round = 0; round < 3000; ++round) {
    const Small a = random_set(random);
    const Small b = random_set(random);
    bool common = false;
    bool inside = true;
    for (std::uint32_t value = 0; value < 32; ++value) {
      const bool in_a = a.contains(value);
      const bool in_b = b.contains(value);
      common = common || (in_a && in_b);
      inside = inside && (!in_b || in_a);
      wrong += (a | b).contains(value) != (in_a || in_b);
      wrong += (a & b).contains(value) != (in_a && in_b);
      wrong += (a - b).contains(value) != (in_a && !in_b);
    }
    wrong += a.intersects(b) != common;
    wrong += a.covers(b) != inside;
    wrong += ((a - b) | (a & b)) != a;
  }
  CHECK(wrong == 0);
}

TEST_CASE("what is left of a product is exactly what the holes do not hold", "[walls]") {
  const auto addresses = [](const Small& set) {
    std::vector<Interval<Address>> pieces;
    for (const auto& piece : set.intervals()) {
      pieces.push_back({Address::ipv4(piece.first), Address::ipv4(piece.last)});
    }
    return AddressSet::of(pieces);
  };
  const auto holds = [](const Region& region, std::uint32_t from, std::uint32_t to,
                        std::uint32_t service) {
    return region.from.contains(Address::ipv4(from)) && region.to.contains(Address::ipv4(to)) &&
           region.services.contains(service);
  };
  std::mt19937 random(2);
  std::size_t wrong = 0;
  for (int round = 0; round < 40; ++round) {
    std::vector<Region> all;
    for (int i = 0; i < 4; ++i) {
      all.push_back(
          {addresses(random_set(random)), addresses(random_set(random)), random_set(random)});
    }
    const std::vector<const Region*> holes = {&all[1], &all[2], &all[3]};
    const std::vector<Region> rest = minus(all[0], holes);
    for (std::uint32_t point = 0; point < 24 * 24 * 24; ++point) {
      const std::uint32_t from = point / 576;
      const std::uint32_t to = point / 24 % 24;
      const std::uint32_t service = point % 24;
      const auto count = [&](const Region& region) { return holds(region, from, to, service); };
      const bool wanted = count(all[0]) && !count(all[1]) && !count(all[2]) && !count(all[3]);
      wrong += std::count_if(rest.begin(), rest.end(), count) != (wanted ? 1 : 0);
    }
  }
  CHECK(wrong == 0);
}
