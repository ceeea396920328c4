#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "nakadachi/firewall_rules/world.hpp"

namespace nakadachi::walls {

/// Where a rule set looks at a packet.
enum class Hook : std::uint8_t { kForward, kInput, kOutput };
inline constexpr std::array kHooks = {Hook::kForward, Hook::kInput, Hook::kOutput};

/// One element of the map that decides on new connections. Elements of one rule
/// set and hook never overlap.
struct RuleElement {
  Interval<Address> from;
  Interval<Address> to;
  PortRange ports;
  int chain = 0;  ///< place in `RuleSet::chains`
  Family family() const noexcept { return from.first.family(); }
  friend auto operator<=>(const RuleElement&, const RuleElement&) = default;
};

/// What happens to a connection that an element lets through.
struct FlowChain {
  int flow = kNobody;  ///< place in the model
  Limit limit;         ///< zero where nothing is limited
  int limit_class = 0;
  Hook hook = Hook::kForward;
  /// Leading bits of a source that are counted together: those of a town's network.
  unsigned ipv4_bits = 32;
  unsigned ipv6_bits = 128;
};

/// A neighbour on the same wire, whose frames must come from its MAC.
struct Binding {
  Address address;
  Mac mac;
  friend auto operator<=>(const Binding&, const Binding&) = default;
};

/// The rules of one wall, or of all hosts with one role. Both directions are
/// closed but for its elements.
struct RuleSet {
  std::string name;
  bool is_wall = false;
  std::array<std::vector<RuleElement>, 3> elements;  ///< by hook, ascending
  std::vector<FlowChain> chains;
  std::vector<Binding> bindings;
  std::vector<int> nats;     ///< places in the model
  std::vector<int> expired;  ///< flows left out, places in the model
};

/// Rule sets of all walls, and of the roles of hosts in segments that are not
/// open inside, by name. Flows that are over at `today` are left out. The same
/// model and date give the same result.
std::vector<RuleSet> compile(const World& world, std::optional<std::chrono::year_month_day> today);

/// The rule set as `nft -f` reads it. Loading it replaces the former as a whole.
/// A packet costs at most four look-ups, of a known connection too, however many towns there are:
/// what the rules do not let through ends at once, also what former rules let through. A flow with
/// a last day ends by the kernel's clock when that day is over in Japan.
std::string to_nft(const World& world, const RuleSet& rules);

}  // namespace nakadachi::walls
