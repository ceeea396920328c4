#pragma once

#include <string>
#include <string_view>

namespace nakadachi::symbols {

/// A text as it is compared when its spelling shall not matter: without spaces
/// and variation selectors, full-width ASCII and half-width katakana made what
/// NFKC makes them, marks of voice joined to their kana, small Latin letters,
/// katakana for hiragana, one kind of hyphen (also for a prolonged sound mark
/// after a digit). Not folded: variants of kanji that have code points of their
/// own (高 and 髙), which would need a table no standard gives.
/// `text` is UTF-8; folding ends where it is not.
std::u32string fold(std::string_view text);

/// Whether one character put in, left out or replaced makes `a` of `b`.
bool differ_by_one(std::u32string_view a, std::u32string_view b) noexcept;

}  // namespace nakadachi::symbols
