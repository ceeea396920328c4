#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/firewall_rules/check.hpp"
#include "nakadachi/firewall_rules/compile.hpp"

/// What all `nakadachi firewall …` do with a model first.
namespace nakadachi::apps {

/// `kConfigInvalid` about an option (a literal).
Error wrong_firewall_option(std::string_view option, std::string how);

/// The date that was given, as 2027-03-31, or today's in Japan when it is empty.
/// Errors: `kConfigInvalid`.
Result<std::chrono::year_month_day> firewall_date(const std::string& text);

/// From a file, or `preset:NAME`. Errors: `kFileProblem`; `kConfigInvalid` with the line.
Result<walls::World> load_firewall_world(const std::string& place);

bool has_firewall_error(const std::vector<walls::Finding>& findings);

struct CompiledFirewall {
  walls::World world;
  std::vector<walls::RuleSet> rule_sets;
};
/// The rule sets of a model without mistakes; what is over at `date` is left out. Errors:
/// `kWallsUnsound` after the mistakes were printed; those of the above.
Result<CompiledFirewall> compile_sound_firewall(const std::string& place, const std::string& date,
                                                Language language);

}  // namespace nakadachi::apps
