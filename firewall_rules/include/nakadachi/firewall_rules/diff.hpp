#pragma once

#include <string>
#include <vector>

#include "nakadachi/firewall_rules/world.hpp"

namespace nakadachi::walls {

/// One thing that differs between two models.
struct Change {
  enum class Kind : std::uint8_t {
    kOpens,    ///< a new flow, and something becomes possible
    kWidens,   ///< a flow that was there lets more through
    kCloses,   ///< a flow is gone, and something is no longer possible
    kNarrows,  ///< a flow that stays lets less through
    /// Changes no flow's ends: limits, logs, reasons, dates, guards, MACs, roles, walls, and what
    /// translations show, which is told here though it may open something.
    kEdits
  };
  Kind kind = Kind::kEdits;
  std::string subject;          ///< a flow's id, `inside …` of an open segment, `nat …`, `host …` …
  std::vector<Region> regions;  ///< exactly what opens or closes; disjoint, of one family each
  std::vector<std::string> fields;  ///< for kEdits: what was edited
};
std::string_view name_of(Change::Kind kind);

/// From `before` to `after`. What moves from one flow to another without opening
/// anything is an edit; what a flow opens or closes is told once, not as edited ends,
/// services or a new flow besides. Openings first, then closings, then edits.
std::vector<Change> diff(const World& before, const World& after);

}  // namespace nakadachi::walls
