#pragma once

#include <functional>
#include <string>

#include "apps/common/command_line.hpp"
#include "nakadachi/base/error.hpp"
#include "nakadachi/base/result.hpp"

/// Each `add_…` adds one subcommand to the program. The function it puts into
/// `chosen` does the work when the user chose it.
namespace nakadachi::apps {

using Command = std::function<Result<void>()>;

/// What `--lang` chose, if anything. Known when a command runs, and outlives the commands.
class ChosenLanguage {
 public:
  /// `--lang`, which may stand anywhere in the line: add it before the commands.
  void add_to(CommandLine app);

  /// Operators' commands, and errors.
  Language or_english() const { return given_ == "ja" ? Language::kJapanese : Language::kEnglish; }
  /// What lawyers, finance and auditors read.
  Language or_japanese() const { return given_ == "en" ? Language::kEnglish : Language::kJapanese; }

 private:
  std::string given_;
};

void add_node_command(CommandLine app, Command& chosen);
void add_gateway_command(CommandLine app, Command& chosen);
void add_db_command(CommandLine app, Command& chosen);
void add_keys_command(CommandLine app, Command& chosen);
void add_errors_command(CommandLine app, Command& chosen);
/// `status` becomes the program's exit status when the command itself succeeds.
void add_demo_command(CommandLine app, Command& chosen, int& status,
                      const std::string& program_path);
void add_rules_command(CommandLine app, Command& chosen, int& status,
                       const ChosenLanguage& language);
/// `status` as of the rules.
void add_firewall_command(CommandLine app, Command& chosen, int& status,
                          const ChosenLanguage& language);

/// At the database, for finance.
void add_meter_command(CommandLine app, Command& chosen, const ChosenLanguage& language);
void add_billing_command(CommandLine app, Command& chosen, const ChosenLanguage& language);

/// At the database, with a node's login. `status` as of the rules.
void add_records_command(CommandLine app, Command& chosen, int& status,
                         const ChosenLanguage& language);

// At the node's admin door.
void add_tenant_commands(CommandLine app, Command& chosen, const ChosenLanguage& language);
void add_institution_commands(CommandLine app, Command& chosen, const ChosenLanguage& language);
void add_symbol_commands(CommandLine app, Command& chosen, const ChosenLanguage& language);
void add_copy_commands(CommandLine app, Command& chosen, const ChosenLanguage& language);
void add_flag_commands(CommandLine app, Command& chosen, const ChosenLanguage& language);
void add_approval_commands(CommandLine app, Command& chosen, const ChosenLanguage& language);
void add_person_commands(CommandLine app, Command& chosen, const ChosenLanguage& language);

/// At the OLTP door. `status` as of the rules.
void add_query_commands(CommandLine app, Command& chosen, int& status,
                        const ChosenLanguage& language);

}  // namespace nakadachi::apps
