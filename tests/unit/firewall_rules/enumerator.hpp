#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "nakadachi/firewall_rules/world.hpp"
#include "tests/unit/firewall_rules/random_model.hpp"

namespace nakadachi::walls::testing {

/// What a model means, address by address and port by port, with none of the
/// code under test but the arithmetic of addresses.
class Enumerator {
 public:
  static constexpr int kOverhang = 8;
  explicit Enumerator(const Model& model) : model_(model) {
    for (const Segment& segment : model.segments) note_places(segment);
    for (const Segment& segment : model.segments) {
      for (const Prefix& prefix : segment.prefixes) {
        // Ranges that begin in a segment may end outside.
        const int size = (segment.per_town ? 8 : 4) + kOverhang;
        for (int i = 0; i < size; ++i) add(plus(prefix.first, static_cast<std::uint64_t>(i), 0));
      }
    }
    for (const char* text : {"192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"}) {
      add(*Address::parse(text));
    }
    for (const ServiceSet& set : ModelMaker::services()) {
      services_.push_back(set.intervals().front().first);
    }
    for (const Flow& flow : model.flows) {
      Sides sides;
      for (const Address& address : addresses_) {
        sides.from.push_back(sides_of(flow.from, address));
        sides.to.push_back(sides_of(flow.to, address));
      }
      sides_.push_back(std::move(sides));
    }
    for (std::size_t from = 0; from < addresses_.size(); ++from) {
      for (std::size_t to = 0; to < addresses_.size(); ++to) {
        for (const std::uint32_t service : services_) {
          arrivals_.push_back(find_arrival(from, to, service));
        }
        if (std::find(arrivals_.end() - 4, arrivals_.end(), true) != arrivals_.end()) {
          steps_.insert({machine(addresses_[from]), machine(addresses_[to])});
        }
      }
    }
  }

  const std::vector<Address>& addresses() const { return addresses_; }
  const std::vector<std::uint32_t>& services() const { return services_; }

  /// Who holds an address: a host of a town, someone in a segment, or outside.
  std::string machine(const Address& address) const { return machines_.at(address); }
  bool in_segment(const Address& address, const std::string& name) const {
    return segment_of(address).first == name;
  }
  int town_of(const Address& address) const { return segment_of(address).second; }

  /// Whether a connection arrives at `to`, at this service of it (by their places).
  bool arrives(std::size_t from, std::size_t to, std::size_t service) const {
    return arrivals_[(from * addresses_.size() + to) * services_.size() + service];
  }

  /// Machines that can be reached from these, one arrival at a time.
  std::set<std::string> closure(std::set<std::string> reached) const {
    for (bool grown = true; grown;) {
      grown = false;
      for (const auto& [from, to] : steps_) {
        if (reached.contains(from) && reached.insert(to).second) grown = true;
      }
    }
    return reached;
  }

 private:
  /// For each selector that names the address: the town it names it as one of,
  /// or -1 when all towns share what it names.
  using Named = std::set<int>;
  struct Sides {
    std::vector<Named> from;
    std::vector<Named> to;
  };

  void add(const Address& address) {
    if (machines_.contains(address)) return;
    addresses_.push_back(address);
    const auto& [segment, town] = segment_of(address);
    std::string name = segment.empty() ? "outside" : "in " + segment + " " + std::to_string(town);
    for (const Host& host : model_.hosts) {
      if (is_host(host, address)) name = host.name + " " + std::to_string(town);
    }
    machines_[address] = name;
  }

  bool is_host(const Host& host, const Address& address) const {
    for (const Segment& segment : model_.segments) {
      if (segment.name != host.segment) continue;
      for (const Prefix& prefix : segment.prefixes) {
        for (std::uint64_t town = 0; town < (segment.per_town ? 2U : 1U); ++town) {
          if (plus(prefix.first, 4 * town + *host.offset, 0) == address) return true;
        }
      }
    }
    return false;
  }

