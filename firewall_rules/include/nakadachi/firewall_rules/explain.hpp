#pragma once

#include <string>
#include <vector>

#include "nakadachi/firewall_rules/prove.hpp"
#include "nakadachi/firewall_rules/world.hpp"

namespace nakadachi::walls {

/// What becomes of one connection, and why.
struct Explanation {
  bool allowed = false;
  int opening = kNobody;  ///< what allows it: place in the world
  int from = kNobody;     ///< machine
  int to = kNobody;       ///< machine that is reached, behind a translation
  /// Rule sets that see its first packet, in its order; the first one stops it
  /// when it is not allowed. Empty where nothing separates the two.
  std::vector<std::string> passes;
  /// When not allowed: flows that differ in one thing only, with what differs.
  struct Near {
    int flow;
    std::string_view differs;  ///< "from", "to" or "service"
  };
  std::vector<Near> near;
};

/// One connection from one address to another; `wanted` is a single service.
/// Errors: `kWrongFormat` when the addresses are of different families or
/// `wanted` is more than one service.
Result<Explanation> explain(const World& world, Address from, Address to, const ServiceSet& wanted);

/// Each step as `from -(flow service)-> to`.
std::string describe_path(const World& world, const std::vector<Hop>& path);

}  // namespace nakadachi::walls
