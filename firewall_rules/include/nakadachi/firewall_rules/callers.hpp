#pragma once

#include <chrono>

#include "nakadachi/firewall_rules/world.hpp"

/// What one machine can know about who calls it.
namespace nakadachi::walls {

/// The model with the flows that are over at `date` left out, and their limits.
Model in_force(Model model, std::chrono::year_month_day date);

/// As which addresses of its own family `to` sees these senders: behind translations of
/// sources on the way.
AddressSet seen_at(const World& world, const AddressSet& senders, Address to);

/// Who may open connections to `to` for `wanted`, a single service, as `to` sees them, but for
/// those who send from `except`; its neighbours in an open segment too. Empty: nobody.
AddressSet callers_of(const World& world, Address to, const ServiceSet& wanted,
                      const AddressSet& except = {});

}  // namespace nakadachi::walls
