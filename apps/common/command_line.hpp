#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's own name
class App;
class Option;
}  // namespace CLI

/// Commands and their options, read by CLI11. Behind few functions, because every source that
/// includes CLI11 compiles all of it.
///
/// Not thread-safe; used in `main` before anything else runs. Names are as CLI11 reads them:
/// `--tenants`, `-n,--number`, or `FILE` for what is told by its place. Wrong declarations, such
/// as a name that is given twice, throw CLI's exceptions: mistakes of the program.
namespace nakadachi::apps {

/// An option of a command; a handle that is copied freely and lives as long as the program's
/// `ProgramLine`. Each function returns the option itself.
class CommandOption {
 public:
  explicit CommandOption(CLI::Option* option) noexcept : option_(option) {}

  CommandOption required() const;
  /// `--help` tells what the variable holds now.
  CommandOption shows_default() const;
  /// Read from this variable of the environment when the line does not have it.
  CommandOption from_environment(const char* name) const;
  CommandOption one_of(std::initializer_list<const char*> values) const;
  /// Both ends are good values.
  CommandOption between(std::int64_t low, std::int64_t high) const;
  CommandOption positive() const;
  /// Takes just so many values.
  CommandOption takes(int values) const;
  CommandOption excludes(CommandOption other) const;
  /// The other one by its name, which stands already.
  CommandOption excludes(const char* other) const;
  CommandOption needs(const char* other) const;

 private:
  CLI::Option* option_;
};

/// The program or one of its commands; a handle as above.
class CommandLine {
 public:
  explicit CommandLine(CLI::App* app) noexcept : app_(app) {}

  CommandLine add_command(const char* name, const std::string& help) const;
  /// One of the commands has to be given.
  void needs_command() const;
  /// Options added to this one may also stand after the name of a command.
  void options_stand_anywhere() const;

  /// The line's value goes to `value`, which outlives the parsing. `Value` is one of those that
  /// command_line.cpp ends with: texts and numbers.
  template <class Value>
  CommandOption add_option(const char* name, Value& value, const std::string& help) const;
  CommandOption add_flag(const char* name, bool& value, const std::string& help) const;

  /// Stands below the options in `--help`.
  void footer(const std::string& text) const;
  /// Called while the line is parsed, when it names this command.
  void when_chosen(std::function<void()> call) const;
  /// Whether the line named it.
  bool chosen() const;
  std::string name() const;

 private:
  CLI::App* app_;
};

/// Owns all commands of a program.
class ProgramLine {
 public:
  explicit ProgramLine(const std::string& about);
  ~ProgramLine();
  ProgramLine(const ProgramLine&) = delete;
  ProgramLine& operator=(const ProgramLine&) = delete;

  CommandLine root() const noexcept { return CommandLine(app_.get()); }

  /// The program's exit status when the line already ends it: after `--help`, or with a message
  /// on standard error about what is wrong with the line.
  std::optional<int> parse(int argc, const char* const* argv);

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace nakadachi::apps
