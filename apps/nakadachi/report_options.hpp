#pragma once

#include <nlohmann/json.hpp>

#include "apps/common/command_line.hpp"
#include "apps/nakadachi/commands.hpp"

/// How what a command has to say is wanted: in which language, or for programs.
namespace nakadachi::apps {

struct ReportOptions {
  const ChosenLanguage* chosen;
  bool json = false;

  /// What lawyers, finance and auditors read: Japanese unless they chose otherwise.
  Language language() const { return chosen->or_japanese(); }
};

void add_json_option(CommandLine command, bool& json);

void print_json(const nlohmann::json& value);

}  // namespace nakadachi::apps
