#pragma once

#include <optional>
#include <string_view>

namespace nakadachi {

/// Takes the first code point off `text`. Nothing, and `text` is left as it was,
/// when it is empty or does not begin with well-formed UTF-8 (RFC 3629: no
/// surrogates, no overlong forms, nothing above U+10FFFF).
inline std::optional<char32_t> take_code_point(std::string_view& text) noexcept;

/// The same, out of line: `take_code_point` has a short way for ASCII.
std::optional<char32_t> take_long_code_point(std::string_view& text) noexcept;

/// Whether `text` is well-formed UTF-8.
bool is_utf8(std::string_view text) noexcept;

inline std::optional<char32_t> take_code_point(std::string_view& text) noexcept {
  if (text.empty() || static_cast<unsigned char>(text.front()) >= 0x80) {
    return take_long_code_point(text);
  }
  const char point = text.front();
  text.remove_prefix(1);
  return static_cast<char32_t>(point);
}

}  // namespace nakadachi
