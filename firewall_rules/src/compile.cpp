#include "nakadachi/firewall_rules/compile.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "checks.hpp"
#include "places.hpp"

namespace nakadachi::walls {
namespace {

constexpr std::uint64_t kMostTakenApart = 8;

/// A region on its way into a rule set.
struct Part {
  int flow;
  bool true_source;  ///< it is seen here: only then can its town be limited
  Region region;
};

class Compiler {
 public:
  Compiler(const World& world, std::optional<std::chrono::year_month_day> today)
      : world_(world), today_(today) {}

  std::vector<RuleSet> run() {
    make_sets();
    for (const Opening& opening : world_.openings()) {
      if (opening.flow == kNobody || expired(opening.flow)) continue;
      for (const Region& region : opening.by_family) {
        if (!region.empty()) place(opening, region);
      }
    }
    std::vector<RuleSet> sets;
    for (auto& [name, draft] : drafts_) {
      for (const Hook hook : kHooks) finish(draft, hook);
      sets.push_back(std::move(draft.rules));
    }
    return sets;
  }

 private:
  struct Draft {
    RuleSet rules;
    std::array<std::vector<Part>, 3> parts;
    std::map<std::tuple<int, Hook, int>, int> chains;  ///< by flow, hook, class of limit
  };

  bool expired(int flow) const { return is_over(world_.model().flows[index(flow)], today_); }

  bool walled(int host) const {
    const Host& one = world_.model().hosts[index(host)];
    return !world_.model().segments[index(world_.find_segment(one.segment))].open_inside;
  }
  std::string role_of(int host) const {
    const Host& one = world_.model().hosts[index(host)];
    return one.role.empty() ? one.name : one.role;
  }

  Draft& draft(const std::string& name) {
    Draft& made = drafts_[name];
    made.rules.name = name;
    return made;
  }

  void make_sets() {
    const Model& model = world_.model();
    for (std::size_t wall = 0; wall < model.walls.size(); ++wall) {
      Draft& made = draft(model.walls[wall].name);
      made.rules.is_wall = true;
      for (std::size_t nat = 0; nat < model.nats.size(); ++nat) {
        if (model.nats[nat].wall == made.rules.name) {
          made.rules.nats.push_back(static_cast<int>(nat));
        }
      }
      for (const std::string& joined : model.walls[wall].joins) bind(made.rules, joined);
    }
    for (std::size_t host = 0; host < model.hosts.size(); ++host) {
      if (!walled(static_cast<int>(host))) continue;
      bind(draft(role_of(static_cast<int>(host))).rules, model.hosts[host].segment);
    }
    for (auto& [name, made] : drafts_) {
      for (int flow = 0; flow < static_cast<int>(model.flows.size()); ++flow) {
        if (expired(flow)) made.rules.expired.push_back(flow);
      }
    }
  }

  /// Neighbours in a segment with a known MAC.
  void bind(RuleSet& rules, const std::string& segment) const {
    const auto& hosts = world_.model().hosts;
    for (std::size_t host = 0; host < hosts.size(); ++host) {
      if (hosts[host].segment != segment || !hosts[host].mac) continue;
      for (const auto& piece : world_.host_addresses(static_cast<int>(host)).intervals()) {
        for (Address at = piece.first;; at = successor(at)) {
          rules.bindings.push_back({at, *hosts[host].mac});
          if (at == piece.last) break;
        }
      }
    }
    std::sort(rules.bindings.begin(), rules.bindings.end());
    rules.bindings.erase(std::unique(rules.bindings.begin(), rules.bindings.end()),
                         rules.bindings.end());
  }

  /// Puts one opening into every rule set that sees its packets.
  void place(const Opening& opening, const Region& region) {
    const std::vector<int> targets = segments_in(world_, region.to);
    for (const int from : segments_in(world_, region.from)) {
      for (const int to : targets) place_between(opening, region, from, to);
    }
  }

  const AddressSet& addresses_of(int segment) const {
    return segment == world_.outside_place() ? world_.outside() : world_.segment_addresses(segment);
  }

