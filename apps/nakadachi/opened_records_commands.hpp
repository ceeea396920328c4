#pragma once

#include "apps/common/command_line.hpp"
#include "apps/nakadachi/commands.hpp"

namespace nakadachi::apps {

/// The commands under `records` that open statements with their body's keys. `status` as of
/// the rules.
void add_opened_records_commands(CommandLine records, Command& chosen, int& status,
                                 const ChosenLanguage& language);

}  // namespace nakadachi::apps
