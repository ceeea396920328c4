#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "nakadachi/base/result.hpp"

namespace nakadachi::rules {

inline std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + separator.size());
  }
}

/// A whole number without sign that fills the text.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Calls `take(fields)`, or `take(fields, line)`, for each line that is neither empty
/// nor begins with #. An error of `take` is returned with the line, from 1, as position.
template <class Take>
Result<void> for_each_line(std::string_view tsv, Take take) {
  std::int32_t number = 0;
  for (const std::string_view line : split(tsv, "\n")) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    Result<void> taken;
    if constexpr (std::is_invocable_v<Take, std::vector<std::string_view>, std::int32_t>) {
      taken = take(split(line, "\t"), number);
    } else {
      taken = take(split(line, "\t"));
    }
    if (taken) continue;
    Error problem = taken.error();
    problem.position = number;
    return problem;
  }
  return {};
}

}  // namespace nakadachi::rules
