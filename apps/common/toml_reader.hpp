#pragma once

#include <toml++/toml.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nakadachi/base/result.hpp"

namespace nakadachi::apps {

/// The first thing that was wrong in a file, shared by all its tables.
struct TomlProblem {
  std::optional<Error> error;
  /// Keeps the first one only. `key` is what people find in the file.
  void say(const toml::source_region& where, std::string_view key, std::string_view how);
};

/// One table of a TOML file. Every key that is read is remembered, so that a
/// misspelt one is found by `finish`.
class TomlReader {
 public:
  /// `prefix` stands before keys in errors: `quota.`, `town[0].`.
  TomlReader(const toml::table& table, TomlProblem& problem, std::string prefix = {})
      : table_(table), problem_(problem), prefix_(std::move(prefix)) {}

  bool has(std::string_view key) const { return table_.contains(key); }
  std::int32_t line() const { return static_cast<std::int32_t>(table_.source().begin.line); }

  std::string text(std::string_view key);
  std::string text_or(std::string_view key, std::string_view otherwise = "");
  bool flag_or(std::string_view key, bool otherwise);
  std::uint32_t number_or(std::string_view key, std::uint32_t otherwise,
                          std::uint32_t greatest = std::numeric_limits<std::uint32_t>::max());
  /// A whole number from 0 to 2^63 - 1.
  std::uint64_t large_or(std::string_view key, std::uint64_t otherwise);
  /// A list of texts, or one text; empty when it is not there.
  std::vector<std::string> texts(std::string_view key);
  std::optional<std::chrono::year_month_day> date(std::string_view key);
  /// A table inside; an empty one when it is not there.
  TomlReader table(std::string_view key);
  /// The tables of `[[key]]`, none when it is not there.
  std::vector<TomlReader> tables(std::string_view key);

  /// What `parse` makes of the text at `key`, or of each of its texts.
  template <class T>
  std::optional<T> parsed(std::string_view key, Result<T> (*parse)(std::string_view)) {
    const std::string text = text_or(key);
    if (text.empty()) return std::nullopt;
    Result<T> value = parse(text);
    if (!value) {
      wrong(key, value.error().detail);
      return std::nullopt;
    }
    return *value;
  }
  template <class T>
  std::vector<T> all_parsed(std::string_view key, Result<T> (*parse)(std::string_view)) {
    std::vector<T> values;
    for (const std::string& text : texts(key)) {
      Result<T> value = parse(text);
      if (!value) {
        wrong(key, value.error().detail);
        return values;
      }
      values.push_back(*value);
    }
    return values;
  }

  void wrong(std::string_view key, std::string_view how);
  /// Keys that nobody asked for are an error.
  void finish();

 private:
  const toml::node* find(std::string_view key);
  std::uint64_t whole_or(std::string_view key, std::uint64_t otherwise, std::int64_t greatest);

  const toml::table& table_;
  TomlProblem& problem_;
  std::string prefix_;
  std::set<std::string, std::less<>> asked_;
};

/// Calls `read(reader)` with the whole of a TOML text. `origin` names it in errors. Errors:
/// `kConfigInvalid` with the line as position for the first thing that was wrong, be it a key that
/// nobody asked for.
template <class Read>
Result<void> read_toml(std::string_view text, const std::string& origin, Read read) {
  TomlProblem problem;
  try {
    const toml::table table = toml::parse(text, origin);
    TomlReader reader(table, problem);
    read(reader);
    reader.finish();
  } catch (const toml::parse_error& wrong) {
    problem.say(wrong.source(), origin, wrong.description());
  }
  if (!problem.error) return {};
  problem.error->detail = origin + ": " + problem.error->detail;
  return *problem.error;
}

}  // namespace nakadachi::apps
