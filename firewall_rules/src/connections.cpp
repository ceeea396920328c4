#include "connections.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "places.hpp"

namespace nakadachi::walls {
namespace {

const AddressSet& addresses_of(const World& world, End end, int town = kNobody) {
  if (end.segment == world.outside_place()) return world.outside();
  return end.host == kNobody ? world.segment_addresses(end.segment, town)
                             : world.host_addresses(end.host, town);
}

bool is_per_town(const World& world, End end) {
  return end.segment != world.outside_place() &&
         world.model().segments[index(end.segment)].per_town;
}

/// A segment whose unnamed addresses are meant stands for its hosts too.
std::vector<End> ends_in(const World& world, const AddressSet& addresses) {
  std::set<End> found;
  for (const int machine : world.machines_in(addresses)) {
    const Machine& one = world.machines()[index(machine)];
    found.insert(one.segment == kNobody ? End{world.outside_place()} : End{one.segment, one.host});
  }
  std::vector<End> ends;
  for (const End end : found) {
    if (!ends.empty() && ends.back() == End{end.segment}) continue;
    ends.push_back(end);
  }
  return ends;
}

std::set<int> towns_of(const World& world, const AddressSet& addresses) {
  std::set<int> towns;
  for (const int machine : world.machines_in(addresses)) {
    towns.insert(world.machines()[index(machine)].town);
  }
  return towns;
}

bool is_with_itself(const World& world, const Connection& one) {
  if (one.from != one.to) return false;
  const AddressSet both = one.sources | one.targets;
  if (one.from.host != kNobody) return world.machines_in(both).size() == 1;
  return both.intervals().size() == 1 &&
         both.intervals().front().first == both.intervals().front().last;
}

bool leads_between_towns(const World& world, const Connection& one) {
  if (!is_per_town(world, one.from) || !is_per_town(world, one.to)) return false;
  const std::set<int> sources = towns_of(world, one.sources);
  return sources.size() > 1 || sources != towns_of(world, one.targets);
}

/// The connections of one family of an opening.
std::vector<Connection> connections_in(const World& world, const Opening& opening,
                                       const Region& region) {
  std::vector<Connection> found;
  const std::vector<End> targets = ends_in(world, region.to);
  for (const End from : ends_in(world, region.from)) {
    const AddressSet sources = region.from & addresses_of(world, from, opening.town);
    for (const End to : targets) {
      Connection one{.from = from,
                     .to = to,
                     .sources = sources,
                     .targets = region.to & addresses_of(world, to, opening.town),
                     .services = region.services};
      if (is_with_itself(world, one)) continue;
      one.between_towns = opening.town == kNobody && leads_between_towns(world, one);
      found.push_back(std::move(one));
    }
  }
  return found;
}

/// Packets of a family for which the end has no addresses are none that it could send.
bool is_all_of(const AddressSet& addresses, const AddressSet& whole) {
  return std::ranges::all_of(kFamilies, [&](Family family) {
    const AddressSet own = addresses & all_addresses(family);
    return own.empty() || own.covers(whole & all_addresses(family));
  });
}

/// The towns that are meant, when they are meant with all they have at this end; else nothing.
std::vector<std::string> whole_towns(const World& world, End end, const AddressSet& addresses) {
  std::vector<std::string> codes;
  if (!is_per_town(world, end)) return codes;
  for (const int town : towns_of(world, addresses)) {
    const AddressSet& whole = addresses_of(world, end, town);
    if (!is_all_of(addresses & whole, whole)) return {};
    codes.push_back("@" + world.model().towns[index(town)].code);
  }
  return codes;
}

/// Few of them: the legend has all, as they are written.
std::string narrowed(const World& world, End end, const AddressSet& addresses) {
  constexpr std::size_t kShown = 2;
  if (is_all_of(addresses, addresses_of(world, end))) return "";
  std::vector<std::string> parts = whole_towns(world, end, addresses);
  if (parts.empty()) {
    for (const Interval<Address>& piece : addresses.intervals()) parts.push_back(text_of(piece));
  }
  const bool more = parts.size() > kShown;
  if (more) parts.resize(kShown);
  return fmt::format("{}{}", fmt::join(parts, ", "), more ? "ほか" : "");
}

bool meet(const Wall& one, const Wall& other) {
  return std::ranges::any_of(one.joins, [&](const std::string& place) {
    return std::ranges::find(other.joins, place) != other.joins.end();
  });
}

}  // namespace

std::vector<Connection> connections_of(const World& world, int flow) {
  struct Sum {
    std::vector<Interval<Address>> sources;
    std::vector<Interval<Address>> targets;
    ServiceSet services;
    bool between_towns = false;
  };
  std::map<std::pair<End, End>, Sum> sums;
  const auto add = [](std::vector<Interval<Address>>& all, const AddressSet& addresses) {
    all.insert(all.end(), addresses.intervals().begin(), addresses.intervals().end());
  };
  for (const Opening& opening : world.openings()) {
    if (opening.flow != flow) continue;
    for (const Region& region : opening.by_family) {
      if (region.empty()) continue;
      for (const Connection& one : connections_in(world, opening, region)) {
        Sum& sum = sums[{one.from, one.to}];
        add(sum.sources, one.sources);
        add(sum.targets, one.targets);
        sum.services = sum.services | one.services;
        sum.between_towns = sum.between_towns || one.between_towns;
      }
    }
  }
  std::vector<Connection> connections;
  connections.reserve(sums.size());
  for (auto& [ends, sum] : sums) {
    connections.push_back({.from = ends.first,
                           .to = ends.second,
                           .sources = AddressSet::of(std::move(sum.sources)),
                           .targets = AddressSet::of(std::move(sum.targets)),
                           .services = sum.services,
                           .between_towns = sum.between_towns});
  }
  return connections;
}

std::string narrowing_of(const World& world, const Connection& connection) {
  std::vector<std::string> parts;
  const std::string from = narrowed(world, connection.from, connection.sources);
  const std::string to = narrowed(world, connection.to, connection.targets);
  if (!from.empty()) parts.push_back(from + "から");
  if (!to.empty()) parts.push_back(to + "へ");
  if (connection.between_towns) parts.emplace_back("団体間");
  return fmt::format("{}", fmt::join(parts, " "));
}

std::vector<std::vector<int>> ways_of(const World& world, const Connection& connection) {
  const auto& walls = world.model().walls;
  std::vector<std::vector<int>> steps;
  if (connection.from.segment != connection.to.segment || connection.between_towns) {
    for (const auto& [wall, position] : world.way(connection.from.segment, connection.to.segment)) {
      steps.resize(std::max(steps.size(), index(position) + 1));
      steps[index(position)].push_back(wall);
    }
  }
  std::set<int> passed;
  // Walls of neighbouring steps that share a network follow each other on a shortest way.
  const auto next_to = [&](int wall, const std::vector<int>& step) {
    int found = kNobody;
    for (const int other : step) {
      if (!meet(walls[index(wall)], walls[index(other)])) continue;
      if (found == kNobody || (passed.contains(found) && !passed.contains(other))) found = other;
    }
    return found;
  };
  std::vector<std::vector<int>> ways;
  for (std::size_t step = 0; step < steps.size(); ++step) {
    for (const int wall : steps[step]) {
      if (passed.contains(wall)) continue;
      std::vector<int> way = {wall};
      for (std::size_t before = step; before > 0; --before) {
        way.insert(way.begin(), next_to(way.front(), steps[before - 1]));
      }
      for (std::size_t behind = step + 1; behind < steps.size(); ++behind) {
        way.push_back(next_to(way.back(), steps[behind]));
      }
      passed.insert(way.begin(), way.end());
      ways.push_back(std::move(way));
    }
  }
  if (ways.empty()) ways.emplace_back();
  return ways;
}

}  // namespace nakadachi::walls
