#pragma once

#include <random>
#include <string>
#include <vector>

#include "nakadachi/firewall_rules/world.hpp"

namespace nakadachi::walls::testing {

/// Small networks with everything a model can hold, from one seed: two towns,
/// segments of four addresses a family, overlapping flows, translations.
class ModelMaker {
 public:
  explicit ModelMaker(std::uint32_t seed) : random_(seed) {}

  Model make() {
    model_ = {};
    model_.name = "random";
    model_.towns = {{"011002", "A"}, {"012025", "B"}};
    const int segments = 2 + below(3);
    for (int place = 0; place < segments; ++place) add_segment(place);
    const int hosts = 1 + below(4);
    for (int place = 0; place < hosts; ++place) add_host(place);
    if (chance(2)) add_nat();
    const int flows = 1 + below(6);
    for (int place = 0; place < flows; ++place) add_flow(place);
    return model_;
  }

  static Prefix prefix(const std::string& text) { return *Prefix::parse(text); }
  /// Services that flows and questions speak of.
  static std::vector<ServiceSet> services() {
    return {service(Protocol::kTcp, 1, 1), service(Protocol::kTcp, 2, 2),
            service(Protocol::kUdp, 1, 1), service(Protocol::kEcho, 0, 0)};
  }

 private:
  int below(int bound) { return static_cast<int>(random_() % static_cast<std::uint32_t>(bound)); }
  bool chance(int in) { return below(in) == 0; }

  void add_segment(int place) {
    Segment made{.name = "s" + std::to_string(place), .per_town = chance(2)};
    const int families = below(3);
    const std::string number = std::to_string(place);
    if (made.per_town) {
      if (families != 1) made.prefixes.push_back(prefix("10.0." + number + ".0/28"));
      if (families != 0) made.prefixes.push_back(prefix("fd00:" + number + "::/124"));
      made.ipv4_each = 30;
      made.ipv6_each = 126;
    } else {
      if (families != 1) made.prefixes.push_back(prefix("10.0." + number + ".0/30"));
      if (families != 0) made.prefixes.push_back(prefix("fd00:" + number + "::/126"));
    }
    made.open_inside = chance(2);
    model_.segments.push_back(made);
    model_.walls.push_back({.name = "w" + number, .joins = {made.name, "outside"}});
  }

  void add_host(int place) {
    const Segment& segment = model_.segments[random_() % model_.segments.size()];
    Host made{.name = "h" + std::to_string(place), .segment = segment.name};
    made.offset = static_cast<std::uint32_t>(below(4));
    for (const Host& other : model_.hosts) {
      if (other.segment == made.segment && other.offset == made.offset) return;
    }
    model_.hosts.push_back(made);
  }

  void add_nat() {
    const Segment& segment = model_.segments.front();
    Nat made{.id = "n0", .wall = "w0"};
    made.shown = segment.prefixes.front().family() == Family::kIpv4
                     ? *Address::parse("192.0.2.1")
                     : *Address::parse("2001:db8::1");
    made.hidden = plus(segment.prefixes.front().first, static_cast<std::uint64_t>(below(4)), 0);
    made.shown_service = services()[0];
    made.hidden_service = services()[1];
    model_.nats.push_back(made);
  }

  std::string selector() {
    const auto& segments = model_.segments;
    switch (below(model_.nats.empty() ? 7 : 8)) {
      case 0:
      case 1:
        return segments[random_() % segments.size()].name;
      case 2:
      case 3:
        if (model_.hosts.empty()) return "outside";
        return model_.hosts[random_() % model_.hosts.size()].name;
      case 4:
        return segments[random_() % segments.size()].name + "@012025";
      case 5:
        return chance(2) ? "any" : "outside";
      case 6: {
        const Prefix& any = segments[random_() % segments.size()].prefixes.front();
        const Address first = plus(any.first, static_cast<std::uint64_t>(below(3)), 0);
        return first.text() + "-" + plus(first, static_cast<std::uint64_t>(below(6)), 0).text();
      }
      default:
        return model_.nats.front().shown.text();
    }
  }

  void add_flow(int place) {
    Flow made{.id = "f" + std::to_string(place), .from = {selector()}, .to = {selector()}};
    if (chance(3)) made.from.push_back(selector());
    if (chance(3)) made.to.push_back(selector());
    made.services = services()[random_() % 4];
    if (chance(3)) made.services = made.services | services()[random_() % 4];
    made.across_towns = chance(4);
    model_.flows.push_back(made);
  }

  std::mt19937 random_;
  Model model_;
};

/// Other shapes than a star for two seeds of three: one wall between all, or a chain of walls.
inline void rearrange(Model& model, std::uint32_t seed) {
  if (seed % 3 == 0) return;
  model.walls.clear();
  if (seed % 3 == 1) {
    Wall all{.name = "w0", .joins = {"outside"}};
    for (const Segment& segment : model.segments) all.joins.push_back(segment.name);
    model.walls.push_back(all);
    return;
  }
  std::string former = "outside";
  for (std::size_t place = 0; place < model.segments.size(); ++place) {
    const std::string& name = model.segments[place].name;
    model.walls.push_back({.name = "w" + std::to_string(place), .joins = {former, name}});
    former = name;
  }
}

}  // namespace nakadachi::walls::testing
