#include "nakadachi/firewall_rules/world.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config_error.hpp"
#include "world_builder.hpp"

namespace nakadachi::walls {
namespace {

template <class List>
int place_of(const List& list, std::string_view wanted, auto name_of) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const auto& one) { return name_of(one) == wanted; });
  return found == list.end() ? kNobody : static_cast<int>(found - list.begin());
}

constexpr auto kByName = [](const auto& one) -> std::string_view { return one.name; };
constexpr auto kById = [](const auto& one) -> std::string_view { return one.id; };

/// Adds `more` to what a selection holds of each town.
void add(std::vector<AddressSet>& of_town, const std::vector<AddressSet>& more) {
  if (of_town.empty()) {
    of_town = more;
    return;
  }
  for (std::size_t town = 0; town < more.size(); ++town) {
    of_town[town] = of_town[town] | more[town];
  }
}

}  // namespace

AddressSet Selection::all() const {
  std::vector<Interval<Address>> pieces(shared.intervals().begin(), shared.intervals().end());
  for (const AddressSet& own : of_town) {
    pieces.insert(pieces.end(), own.intervals().begin(), own.intervals().end());
  }
  return AddressSet::of(std::move(pieces));
}

Result<World> World::build(Model model) { return WorldBuilder(std::move(model)).build(); }

int World::find_segment(std::string_view name) const {
  return place_of(model_.segments, name, kByName);
}
int World::find_host(std::string_view name) const { return place_of(model_.hosts, name, kByName); }
int World::find_wall(std::string_view name) const { return place_of(model_.walls, name, kByName); }
int World::find_flow(std::string_view id) const { return place_of(model_.flows, id, kById); }
int World::find_town(std::string_view code) const {
  return place_of(model_.towns, code,
                  [](const Town& town) -> std::string_view { return town.code; });
}

const AddressSet& World::segment_addresses(int segment, int town) const {
  const PerTown& placed = segments_.at(static_cast<std::size_t>(segment));
  return town == kNobody || placed.of_town.empty() ? placed.all
                                                   : placed.of_town[static_cast<std::size_t>(town)];
}

const AddressSet& World::host_addresses(int host, int town) const {
  const PerTown& placed = hosts_.at(static_cast<std::size_t>(host));
  return town == kNobody || placed.of_town.empty() ? placed.all
                                                   : placed.of_town[static_cast<std::size_t>(town)];
}

Result<Selection> World::resolve(std::span<const std::string> selectors) const {
  Selection selection;
  for (const std::string& selector : selectors) {
    const std::size_t at = selector.find('@');
    const std::string_view name = std::string_view(selector).substr(0, at);
    int town = kNobody;
    if (at != std::string::npos) {
      town = find_town(std::string_view(selector).substr(at + 1));
      if (town == kNobody) return wrong(0, "'{}': no town has this code", selector);
    }
    const auto take = [&](const PerTown& placed) {
      if (town != kNobody) {
        selection.shared =
            selection.shared |
            (placed.of_town.empty() ? placed.all : placed.of_town[static_cast<std::size_t>(town)]);
      } else if (placed.of_town.empty()) {
        selection.shared = selection.shared | placed.all;
      } else {
        add(selection.of_town, placed.of_town);
      }
    };
    const int segment = find_segment(name);
    const int host = find_host(name);
    if (name == "any") {
      selection.shared = all_addresses();
    } else if (name == "outside") {
      selection.shared = selection.shared | outside_;
    } else if (segment != kNobody) {
      take(segments_[static_cast<std::size_t>(segment)]);
    } else if (host != kNobody) {
      take(hosts_[static_cast<std::size_t>(host)]);
    } else if (name.starts_with("kind:")) {
      const auto kind = segment_kind_of(name.substr(5));
      if (!kind) return wrong(0, "'{}': there is no such kind of segment", selector);
      for (std::size_t i = 0; i < segments_.size(); ++i) {
        if (model_.segments[i].kind == *kind) take(segments_[i]);
      }
    } else {
      const auto addresses = parse_addresses(name);
      if (!addresses) {
        return wrong(0, "'{}' is no host, segment, kind:…, any, outside or address of this model",
                     selector);
      }
      selection.shared = selection.shared | *addresses;
    }
  }
  return selection;
}

Result<World::Question> World::resolve(const Invariant& invariant) const {
  Question question;
  NAKADACHI_TRY(question.from, resolve(invariant.from));
  NAKADACHI_TRY(const Selection except, resolve(invariant.except));
  const AddressSet spared = except.all();
  question.from.shared = question.from.shared - spared;
  for (AddressSet& own : question.from.of_town) own = own - spared;
  if (invariant.to == std::vector<std::string>{"elsewhere"}) {
    question.to.shared = all_addresses() - question.from.all();
  } else {
    NAKADACHI_TRY(question.to, resolve(invariant.to));
  }
  return question;
}

