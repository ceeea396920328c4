#pragma once

#include <string>

#include "nakadachi/firewall_rules/world.hpp"

namespace nakadachi::walls {

/// A picture of the model as SVG: segments as boxes with their hosts, walls as
/// bricks, every allowed flow as an arrow from who opens it, and a legend. What
/// every town has is drawn once. The same model gives the same picture.
std::string draw(const World& world);

}  // namespace nakadachi::walls
