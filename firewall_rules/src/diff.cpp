#include "nakadachi/firewall_rules/diff.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

namespace nakadachi::walls {
namespace {

std::vector<const Region*> regions_of(const World& world) {
  std::vector<const Region*> regions;
  for (const Opening& opening : world.openings()) {
    for (const Region& region : opening.by_family) {
      if (!region.empty()) regions.push_back(&region);
    }
  }
  return regions;
}

/// The flow's id, or the open segment's name for all its towns.
std::string subject_of(const World& world, const Opening& opening) {
  if (opening.flow != kNobody) return world.name_of_opening(opening);
  return "inside " + world.model().segments[static_cast<std::size_t>(opening.segment)].name;
}

/// By subject: what `world` lets through and `other` does not.
std::map<std::string, std::vector<Region>> only_in(const World& world, const World& other) {
  const RegionIndex index(regions_of(other));
  std::map<std::string, std::vector<Region>> found;
  for (const Opening& opening : world.openings()) {
    for (const Region& region : opening.by_family) {
      if (region.empty()) continue;
      std::vector<const Region*> holes;
      for (const int place : index.overlapping(region)) holes.push_back(&index.at(place));
      for (Region& rest : minus(region, holes)) {
        found[subject_of(world, opening)].push_back(std::move(rest));
      }
    }
  }
  return found;
}

std::set<std::string> subjects_of(const World& world) {
  std::set<std::string> subjects;
  for (const Opening& opening : world.openings()) subjects.insert(subject_of(world, opening));
  return subjects;
}

/// `told`: what it opens or closes stands in a change of its own.
std::vector<std::string> edited_fields(const Flow& a, const Flow& b, bool told) {
  std::vector<std::string> fields;
  const auto compare = [&](bool same, const char* name) {
    if (!same) fields.emplace_back(name);
  };
  compare(told || a.from == b.from, "from");
  compare(told || a.to == b.to, "to");
  compare(told || a.services == b.services, "services");
  compare(told || a.across_towns == b.across_towns, "across_towns");
  compare(a.ipv6_alone == b.ipv6_alone, "ipv6_alone");
  compare(a.application == b.application, "application");
  compare(a.why == b.why, "why");
  compare(a.owner == b.owner, "owner");
  compare(a.valid_until == b.valid_until, "valid_until");
  compare(a.specific == b.specific, "specific");
  compare(a.limit == b.limit, "limit");
  compare(a.log == b.log, "log");
  compare(a.traffic == b.traffic, "traffic");
  return fields;
}

std::map<std::pair<std::string, std::string>, Limit> town_limits(const Model& model) {
  std::map<std::pair<std::string, std::string>, Limit> limits;
  for (const LimitFor& limit : model.limits) {
    for (const std::string& town : limit.towns) limits[{limit.flow, town}] = limit.limit;
  }
  return limits;
}

std::vector<std::string> edited_fields(const Invariant& a, const Invariant& b) {
  const bool same = a.kind == b.kind && a.from == b.from && a.except == b.except && a.to == b.to &&
                    a.services == b.services;
  return same ? std::vector<std::string>() : std::vector<std::string>{"changed"};
}

/// Whoever reaches a host by an address is told by flows; by which MAC it is known is not.
std::vector<std::string> edited_fields(const Host& a, const Host& b) {
  std::vector<std::string> fields;
  if (a.mac != b.mac) fields.emplace_back("mac");
  if (a.role != b.role) fields.emplace_back("role");
  return fields;
}

std::vector<std::string> edited_fields(const Wall& a, const Wall& b) {
  return a.joins == b.joins ? std::vector<std::string>() : std::vector<std::string>{"joins"};
}

/// A shown address is no end of a flow, so what a translation opens stands in no region.
std::vector<std::string> edited_fields(const Nat& a, const Nat& b) {
  std::vector<std::string> fields;
  const auto compare = [&](bool same, const char* name) {
    if (!same) fields.emplace_back(name);
  };
  compare(a.kind == b.kind, "kind");
  compare(a.wall == b.wall, "wall");
  compare(a.shown == b.shown && a.shown_service == b.shown_service, "shown");
  compare(a.hidden == b.hidden && a.hidden_service == b.hidden_service &&
              a.hidden_range == b.hidden_range,
          "hidden");
  compare(a.towards == b.towards, "towards");
  return fields;
}

using Edit = std::function<void(std::string subject, std::vector<std::string> fields)>;

/// Of parts that have names: which are gone, new or have other fields.
template <class Part>
void compare_parts(const std::string& sort, const std::vector<Part>& before,
                   const std::vector<Part>& after, std::string Part::* name, const Edit& edit) {
  const auto find = [&](const std::vector<Part>& all, const std::string& wanted) {
    return std::find_if(all.begin(), all.end(),
                        [&](const Part& one) { return one.*name == wanted; });
  };
  for (const Part& one : before) {
    const auto same = find(after, one.*name);
    auto fields =
        same == after.end() ? std::vector<std::string>{"gone"} : edited_fields(one, *same);
    if (!fields.empty()) edit(sort + " " + one.*name, std::move(fields));
  }
  for (const Part& one : after) {
    if (find(before, one.*name) == before.end()) edit(sort + " " + one.*name, {"new"});
  }
}

/// What the changes that open and close, which are there already, do not tell.
void add_edits(const World& before, const World& after, std::vector<Change>& changes) {
  std::set<std::string> told;
  for (const Change& change : changes) told.insert(change.subject);
  const Edit edit = [&](std::string subject, std::vector<std::string> fields) {
    changes.push_back({.subject = std::move(subject), .fields = std::move(fields)});
  };
  for (const Flow& flow : after.model().flows) {
    const int place = before.find_flow(flow.id);
    if (place == kNobody) continue;
    auto fields = edited_fields(before.model().flows[static_cast<std::size_t>(place)], flow,
                                told.contains(flow.id));
    if (!fields.empty()) edit(flow.id, std::move(fields));
  }
  for (const Flow& flow : before.model().flows) {
    const bool gone = after.find_flow(flow.id) == kNobody;
    if (gone && !told.contains(flow.id)) edit(flow.id, {"gone"});
  }
  for (const Flow& flow : after.model().flows) {
    const bool fresh = before.find_flow(flow.id) == kNobody;
    if (fresh && !told.contains(flow.id)) edit(flow.id, {"new"});
  }
  if (town_limits(before.model()) != town_limits(after.model())) edit("limit", {"towns"});
  if (before.model().log != after.model().log) edit("model", {"log"});
  const Model& old = before.model();
  const Model& now = after.model();
  compare_parts("invariant", old.invariants, now.invariants, &Invariant::id, edit);
  compare_parts("host", old.hosts, now.hosts, &Host::name, edit);
  compare_parts("wall", old.walls, now.walls, &Wall::name, edit);
  compare_parts("nat", old.nats, now.nats, &Nat::id, edit);
}

}  // namespace

std::string_view name_of(Change::Kind kind) {
  constexpr std::array<std::string_view, 5> kNames = {"opens", "widens", "closes", "narrows",
                                                      "edits"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::vector<Change> diff(const World& before, const World& after) {
  std::vector<Change> changes;
  const std::set<std::string> known_before = subjects_of(before);
  const std::set<std::string> known_after = subjects_of(after);
  for (auto& [subject, regions] : only_in(after, before)) {
    const auto kind = known_before.contains(subject) ? Change::Kind::kWidens : Change::Kind::kOpens;
    changes.push_back({.kind = kind, .subject = subject, .regions = std::move(regions)});
  }
  for (auto& [subject, regions] : only_in(before, after)) {
    const auto kind =
        known_after.contains(subject) ? Change::Kind::kNarrows : Change::Kind::kCloses;
    changes.push_back({.kind = kind, .subject = subject, .regions = std::move(regions)});
  }
  add_edits(before, after, changes);
  std::stable_sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    return std::pair(a.kind, a.subject) < std::pair(b.kind, b.subject);
  });
  return changes;
}

}  // namespace nakadachi::walls
