#pragma once

#include <optional>
#include <string_view>

namespace nakadachi {

/// Takes the first code point off `text`. Nothing, and `text` is left as it was,
/// when it is empty or does not begin with well-formed UTF-8 (RFC 3629: no
/// surrogates, no overlong forms, nothing above U+10FFFF).
std::optional<char32_t> take_code_point(std::string_view& text) noexcept;

/// Whether `text` is well-formed UTF-8.
bool is_utf8(std::string_view text) noexcept;

}  // namespace nakadachi