  /// Where an address is: the segment and the town of it, -1 when it is all towns'.
  using Place = std::pair<std::string, int>;

  void note_places(const Segment& segment) {
    for (const Prefix& prefix : segment.prefixes) {
      for (int i = 0; i < (segment.per_town ? 8 : 4); ++i) {
        places_.insert({plus(prefix.first, static_cast<std::uint64_t>(i), 0),
                        {segment.name, segment.per_town ? i / 4 : -1}});
      }
    }
  }

  const Place& segment_of(const Address& address) const {
    static const Place nowhere{"", -1};
    const auto found = places_.find(address);
    return found == places_.end() ? nowhere : found->second;
  }

  bool open(const std::string& name) const {
    for (const Segment& segment : model_.segments) {
      if (segment.name == name) return segment.open_inside;
    }
    return false;
  }

  Named sides_of(const std::vector<std::string>& selectors, const Address& address) const {
    Named named;
    for (const std::string& selector : selectors) {
      const auto& [segment, town] = segment_of(address);
      const std::string name = selector.substr(0, selector.find('@'));
      const bool one_town = name != selector;
      const bool is_name = name.front() == 's' || name.front() == 'h';
      if (name == "any" || (name == "outside" && segment.empty())) {
        named.insert(-1);
      } else if (is_name && names(name, segment, address)) {
        if (!one_town) named.insert(town);
        if (one_town && (town == 1 || town == -1)) named.insert(-1);
      } else if (!is_name && name != "outside") {
        const auto range = *parse_addresses(name);
        if (range.first <= address && address <= range.last) named.insert(-1);
      }
    }
    return named;
  }

  bool names(const std::string& name, const std::string& segment, const Address& address) const {
    if (name == segment) return true;
    for (const Host& host : model_.hosts) {
      if (host.name == name) return is_host(host, address);
    }
    return false;
  }

  bool find_arrival(std::size_t from, std::size_t to, std::uint32_t service) const {
    const Address& source = addresses_[from];
    const Address& target = addresses_[to];
    if (source.family() != target.family()) return false;
    const Place& place = segment_of(source);
    if (!place.first.empty() && segment_of(target) == place && open(place.first)) return true;
    // Whoever calls the shown address is led away from it.
    const bool shown = led_away(target, service);
    if (!shown && flow_allows(from, to, service)) return true;
    for (const Nat& nat : model_.nats) {
      if (nat.hidden != target || !nat.hidden_service.contains(service)) continue;
      const std::uint32_t called = nat.shown_service.intervals().front().first;
      const auto shown_at = static_cast<std::size_t>(
          std::find(addresses_.begin(), addresses_.end(), nat.shown) - addresses_.begin());
      if (flow_allows(from, shown_at, called)) return true;
    }
    return false;
  }

  bool led_away(const Address& target, std::uint32_t service) const {
    for (const Nat& nat : model_.nats) {
      if (nat.shown == target && nat.shown_service.contains(service)) return true;
    }
    return false;
  }

  bool flow_allows(std::size_t from, std::size_t to, std::uint32_t service) const {
    for (std::size_t i = 0; i < model_.flows.size(); ++i) {
      const Flow& flow = model_.flows[i];
      if (!flow.services.contains(service)) continue;
      for (const int a : sides_[i].from[from]) {
        for (const int b : sides_[i].to[to]) {
          if (a < 0 || b < 0 || a == b || flow.across_towns) return true;
        }
      }
    }
    return false;
  }

  const Model& model_;
  std::vector<Address> addresses_;
  std::vector<std::uint32_t> services_;
  std::map<Address, Place> places_;
  std::map<Address, std::string> machines_;
  std::vector<Sides> sides_;
  std::vector<bool> arrivals_;
  std::set<std::pair<std::string, std::string>> steps_;  ///< who may open something to whom
};

}  // namespace nakadachi::walls::testing
