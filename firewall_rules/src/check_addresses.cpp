#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "checks.hpp"

namespace nakadachi::walls {
namespace {

std::string first_of(const AddressSet& addresses) {
  return addresses.empty() ? "" : text_of(addresses.intervals().front());
}

void check_segments(const World& world, std::vector<Finding>& findings) {
  const auto& segments = world.model().segments;
  for (std::size_t a = 0; a < segments.size(); ++a) {
    for (std::size_t b = a + 1; b < segments.size(); ++b) {
      const AddressSet common = world.segment_addresses(static_cast<int>(a)) &
                                world.segment_addresses(static_cast<int>(b));
      if (common.empty()) continue;
      findings.push_back({.kind = FindingKind::kSegmentsOverlap,
                          .subjects = {segments[a].name, segments[b].name},
                          .line = segments[b].line,
                          .detail = first_of(common)});
    }
  }
}

void check_hosts(const World& world, std::vector<Finding>& findings) {
  const auto& hosts = world.model().hosts;
  std::map<Mac, std::string> by_mac;
  for (std::size_t a = 0; a < hosts.size(); ++a) {
    const AddressSet& own = world.host_addresses(static_cast<int>(a));
    const AddressSet stray = own - world.segment_addresses(world.find_segment(hosts[a].segment));
    if (!stray.empty()) {
      findings.push_back({.kind = FindingKind::kAddressOutsideSegment,
                          .subjects = {hosts[a].name, hosts[a].segment},
                          .line = hosts[a].line,
                          .detail = first_of(stray)});
    }
    for (std::size_t b = 0; b < a; ++b) {
      const AddressSet common = own & world.host_addresses(static_cast<int>(b));
      if (common.empty()) continue;
      findings.push_back({.kind = FindingKind::kAddressTwice,
                          .subjects = {hosts[b].name, hosts[a].name},
                          .line = hosts[a].line,
                          .detail = first_of(common)});
    }
    if (!hosts[a].mac) continue;
    const auto [other, fresh] = by_mac.insert({*hosts[a].mac, hosts[a].name});
    if (!fresh) {
      findings.push_back({.kind = FindingKind::kAddressTwice,
                          .subjects = {other->second, hosts[a].name},
                          .line = hosts[a].line,
                          .detail = hosts[a].mac->text()});
    }
  }
}

/// Hosts that open connections from a segment where each host has rules of its own, so neighbours
/// are not trusted: without a MAC, any of them can send a first packet as this host. Where every
/// town has the host there is one machine in each, and no MAC that is theirs all.
void check_macs(const World& world, std::vector<Finding>& findings) {
  const Model& model = world.model();
  for (std::size_t place = 0; place < model.hosts.size(); ++place) {
    const Host& host = model.hosts[place];
    const Segment& segment =
        model.segments[static_cast<std::size_t>(world.find_segment(host.segment))];
    if (host.mac || segment.open_inside || segment.per_town) continue;
    const AddressSet& own = world.host_addresses(static_cast<int>(place));
    const auto openings = world.openings();
    const auto used = std::find_if(openings.begin(), openings.end(), [&](const Opening& opening) {
      return opening.flow != kNobody && opening.region.from.intersects(own);
    });
    if (used == openings.end()) continue;
    findings.push_back({.kind = FindingKind::kWalledHostWithoutMac,
                        .subjects = {host.name},
                        .line = host.line,
                        .detail = first_of(own)});
  }
}

/// A rule set knows the MACs of its neighbours. What is a neighbour to one host of the role comes
/// to another, in a segment elsewhere, from a wall and with the wall's MAC. A wall has ports
/// anywhere.
void check_roles(const World& world, std::vector<Finding>& findings) {
  const Model& model = world.model();
  std::map<std::string, const Host*> first_of_role;
  for (const Host& host : model.hosts) {
    const Segment& segment =
        model.segments[static_cast<std::size_t>(world.find_segment(host.segment))];
    const std::string& role = host.role.empty() ? host.name : host.role;
    if (segment.open_inside || world.find_wall(role) != kNobody) continue;
    const Host& first = *first_of_role.insert({role, &host}).first->second;
    if (first.segment == host.segment) continue;
    findings.push_back({.kind = FindingKind::kRoleInTwoSegments,
                        .subjects = {role, first.name, host.name},
                        .line = host.line,
                        .detail = first.segment + ", " + host.segment});
  }
}

/// Whether a translation leads to what another one, or itself, translates.
bool leads_on(const std::vector<Nat>& nats, const Nat& nat) {
  return std::any_of(nats.begin(), nats.end(), [&](const Nat& next) {
    return next.kind == Nat::Kind::kDestination && next.shown == nat.hidden &&
           next.shown_service.intersects(nat.hidden_service);
  });
}

/// Whether some opening that this translation serves goes through its wall.
bool on_way(const World& world, int place) {
  const Nat& nat = world.model().nats[static_cast<std::size_t>(place)];
  const int wall = world.find_wall(nat.wall);
  for (const Opening& opening : world.openings()) {
    if (opening.flow == kNobody) continue;
    const bool by_source = nat.kind == Nat::Kind::kSource;
    if (by_source ? !opening.region.from.intersects(*nat.hidden_range) : opening.nat != place) {
      continue;
    }
    for (const int from : segments_in(world, opening.region.from)) {
      for (const int to : segments_in(world, opening.region.to)) {
        if (by_source && to != world.find_segment(nat.towards)) continue;
        const auto passages = world.way(from, to);
        if (std::any_of(passages.begin(), passages.end(),
                        [&](const World::Passage& one) { return one.wall == wall; })) {
          return true;
        }
      }
    }
  }
  return false;
}

}  // namespace

void check_addresses(const World& world, std::vector<Finding>& findings) {
  check_segments(world, findings);
  check_hosts(world, findings);
  check_macs(world, findings);
  check_roles(world, findings);
}

void check_translations(const World& world, std::vector<Finding>& findings) {
  const auto& nats = world.model().nats;
  for (std::size_t i = 0; i < nats.size(); ++i) {
    const Nat& nat = nats[i];
    const auto add = [&](FindingKind kind, std::string detail) {
      findings.push_back(
          {.kind = kind, .subjects = {nat.id}, .line = nat.line, .detail = std::move(detail)});
    };
    const bool by_destination = nat.kind == Nat::Kind::kDestination;
    if (by_destination && leads_on(nats, nat)) add(FindingKind::kNatLoop, nat.shown.text());
    for (std::size_t host = 0; host < world.model().hosts.size(); ++host) {
      if (world.host_addresses(static_cast<int>(host)).contains(nat.shown)) {
        add(FindingKind::kNatAddressTaken, world.model().hosts[host].name);
      }
    }
    for (std::size_t other = 0; other < i; ++other) {
      if (nats[other].kind == nat.kind && nats[other].shown == nat.shown && by_destination &&
          nats[other].shown_service.intersects(nat.shown_service)) {
        add(FindingKind::kNatAddressTaken, nats[other].id);
      }
    }
    if (!on_way(world, static_cast<int>(i))) add(FindingKind::kNatNotOnWay, nat.wall);
  }
}

}  // namespace nakadachi::walls
