#pragma once

#include <compare>
#include <string>
#include <vector>

#include "nakadachi/firewall_rules/world.hpp"

namespace nakadachi::walls {

/// Who stands at one side of a connection: a host, in all its towns together, or a segment where
/// unnamed addresses are meant as well.
struct End {
  int segment;         ///< place in the model; `outside_place` for the world outside
  int host = kNobody;  ///< place in the model
  friend auto operator<=>(const End&, const End&) = default;
};

/// What a flow opens between two ends.
struct Connection {
  End from;
  End to;
  AddressSet sources;  ///< of `from`
  AddressSet targets;
  ServiceSet services;
  bool between_towns = false;  ///< from one town's network to another's
};

/// All connections of a flow as packets take them: behind translations, one family at both ends,
/// and no machine with itself. Ascending by their ends.
std::vector<Connection> connections_of(const World& world, int flow);

/// Which of its ends a connection means where it means less than all of an end:
/// `@011002から 10.1.0.77へ`; and 団体間 where it leads from town to town. Empty when it is all.
std::string narrowing_of(const World& world, const Connection& connection);

/// The walls of shortest ways, one way after the other: as many ways as it takes for each wall on
/// any shortest way to stand in one. A single way without walls where nothing stands between.
std::vector<std::vector<int>> ways_of(const World& world, const Connection& connection);

}  // namespace nakadachi::walls
