#include "tests/net/walls/matrix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <set>
#include <utility>

#include "nakadachi/firewall_rules/explain.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::walls::testing {
namespace {

using std::chrono::milliseconds;

constexpr auto kQuiet = milliseconds(30);
constexpr int kRounds = 4;
constexpr std::size_t kSentAtOnce = 128;
constexpr std::uint32_t kFirstSourcePort = 20'000;

/// Kernels answer these at once; errors about the others come as seldom as the kernel likes.
bool is_answered(std::uint32_t service) {
  const std::uint32_t protocol = service / kPortsPerProtocol;
  return protocol == static_cast<std::uint32_t>(Protocol::kTcp) ||
         protocol == static_cast<std::uint32_t>(Protocol::kEcho);
}

/// The box that the model says is reached.
int expected_box(const Layout& layout, Address from, Address to, std::uint32_t service) {
  const auto explanation =
      explain(layout.world(), from, to, Interval<std::uint32_t>{service, service});
  NAKADACHI_ASSERT(explanation.ok());
  return explanation->allowed ? layout.box_of_machine(explanation->to) : kNobody;
}

bool is_bound(const Layout& layout, int network, Address address, const Mac& mac) {
  const int box = layout.box_at(address);
  const int machine = layout.boxes()[index(box)].machine;
  const int host = layout.world().machines()[index(machine)].host;
  if (host == kNobody || layout.network_of(address) != network) return false;
  const auto& known = layout.world().model().hosts[index(host)].mac;
  return known && *known != mac;
}

/// What the model says of pairs of addresses, each asked once.
class Expectations {
 public:
  Expectations(const Layout& layout, const std::vector<std::uint32_t>& services)
      : layout_(layout), services_(services) {}

  /// The boxes that are reached, by place in the services.
  const std::vector<int>& between(Address from, Address to) {
    std::vector<int>& boxes = known_[{from, to}];
    if (!boxes.empty()) return boxes;
    for (const std::uint32_t service : services_) {
      boxes.push_back(expected_box(layout_, from, to, service));
    }
    return boxes;
  }

 private:
  const Layout& layout_;
  const std::vector<std::uint32_t>& services_;
  std::map<std::pair<Address, Address>, std::vector<int>> known_;
};

/// Where a frame with a foreign address arrives, whatever it asks for; nothing: where the model
/// says. Rules on machines and walls see it; those of the wall also know from which side an
/// address may come.
std::optional<int> fate_of_frame(const Layout& layout, const Box& sender, Address from,
                                 const Mac& mac, Address to) {
  const int network = sender.ports.front().network;
  const int target_network = layout.network_of(to);
  const int target = layout.box_at(to);
  const int wall = layout.first_wall(network, target_network);
  if (wall == kNobody && target_network != network) return kNobody;
  const bool is_ruled = wall != kNobody || !layout.boxes()[index(target)].rules.empty();
  if (!is_ruled) return target;
  if (is_bound(layout, network, from, mac)) return kNobody;
  if (wall != kNobody) {
    // The wall answers this address through another port: the source is forged.
    const Box& first = layout.boxes()[index(wall)];
    const int home = layout.network_of(from);
    const bool near = std::any_of(first.ports.begin(), first.ports.end(),
                                  [&](const Port& one) { return one.network == home; });
    const bool behind = near ? home == network : layout.first_wall(network, home) != wall;
    if (!behind) return kNobody;
  }
  return {};
}

std::string describe_cell(const Layout& layout, const Cell& cell) {
  const ProbePacket& packet = cell.probe.packet;
  return fmt::format(
      "{} {} -> {} {}{}", layout.boxes()[index(cell.probe.box)].name, packet.from.text(),
      packet.to.text(),
      walls::text_of(ServiceSet(Interval<std::uint32_t>{packet.service, packet.service})),
      cell.probe.frame_from ? " as a frame of " + cell.probe.frame_from->text() : "");
}

std::string name_of_box(const Layout& layout, int box) {
  return box == kNobody ? "nobody" : layout.boxes()[index(box)].name;
}

/// What became of each probe.
struct Seen {
  std::set<int> boxes;
  bool answered = false;
};

class Observation {
 public:
  Observation(Lab& lab, const std::vector<Cell>& cells)
      : lab_(lab), cells_(cells), seen_(cells.size()) {}

  void send(const std::vector<std::size_t>& places) {
    std::size_t sent = 0;
    for (const std::size_t place : places) {
      lab_.send(cells_[place].probe);
      if (++sent % kSentAtOnce == 0) take(milliseconds(0));
    }
    take(kQuiet);
  }

