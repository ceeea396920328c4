#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "nakadachi/firewall_rules/compile.hpp"
#include "tests/support/wall_lab.hpp"

namespace nakadachi::walls::testing {

/// What a test of the walls does here.
enum class LabDecision : std::uint8_t { kRun, kLeaveOut, kFail };
/// `possible`: root and its tools are there. `ci` and `required` are what the environment says of
/// CI and NAKADACHI_REQUIRE_WALLS, null where it says nothing: a test that is needed fails rather
/// than being left out.
LabDecision decide_on_lab(bool possible, const char* ci, const char* required);

/// Whether labs can be built here, and the test goes on. Fails the test where it had to.
bool labs_possible();

/// Every rule set of a world as nft reads it, by name.
std::map<std::string, std::string> rule_texts(const World& world, const std::vector<RuleSet>& sets);

/// Every port that a model speaks of, the ports before and behind it, `random_ports` others and
/// echo; each port by TCP and by UDP. Protocols without ports besides, which no flow names.
std::vector<std::uint32_t> services_to_probe(const Model& model, int random_ports,
                                             std::mt19937& random);

/// One cell: a probe, and the box where the model says it arrives (nobody: nowhere).
struct Cell {
  Lab::Probe probe;
  int expected = kNobody;
};

/// From every address of every machine to every address of every other, and to shown addresses.
/// Walls' own addresses are among the ends: nothing may arrive there.
std::vector<Cell> every_pair(const Layout& layout, const std::vector<std::uint32_t>& services);

/// What was seen.
struct Outcome {
  std::size_t probes = 0;
  std::size_t arrived = 0;
  std::vector<std::string> differences = {};  ///< cells that are not as the model says, in words
};
/// Sends all and compares cell by cell. A probe that is expected and does not come is sent again
/// before it counts as missing. Connections that the model allows must be answered too.
Outcome observe(Lab& lab, std::vector<Cell> cells);

/// What an intruder sends who has taken over a machine, past the rules it may have had: from every
/// machine frames with an address of everybody else, and with its own addresses and a MAC that is
/// not its. `services` from machines without rules, `few` from the others, which a neighbour
/// without rules stands beside. Sent and compared machine by machine, as they are many.
Outcome observe_forgeries(Lab& lab, const std::vector<std::uint32_t>& services,
                          const std::vector<std::uint32_t>& few);

/// Fails the test with the first of the differences, when there are any.
void check_same(const Outcome& outcome);

}  // namespace nakadachi::walls::testing
