#include "apps/common/command_line.hpp"

#include <CLI/CLI.hpp>
#include <utility>
#include <vector>

namespace nakadachi::apps {

CommandOption CommandOption::required() const {
  option_->required();
  return *this;
}

CommandOption CommandOption::shows_default() const {
  option_->capture_default_str();
  return *this;
}

CommandOption CommandOption::from_environment(const char* name) const {
  option_->envname(name);
  return *this;
}

CommandOption CommandOption::one_of(std::initializer_list<const char*> values) const {
  option_->check(CLI::IsMember(std::vector<std::string>(values.begin(), values.end())));
  return *this;
}

CommandOption CommandOption::between(std::int64_t low, std::int64_t high) const {
  option_->check(CLI::Range(low, high));
  return *this;
}

CommandOption CommandOption::positive() const {
  option_->check(CLI::PositiveNumber);
  return *this;
}

CommandOption CommandOption::takes(int values) const {
  option_->expected(values);
  return *this;
}

CommandOption CommandOption::excludes(CommandOption other) const {
  option_->excludes(other.option_);
  return *this;
}

CommandOption CommandOption::excludes(const char* other) const {
  option_->excludes(other);
  return *this;
}

CommandOption CommandOption::needs(const char* other) const {
  option_->needs(other);
  return *this;
}

CommandLine CommandLine::add_command(const char* name, const std::string& help) const {
  return CommandLine(app_->add_subcommand(name, help));
}

void CommandLine::needs_command() const { app_->require_subcommand(1); }

void CommandLine::options_stand_anywhere() const { app_->fallthrough(); }

template <class Value>
CommandOption CommandLine::add_option(const char* name, Value& value,
                                      const std::string& help) const {
  return CommandOption(app_->add_option(name, value, help));
}

using Texts = std::vector<std::string>;
using Numbers = std::vector<std::uint16_t>;
using Help = const std::string&;
template CommandOption CommandLine::add_option(const char*, std::string&, Help) const;
template CommandOption CommandLine::add_option(const char*, Texts&, Help) const;
template CommandOption CommandLine::add_option(const char*, std::uint16_t&, Help) const;
template CommandOption CommandLine::add_option(const char*, Numbers&, Help) const;
template CommandOption CommandLine::add_option(const char*, std::uint32_t&, Help) const;
template CommandOption CommandLine::add_option(const char*, std::uint64_t&, Help) const;
template CommandOption CommandLine::add_option(const char*, std::int64_t&, Help) const;

CommandOption CommandLine::add_flag(const char* name, bool& value, const std::string& help) const {
  return CommandOption(app_->add_flag(name, value, help));
}

void CommandLine::footer(const std::string& text) const { app_->footer(text); }

void CommandLine::when_chosen(std::function<void()> call) const { app_->callback(std::move(call)); }

bool CommandLine::chosen() const { return app_->parsed(); }

std::string CommandLine::name() const { return app_->get_name(); }

ProgramLine::ProgramLine(const std::string& about) : app_(std::make_unique<CLI::App>(about)) {}

ProgramLine::~ProgramLine() = default;

std::optional<int> ProgramLine::parse(int argc, const char* const* argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app_->exit(error);
  }
  return std::nullopt;
}

}  // namespace nakadachi::apps
