#include "text.hpp"

#include <algorithm>

#include "nakadachi/base/utf8.hpp"

namespace nakadachi::copies {
namespace {

constexpr bool is_control(char32_t point) noexcept {
  constexpr char32_t kLineSeparator = 0x2028;
  constexpr char32_t kParagraphSeparator = 0x2029;
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == kLineSeparator ||
         point == kParagraphSeparator;
}

}  // namespace

std::optional<std::size_t> characters_of_line(std::string_view text) noexcept {
  std::size_t characters = 0;
  while (!text.empty()) {
    const auto point = take_code_point(text);
    if (!point || is_control(*point)) return std::nullopt;
    ++characters;
  }
  return characters;
}

bool is_digits(std::string_view text) noexcept {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view cut(std::string_view& text, char separator) noexcept {
  const std::size_t at = text.find(separator);
  const std::string_view before = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return before;
}

}  // namespace nakadachi::copies