  /// Cells where something is still to come.
  std::vector<std::size_t> missing() const {
    std::vector<std::size_t> places;
    for (std::size_t place = 0; place < cells_.size(); ++place) {
      const Cell& cell = cells_[place];
      if (cell.expected == kNobody) continue;
      if (!seen_[place].boxes.contains(cell.expected) || lacks_answer(place))
        places.push_back(place);
    }
    return places;
  }

  Outcome outcome() const {
    Outcome outcome{.probes = cells_.size()};
    for (std::size_t place = 0; place < cells_.size(); ++place) {
      const Cell& cell = cells_[place];
      const Seen& seen = seen_[place];
      if (!seen.boxes.empty()) ++outcome.arrived;
      const std::set<int> expected =
          cell.expected == kNobody ? std::set<int>{} : std::set<int>{cell.expected};
      if (seen.boxes == expected && !lacks_answer(place)) continue;
      std::string words = describe_cell(lab_.layout(), cell);
      words +=
          fmt::format(": the model says {}, arrived at", name_of_box(lab_.layout(), cell.expected));
      for (const int box : seen.boxes) words += " " + name_of_box(lab_.layout(), box);
      if (seen.boxes.empty()) words += " nobody";
      if (lacks_answer(place)) words += ", no answer";
      outcome.differences.push_back(std::move(words));
    }
    return outcome;
  }

 private:
  /// Answers are expected of whoever was asked under the sender's own address.
  bool lacks_answer(std::size_t place) const {
    const Cell& cell = cells_[place];
    return cell.expected != kNobody && !cell.probe.frame_from &&
           is_answered(cell.probe.packet.service) && !seen_[place].answered;
  }

  void take(milliseconds quiet) {
    for (const Lab::Arrival& arrival : lab_.collect(quiet)) {
      const std::size_t place = arrival.sighting.number - cells_.front().probe.packet.number;
      if (place >= cells_.size()) continue;
      if (arrival.sighting.is_answer) {
        seen_[place].answered |= arrival.box == cells_[place].probe.box;
      } else {
        seen_[place].boxes.insert(arrival.box);
      }
    }
  }

  Lab& lab_;
  const std::vector<Cell>& cells_;
  std::vector<Seen> seen_;
};

}  // namespace

LabDecision decide_on_lab(bool possible, const char* ci, const char* required) {
  if (possible) return LabDecision::kRun;
  return ci != nullptr || required != nullptr ? LabDecision::kFail : LabDecision::kLeaveOut;
}

bool labs_possible() {
  const auto possible = Lab::possible();
  const std::string why = possible ? "" : describe(possible.error());
  switch (decide_on_lab(possible.ok(), std::getenv("CI"), std::getenv("NAKADACHI_REQUIRE_WALLS"))) {
    case LabDecision::kRun:
      return true;
    case LabDecision::kFail:
      FAIL("the walls must be tested here: " << why);
      break;
    case LabDecision::kLeaveOut:
      WARN("not tested: " << why);
      break;
  }
  return false;
}

std::map<std::string, std::string> rule_texts(const World& world,
                                              const std::vector<RuleSet>& sets) {
  std::map<std::string, std::string> texts;
  for (const RuleSet& rules : sets) texts[rules.name] = to_nft(world, rules);
  return texts;
}

std::vector<std::uint32_t> services_to_probe(const Model& model, int random_ports,
                                             std::mt19937& random) {
  std::set<int> ports;
  const auto list = [&](const ServiceSet& services) {
    for (const PortRange& range : port_ranges(services)) {
      if (range.protocol == Protocol::kEcho) continue;
      for (const int port : {range.first - 1, int{range.first}, int{range.last}, range.last + 1}) {
        ports.insert(std::clamp(port, 1, 65535));
      }
    }
  };
  // One by one: neighbouring ports of several flows are not a range.
  for (const Flow& flow : model.flows) list(flow.services);
  for (const Service& service : model.services) list(service.listens);
  for (const Nat& nat : model.nats) {
    list(nat.shown_service);
    list(nat.hidden_service);
  }
  for (int i = 0; i < random_ports; ++i) ports.insert(1 + static_cast<int>(random() % 65535));
  std::vector<std::uint32_t> services = {2 * kPortsPerProtocol};  // echo
  for (const int protocol : kOtherProtocols) services.push_back(service_of_protocol(protocol));
  for (const int port : ports) {
    services.push_back(static_cast<std::uint32_t>(port));
    services.push_back(kPortsPerProtocol + static_cast<std::uint32_t>(port));
  }
  return services;
}

