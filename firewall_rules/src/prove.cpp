#include "nakadachi/firewall_rules/prove.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "places.hpp"

namespace nakadachi::walls {

Prover::Prover(const World& world) : world_(world), edges_of_(world.machines().size()) {
  for (std::size_t opening = 0; opening < world.openings().size(); ++opening) {
    for (const Family family : kFamilies) {
      const Region& region = world.openings()[opening].by_family[static_cast<std::size_t>(family)];
      if (region.empty()) continue;
      Edge edge{static_cast<int>(opening), family, world.machines_in(region.from),
                world.machines_in(region.to)};
      for (const int source : edge.sources) {
        edges_of_[index(source)].push_back(static_cast<int>(edges_.size()));
      }
      edges_.push_back(std::move(edge));
    }
  }
}

Hop Prover::hop(int from, const Edge& edge, int to) const {
  const Region& region =
      world_.openings()[index(edge.opening)].by_family[static_cast<std::size_t>(edge.family)];
  return {from,
          edge.opening,
          to,
          {region.from & world_.machines()[index(from)].addresses,
           region.to & world_.machines()[index(to)].addresses, region.services}};
}

/// Breadth first over machines; used again for another start without clearing.
class Prover::Walk {
 public:
  explicit Walk(const Prover& prover)
      : prover_(prover),
        seen_machine_(prover.edges_of_.size(), 0),
        seen_edge_(prover.edges_.size(), 0),
        came_by_(prover.edges_of_.size()) {}

  /// Goes on until `wanted(edge, machine)` says yes; whether it did.
  template <class Wanted>
  bool run(const std::vector<int>& starts, Wanted wanted) {
    ++round_;
    reached_.clear();
    for (const int start : starts) visit(start, {kNobody, kNobody});
    std::size_t next = 0;
    while (next < reached_.size()) {  // which grows
      const int machine = reached_[next++];
      for (const int place : prover_.edges_of_[index(machine)]) {
        if (seen_edge_[index(place)] == round_) continue;
        seen_edge_[index(place)] = round_;
        const Edge& edge = prover_.edges_[index(place)];
        ++edges_;
        for (const int target : edge.targets) {
          if (wanted(edge, target)) {
            end_ = {machine, place};
            end_machine_ = target;
            return true;
          }
          visit(target, {machine, place});
        }
      }
    }
    return false;
  }

  std::vector<Hop> path() const {
    std::vector<Hop> hops;
    int to = end_machine_;
    for (Step step = end_; step.edge != kNobody; step = came_by_[index(to)]) {
      hops.push_back(prover_.hop(step.from, prover_.edges_[index(step.edge)], to));
      to = step.from;
    }
    std::reverse(hops.begin(), hops.end());
    return hops;
  }
  /// Machines reached by the last run, in the order they were.
  const std::vector<int>& reached() const { return reached_; }
  std::size_t edges_walked() const { return edges_; }

 private:
  struct Step {
    int from;
    int edge;
  };
  void visit(int machine, Step by) {
    if (seen_machine_[index(machine)] == round_) return;
    seen_machine_[index(machine)] = round_;
    came_by_[index(machine)] = by;
    reached_.push_back(machine);
  }

