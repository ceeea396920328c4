#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "nakadachi/firewall_rules/world.hpp"

namespace nakadachi::walls {

/// One step of a way: `from` opens a connection to `to` by `opening`.
struct Hop {
  int from = kNobody;     ///< machine
  int opening = kNobody;  ///< place in the world
  int to = kNobody;       ///< machine
  Region region;          ///< exactly what the opening lets through here, of one family
};

/// Either a way, or a set of machines that nothing leads out of.
struct Answer {
  bool reachable = false;
  bool about_nobody = false;  ///< one side of the question is empty: nothing was proven
  std::vector<Hop> path;      ///< when reachable: first to last
  /// When one machine has addresses of both sides: that machine; it needs no
  /// way, so `path` is empty.
  int itself = kNobody;
  /// When no chain was found: whoever is taken over from the start on, and all
  /// they can reach. `leads_out` checks it without trusting the search. Empty
  /// where single openings were asked for.
  std::vector<int> closed;
  std::size_t openings = 0;  ///< how many of them were looked at
};

/// Answers for a world, exactly: by sets of addresses and services, nothing
/// sampled. Keeps a reference to the world. Immutable.
class Prover {
 public:
  explicit Prover(const World& world);

  /// Whether anyone at `from` (who is not at `to` already) may open a
  /// connection to `to`.
  Answer opening(const AddressSet& from, const AddressSet& to, const ServiceSet& services) const;

  /// Whether they get to `to` by any chain of openings, taking over what they
  /// reach on the way; `services` speaks of the last step.
  Answer path(const AddressSet& from, const AddressSet& to, const ServiceSet& services) const;

  /// Whether a chain leads from `from` of any town to `to` of another.
  Answer between_towns(const Selection& from, const Selection& to,
                       const ServiceSet& services) const;

  /// All that can be reached when these are taken over, themselves included.
  std::vector<int> reach(const AddressSet& taken_over) const;

  /// The answer to an invariant of the world's model: it holds when not reachable.
  Answer ask(const Invariant& invariant) const;

 private:
  /// An opening in one family, with who can use it and whom it leads to.
  struct Edge {
    int opening;
    Family family;
    std::vector<int> sources;
    std::vector<int> targets;
  };
  class Walk;
  Hop hop(int from, const Edge& edge, int to) const;

  const World& world_;
  std::vector<Edge> edges_;
  std::vector<std::vector<int>> edges_of_;  ///< by machine that can use them
};

/// An opening that leads from `closed` to someone else, or nobody: the check of
/// an answer, by definition and without the prover's tables.
int leads_out(const World& world, const std::vector<int>& closed);

/// Machines in one line: hosts and segments by name, their towns counted.
std::vector<std::string> summary(const World& world, const std::vector<int>& machines);

}  // namespace nakadachi::walls
