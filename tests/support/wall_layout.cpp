#include "tests/support/wall_layout.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace nakadachi::walls::testing {
namespace {

Address address(const char* text) { return *Address::parse(text); }

/// Of many addresses those at the edges, where a rule that is off by one shows; of few all.
std::vector<Address> some_of(const AddressSet& addresses) {
  constexpr std::uint64_t kAllOf = 4;
  std::vector<Address> chosen;
  for (const Family family : kFamilies) {
    const AddressSet own = addresses & all_addresses(family);
    if (own.empty()) continue;
    const auto pieces = own.intervals();
    const Interval<Address> ends{pieces.front().last, pieces.back().first};
    std::vector<Address> edges = {ends.first, ends.last};
    if (pieces.back().last.high == pieces.front().first.high &&
        pieces.back().last.low - pieces.front().first.low < kAllOf) {
      edges.clear();
      for (const auto& piece : pieces) {
        for (Address at = piece.first;; at = successor(at)) {
          edges.push_back(at);
          if (at == piece.last) break;
        }
      }
    }
    std::sort(edges.begin(), edges.end());
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
    chosen.insert(chosen.end(), edges.begin(), edges.end());
  }
  return chosen;
}

/// A range of addresses as prefixes: those of a segment or of a town's network.
std::vector<Prefix> prefixes_of(const Segment& segment, int town) {
  if (!segment.per_town) return segment.prefixes;
  std::vector<Prefix> own;
  for (const Prefix& pool : segment.prefixes) {
    const unsigned each = pool.family() == Family::kIpv4 ? segment.ipv4_each : segment.ipv6_each;
    own.push_back({plus(pool.first, static_cast<std::uint64_t>(town), pool.width() - each), each});
  }
  return own;
}

bool holds(const Network& network, const Address& address) {
  return std::any_of(network.prefixes.begin(), network.prefixes.end(), [&](const Prefix& prefix) {
    const auto all = prefix.interval();
    return prefix.family() == address.family() && all.first <= address && address <= all.last;
  });
}

}  // namespace