  const Prover& prover_;
  std::uint32_t round_ = 0;
  std::vector<std::uint32_t> seen_machine_;
  std::vector<std::uint32_t> seen_edge_;
  std::vector<Step> came_by_;
  std::vector<int> reached_;
  std::size_t edges_ = 0;
  Step end_{kNobody, kNobody};
  int end_machine_ = kNobody;
};

Answer Prover::opening(const AddressSet& from, const AddressSet& to,
                       const ServiceSet& services) const {
  const AddressSet askers = from - to;
  Answer answer{.about_nobody = askers.empty() || to.empty() || services.empty()};
  for (const Edge& edge : edges_) {
    ++answer.openings;
    const Region& region =
        world_.openings()[index(edge.opening)].by_family[static_cast<std::size_t>(edge.family)];
    const Region found{region.from & askers, region.to & to, region.services & services};
    if (found.empty()) continue;
    answer.reachable = true;
    answer.path = {{world_.machines_in(found.from).front(), edge.opening,
                    world_.machines_in(found.to).front(), found}};
    return answer;
  }
  return answer;
}

Answer Prover::path(const AddressSet& from, const AddressSet& to,
                    const ServiceSet& services) const {
  const AddressSet askers = from - to;
  Answer answer{.about_nobody = askers.empty() || to.empty() || services.empty()};
  std::vector<bool> wanted(world_.machines().size(), false);
  for (const int machine : world_.machines_in(to)) wanted[index(machine)] = true;
  const std::vector<int> starts = world_.machines_in(askers);
  const auto itself = std::find_if(starts.begin(), starts.end(),
                                   [&](int machine) { return wanted[index(machine)]; });
  if (itself != starts.end() && !answer.about_nobody) {
    answer.reachable = true;
    answer.itself = *itself;
    return answer;
  }
  Walk walk(*this);
  answer.reachable = walk.run(starts, [&](const Edge& edge, int machine) {
    return wanted[index(machine)] &&
           world_.openings()[index(edge.opening)].region.services.intersects(services);
  });
  answer.openings = walk.edges_walked();
  if (answer.reachable) {
    answer.path = walk.path();
    Hop& last = answer.path.back();
    last.region.services = last.region.services & services;
  } else {
    answer.closed = walk.reached();
    std::sort(answer.closed.begin(), answer.closed.end());
  }
  return answer;
}

Answer Prover::between_towns(const Selection& from, const Selection& to,
                             const ServiceSet& services) const {
  Answer answer{.about_nobody = from.of_town.size() < 2 || to.of_town.size() < 2};
  std::vector<bool> wanted(world_.machines().size(), false);
  for (const int machine : world_.machines_in(Selection{.of_town = to.of_town}.all())) {
    wanted[index(machine)] = true;
  }
  std::vector<bool> reached(world_.machines().size(), false);
  Walk walk(*this);
  for (std::size_t town = 0; town < from.of_town.size() && !answer.reachable; ++town) {
    const auto machines = world_.machines();
    answer.reachable =
        walk.run(world_.machines_in(from.of_town[town]), [&](const Edge& edge, int machine) {
          return wanted[index(machine)] &&
                 machines[index(machine)].town != static_cast<int>(town) &&
                 world_.openings()[index(edge.opening)].region.services.intersects(services);
        });
    for (const int machine : walk.reached()) reached[index(machine)] = true;
  }
  answer.openings = walk.edges_walked();
  if (answer.reachable) answer.path = walk.path();
  for (std::size_t machine = 0; machine < reached.size() && !answer.reachable; ++machine) {
    if (reached[machine]) answer.closed.push_back(static_cast<int>(machine));
  }
  return answer;
}

std::vector<int> Prover::reach(const AddressSet& taken_over) const {
  Walk walk(*this);
  walk.run(world_.machines_in(taken_over), [](const Edge&, int) { return false; });
  std::vector<int> reached = walk.reached();
  std::sort(reached.begin(), reached.end());
  return reached;
}

Answer Prover::ask(const Invariant& invariant) const {
  const auto question = world_.resolve(invariant);
  NAKADACHI_ASSERT(question.ok());  // World::build has resolved it once
  const auto& [from, to] = *question;
  switch (invariant.kind) {
    case Invariant::Kind::kTownsApart:
      return between_towns(from, to, invariant.services);
    case Invariant::Kind::kNoOpening:
      return opening(from.all(), to.all(), invariant.services);
    case Invariant::Kind::kNoPath:
      break;
  }
  return path(from.all(), to.all(), invariant.services);
}

int leads_out(const World& world, const std::vector<int>& closed) {
  std::vector<Interval<Address>> pieces;
  for (const int machine : closed) {
    const auto own = world.machines()[index(machine)].addresses.intervals();
    pieces.insert(pieces.end(), own.begin(), own.end());
  }
  const AddressSet held = AddressSet::of(std::move(pieces));
  for (std::size_t i = 0; i < world.openings().size(); ++i) {
    for (const Region& region : world.openings()[i].by_family) {
      if (region.services.empty() || !region.from.intersects(held)) continue;
      if (!held.covers(region.to)) return static_cast<int>(i);
    }
  }
  return kNobody;
}

std::vector<std::string> summary(const World& world, const std::vector<int>& machines) {
  std::map<std::pair<int, int>, int> counted;  // by segment and host
  for (const int machine : machines) {
    const Machine& one = world.machines()[index(machine)];
    if (!one.addresses.empty()) ++counted[{one.segment, one.host}];
  }
  std::vector<std::string> lines;
  const Model& model = world.model();
  for (const auto& [place, count] : counted) {
    const auto& [segment, host] = place;
    std::string line = "outside";
    if (host != kNobody) {
      line = model.hosts[index(host)].name;
    } else if (segment != kNobody) {
      line = "others in " + model.segments[index(segment)].name;
    }
    if (segment != kNobody && model.segments[index(segment)].per_town) {
      line += count == 1 ? " of 1 town" : fmt::format(" of {} towns", count);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace nakadachi::walls
