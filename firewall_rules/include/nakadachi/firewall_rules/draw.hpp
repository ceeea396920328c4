#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "nakadachi/firewall_rules/world.hpp"

namespace nakadachi::walls {

/// A picture of the model as SVG: segments as boxes with their hosts, walls as
/// bricks, every allowed flow as an arrow from who opens it, and a legend. What
/// every town has is drawn once. What is over at `today` has no arrow, and stands
/// in the legend as over; without a day nothing is over. The same model and day
/// give the same picture.
std::string draw(const World& world, std::optional<std::chrono::year_month_day> today = {});

}  // namespace nakadachi::walls