std::vector<int> World::machines_in(const AddressSet& addresses) const {
  std::vector<int> found;
  for (const auto& piece : addresses.intervals()) {
    auto at = std::upper_bound(
        holdings_.begin(), holdings_.end(), piece.first,
        [](const Address& wanted, const Holding& one) { return wanted < one.piece.first; });
    for (--at; at != holdings_.end() && at->piece.first <= piece.last; ++at) {
      found.push_back(at->machine);
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

int World::machine_at(Address address) const {
  return machines_in(Interval<Address>{address, address}).front();
}

std::string World::name_of_machine(int machine) const {
  const Machine& one = machines_.at(static_cast<std::size_t>(machine));
  if (one.segment == kNobody) return "outside";
  std::string name =
      one.host != kNobody
          ? model_.hosts[static_cast<std::size_t>(one.host)].name
          : "others in " + model_.segments[static_cast<std::size_t>(one.segment)].name;
  if (one.town != kNobody) name += "@" + model_.towns[static_cast<std::size_t>(one.town)].code;
  return name;
}

std::string World::name_of_opening(const Opening& opening) const {
  if (opening.flow != kNobody) return model_.flows[static_cast<std::size_t>(opening.flow)].id;
  std::string name = "inside " + model_.segments[static_cast<std::size_t>(opening.segment)].name;
  if (opening.town != kNobody) {
    name += "@" + model_.towns[static_cast<std::size_t>(opening.town)].code;
  }
  return name;
}

std::vector<World::Passage> World::way(int from_segment, int to_segment) const {
  const std::size_t places = model_.segments.size() + 1;
  const int far = static_cast<int>(places) + 1;
  std::vector<std::vector<int>> joins;
  for (const Wall& wall : model_.walls) {
    std::vector<int>& joined = joins.emplace_back();
    for (const std::string& name : wall.joins) {
      joined.push_back(name == "outside" ? outside_place() : find_segment(name));
    }
  }
  const auto distances = [&](int start) {
    std::vector<int> steps(places, far);
    steps[static_cast<std::size_t>(start)] = 0;
    for (int round = 0; round < far; ++round) {
      for (const std::vector<int>& joined : joins) {
        for (const int near : joined) {
          if (steps[static_cast<std::size_t>(near)] != round) continue;
          for (const int next : joined) {
            int& known = steps[static_cast<std::size_t>(next)];
            known = std::min(known, round + 1);
          }
        }
      }
    }
    return steps;
  };
  const std::vector<int> from = distances(from_segment);
  const std::vector<int> to = distances(to_segment);
  // From one town's network to another's of the same segment there is a wall too.
  const int total = from_segment == to_segment ? 1 : from[static_cast<std::size_t>(to_segment)];
  std::vector<Passage> passages;
  for (std::size_t wall = 0; wall < joins.size() && total < far; ++wall) {
    int before = far;
    int behind = far;
    for (const int joined : joins[wall]) {
      before = std::min(before, from[static_cast<std::size_t>(joined)]);
      behind = std::min(behind, to[static_cast<std::size_t>(joined)]);
    }
    if (before + 1 + behind == total) passages.push_back({static_cast<int>(wall), before});
  }
  return passages;
}

RegionIndex::RegionIndex(std::vector<const Region*> regions) : regions_(std::move(regions)) {
  for (std::size_t place = 0; place < regions_.size(); ++place) {
    for (const auto& piece : regions_[place]->from.intervals()) {
      entries_.push_back({piece, piece.last, static_cast<int>(place)});
    }
  }
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.piece.first, a.place) < std::pair(b.piece.first, b.place);
  });
  for (std::size_t i = 1; i < entries_.size(); ++i) {
    Address& greatest = entries_[i].greatest_last;
    greatest = std::max(greatest, entries_[i - 1].greatest_last);
  }
}

std::vector<int> RegionIndex::overlapping(const Region& region) const {
  std::vector<int> found;
  for (const auto& piece : region.from.intervals()) {
    auto at = std::upper_bound(
        entries_.begin(), entries_.end(), piece.last,
        [](const Address& wanted, const Entry& entry) { return wanted < entry.piece.first; });
    while (at != entries_.begin() && !((at - 1)->greatest_last < piece.first)) {
      --at;
      if (!(at->piece.last < piece.first)) found.push_back(at->place);
    }
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  std::erase_if(found, [&](int place) {
    const Region& other = at(place);
    return !other.services.intersects(region.services) || !other.to.intersects(region.to);
  });
  return found;
}

}  // namespace nakadachi::walls