std::vector<Cell> every_pair(const Layout& layout, const std::vector<std::uint32_t>& services) {
  std::vector<Cell> cells;
  const auto add = [&](int from, Address source, Address target, bool is_wall) {
    if (source.family() != target.family()) return;
    for (const std::uint32_t service : services) {
      const int expected = is_wall ? kNobody : expected_box(layout, source, target, service);
      cells.push_back({{from, {0, source, target, service}, {}}, expected});
    }
  };
  for (int from = 0; from < static_cast<int>(layout.boxes().size()); ++from) {
    for (const Address& source : layout.boxes()[index(from)].addresses) {
      for (int to = 0; to < static_cast<int>(layout.boxes().size()); ++to) {
        const Box& target = layout.boxes()[index(to)];
        if (from == to) continue;
        for (const Address& address : target.addresses) add(from, source, address, false);
        if (target.wall == kNobody) continue;
        for (const Port& port : target.ports) {
          if (port.network != layout.network_of(source)) continue;
          add(from, source, port.link_local(source.family()), true);
        }
      }
      for (const Nat& nat : layout.world().model().nats) {
        if (nat.kind == Nat::Kind::kDestination) add(from, source, nat.shown, false);
      }
    }
  }
  return cells;
}

Outcome observe(Lab& lab, std::vector<Cell> cells) {
  // Numbers and source ports are never used twice in a process, so connections of a former
  // observation, which walls still know, are not met.
  static std::uint32_t next_number = 1'000'000;
  static std::uint32_t next_port = kFirstSourcePort;
  const auto source_port = static_cast<std::uint16_t>(next_port++);
  for (Cell& cell : cells) {
    cell.probe.packet.number = next_number++;
    cell.probe.packet.source_port = source_port;
  }
  lab.collect(milliseconds(0));
  Observation observation(lab, cells);
  std::vector<std::size_t> places(cells.size());
  for (std::size_t place = 0; place < places.size(); ++place) places[place] = place;
  for (int round = 0; round < kRounds && !places.empty(); ++round) {
    observation.send(places);
    places = observation.missing();
  }
  return observation.outcome();
}

Outcome observe_forgeries(Lab& lab, const std::vector<std::uint32_t>& services,
                          const std::vector<std::uint32_t>& few) {
  constexpr Mac kForeign{0x02ff'ff00'0001ULL};
  const Layout& layout = lab.layout();
  Expectations of_all(layout, services);
  Expectations of_few(layout, few);
  std::vector<Cell> cells;
  const auto add = [&](int sender, Address source, const Mac& mac) {
    const Box& box = layout.boxes()[index(sender)];
    for (int to = 0; to < static_cast<int>(layout.boxes().size()); ++to) {
      if (to == sender) continue;
      for (const Address& target : layout.boxes()[index(to)].addresses) {
        if (source.family() != target.family() || layout.box_at(source) == to) continue;
        if (!layout.joined(box.ports.front().network, layout.network_of(target))) continue;
        const auto fate = fate_of_frame(layout, box, source, mac, target);
        const auto& asked = box.rules.empty() ? services : few;
        auto& expectations = box.rules.empty() ? of_all : of_few;
        for (std::size_t place = 0; place < asked.size(); ++place) {
          cells.push_back({{sender, {0, source, target, asked[place]}, mac},
                           fate ? *fate : expectations.between(source, target)[place]});
        }
      }
    }
  };
  Outcome all;
  for (int sender = 0; sender < static_cast<int>(layout.boxes().size()); ++sender) {
    const Box& box = layout.boxes()[index(sender)];
    if (box.wall != kNobody) continue;
    for (const Address& own : box.addresses) add(sender, own, kForeign);
    for (const Box& other : layout.boxes()) {
      if (&other == &box) continue;
      for (const Family family : kFamilies) {
        const auto foreign =
            std::find_if(other.addresses.begin(), other.addresses.end(),
                         [&](const Address& one) { return one.family() == family; });
        if (foreign != other.addresses.end()) add(sender, *foreign, box.ports.front().mac);
      }
    }
    if (cells.empty()) continue;
    Outcome one = observe(lab, std::exchange(cells, {}));
    all.probes += one.probes;
    all.arrived += one.arrived;
    std::move(one.differences.begin(), one.differences.end(), std::back_inserter(all.differences));
  }
  return all;
}

void check_same(const Outcome& outcome) {
  constexpr std::size_t kShown = 20;
  CAPTURE(outcome.probes, outcome.arrived, outcome.differences.size());
  for (std::size_t i = 0; i < std::min(outcome.differences.size(), kShown); ++i) {
    UNSCOPED_INFO(outcome.differences[i]);
  }
  CHECK(outcome.differences.empty());
}

}  // namespace nakadachi::walls::testing