  void place_between(const Opening& opening, const Region& region, int from, int to) {
    const Region part{region.from & addresses_of(from), region.to & addresses_of(to),
                      region.services};
    std::vector<World::Passage> passages;
    const bool town_to_town = from != world_.outside_place() && opening.town == kNobody &&
                              world_.model().segments[index(from)].per_town;
    if (from != to || town_to_town) passages = world_.way(from, to);
    constexpr int kBeforeAll = -1;
    constexpr int kBehindAll = 1'000'000;
    for (const World::Passage& passage : passages) {
      const std::string& wall = world_.model().walls[index(passage.wall)].name;
      add(draft(wall), Hook::kForward, opening, part, to, passages, passage.position);
    }
    for (int host = 0; host < static_cast<int>(world_.model().hosts.size()); ++host) {
      if (!walled(host)) continue;
      Region own = part;
      own.from = part.from & world_.host_addresses(host);
      if (!own.empty()) {
        add(draft(role_of(host)), Hook::kOutput, opening, own, to, passages, kBeforeAll);
      }
      own = part;
      own.to = part.to & world_.host_addresses(host);
      if (!own.empty()) {
        add(draft(role_of(host)), Hook::kInput, opening, own, to, passages, kBehindAll);
      }
    }
  }

  int position_of(const std::string& wall, const std::vector<World::Passage>& passages) const {
    for (const World::Passage& passage : passages) {
      if (world_.model().walls[index(passage.wall)].name == wall) return passage.position;
    }
    return kNobody;
  }

  /// As the packet looks at `position`: translations happen on the way.
  void add(Draft& draft, Hook hook, const Opening& opening, Region part, int to_segment,
           const std::vector<World::Passage>& passages, int position) const {
    const Model& model = world_.model();
    if (opening.nat != kNobody) {
      const Nat& nat = model.nats[index(opening.nat)];
      // The forward hook comes after the destination was translated.
      if (position < position_of(nat.wall, passages)) {
        part.to = Interval<Address>{nat.shown, nat.shown};
        part.services = nat.shown_service;
      }
    }
    auto& parts = draft.parts[static_cast<std::size_t>(hook)];
    for (const Nat& nat : model.nats) {
      if (nat.kind != Nat::Kind::kSource || world_.find_segment(nat.towards) != to_segment)
        continue;
      const int translated_at = position_of(nat.wall, passages);
      if (translated_at == kNobody || position <= translated_at) continue;
      const AddressSet hidden = part.from & *nat.hidden_range;
      if (hidden.empty()) continue;
      part.from = part.from - *nat.hidden_range;
      parts.push_back(
          {opening.flow, false, {Interval<Address>{nat.shown, nat.shown}, part.to, part.services}});
    }
    if (!part.empty()) parts.push_back({opening.flow, hook != Hook::kOutput, std::move(part)});
  }

  /// Towns with a limit of their own: their addresses, by limit.
  std::map<Limit, AddressSet> special_limits(int flow) const {
    std::map<Limit, std::vector<Interval<Address>>> pieces;
    for (const LimitFor& limit : world_.model().limits) {
      if (limit.flow != world_.model().flows[index(flow)].id) continue;
      for (const std::string& code : limit.towns) {
        const int town = world_.find_town(code);
        for (int segment = 0; segment < world_.outside_place(); ++segment) {
          if (!world_.model().segments[index(segment)].per_town) continue;
          const auto own = world_.segment_addresses(segment, town).intervals();
          auto& all = pieces[limit.limit];
          all.insert(all.end(), own.begin(), own.end());
        }
      }
    }
    std::map<Limit, AddressSet> sets;
    for (auto& [limit, all] : pieces) sets[limit] = AddressSet::of(std::move(all));
    return sets;
  }

  int chain_of(Draft& draft, const Part& part, Hook hook, int limit_class,
               const Limit& limit) const {
    const int counted_class = part.true_source ? limit_class : kNobody;
    const auto key = std::tuple(part.flow, hook, counted_class);
    const auto [found, fresh] =
        draft.chains.insert({key, static_cast<int>(draft.rules.chains.size())});
    if (!fresh) return found->second;
    FlowChain chain{.flow = part.flow, .limit_class = counted_class, .hook = hook};
    if (part.true_source) chain.limit = limit;
    set_bits(chain);
    draft.rules.chains.push_back(chain);
    return found->second;
  }

