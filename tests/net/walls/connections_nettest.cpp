// Real connections through compiled rules: those that are open when rules are loaded, and those
// that are too many.

#include "tests/net/walls/connections.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <thread>

#include "apps/common/live_walls.hpp"
#include "apps/common/run_program.hpp"
#include "nakadachi/firewall_rules/compile.hpp"
#include "tests/net/walls/matrix.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/support/walls_models.hpp"

using namespace nakadachi;
using namespace nakadachi::walls;
using namespace nakadachi::walls::testing;

namespace {

Address address(const char* text) { return *Address::parse(text); }

Lab lab_of(const World& world, const std::vector<int>& towns) {
  auto lab = Lab::build(Layout(world, towns, {}));
  if (!lab) FAIL(describe(lab.error()));
  return *std::move(lab);
}

int box_named(const Lab& lab, const std::string& name) {
  const auto& boxes = lab.layout().boxes();
  const auto found =
      std::find_if(boxes.begin(), boxes.end(), [&](const Box& box) { return box.name == name; });
  REQUIRE(found != boxes.end());
  return static_cast<int>(found - boxes.begin());
}

/// As an officer does it on every wall and host, one after another.
void apply_and_confirm(const Lab& lab, const World& world,
                       const nakadachi::testing::TempFolder& folder) {
  const auto texts = rule_texts(world, compile(world, {}));
  const auto& boxes = lab.layout().boxes();
  for (std::size_t box = 0; box < boxes.size(); ++box) {
    if (boxes[box].rules.empty()) continue;
    const apps::RuleChange change(folder.file("state-" + boxes[box].name), folder.file("kept"));
    lab.inside(static_cast<int>(box), [&] {
      CAPTURE(boxes[box].name);
      const auto applied = change.apply(texts.at(boxes[box].rules), std::chrono::seconds(60));
      INFO((applied ? "" : describe(applied.error())));
      REQUIRE(applied.ok());
      REQUIRE(change.confirm().ok());
    });
  }
}

/// The centre with two towns, of which the second may have limits of its own.
World limited_centre(Limit usual, std::optional<Limit> of_second) {
  const World preset = world_of_preset("shared_centre", 2);
  Model model = preset.model();
  for (Flow& flow : model.flows) {
    if (flow.id == "oltp") flow.limit = usual;
  }
  if (of_second) {
    model.limits.push_back({.flow = "oltp", .towns = {model.towns[1].code}, .limit = *of_second});
  }
  return *World::build(std::move(model));
}

constexpr std::uint16_t kOltp = 5701;

}  // namespace

TEST_CASE("connections that the model allows go on when rules are loaded, first and later",
          "[walls]") {
  if (!labs_possible()) return;
  const World world = world_of_preset("shared_centre", 1);
  Model louder = world.model();
  louder.log = LogLevel::kAll;
  const World later = *World::build(louder);
  const Lab lab = lab_of(world, {0});
  struct Way {
    const char* from;
    const char* to;
    std::uint16_t port;
  };
  const std::vector<Way> allowed = {
      {"10.1.5.21", "10.1.1.11", 5704},              // an operator, through one wall
      {"10.64.0.10", "10.1.1.11", 5701},             // a town
      {"fd6e:616b:1::11", "fd6e:616b:2::11", 5432},  // the node's with the database
  };
  std::vector<Conversation> conversations;
  for (const Way& way : allowed) {
    auto one = converse(lab, address(way.from), address(way.to), way.port);
    REQUIRE(one.has_value());
    REQUIRE(one->goes_on());
    conversations.push_back(*std::move(one));
  }
  const auto stray = converse(lab, address("10.1.5.21"), address("10.1.1.11"), 9999);
  REQUIRE(stray.has_value());
  REQUIRE(stray->goes_on());

  const nakadachi::testing::TempFolder folder;
  for (const World* const model : {&world, &later}) {
    apply_and_confirm(lab, *model, folder);
    for (std::size_t i = 0; i < allowed.size(); ++i) {
      CAPTURE(model == &later, allowed[i].from, allowed[i].port);
      CHECK(conversations[i].goes_on());
    }
  }
  CHECK_FALSE(stray->goes_on());
  CHECK(counters_in(lab, box_named(lab, "operator1")).at("invalid") > 0);
}

