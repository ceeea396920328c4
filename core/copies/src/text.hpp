#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace nakadachi::copies {

/// The characters (code points) of one line of UTF-8 without control characters
/// and line separators; nothing when `text` is anything else.
std::optional<std::size_t> characters_of_line(std::string_view text) noexcept;

/// Whether `text` has digits only, and at least one.
bool is_digits(std::string_view text) noexcept;

/// Cuts what stands before the next `separator` off `text`; all when there is none.
std::string_view cut(std::string_view& text, char separator) noexcept;

}  // namespace nakadachi::copies
