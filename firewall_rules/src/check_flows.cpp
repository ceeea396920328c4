#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "checks.hpp"
#include "nakadachi/firewall_rules/tables.hpp"

namespace nakadachi::walls {
namespace {

Finding about(const Flow& flow, FindingKind kind, std::string detail = {}) {
  return {.kind = kind, .subjects = {flow.id}, .line = flow.line, .detail = std::move(detail)};
}

/// Whether a declared service of a host listens somewhere the flow leads.
bool somebody_listens(const World& world, int flow) {
  for (const Opening& opening : world.openings()) {
    if (opening.flow != flow) continue;
    // What is outside, or what the model gives no service at all, cannot be judged.
    if (opening.region.to.intersects(world.outside())) return true;
    if (opening.region.services.intersects(service(Protocol::kEcho, 0, 0))) return true;
    for (const Service& service : world.model().services) {
      if (service.listens.intersects(opening.region.services) &&
          world.host_addresses(world.find_host(service.host)).intersects(opening.region.to)) {
        return true;
      }
    }
  }
  return false;
}

void check_services(const World& world, std::vector<Finding>& findings) {
  for (const Service& service : world.model().services) {
    const AddressSet& addresses = world.host_addresses(world.find_host(service.host));
    const auto openings = world.openings();
    const bool reached = std::any_of(openings.begin(), openings.end(), [&](const Opening& opening) {
      return opening.region.to.intersects(addresses) &&
             opening.region.services.intersects(service.listens);
    });
    if (reached) continue;
    findings.push_back({.kind = FindingKind::kServiceWithoutFlow,
                        .subjects = {service.host + ":" + service.name},
                        .line = service.line,
                        .detail = text_of(service.listens)});
  }
}

/// A flow's openings taken together do nothing that others do not.
bool shadowed(const World& world, const RegionIndex& index, const std::vector<bool>& gone,
              int flow) {
  bool any = false;
  for (std::size_t i = 0; i < world.openings().size(); ++i) {
    if (world.openings()[i].flow != flow) continue;
    for (const Region& region : world.openings()[i].by_family) {
      if (region.empty()) continue;
      any = true;
      std::vector<const Region*> others;
      for (const int place : index.overlapping(region)) {
        const int other = world.openings()[static_cast<std::size_t>(place / 2)].flow;
        const bool counts =
            other != flow && (other == kNobody || !gone[static_cast<std::size_t>(other)]);
        if (counts) others.push_back(&index.at(place));
      }
      if (!minus(region, others).empty()) return false;
    }
  }
  return any;
}

/// Machines that hold addresses of the family.
std::vector<int> with_family(const World& world, std::vector<int> machines, Family family) {
  std::erase_if(machines, [&](int machine) {
    return !world.machines()[static_cast<std::size_t>(machine)].addresses.intersects(
        all_addresses(family));
  });
  return machines;
}

/// A pair of machines with both families that may do by IPv6 what they may not
/// by IPv4; as text, empty when there is none.
std::string wider_pair(const World& world, const Opening& opening,
                       const std::vector<const Region*>& ipv4) {
  const Region& v4 = opening.by_family[0];
  const Region& v6 = opening.by_family[1];
  const auto sources = with_family(world, world.machines_in(v6.from), Family::kIpv4);
  const auto targets = with_family(world, world.machines_in(v6.to), Family::kIpv4);
  const auto known = [](const std::vector<int>& all, const std::vector<int>& some) {
    return std::includes(all.begin(), all.end(), some.begin(), some.end());
  };
  if (!v4.empty() && known(world.machines_in(v4.from), sources) &&
      known(world.machines_in(v4.to), targets)) {
    return {};
  }
  for (const int source : sources) {
    for (const int target : targets) {
      const auto& from = world.machines()[static_cast<std::size_t>(source)].addresses;
      const auto& to = world.machines()[static_cast<std::size_t>(target)].addresses;
      ServiceSet open;
      for (const Region* region : ipv4) {
        if (region->from.intersects(from) && region->to.intersects(to)) {
          open = open | region->services;
        }
      }
      if (open.covers(v6.services)) continue;
      return fmt::format("{} -> {} {}", world.name_of_machine(source),
                         world.name_of_machine(target), text_of(v6.services - open));
    }
  }
  return {};
}

/// How far the widest piece reaches: its last address less its first.
Address widest_span(const AddressSet& addresses) {
  Address widest;
  for (const auto& piece : addresses.intervals()) {
    const std::uint64_t borrow = piece.last.low < piece.first.low ? 1 : 0;
    widest = std::max(widest, Address{piece.last.high - piece.first.high - borrow,
                                      piece.last.low - piece.first.low});
  }
  return widest;
}

AddressSet hosts_of(const World& world) {
  std::vector<Interval<Address>> pieces;
  for (int host = 0; host < static_cast<int>(world.model().hosts.size()); ++host) {
    const auto own = world.host_addresses(host).intervals();
    pieces.insert(pieces.end(), own.begin(), own.end());
  }
  return AddressSet::of(std::move(pieces));
}

/// One end that is wider by IPv6, as text: a network where IPv4 has single addresses, or more than
/// a /48 where it has less than a /16. Hosts have their addresses, how ever many.
std::string wider_end(const AddressSet& end, const AddressSet& hosts) {
  constexpr Address kOf16{0, 0xffff};
  constexpr Address kOf48{0xffff, ~std::uint64_t{0}};
  const AddressSet v4 = end & all_addresses(Family::kIpv4);
  const AddressSet v6 = end & all_addresses(Family::kIpv6);
  if (v4.empty() || v6.empty()) return {};
  const bool single = widest_span(v4 - hosts) == Address{} && widest_span(v6 - hosts) != Address{};
  const bool far = widest_span(v4) < kOf16 && widest_span(v6) > kOf48;
  if (!single && !far) return {};
  return fmt::format("{} / {}", short_text(v4), short_text(v6));
}

/// How a flow by itself, as it is written, opens more by IPv6, as text; empty when it does not.
std::string wider_flow(const World& world, int place, const AddressSet& hosts) {
  std::array<std::vector<Interval<Address>>, 2> ends;
  bool by_ipv4 = false;
  for (const Opening& opening : world.openings()) {
    if (opening.flow != place) continue;
    by_ipv4 = by_ipv4 || !opening.by_family[0].empty();
    const auto from = opening.region.from.intervals();
    const auto to = opening.region.to.intervals();
    ends[0].insert(ends[0].end(), from.begin(), from.end());
    ends[1].insert(ends[1].end(), to.begin(), to.end());
  }
  const AddressSet from = AddressSet::of(std::move(ends[0]));
  const AddressSet to = AddressSet::of(std::move(ends[1]));
  // Where both ends have IPv4, another flow may open it.
  const auto has_ipv4 = [&](const AddressSet& end) {
    return !with_family(world, world.machines_in(end & all_addresses(Family::kIpv6)), Family::kIpv4)
                .empty();
  };
  if (!by_ipv4 && !(has_ipv4(from) && has_ipv4(to))) {
    return fmt::format("- / {} -> {}", short_text(from & all_addresses(Family::kIpv6)),
                       short_text(to & all_addresses(Family::kIpv6)));
  }
  const std::string wider = wider_end(from, hosts);
  return wider.empty() ? wider_end(to, hosts) : wider;
}

}  // namespace

void check_flows(const World& world, std::optional<std::chrono::year_month_day> today,
                 std::vector<Finding>& findings) {
  const auto& flows = world.model().flows;
  for (int place = 0; place < static_cast<int>(flows.size()); ++place) {
    const Flow& flow = flows[static_cast<std::size_t>(place)];
    if (is_over(flow, today)) {
      findings.push_back(about(flow, FindingKind::kFlowExpired, text_of(*flow.valid_until)));
    }
    if ((flow.why.en.empty() && flow.why.ja.empty()) || flow.owner.empty()) {
      findings.push_back(about(flow, FindingKind::kFlowWithoutReason));
    }
    const auto openings = world.openings();
    const bool opens = std::any_of(openings.begin(), openings.end(), [&](const Opening& opening) {
      return opening.flow == place &&
             (!opening.by_family[0].empty() || !opening.by_family[1].empty());
    });
    if (!opens) {
      findings.push_back(about(flow, FindingKind::kFlowWithoutEnd));
      continue;
    }
    if (!somebody_listens(world, place)) {
      findings.push_back(about(flow, FindingKind::kFlowUnused));
    }
    const bool from_outside =
        std::any_of(openings.begin(), openings.end(), [&](const Opening& opening) {
          return opening.flow == place &&
                 std::any_of(kFamilies.begin(), kFamilies.end(), [&](Family family) {
                   const AddressSet outside = world.outside() & all_addresses(family);
                   const Region& region = opening.by_family[static_cast<std::size_t>(family)];
                   return !region.empty() && !outside.empty() && region.from.covers(outside);
                 });
        });
    if (from_outside) findings.push_back(about(flow, FindingKind::kFlowOpenToOutside));
  }
  check_services(world, findings);
}

void check_shadows(const World& world, std::optional<std::chrono::year_month_day> today,
                   std::vector<Finding>& findings) {
  std::vector<const Region*> regions;
  for (const Opening& opening : world.openings()) {
    for (const Region& region : opening.by_family) regions.push_back(&region);
  }
  const RegionIndex index(std::move(regions));
  const auto& flows = world.model().flows;
  std::vector<bool> gone(flows.size(), false);
  // What is over allows nothing that another flow could be left out for.
  for (std::size_t place = 0; place < flows.size(); ++place) {
    gone[place] = is_over(flows[place], today);
  }
  // The later of two equal ones is the superfluous one.
  for (int place = static_cast<int>(flows.size()); place-- > 0;) {
    if (gone[static_cast<std::size_t>(place)] || !shadowed(world, index, gone, place)) continue;
    gone[static_cast<std::size_t>(place)] = true;
    findings.push_back(about(flows[static_cast<std::size_t>(place)], FindingKind::kFlowShadowed));
  }
}

void check_ipv6(const World& world, std::optional<std::chrono::year_month_day> today,
                std::vector<Finding>& findings) {
  // What is over is not compiled, so it closes IPv4 and opens no IPv6.
  const auto over = [&](const Opening& opening) {
    return opening.flow != kNobody &&
           is_over(world.model().flows[static_cast<std::size_t>(opening.flow)], today);
  };
  std::vector<const Region*> ipv4;
  for (const Opening& opening : world.openings()) {
    if (!opening.by_family[0].empty() && !over(opening)) ipv4.push_back(&opening.by_family[0]);
  }
  const AddressSet hosts = hosts_of(world);
  std::set<int> looked_at;
  std::set<int> reported;
  for (const Opening& opening : world.openings()) {
    if (opening.flow == kNobody || opening.by_family[1].empty() || over(opening)) continue;
    const Flow& flow = world.model().flows[static_cast<std::size_t>(opening.flow)];
    if (flow.ipv6_alone || reported.contains(opening.flow)) continue;
    std::string wider;
    if (looked_at.insert(opening.flow).second) wider = wider_flow(world, opening.flow, hosts);
    if (wider.empty()) wider = wider_pair(world, opening, ipv4);
    if (wider.empty()) continue;
    reported.insert(opening.flow);
    findings.push_back(about(flow, FindingKind::kIpv6Wider, std::move(wider)));
  }
}

}  // namespace nakadachi::walls
