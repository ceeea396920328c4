#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nakadachi/firewall_rules/world.hpp"

namespace nakadachi::walls::testing {

/// For the places of a model, which are numbers that may be `kNobody`, once it is somebody.
inline std::size_t index(int place) { return static_cast<std::size_t>(place); }

/// One wire: a segment, one town's network of a segment, or the world outside.
struct Network {
  std::string name;
  int segment = kNobody;  ///< place in the model; nobody: outside
  int town = kNobody;
  std::vector<Prefix> prefixes;
};

/// Where a box is plugged in. The number is its own in the whole layout; its link-local addresses
/// and the name of its device hold it.
struct Port {
  int network = 0;
  int number = 0;
  Mac mac;
  Address link_local(Family family) const;
};

/// Something with an IP stack: a machine of the model, or a wall.
struct Box {
  std::string name;
  int machine = kNobody;   ///< place in the world; nobody: a wall
  int wall = kNobody;      ///< place in the model; nobody: a machine
  std::string rules = {};  ///< the rule set it loads; empty: none
  std::vector<Address> addresses = {};
  std::vector<Port> ports = {};  ///< one for a machine
};

/// What a box has in its routing table.
struct Route {
  Prefix to;
  int port = 0;               ///< place in the box
  const Port* via = nullptr;  ///< nobody: on the wire itself
};

/// The wires and boxes that a model speaks of, and how packets find their way among them: by the
/// shortest way, through the wall written first where there are several. Boxes are the machines of
/// the world, the unnamed ones with a few of their addresses, and the walls. Nothing is built.
class Layout {
 public:
  /// Of the model's towns those at these places are there. `outside` are the addresses of the
  /// machine that stands for the world outside. Keeps a reference to the world.
  Layout(const World& world, const std::vector<int>& towns, const std::vector<Address>& outside);

  const World& world() const noexcept { return world_; }
  const std::vector<Network>& networks() const noexcept { return networks_; }
  const std::vector<Box>& boxes() const noexcept { return boxes_; }
  std::vector<Route> routes_of(const Box& box) const;

  /// The box with this address; nobody where nothing stands.
  int box_at(Address address) const;
  int box_of_machine(int machine) const;
  /// The network an address belongs to; nobody when the layout has none for it.
  int network_of(Address address) const;
  /// Whether packets from one network get to the other when nothing is closed.
  bool joined(int from, int to) const { return distance(from, to) < kFar; }
  /// Where a machine sends what goes to `to`: the port of a neighbour or of a wall.
  const Port& next_hop(const Box& box, int to_network, Address to) const;
  /// The wall that what a network sends to another meets first; nobody within one.
  int first_wall(int from, int to) const;

 private:
  static constexpr int kFar = 1'000'000;

  void add_networks(const std::vector<int>& towns);
  void add_machines(const std::vector<Address>& outside);
  void add_walls();
  void measure();
  Port make_port(int network);
  Route route(const Box& box, const Prefix& prefix, int network) const;
  int distance(int from, int to) const {
    return distances_[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
  }
  const Port* port_in(int box, int network) const;

  const World& world_;
  std::vector<Network> networks_;
  std::vector<Box> boxes_;
  std::vector<int> walls_;  ///< boxes, by place in the model
  std::vector<std::vector<int>> distances_;
  int ports_ = 0;
};

}  // namespace nakadachi::walls::testing
