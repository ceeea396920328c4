#include "nakadachi/firewall_rules/explain.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "places.hpp"

namespace nakadachi::walls {
namespace {

/// Rule sets on the way, in the order of a packet.
std::vector<std::string> rule_sets_between(const World& world, int from, int to) {
  const Model& model = world.model();
  const auto host_rules = [&](int machine, std::vector<std::string>& passes) {
    const Machine& one = world.machines()[index(machine)];
    if (one.segment == kNobody || model.segments[index(one.segment)].open_inside) return;
    if (one.host == kNobody) return;
    const Host& host = model.hosts[index(one.host)];
    passes.push_back(host.role.empty() ? host.name : host.role);
  };
  std::vector<std::string> passes;
  host_rules(from, passes);
  const Machine& source = world.machines()[index(from)];
  const Machine& target = world.machines()[index(to)];
  if (source.segment != target.segment || source.town != target.town) {
    const auto place = [&](const Machine& one) {
      return one.segment == kNobody ? world.outside_place() : one.segment;
    };
    auto way = world.way(place(source), place(target));
    std::stable_sort(way.begin(), way.end(), [](const World::Passage& a, const World::Passage& b) {
      return a.position < b.position;
    });
    for (const World::Passage& passage : way) {
      passes.push_back(model.walls[index(passage.wall)].name);
    }
  }
  host_rules(to, passes);
  return passes;
}

/// Whether a caller gets through a translated opening: by the shown address where the translating
/// wall is on the way, by the hidden one itself not past rules before that wall, which know the
/// shown address only.
struct Named {
  bool shown;
  bool hidden;
};
Named passes_translated(const World& world, const Nat& nat, Address from) {
  const auto passes =
      rule_sets_between(world, world.machine_at(from), world.machine_at(nat.hidden));
  const bool on_way = std::find(passes.begin(), passes.end(), nat.wall) != passes.end();
  return {.shown = on_way, .hidden = !on_way || passes.front() == nat.wall};
}

struct Found {
  int opening = kNobody;
  Address reached;  ///< behind a translation
};

/// The opening that a packet to `to` uses, by itself or through a translation.
Found find_opening(const World& world, Address from, Address to, std::uint32_t service) {
  const auto& nats = world.model().nats;
  for (std::size_t place = 0; place < world.openings().size(); ++place) {
    const Opening& opening = world.openings()[place];
    const Region& region = opening.region;
    if (!region.from.contains(from)) continue;
    const bool direct = region.to.contains(to) && region.services.contains(service);
    const Nat* const own = opening.nat == kNobody ? nullptr : &nats[index(opening.nat)];
    if (direct && (own == nullptr || passes_translated(world, *own, from).hidden)) {
      return {static_cast<int>(place), to};
    }
    for (const Nat& nat : nats) {
      if (nat.kind != Nat::Kind::kDestination || nat.shown != to ||
          !nat.shown_service.contains(service) || !region.to.contains(nat.hidden) ||
          !region.services.covers(nat.hidden_service)) {
        continue;
      }
      // Who may come to the hidden address gets there by the shown one too, if no rules before the
      // wall ask.
      const Named named = passes_translated(world, nat, from);
      if (named.shown && (own == &nat || named.hidden))
        return {static_cast<int>(place), nat.hidden};
    }
  }
  return {};
}

std::vector<Explanation::Near> near_misses(const World& world, Address from, Address to,
                                           std::uint32_t service) {
  std::vector<Explanation::Near> near;
  for (const Opening& opening : world.openings()) {
    if (opening.flow == kNobody) continue;
    const bool same_from = opening.region.from.contains(from);
    const bool same_to = opening.region.to.contains(to);
    const bool same_service = opening.region.services.contains(service);
    if (same_from + same_to + same_service != 2) continue;
    const std::string_view differs = !same_from ? "from" : !same_to ? "to" : "service";
    const bool known = std::any_of(near.begin(), near.end(), [&](const Explanation::Near& one) {
      return one.flow == opening.flow && one.differs == differs;
    });
    if (!known) near.push_back({opening.flow, differs});
  }
  return near;
}

}  // namespace

Result<Explanation> explain(const World& world, Address from, Address to,
                            const ServiceSet& wanted) {
  if (from.family() != to.family()) {
    return Error{.code = ErrorCode::kWrongFormat,
                 .detail = "one address is IPv4 and the other IPv6; give both of one family"};
  }
  const auto pieces = wanted.intervals();
  if (pieces.size() != 1 || pieces.front().first != pieces.front().last) {
    return Error{.code = ErrorCode::kWrongFormat, .detail = "give one port, as in tcp/5701"};
  }
  const std::uint32_t service = pieces.front().first;
  const Found found = find_opening(world, from, to, service);
  Explanation explanation{
      .opening = found.opening, .from = world.machine_at(from), .to = world.machine_at(to)};
  explanation.allowed = explanation.opening != kNobody;
  if (explanation.allowed) {
    explanation.to = world.machine_at(found.reached);
  } else {
    explanation.near = near_misses(world, from, to, service);
  }
  explanation.passes = rule_sets_between(world, explanation.from, explanation.to);
  return explanation;
}

std::string describe_path(const World& world, const std::vector<Hop>& path) {
  std::string text;
  for (const Hop& hop : path) {
    if (text.empty()) text = world.name_of_machine(hop.from);
    text +=
        fmt::format(" -({} {})-> {}", world.name_of_opening(world.openings()[index(hop.opening)]),
                    text_of(hop.region.services), world.name_of_machine(hop.to));
  }
  return text;
}

}  // namespace nakadachi::walls