Address Port::link_local(Family family) const {
  const auto own = static_cast<std::uint32_t>(number);
  return family == Family::kIpv4 ? Address::ipv4(0xa9fe'0000U + own)
                                 : plus(address("fe80::"), own, 0);
}

Layout::Layout(const World& world, const std::vector<int>& towns,
               const std::vector<Address>& outside)
    : world_(world) {
  add_networks(towns);
  add_machines(outside);
  add_walls();
  measure();
}

void Layout::add_networks(const std::vector<int>& towns) {
  const Model& model = world_.model();
  bool outside_is_joined = false;
  for (const Wall& wall : model.walls) {
    const auto& joins = wall.joins;
    outside_is_joined |= std::find(joins.begin(), joins.end(), "outside") != joins.end();
  }
  for (int place = 0; place < world_.outside_place(); ++place) {
    const Segment& segment = model.segments[index(place)];
    if (!segment.per_town) {
      networks_.push_back({segment.name, place, kNobody, segment.prefixes});
      continue;
    }
    for (const int town : towns) {
      networks_.push_back({segment.name + "@" + model.towns[index(town)].code, place, town,
                           prefixes_of(segment, town)});
    }
  }
  if (outside_is_joined) {
    // Last, so that the more exact prefixes are found first.
    networks_.push_back(
        {"outside", kNobody, kNobody, {*Prefix::parse("0.0.0.0/0"), *Prefix::parse("::/0")}});
  }
}

Port Layout::make_port(int network) {
  const int number = ++ports_;
  return {network, number, Mac{0x0277'0000'0000U + index(number)}};
}

void Layout::add_machines(const std::vector<Address>& outside) {
  const Model& model = world_.model();
  const auto machines = world_.machines();
  for (int place = 0; place < static_cast<int>(machines.size()); ++place) {
    const Machine& machine = machines[index(place)];
    const auto network = std::find_if(networks_.begin(), networks_.end(), [&](const Network& one) {
      return one.segment == machine.segment && one.town == machine.town;
    });
    if (network == networks_.end() || machine.addresses.empty()) continue;
    Box box{.name = world_.name_of_machine(place), .machine = place};
    box.addresses = machine.segment == kNobody ? outside : some_of(machine.addresses);
    Port port = make_port(static_cast<int>(network - networks_.begin()));
    if (machine.host != kNobody) {
      const Host& host = model.hosts[index(machine.host)];
      if (host.mac) port.mac = *host.mac;
      if (!model.segments[index(machine.segment)].open_inside) {
        box.rules = host.role.empty() ? host.name : host.role;
      }
    }
    box.ports.push_back(port);
    boxes_.push_back(std::move(box));
  }
}

void Layout::add_walls() {
  const Model& model = world_.model();
  for (int place = 0; place < static_cast<int>(model.walls.size()); ++place) {
    const Wall& wall = model.walls[index(place)];
    Box box{.name = wall.name, .wall = place, .rules = wall.name};
    for (int network = 0; network < static_cast<int>(networks_.size()); ++network) {
      const int segment = networks_[index(network)].segment;
      const std::string name = segment == kNobody ? "outside" : model.segments[index(segment)].name;
      if (std::find(wall.joins.begin(), wall.joins.end(), name) == wall.joins.end()) continue;
      box.ports.push_back(make_port(network));
    }
    walls_.push_back(static_cast<int>(boxes_.size()));
    boxes_.push_back(std::move(box));
  }
}

/// How many walls stand between two networks.
void Layout::measure() {
  const std::size_t count = networks_.size();
  distances_.assign(count, std::vector<int>(count, kFar));
  for (std::size_t start = 0; start < count; ++start) {
    std::vector<int>& steps = distances_[start];
    steps[start] = 0;
    for (int round = 0; round < static_cast<int>(count); ++round) {
      for (const int wall : walls_) {
        const auto& ports = boxes_[index(wall)].ports;
        const bool near = std::any_of(ports.begin(), ports.end(), [&](const Port& port) {
          return steps[index(port.network)] == round;
        });
        for (const Port& port : ports) {
          int& known = steps[index(port.network)];
          if (near) known = std::min(known, round + 1);
        }
      }
    }
  }
}

const Port* Layout::port_in(int box, int network) const {
  for (const Port& port : boxes_[index(box)].ports) {
    if (port.network == network) return &port;
  }
  return nullptr;
}

int Layout::first_wall(int from, int to) const {
  if (from == to || !joined(from, to)) return kNobody;
  for (const int wall : walls_) {
    if (port_in(wall, from) == nullptr) continue;
    for (const Port& port : boxes_[index(wall)].ports) {
      if (distance(port.network, to) == distance(from, to) - 1) return wall;
    }
  }
  return kNobody;
}

Route Layout::route(const Box& box, const Prefix& prefix, int network) const {
  int best = 0;
  for (int port = 1; port < static_cast<int>(box.ports.size()); ++port) {
    if (distance(box.ports[index(port)].network, network) <
        distance(box.ports[index(best)].network, network)) {
      best = port;
    }
  }
  const int near = box.ports[index(best)].network;
  const int wall = first_wall(near, network);
  return {prefix, best, wall == kNobody ? nullptr : port_in(wall, near)};
}

std::vector<Route> Layout::routes_of(const Box& box) const {
  std::vector<Route> routes;
  for (int place = 0; place < static_cast<int>(networks_.size()); ++place) {
    const Network& network = networks_[index(place)];
    const bool reached = std::any_of(box.ports.begin(), box.ports.end(),
                                     [&](const Port& port) { return joined(port.network, place); });
    for (const Prefix& prefix : network.prefixes) {
      if (reached) routes.push_back(route(box, prefix, place));
    }
  }
  // Shown addresses lead to the wall that translates them.
  for (const Nat& nat : world_.model().nats) {
    const int wall = walls_[index(world_.find_wall(nat.wall))];
    if (&boxes_[index(wall)] == &box) continue;
    const Prefix shown{nat.shown, nat.shown.family() == Family::kIpv4 ? 32U : 128U};
    for (int port = 0; port < static_cast<int>(box.ports.size()); ++port) {
      if (const Port* const there = port_in(wall, box.ports[index(port)].network)) {
        routes.push_back({shown, port, there});
        break;
      }
      if (port + 1 < static_cast<int>(box.ports.size())) continue;
      routes.push_back(route(box, shown, boxes_[index(wall)].ports.front().network));
    }
  }
  return routes;
}

int Layout::box_at(Address address) const {
  for (std::size_t place = 0; place < boxes_.size(); ++place) {
    const auto& own = boxes_[place].addresses;
    if (std::find(own.begin(), own.end(), address) != own.end()) return static_cast<int>(place);
  }
  return kNobody;
}

int Layout::box_of_machine(int machine) const {
  for (std::size_t place = 0; place < boxes_.size(); ++place) {
    if (boxes_[place].machine == machine && machine != kNobody) return static_cast<int>(place);
  }
  return kNobody;
}

int Layout::network_of(Address address) const {
  const auto found = std::find_if(networks_.begin(), networks_.end(),
                                  [&](const Network& one) { return holds(one, address); });
  return found == networks_.end() ? kNobody : static_cast<int>(found - networks_.begin());
}

const Port& Layout::next_hop(const Box& box, int to_network, Address to) const {
  const int near = box.ports.front().network;
  const int wall = first_wall(near, to_network);
  return wall == kNobody ? boxes_[index(box_at(to))].ports.front() : *port_in(wall, near);
}

}  // namespace nakadachi::walls::testing
