#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "nakadachi/firewall_rules/check.hpp"

namespace nakadachi::walls {

/// Segments that hold any of these addresses, `World::outside_place` included.
std::vector<int> segments_in(const World& world, const AddressSet& addresses);

/// From which segment to which a flow leads, inside one network left out.
std::set<std::pair<int, int>> borders_crossed(const World& world, int flow);

/// Each adds what it finds.
void check_addresses(const World& world, std::vector<Finding>& findings);
void check_translations(const World& world, std::vector<Finding>& findings);
void check_flows(const World& world, std::optional<std::chrono::year_month_day> today,
                 std::vector<Finding>& findings);
void check_shadows(const World& world, std::optional<std::chrono::year_month_day> today,
                   std::vector<Finding>& findings);
void check_ipv6(const World& world, std::optional<std::chrono::year_month_day> today,
                std::vector<Finding>& findings);
void check_borders(const World& world, std::vector<Finding>& findings);
void check_lines(const World& world, std::vector<Finding>& findings);
void check_invariants(const World& world, std::vector<Finding>& findings);

}  // namespace nakadachi::walls