TEST_CASE("a connection that was allowed ends when new rules do not allow it", "[walls]") {
  if (!labs_possible()) return;
  const World world = world_of_preset("shared_centre", 1);
  Model closed = world.model();
  std::erase_if(closed.flows, [](const Flow& flow) { return flow.id == "oltp"; });
  Model over = world.model();
  for (Flow& flow : over.flows) {
    if (flow.id != "oltp") continue;
    // Compiled while it was good: what ends it is the kernel's clock.
    flow.valid_until = std::chrono::year_month_day{std::chrono::year{2020}, std::chrono::March,
                                                   std::chrono::day{31}};
  }
  const auto before = rule_texts(world, compile(world, {}));
  for (const Model& model : {closed, over}) {
    const World next = *World::build(model);
    const auto after = rule_texts(next, compile(next, {}));
    for (const std::string place : {"towns_wall", "node"}) {
      CAPTURE(model.flows.size(), place);
      Lab lab = lab_of(world, {0});
      REQUIRE(lab.load(before).ok());
      const auto cut = converse(lab, address("10.64.0.10"), address("10.1.1.11"), kOltp);
      const auto cut6 =
          converse(lab, address("fd6e:616b:1000::a"), address("fd6e:616b:1::11"), kOltp);
      const auto kept = converse(lab, address("10.64.0.10"), address("10.1.1.11"), 5704);
      REQUIRE((cut && cut6 && kept));
      REQUIRE((cut->goes_on() && cut6->goes_on() && kept->goes_on()));
      REQUIRE(lab.load({{place, after.at(place)}}).ok());
      CHECK(kept->is_answered());
      CHECK(kept->goes_on());
      for (const auto* const one : {&*cut, &*cut6}) {
        CHECK_FALSE(one->is_answered());
        CHECK_FALSE(one->goes_on());
      }
    }
  }
}

TEST_CASE("limits do not touch a connection that is open", "[walls]") {
  if (!labs_possible()) return;
  const World world = limited_centre({.new_per_second = 1, .connections = 1}, {});
  Lab lab = lab_of(world, {0});
  REQUIRE(lab.load(rule_texts(world, compile(world, {}))).ok());
  const auto open = converse(lab, address("10.64.0.10"), address("10.1.1.11"), kOltp);
  REQUIRE(open.has_value());
  for (int word = 0; word < 50; ++word) REQUIRE(open->goes_on());
  CHECK(counters_in(lab, box_named(lab, "towns_wall")).at("over_oltp") == 0);
}

