#include "nakadachi/firewall_rules/callers.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "places.hpp"

namespace nakadachi::walls {
namespace {

bool stands_between(const World& world, const std::string& wall, const Machine& from,
                    const Machine& to) {
  const auto place = [&](const Machine& one) {
    return one.segment == kNobody ? world.outside_place() : one.segment;
  };
  const auto passages = world.way(place(from), place(to));
  return std::any_of(passages.begin(), passages.end(), [&](const World::Passage& passage) {
    return passage.wall == world.find_wall(wall);
  });
}

}  // namespace

Model in_force(Model model, std::chrono::year_month_day date) {
  std::erase_if(model.flows, [&](const Flow& flow) {
    const bool over = is_over(flow, date);
    if (over) std::erase_if(model.limits, [&](const LimitFor& one) { return one.flow == flow.id; });
    return over;
  });
  return model;
}

AddressSet seen_at(const World& world, const AddressSet& senders, Address to) {
  const auto machines = world.machines();
  const Machine& target = machines[index(world.machine_at(to))];
  AddressSet seen = senders & all_addresses(to.family());
  for (const Nat& nat : world.model().nats) {
    if (nat.kind != Nat::Kind::kSource || nat.shown.family() != to.family() ||
        target.segment == kNobody || world.find_segment(nat.towards) != target.segment) {
      continue;
    }
    const AddressSet hidden = senders & *nat.hidden_range;
    for (const int machine : world.machines_in(hidden)) {
      const Machine& sender = machines[index(machine)];
      if (!stands_between(world, nat.wall, sender, target)) continue;
      seen = (seen - (hidden & sender.addresses)) | Interval<Address>{nat.shown, nat.shown};
    }
  }
  return seen;
}

AddressSet callers_of(const World& world, Address to, const ServiceSet& wanted,
                      const AddressSet& except) {
  std::vector<Interval<Address>> pieces;  // sorted once: there may be an opening for each town
  for (const Opening& opening : world.openings()) {
    if (!opening.region.to.contains(to) || !opening.region.services.covers(wanted)) continue;
    const AddressSet seen = seen_at(world, opening.region.from - except, to);
    pieces.insert(pieces.end(), seen.intervals().begin(), seen.intervals().end());
  }
  return AddressSet::of(std::move(pieces));
}

}  // namespace nakadachi::walls
