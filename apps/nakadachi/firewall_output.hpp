#pragma once

#include <string>
#include <vector>

#include "nakadachi/firewall_rules/check.hpp"
#include "nakadachi/firewall_rules/diff.hpp"
#include "nakadachi/firewall_rules/explain.hpp"
#include "nakadachi/firewall_rules/live.hpp"
#include "nakadachi/firewall_rules/prove.hpp"

/// How `nakadachi firewall …` tells its answers: as text, or as one JSON value.
namespace nakadachi::apps {

std::string text_of_findings(const std::vector<walls::Finding>& findings, Language language);
std::string json_of_findings(const std::vector<walls::Finding>& findings);

/// A question that was asked of a world: an invariant, or one from the command line.
struct Asked {
  std::string name;
  walls::Text why;
  walls::Answer answer;
};
std::string text_of_answers(const walls::World& world, const std::vector<Asked>& asked,
                            Language language);
std::string json_of_answers(const walls::World& world, const std::vector<Asked>& asked);

std::string text_of_changes(const std::vector<walls::Change>& changes, Language language);
std::string json_of_changes(const std::vector<walls::Change>& changes);

/// What becomes of connections from one address to another.
struct Explained {
  walls::Address from;
  walls::Address to;
  walls::Explanation answer;
  std::string over;  ///< a flow that allowed it until its last day, with that day; or empty
};
std::string text_of_explanations(const walls::World& world, const std::vector<Explained>& all,
                                 Language language);
/// A list, also of one.
std::string json_of_explanations(const walls::World& world, const std::vector<Explained>& all);

/// What loading rules would change, in words of opening and closing.
std::string text_of_plan(const std::vector<walls::Drift>& changes, Language language);
std::string json_of_plan(const std::vector<walls::Drift>& changes);

std::string text_of_drifts(const std::vector<walls::Drift>& drifts, Language language);
std::string json_of_drifts(const std::vector<walls::Drift>& drifts);

std::string json_of_reach(const walls::World& world, const std::vector<int>& machines);

}  // namespace nakadachi::apps
