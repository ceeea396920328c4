#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

#include "nakadachi/base/result.hpp"

/// Each `add_…` adds one subcommand to the program. The function it puts into
/// `chosen` does the work when the user chose it.
namespace nakadachi::apps {

using Command = std::function<Result<void>()>;

void add_node_command(CLI::App& app, Command& chosen);
void add_gateway_command(CLI::App& app, Command& chosen);
void add_db_command(CLI::App& app, Command& chosen);
void add_keys_command(CLI::App& app, Command& chosen);
void add_errors_command(CLI::App& app, Command& chosen);
/// `status` becomes the program's exit status when the command itself succeeds.
void add_demo_command(CLI::App& app, Command& chosen, int& status, const std::string& program_path);
void add_rules_command(CLI::App& app, Command& chosen, int& status);
/// `status` as of the rules. `language` is read when the command runs and must live that long.
void add_firewall_command(CLI::App& app, Command& chosen, int& status, const std::string& language);

/// At the database, for finance.
void add_meter_command(CLI::App& app, Command& chosen);
void add_billing_command(CLI::App& app, Command& chosen);

/// At the database, with a node's login. `status` as of the rules.
void add_records_command(CLI::App& app, Command& chosen, int& status);

// At the node's admin door. `language` is the one chosen, and outlives the commands.
void add_tenant_commands(CLI::App& app, Command& chosen, const std::string& language);
void add_institution_commands(CLI::App& app, Command& chosen, const std::string& language);
void add_symbol_commands(CLI::App& app, Command& chosen, const std::string& language);
void add_copy_commands(CLI::App& app, Command& chosen, const std::string& language);
void add_flag_commands(CLI::App& app, Command& chosen, const std::string& language);
void add_approval_commands(CLI::App& app, Command& chosen, const std::string& language);
void add_person_commands(CLI::App& app, Command& chosen, const std::string& language);

/// At the OLTP door. `status` as of the rules.
void add_query_commands(CLI::App& app, Command& chosen, int& status, const std::string& language);

}  // namespace nakadachi::apps