TEST_CASE("who opens too fast is refused, and nobody else", "[walls]") {
  if (!labs_possible()) return;
  const World world = limited_centre({.new_per_second = 20}, Limit{.new_per_second = 200});
  Lab lab = lab_of(world, {0, 1});
  REQUIRE(lab.load(rule_texts(world, compile(world, {}))).ok());
  const int wall = box_named(lab, "towns_wall");
  std::uint32_t number = 0;
  /// First packets from a town, each of a connection of its own; how many arrived at the node.
  const auto burst = [&](const char* from, std::uint16_t count) {
    const int box = lab.layout().box_at(address(from));
    std::size_t arrived = 0;
    for (std::uint16_t i = 0; i < count; ++i) {
      const ProbePacket packet{++number, address(from), address("10.1.1.11"), kOltp,
                               static_cast<std::uint16_t>(10'000 + number)};
      lab.send({box, packet, {}});
    }
    for (const Lab::Arrival& arrival : lab.collect(std::chrono::milliseconds(100))) {
      arrived += arrival.sighting.is_answer ? 0 : 1;
    }
    return arrived;
  };
  // Twice the limit may come at once; what comes in a burst beyond that is refused.
  CHECK(burst("10.64.0.10", 1'000) < 1'000);
  const auto refused = counters_in(lab, wall).at("over_oltp");
  CHECK(refused > 0);
  // The other town is counted by itself, and with the limit that is its own.
  CHECK(burst("10.64.1.10", 300) == 300);
  CHECK(counters_in(lab, wall).at("over_oltp") == refused);
  CHECK(burst("10.64.1.10", 10'000) < 10'000);
  CHECK(counters_in(lab, wall).at("over_oltp") > refused);
}

TEST_CASE("towns with one limit do not share it", "[walls]") {
  if (!labs_possible()) return;
  const World world = limited_centre({.new_per_second = 1, .connections = 2}, {});
  Lab lab = lab_of(world, {0, 1});
  REQUIRE(lab.load(rule_texts(world, compile(world, {}))).ok());
  const int wall = box_named(lab, "towns_wall");
  const TcpSocket listening = listen_at(lab, address("10.1.1.11"), kOltp);
  // Each town has what comes at once; the third is too many in either way of counting.
  std::vector<TcpSocket> open;
  for (const char* const town : {"10.64.0.10", "10.64.1.10"}) {
    CAPTURE(town);
    for (int place = 0; place < 2; ++place) {
      auto one = connect_to(lab, address(town), address("10.1.1.11"), kOltp);
      REQUIRE(one.has_value());
      open.push_back(*std::move(one));
    }
    CHECK(counters_in(lab, wall).at("over_oltp") == 0);
  }
  for (const char* const town : {"10.64.0.10", "10.64.1.10"}) {
    const auto refused = counters_in(lab, wall).at("over_oltp");
    CHECK_FALSE(connect_to(lab, address(town), address("10.1.1.11"), kOltp).has_value());
    CHECK(counters_in(lab, wall).at("over_oltp") > refused);
  }
}

TEST_CASE("who has too many connections gets no more until one ends", "[walls]") {
  if (!labs_possible()) return;
  const World world = limited_centre({.connections = 64}, Limit{.connections = 3});
  Lab lab = lab_of(world, {0, 1});
  REQUIRE(lab.load(rule_texts(world, compile(world, {}))).ok());
  const int wall = box_named(lab, "towns_wall");
  const TcpSocket by_ipv4 = listen_at(lab, address("10.1.1.11"), kOltp);
  const TcpSocket by_ipv6 = listen_at(lab, address("fd6e:616b:1::11"), kOltp);
  /// Connects until refused, or `most` times.
  const auto fill = [&](const char* from, std::size_t most) {
    std::vector<TcpSocket> open;
    while (open.size() < most) {
      auto one = connect_to(lab, address(from), address("10.1.1.11"), kOltp);
      if (!one) break;
      open.push_back(*std::move(one));
    }
    return open;
  };
  auto first = fill("10.64.0.10", 100);
  CHECK(first.size() == 64);
  CHECK(counters_in(lab, wall).at("over_oltp") > 0);
  const auto second = fill("10.64.1.10", 100);
  CHECK(second.size() == 3);
  // Families are counted apart.
  CHECK(
      connect_to(lab, address("fd6e:616b:1000::a"), address("fd6e:616b:1::11"), kOltp).has_value());
  first.pop_back();
  CHECK(fill("10.64.0.10", 5).size() == 1);
}

namespace {

/// A raw socket of the box that has the address, for ICMP of its family.
int icmp_socket(const Lab& lab, Address of) {
  const bool is_v4 = of.family() == Family::kIpv4;
  const int made = lab.inside(lab.layout().box_at(of), [&] {
    return is_v4 ? ::socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP)
                 : ::socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6);
  });
  REQUIRE(made >= 0);
  return made;
}

sockaddr_in6 ipv6_of(Address address) {
  sockaddr_in6 made{};
  made.sin6_family = AF_INET6;
  REQUIRE(inet_pton(AF_INET6, address.text().c_str(), &made.sin6_addr) == 1);
  return made;
}

/// Sends from the neighbour, with this hop limit; the kernel adds the checksum.
void send_icmpv6(const Lab& lab, Address from, Address to, std::vector<std::uint8_t> bytes,
                 int hop_limit) {
  const TcpSocket out(icmp_socket(lab, from));
  REQUIRE(setsockopt(out.handle(), IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hop_limit, sizeof hop_limit) ==
          0);
  const sockaddr_in6 own = ipv6_of(from);
  REQUIRE(bind(out.handle(), reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0);
  const sockaddr_in6 there = ipv6_of(to);
  CHECK(sendto(out.handle(), bytes.data(), bytes.size(), 0,
               reinterpret_cast<const sockaddr*>(&there),
               sizeof there) == static_cast<ssize_t>(bytes.size()));
}

/// ICMPv6 of a type about an address: a solicitation (135), an advertisement (136), a redirect
/// (137).
std::vector<std::uint8_t> discovery(std::uint8_t type, Address about) {
  std::vector<std::uint8_t> bytes = {type, 0, 0, 0, 0, 0, 0, 0};
  const sockaddr_in6 target = ipv6_of(about);
  const auto* const first = reinterpret_cast<const std::uint8_t*>(&target.sin6_addr);
  bytes.insert(bytes.end(), first, first + 16);
  if (type == 137) bytes.insert(bytes.end(), first, first + 16);
  return bytes;
}

/// An error about a packet that nobody sent goes nowhere, also from who has thrown its rules away.
void check_error_about_nothing(Lab& lab, Address from, Address to) {
  lab.inside(lab.layout().box_at(from), [] {
    REQUIRE(apps::run_program({"/usr/sbin/nft", "flush", "ruleset"}, "")->status == 0);
  });
  constexpr std::uint32_t kNumber = 4;
  std::vector<std::uint8_t> error(8, 0);
  error[0] = 1;  // unreachable
  error[1] = 4;  // port
  const auto about = bytes_of({kNumber, to, from, kPortsPerProtocol + 123, 20'999});
  error.insert(error.end(), about.begin(), about.end());
  send_icmpv6(lab, from, to, error, 64);
  for (const Lab::Arrival& arrival : lab.collect(std::chrono::milliseconds(300))) {
    CHECK(arrival.sighting.number != kNumber);
  }
  const auto wall = counters_in(lab, box_named(lab, "inner_wall"));
  CHECK(wall.at("icmp_error") == 1);
  CHECK(wall.at("invalid") + wall.at("denied") > 0);
}

}  // namespace

TEST_CASE("an ICMP error comes back to who asked, and to nobody else", "[walls]") {
  if (!labs_possible()) return;
  const World world = world_of_preset("shared_centre", 1);
  struct Ends {
    const char* node;
    const char* clock;
    const char* operator1;
  };
  for (const Ends& ends : {Ends{"10.1.1.11", "10.1.5.31", "10.1.5.21"},
                           Ends{"fd6e:616b:1::11", "fd6e:616b:5::31", "fd6e:616b:5::21"}}) {
    CAPTURE(ends.node);
    Lab lab = lab_of(world, {0});
    const auto ask = [&](const char* from, const char* to, std::uint32_t number) {
      const int box = lab.layout().box_at(address(from));
      lab.send({box, {number, address(from), address(to), kPortsPerProtocol + 123, 20'123}, {}});
      bool answered = false;
      for (const Lab::Arrival& arrival : lab.collect(std::chrono::milliseconds(300))) {
        answered = answered || (arrival.box == box && arrival.sighting.is_answer &&
                                arrival.sighting.number == number);
      }
      return answered;
    };
    CHECK(ask(ends.node, ends.operator1, 1));  // without rules errors come from everywhere
    REQUIRE(lab.load(rule_texts(world, compile(world, {}))).ok());
    // Nobody listens at the clock, and it says so.
    CHECK(ask(ends.node, ends.clock, 2));
    CHECK(counters_in(lab, box_named(lab, "inner_wall")).at("icmp_error") == 1);
    CHECK(counters_in(lab, box_named(lab, "node1")).at("icmp_error") == 1);
    CHECK_FALSE(ask(ends.node, ends.operator1, 3));
    CHECK(counters_in(lab, box_named(lab, "node1")).at("icmp_error") == 1);
    // The kernel adds the checksum of ICMPv6 only.
    if (address(ends.node).family() == Family::kIpv6) {
      check_error_about_nothing(lab, address(ends.clock), address(ends.node));
    }
  }
}

TEST_CASE("neighbours are found by the hop limit that only neighbours have, and lead nobody astray",
          "[walls]") {
  if (!labs_possible()) return;
  const World world = world_of_preset("fig3_6", 1);
  const Lab lab = lab_of(world, {});
  const auto& boxes = lab.layout().boxes();
  const Address server = address("fd6e:616b:10:2::10");
  const int server_box = lab.layout().box_at(server);
  // Somebody else in the segment, who has no rules.
  std::optional<Address> other;
  for (const Box& box : boxes) {
    for (const Address& one : box.addresses) {
      const bool beside = lab.layout().network_of(one) == lab.layout().network_of(server);
      if (beside && one != server && one.family() == Family::kIpv6) other = one;
    }
  }
  REQUIRE(other.has_value());
  const auto texts = rule_texts(world, compile(world, {}));
  lab.inside(server_box, [&] {
    REQUIRE(apps::run_program({"/usr/sbin/nft", "-f", "-"}, texts.at("middle_server"))->status ==
            0);
  });
  const auto dropped = [&] {
    const auto counters = counters_in(lab, server_box);
    return counters.at("denied") + counters.at("invalid") + counters.at("forged");
  };
  const auto before = dropped();
  {
    const TcpSocket ear(icmp_socket(lab, *other));
    send_icmpv6(lab, *other, server, discovery(135, server), 255);
    pollfd watched{ear.handle(), POLLIN, 0};
    bool advertised = false;
    std::array<std::uint8_t, 256> heard{};
    while (!advertised && poll(&watched, 1, 3'000) == 1) {
      const ssize_t size = recv(ear.handle(), heard.data(), heard.size(), 0);
      advertised = size >= 24 && heard[0] == 136;
    }
    CHECK(advertised);
  }
  CHECK(dropped() == before);
  send_icmpv6(lab, *other, server, discovery(135, server), 64);
  send_icmpv6(lab, *other, server, discovery(136, *other), 64);
  send_icmpv6(lab, *other, server, discovery(137, *other), 255);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (dropped() < before + 3 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK(dropped() == before + 3);
}
