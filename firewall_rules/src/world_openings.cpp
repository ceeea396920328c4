// Openings: each flow with its addresses, translations followed.

#include <algorithm>
#include <deque>
#include <map>

#include "config_error.hpp"
#include "world_builder.hpp"

namespace nakadachi::walls {

/// The flow's targets, those with the same services together.
Result<void> WorldBuilder::collect_targets(
    const Flow& flow, std::map<std::string, std::pair<ServiceSet, Selection>>& targets) {
  std::map<std::string, std::pair<ServiceSet, std::vector<std::string>>> selectors;
  for (const std::string& target : flow.to) {
    ServiceSet services = flow.services;
    std::string selector = target;
    const std::size_t colon = target.find(':');
    const int host = world_.find_host(std::string_view(target).substr(0, colon));
    if (colon != std::string::npos && host != kNobody) {
      selector = target.substr(0, colon);
      const std::string name = target.substr(colon + 1);
      const auto named = [&](const Service& one) {
        return one.host == selector && one.name == name;
      };
      const auto& all = world_.model_.services;
      const auto found = std::find_if(all.begin(), all.end(), named);
      if (found == all.end()) {
        return wrong(flow.line, "flow {}: host {} has no service '{}'", flow.id, selector, name);
      }
      services = services | found->listens;
    }
    if (services.empty()) {
      return wrong(flow.line, "flow {}: name protocol and port, or write '{}' as host:service",
                   flow.id, target);
    }
    auto& entry = selectors[text_of(services)];
    entry.first = services;
    entry.second.push_back(selector);
  }
  for (auto& [key, entry] : selectors) {
    const auto resolved = world_.resolve(entry.second);
    if (!resolved) return wrong(flow.line, "flow {}: {}", flow.id, resolved.error().detail);
    targets[key] = {entry.first, *resolved};
  }
  return {};
}

Result<void> WorldBuilder::open_flow(int place) {
  const Flow flow = world_.model_.flows[static_cast<std::size_t>(place)];
  const auto from = world_.resolve(flow.from);
  if (!from) return wrong(flow.line, "flow {}: {}", flow.id, from.error().detail);
  std::map<std::string, std::pair<ServiceSet, Selection>> targets;
  NAKADACHI_CHECK(collect_targets(flow, targets));
  for (const auto& [key, target] : targets) {
    const auto& [services, to] = target;
    const bool own_town_only = !flow.across_towns && !from->of_town.empty() && !to.of_town.empty();
    if (!own_town_only) {
      translate({.flow = place, .region = {from->all(), to.all(), services}});
      continue;
    }
    const Selection only_towns{.of_town = to.of_town};
    translate({.flow = place, .region = {from->all(), to.shared, services}});
    translate({.flow = place, .region = {from->shared, only_towns.all(), services}});
    for (int town = 0; town < towns(); ++town) {
      const auto index = static_cast<std::size_t>(town);
      translate({.flow = place,
                 .town = town,
                 .region = {from->of_town[index], to.of_town[index], services}});
    }
  }
  return {};
}

void WorldBuilder::open(Opening opening) {
  if (!opening.region.empty()) world_.openings_.push_back(std::move(opening));
}

/// Splits off what is led elsewhere by a translation, again and again; a
/// translation that leads in a circle is followed once (and `check` reports it).
void WorldBuilder::translate(const Opening& opening) {
  struct Part {
    Opening opening;
    std::set<int> followed;
  };
  std::deque<Part> parts = {{opening, {}}};
  const auto& nats = world_.model_.nats;
  while (!parts.empty()) {
    Part part = std::move(parts.front());
    parts.pop_front();
    bool split = false;
    for (int place = 0; place < static_cast<int>(nats.size()) && !split; ++place) {
      const Nat& nat = nats[static_cast<std::size_t>(place)];
      const Region& region = part.opening.region;
      const ServiceSet caught = region.services & nat.shown_service;
      if (nat.kind != Nat::Kind::kDestination || part.followed.contains(place) || caught.empty() ||
          !region.to.contains(nat.shown)) {
        continue;
      }
      split = true;
      const AddressSet shown = Interval<Address>{nat.shown, nat.shown};
      const AddressSet same_family = region.from & all_addresses(nat.shown.family());
      Part behind = part;
      behind.followed.insert(place);
      behind.opening.nat = place;
      behind.opening.region = {same_family, Interval<Address>{nat.hidden, nat.hidden},
                               nat.hidden_service};
      Part other_service = part;
      other_service.opening.region = {region.from, shown, region.services - caught};
      Part other_address = part;
      other_address.opening.region.to = region.to - shown;
      for (Part& next : std::array{behind, other_service, other_address}) {
        if (!next.opening.region.empty()) parts.push_back(std::move(next));
      }
    }
    if (!split) open(std::move(part.opening));
  }
}

void WorldBuilder::open_segments() {
  const auto& segments = world_.model_.segments;
  for (int place = 0; place < static_cast<int>(segments.size()); ++place) {
    if (!segments[static_cast<std::size_t>(place)].open_inside) continue;
    const World::PerTown& placed = world_.segments_[static_cast<std::size_t>(place)];
    if (placed.of_town.empty()) {
      open({.segment = place, .region = {placed.all, placed.all, all_services()}});
    }
    for (int town = 0; town < static_cast<int>(placed.of_town.size()); ++town) {
      const AddressSet& own = placed.of_town[static_cast<std::size_t>(town)];
      open({.segment = place, .town = town, .region = {own, own, all_services()}});
    }
  }
}

}  // namespace nakadachi::walls
