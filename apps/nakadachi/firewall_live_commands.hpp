#pragma once

#include <string>

#include "apps/nakadachi/commands.hpp"

namespace nakadachi::apps {

/// `apply`, `confirm`, `rollback` and `drift`: what this host has loaded. `status` becomes the
/// program's exit status when the command itself succeeds.
void add_firewall_live_commands(CommandLine firewall, Command& chosen, int& status,
                                const ChosenLanguage& language);

}  // namespace nakadachi::apps
