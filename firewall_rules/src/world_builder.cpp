#include "world_builder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config_error.hpp"

namespace nakadachi::walls {
namespace {

bool is_name(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && name.size() <= 40 && name.front() >= 'a' && name.front() <= 'z' &&
         std::all_of(name.begin(), name.end(), fits);
}

bool has_no_control(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// Whether all of `text` can stand in a comment of a rule set.
bool is_one_line(std::string_view text) {
  return has_no_control(text) && text.find('"') == std::string_view::npos;
}

template <class List, class NameOf>
Result<void> unique_names(const List& list, std::string_view what, NameOf name_of) {
  std::set<std::string> seen;
  for (const auto& one : list) {
    const std::string& name = name_of(one);
    if (!is_name(name)) {
      return wrong(one.line,
                   "{} '{}': a name is a lower-case letter, then at most 39 of a-z, "
                   "0-9 and _",
                   what, name);
    }
    if (!seen.insert(name).second) return wrong(one.line, "{} '{}' is there twice", what, name);
  }
  return {};
}

}  // namespace

Result<World> WorldBuilder::build() {
  NAKADACHI_CHECK(check_names());
  NAKADACHI_CHECK(check_parts());
  NAKADACHI_CHECK(place_segments());
  NAKADACHI_CHECK(place_hosts());
  divide_addresses();
  NAKADACHI_CHECK(check_references());
  NAKADACHI_CHECK(check_selectors());
  for (int flow = 0; flow < static_cast<int>(world_.model_.flows.size()); ++flow) {
    NAKADACHI_CHECK(open_flow(flow));
  }
  open_segments();
  for (Opening& opening : world_.openings_) {
    for (const Family family : kFamilies) {
      opening.by_family[static_cast<std::size_t>(family)] = {
          opening.region.from & all_addresses(family), opening.region.to & all_addresses(family),
          opening.region.services};
    }
  }
  return std::move(world_);
}

Result<void> WorldBuilder::check_names() {
  const Model& model = world_.model_;
  const auto name = [](const auto& one) -> const std::string& { return one.name; };
  const auto id = [](const auto& one) -> const std::string& { return one.id; };
  NAKADACHI_CHECK(unique_names(model.segments, "segment", name));
  NAKADACHI_CHECK(unique_names(model.hosts, "host", name));
  NAKADACHI_CHECK(unique_names(model.walls, "wall", name));
  NAKADACHI_CHECK(unique_names(model.flows, "flow", id));
  NAKADACHI_CHECK(unique_names(model.nats, "nat", id));
  NAKADACHI_CHECK(unique_names(model.invariants, "invariant", id));
  for (const Host& host : model.hosts) {
    if (world_.find_segment(host.name) != kNobody) {
      return wrong(host.line, "'{}' is a segment and a host: rename one", host.name);
    }
  }
  for (const Segment& segment : model.segments) {
    if (segment.name == "any" || segment.name == "outside") {
      return wrong(segment.line, "'{}' has a meaning of its own: rename it", segment.name);
    }
  }
  NAKADACHI_CHECK(check_titles());
  std::set<std::string_view> codes;
  for (const Town& town : model.towns) {
    if (!codes.insert(town.code).second) return wrong(0, "town {} is there twice", town.code);
  }
  return {};
}

/// Titles stand in pictures, which are XML.
Result<void> WorldBuilder::check_titles() const {
  const Model& model = world_.model_;
  const auto check = [](const Text& title, Line line, std::string_view whose) -> Result<void> {
    if (has_no_control(title.en) && has_no_control(title.ja)) return {};
    return wrong(line, "the title of {} is one line of text", whose);
  };
  NAKADACHI_CHECK(check(model.title, 0, "the model"));
  for (const Segment& one : model.segments) {
    NAKADACHI_CHECK(check(one.title, one.line, "segment " + one.name));
  }
  for (const Host& one : model.hosts) {
    NAKADACHI_CHECK(check(one.title, one.line, "host " + one.name));
  }
  for (const Wall& one : model.walls) {
    NAKADACHI_CHECK(check(one.title, one.line, "wall " + one.name));
  }
  return {};
}

Result<void> WorldBuilder::check_parts() {
  const Model& model = world_.model_;
  for (const Host& host : model.hosts) {
    if (world_.find_segment(host.segment) == kNobody) {
      return wrong(host.line, "host {}: there is no segment '{}'", host.name, host.segment);
    }
    if (!host.role.empty() && !is_name(host.role)) {
      return wrong(host.line, "host {}: the role '{}' must be written like a name", host.name,
                   host.role);
    }
  }
  for (const Service& service : model.services) {
    if (world_.find_host(service.host) == kNobody) {
      return wrong(service.line, "service {}: there is no host '{}'", service.name, service.host);
    }
  }
  for (const Wall& wall : model.walls) {
    for (const std::string& joined : wall.joins) {
      if (joined != "outside" && world_.find_segment(joined) == kNobody) {
        return wrong(wall.line, "wall {}: there is no segment '{}'", wall.name, joined);
      }
    }
  }
  return {};
}

Result<void> WorldBuilder::check_flow(const Flow& flow) {
  const Model& model = world_.model_;
  if (flow.from.empty() || flow.to.empty()) {
    return wrong(flow.line, "flow {}: say from whom and to whom", flow.id);
  }
  for (const std::string* text : {&flow.application, &flow.owner, &flow.why.en, &flow.why.ja}) {
    if (!is_one_line(*text)) {
      return wrong(flow.line, "flow {}: application, owner and why are one line without \"",
                   flow.id);
    }
  }
  const auto known = [&](const TrafficKind& kind) { return kind.name == flow.traffic; };
  if (!flow.traffic.empty() &&
      std::none_of(model.traffic_kinds.begin(), model.traffic_kinds.end(), known)) {
    return wrong(flow.line, "flow {}: there is no kind of traffic '{}'", flow.id, flow.traffic);
  }
  return {};
}

Result<void> WorldBuilder::check_references() {
  const Model& model = world_.model_;
  for (const Flow& flow : model.flows) NAKADACHI_CHECK(check_flow(flow));
  for (const Segment& segment : model.segments) {
    const auto known = [&](const LineClass& one) { return one.name == segment.line_class; };
    if (!segment.line_class.empty() &&
        std::none_of(model.line_classes.begin(), model.line_classes.end(), known)) {
      return wrong(segment.line, "segment {}: there is no class of line '{}'", segment.name,
                   segment.line_class);
    }
  }
  std::set<std::pair<std::string_view, std::string_view>> limited;
  for (const LimitFor& limit : model.limits) {
    if (world_.find_flow(limit.flow) == kNobody) {
      return wrong(limit.line, "limit: there is no flow '{}'", limit.flow);
    }
    for (const std::string& code : limit.towns) {
      if (world_.find_town(code) == kNobody) {
        return wrong(limit.line, "limit of {}: no town has the code '{}'", limit.flow, code);
      }
      if (!limited.insert({limit.flow, code}).second) {
        return wrong(limit.line, "limit of {}: town {} has two", limit.flow, code);
      }
    }
  }
  for (const Nat& nat : model.nats) {
    if (world_.find_wall(nat.wall) == kNobody) {
      return wrong(nat.line, "nat {}: there is no wall '{}'", nat.id, nat.wall);
    }
    const bool by_source = nat.kind == Nat::Kind::kSource;
    if (by_source && world_.find_segment(nat.towards) == kNobody) {
      return wrong(nat.line, "nat {}: there is no segment '{}'", nat.id, nat.towards);
    }
    const Family hidden = by_source ? nat.hidden_range.value_or(Interval<Address>{}).first.family()
                                    : nat.hidden.family();
    if (hidden != nat.shown.family()) {
      return wrong(nat.line, "nat {}: both addresses must be IPv4, or both IPv6", nat.id);
    }
  }
  return {};
}

Result<void> WorldBuilder::check_selectors() {
  for (const Invariant& invariant : world_.model_.invariants) {
    if (const auto question = world_.resolve(invariant); !question) {
      return wrong(invariant.line, "invariant {}: {}", invariant.id, question.error().detail);
    }
    if (invariant.from.empty() || invariant.to.empty()) {
      return wrong(invariant.line, "invariant {}: say from whom and to whom", invariant.id);
    }
  }
  return {};
}

}  // namespace nakadachi::walls
