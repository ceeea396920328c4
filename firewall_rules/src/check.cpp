#include "nakadachi/firewall_rules/check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "checks.hpp"
#include "nakadachi/firewall_rules/explain.hpp"
#include "nakadachi/firewall_rules/prove.hpp"

namespace nakadachi::walls {

std::vector<int> segments_in(const World& world, const AddressSet& addresses) {
  std::vector<int> found;
  for (int segment = 0; segment < world.outside_place(); ++segment) {
    if (world.segment_addresses(segment).intersects(addresses)) found.push_back(segment);
  }
  if (world.outside().intersects(addresses)) found.push_back(world.outside_place());
  return found;
}

std::set<std::pair<int, int>> borders_crossed(const World& world, int flow) {
  std::set<std::pair<int, int>> crossed;
  for (const Opening& opening : world.openings()) {
    if (opening.flow != flow) continue;
    for (const Region& region : opening.by_family) {
      if (region.empty()) continue;
      const std::vector<int> targets = segments_in(world, region.to);
      for (const int from : segments_in(world, region.from)) {
        for (const int to : targets) {
          const bool own_network =
              from == to && (from == world.outside_place() || opening.town != kNobody ||
                             !world.model().segments[static_cast<std::size_t>(from)].per_town);
          if (!own_network) crossed.insert({from, to});
        }
      }
    }
  }
  return crossed;
}

void check_invariants(const World& world, std::vector<Finding>& findings) {
  const auto& invariants = world.model().invariants;
  if (invariants.empty()) {
    findings.push_back({.kind = FindingKind::kNoInvariants, .subjects = {world.model().name}});
    return;
  }
  const Prover prover(world);
  for (const Invariant& invariant : invariants) {
    const Answer answer = prover.ask(invariant);
    if (answer.about_nobody) {
      findings.push_back({.kind = FindingKind::kInvariantAboutNobody,
                          .subjects = {invariant.id},
                          .line = invariant.line});
    }
    if (!answer.reachable) continue;
    Finding finding{.kind = FindingKind::kInvariantBroken,
                    .subjects = {invariant.id},
                    .line = invariant.line,
                    .detail = answer.itself == kNobody ? describe_path(world, answer.path)
                                                       : world.name_of_machine(answer.itself)};
    for (const Hop& hop : answer.path) {
      finding.subjects.push_back(
          world.name_of_opening(world.openings()[static_cast<std::size_t>(hop.opening)]));
    }
    findings.push_back(std::move(finding));
  }
}

std::vector<Finding> check(const World& world, std::optional<std::chrono::year_month_day> today) {
  std::vector<Finding> findings;
  check_addresses(world, findings);
  check_translations(world, findings);
  check_flows(world, today, findings);
  check_shadows(world, today, findings);
  check_ipv6(world, today, findings);
  check_borders(world, findings);
  check_lines(world, findings);
  check_invariants(world, findings);
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    const auto rank = [](const Finding& finding) {
      return -static_cast<int>(text_of(finding.kind).severity);
    };
    return std::pair(rank(a), a.line) < std::pair(rank(b), b.line);
  });
  return findings;
}

}  // namespace nakadachi::walls
