#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "nakadachi/base/error.hpp"
#include "nakadachi/base/result.hpp"

namespace nakadachi::log {

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// One named value of a log line. Values are names, numbers and times of the
/// machinery. Types of personal values convert to none of the alternatives, so
/// they cannot be logged by accident.
struct Field {
  std::string_view name;
  std::variant<std::int64_t, std::uint64_t, double, bool, std::string_view> value;
};

/// Chooses where lines go and the least level. `path` empty: standard error.
/// Errors: `kFileProblem` when the file cannot be opened; the former target stays.
Result<void> open(const std::string& path, Level least);

/// Writes one JSON object on one line: time, level, event, then the fields in
/// the order given. Thread-safe. Never fails the caller.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

/// As above for an error: adds its number, name, field, position and detail.
void write(Level level, std::string_view event, const Error& error,
           std::initializer_list<Field> fields = {});

/// Writes how often each error was counted, by name, on one line; nothing when
/// there is none.
void write_counts(std::string_view event, const std::map<ErrorCode, std::uint64_t>& counts);

/// How often services write their counts.
inline constexpr std::int64_t kCountsEveryMs = 60'000;

}  // namespace nakadachi::log
