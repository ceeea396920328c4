#pragma once

#include <string>

#include "nakadachi/base/error.hpp"
#include "nakadachi/firewall_rules/world.hpp"

namespace nakadachi::walls {

/// A few pieces of a set as text, and how many there are in all when not all
/// are shown: `10.64.0.10, 10.64.1.10, … (1741)`.
std::string short_text(const AddressSet& addresses);

/// Segments, hosts, flows and invariants as Markdown, for people.
std::string markdown(const World& world, Language language);

/// One line a flow (RFC 4180, with a heading), for a spreadsheet.
std::string csv(const World& world, Language language);

}  // namespace nakadachi::walls
