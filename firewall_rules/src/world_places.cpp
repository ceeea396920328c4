// Addresses: of segments, of hosts, and who holds which.

#include <algorithm>

#include "config_error.hpp"
#include "world_builder.hpp"

namespace nakadachi::walls {

Result<void> WorldBuilder::place_segments() {
  for (const Segment& segment : world_.model_.segments) NAKADACHI_CHECK(place_segment(segment));
  AddressSet inside;
  for (const World::PerTown& one : world_.segments_) inside = inside | one.all;
  world_.outside_ = all_addresses() - inside;
  return {};
}

Result<void> WorldBuilder::place_segment(const Segment& segment) {
  World::PerTown placed;
  if (segment.prefixes.empty()) {
    return wrong(segment.line, "segment {}: give it ipv4, ipv6 or both", segment.name);
  }
  if (!segment.per_town) {
    for (const Prefix& prefix : segment.prefixes) placed.all = placed.all | prefix.interval();
    world_.segments_.push_back(std::move(placed));
    return {};
  }
  placed.of_town.resize(world_.model_.towns.size());
  std::vector<Interval<Address>> all;
  for (const Prefix& pool : segment.prefixes) {
    const unsigned each = pool.family() == Family::kIpv4 ? segment.ipv4_each : segment.ipv6_each;
    if (each < pool.length || each > pool.width()) {
      return wrong(segment.line, "segment {}: networks of {} bits do not come from {}",
                   segment.name, each, pool.text());
    }
    const unsigned choice = each - pool.length;
    if (choice < 32 && (std::uint64_t{1} << choice) < world_.model_.towns.size()) {
      return wrong(segment.line, "segment {}: {} holds {} networks of /{}, and there are {} towns",
                   segment.name, pool.text(), std::uint64_t{1} << choice, each, towns());
    }
    for (std::size_t town = 0; town < placed.of_town.size(); ++town) {
      const Prefix own{plus(pool.first, town, pool.width() - each), each};
      placed.of_town[town] = placed.of_town[town] | own.interval();
      all.push_back(own.interval());
    }
  }
  placed.all = AddressSet::of(std::move(all));
  world_.segments_.push_back(std::move(placed));
  return {};
}

Result<AddressSet> WorldBuilder::place_host(const Host& host, const Segment& segment,
                                            int town) const {
  std::vector<Interval<Address>> pieces;
  pieces.reserve(host.addresses.size());
  for (const Address& address : host.addresses) pieces.push_back({address, address});
  for (const Prefix& prefix : segment.prefixes) {
    if (!host.offset) break;
    Prefix own = prefix;
    if (segment.per_town) {
      own.length = own.family() == Family::kIpv4 ? segment.ipv4_each : segment.ipv6_each;
      own.first = plus(prefix.first, static_cast<std::uint64_t>(town), own.width() - own.length);
    }
    const Address address = plus(own.first, *host.offset, 0);
    if (own.interval().last < address) {
      return wrong(host.line, "host {}: offset {} lies outside {}", host.name, *host.offset,
                   own.text());
    }
    pieces.push_back({address, address});
  }
  return AddressSet::of(std::move(pieces));
}

Result<void> WorldBuilder::place_hosts() {
  for (const Host& host : world_.model_.hosts) {
    const Segment& segment =
        world_.model_.segments[static_cast<std::size_t>(world_.find_segment(host.segment))];
    if (host.addresses.empty() == !host.offset.has_value()) {
      return wrong(host.line, "host {}: give it addresses or an offset", host.name);
    }
    if (segment.per_town && !host.offset) {
      return wrong(host.line, "host {}: {} is a segment of each town, so give an offset", host.name,
                   segment.name);
    }
    if (segment.per_town && host.mac) {
      return wrong(host.line,
                   "host {}: not every town's has the same MAC; write it in a model of "
                   "that town",
                   host.name);
    }
    World::PerTown placed;
    if (segment.per_town) {
      std::vector<Interval<Address>> all;
      for (int town = 0; town < towns(); ++town) {
        NAKADACHI_TRY(AddressSet own, place_host(host, segment, town));
        all.insert(all.end(), own.intervals().begin(), own.intervals().end());
        placed.of_town.push_back(std::move(own));
      }
      placed.all = AddressSet::of(std::move(all));
    } else {
      NAKADACHI_TRY(placed.all, place_host(host, segment, kNobody));
    }
    world_.hosts_.push_back(std::move(placed));
  }
  return {};
}

void WorldBuilder::claim(Machine machine, const AddressSet& wanted) {
  const int place = static_cast<int>(world_.machines_.size());
  for (const auto& piece : wanted.intervals()) world_.holdings_.push_back({piece, place});
  machine.addresses = wanted;
  world_.machines_.push_back(std::move(machine));
}

/// A partition of all addresses. Where two claim one address (which `check`
/// reports), the one written first has it.
void WorldBuilder::divide_addresses() {
  AddressSet taken;
  const auto claim_free = [&](Machine machine, const AddressSet& wanted) {
    claim(std::move(machine), wanted - taken);
  };
  const auto each_town = [&](const World::PerTown& placed, auto take) {
    if (placed.of_town.empty()) {
      take(kNobody, placed.all);
    } else {
      for (int town = 0; town < towns(); ++town) {
        take(town, placed.of_town[static_cast<std::size_t>(town)]);
      }
    }
    taken = taken | placed.all;
  };
  const auto segment_place = [&](int host) {
    return world_.find_segment(world_.model_.hosts[static_cast<std::size_t>(host)].segment);
  };
  for (int host = 0; host < static_cast<int>(world_.hosts_.size()); ++host) {
    each_town(world_.hosts_[static_cast<std::size_t>(host)], [&](int town, const AddressSet& own) {
      claim_free({.segment = segment_place(host), .host = host, .town = town}, own);
    });
  }
  for (int segment = 0; segment < static_cast<int>(world_.segments_.size()); ++segment) {
    each_town(world_.segments_[static_cast<std::size_t>(segment)],
              [&](int town, const AddressSet& own) {
                claim_free({.segment = segment, .town = town}, own);
              });
  }
  claim_free({}, all_addresses());
  std::sort(world_.holdings_.begin(), world_.holdings_.end(),
            [](const World::Holding& a, const World::Holding& b) {
              return a.piece.first < b.piece.first;
            });
}

}  // namespace nakadachi::walls