  /// Whole networks of towns where all sources have one, of the same size.
  void set_bits(FlowChain& chain) const {
    std::set<std::pair<unsigned, unsigned>> bits;
    for (const Opening& opening : world_.openings()) {
      if (opening.flow != chain.flow) continue;
      for (const int from : segments_in(world_, opening.region.from)) {
        const bool per_town =
            from != world_.outside_place() && world_.model().segments[index(from)].per_town;
        bits.insert(per_town ? std::pair(world_.model().segments[index(from)].ipv4_each,
                                         world_.model().segments[index(from)].ipv6_each)
                             : std::pair(32U, 128U));
      }
    }
    if (bits.size() == 1) std::tie(chain.ipv4_bits, chain.ipv6_bits) = *bits.begin();
  }

  /// Cuts the parts so that none overlaps a former one, and writes them down as elements.
  void finish(Draft& draft, Hook hook) const {
    const auto& parts = draft.parts[static_cast<std::size_t>(hook)];
    std::vector<const Region*> regions;
    for (const Part& part : parts) regions.push_back(&part.region);
    const RegionIndex index_of_parts(std::move(regions));
    auto& elements = draft.rules.elements[static_cast<std::size_t>(hook)];
    std::map<int, std::map<Limit, AddressSet>> special;
    for (std::size_t place = 0; place < parts.size(); ++place) {
      const Part& part = parts[place];
      if (!special.contains(part.flow)) special[part.flow] = special_limits(part.flow);
      std::vector<const Region*> former;
      for (const int other : index_of_parts.overlapping(part.region)) {
        if (other < static_cast<int>(place)) former.push_back(&index_of_parts.at(other));
      }
      for (Region piece : minus(part.region, former)) {
        int limit_class = 0;
        for (const auto& [limit, sources] : special[part.flow]) {
          ++limit_class;
          Region own = piece;
          own.from = piece.from & sources;
          piece.from = piece.from - sources;
          flatten(own, chain_of_nonempty(draft, part, hook, limit_class, limit, own), elements);
        }
        const Limit& usual = world_.model().flows[index(part.flow)].limit;
        flatten(piece, chain_of_nonempty(draft, part, hook, 0, usual, piece), elements);
      }
    }
    std::sort(elements.begin(), elements.end());
  }

  int chain_of_nonempty(Draft& draft, const Part& part, Hook hook, int limit_class,
                        const Limit& limit, const Region& region) const {
    return region.empty() ? kNobody : chain_of(draft, part, hook, limit_class, limit);
  }

  /// Neighbouring addresses one by one: elements of single addresses are found by
  /// hash, at a cost that does not grow with their number.
  static std::vector<Interval<Address>> taken_apart(const AddressSet& addresses) {
    std::vector<Interval<Address>> pieces;
    for (const auto& piece : addresses.intervals()) {
      const bool small =
          piece.first.high == piece.last.high && piece.last.low - piece.first.low < kMostTakenApart;
      if (!small) {
        pieces.push_back(piece);
        continue;
      }
      for (Address at = piece.first; at <= piece.last; at = successor(at)) {
        pieces.push_back({at, at});
      }
    }
    return pieces;
  }

  static void flatten(const Region& region, int chain, std::vector<RuleElement>& elements) {
    const std::vector<PortRange> ranges = port_ranges(region.services);
    const auto targets = taken_apart(region.to);
    for (const auto& from : taken_apart(region.from)) {
      for (const auto& to : targets) {
        for (const PortRange& ports : ranges) elements.push_back({from, to, ports, chain});
      }
    }
  }

  const World& world_;
  std::optional<std::chrono::year_month_day> today_;
  std::map<std::string, Draft> drafts_;
};

}  // namespace

std::vector<RuleSet> compile(const World& world, std::optional<std::chrono::year_month_day> today) {
  return Compiler(world, today).run();
}

}  // namespace nakadachi::walls
