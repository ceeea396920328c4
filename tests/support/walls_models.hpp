#pragma once

#include <string>

#include "nakadachi/firewall_rules/world.hpp"

/// Networks that several tests speak of, as the files that people write.
namespace nakadachi::walls::testing {

/// Two towns and a centre, with nothing that `check` finds fault with.
extern const std::string kSoundWalls;
/// Translations of both kinds by the farther of two walls; limits that differ by town.
extern const std::string kTranslatedWalls;
/// Everything a rule set can hold: both families, translations, echo, ranges, limits of towns,
/// MACs, logs.
extern const std::string kEverythingWalls;
/// A node and one machine of business systems each for two towns, on loopback, where whoever
/// connects may choose its address. The flow to the gateway is over.
extern const std::string kLoopbackWalls;

/// The world of a text; an exception, which fails the test, when it has mistakes.
World world_of(const std::string& toml);
/// The world of a layout that is built in, with no more than so many of its towns.
World world_of_preset(const std::string& name, std::size_t towns);

}  // namespace nakadachi::walls::testing
