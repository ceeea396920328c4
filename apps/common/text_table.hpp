#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nakadachi/base/result.hpp"

namespace nakadachi::apps {

/// Splits at every `separator`; at least one field.
std::vector<std::string_view> split(std::string_view text, char separator);

/// A decimal number that is the whole of the text; nothing otherwise.
template <class Number>
std::optional<Number> parse_decimal(std::string_view text) {
  Number number{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The whole of a file. Errors: `kFileProblem`.
Result<std::string> read_file(const std::string& path);

/// The same of a text in lines. Errors also: `kConfigInvalid` when the last line has no end, for
/// then the file may have been cut.
Result<std::string> read_lines(const std::string& path);
Error cut_off(const std::string& path, std::int32_t line);

/// Writes a file that only its owner may read, replacing a former one as a
/// whole. Errors: `kFileProblem`.
Result<void> write_private_file(const std::string& path, std::string_view content);

/// Calls `take(fields)` for each line of a tab-separated file that is neither
/// empty nor begins with #. Errors: `kFileProblem`; `kConfigInvalid` with the
/// line as position when a line has other than `columns` fields (up to `optional`
/// more may be there), when `take` returns an error (which then names the field), and when
/// the last line has no end: it may have been cut.
template <class Take>
Result<void> read_rows(const std::string& path, std::size_t columns, std::size_t optional,
                       Take take) {
  NAKADACHI_TRY(const std::string text, read_file(path));
  std::int32_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    const auto fields = split(line, '\t');
    Error problem{.code = ErrorCode::kConfigInvalid, .position = number, .detail = path};
    if (fields.size() < columns || fields.size() > columns + optional) return problem;
    if (line.end() == std::string_view(text).end()) return cut_off(path, number);
    if (const Result<void> taken = take(fields); !taken) {
      problem.field = taken.error().field;
      return problem;
    }
  }
  return {};
}

/// With the same number of columns in each line.
template <class Take>
Result<void> read_rows(const std::string& path, std::size_t columns, Take take) {
  return read_rows(path, columns, 0, std::move(take));
}

}  // namespace nakadachi::apps
