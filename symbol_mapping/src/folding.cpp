#include "folding.hpp"

#include <algorithm>
#include <utility>

#include "nakadachi/base/utf8.hpp"

namespace nakadachi::symbols {
namespace {

/// What U+FF61 to U+FF9D stand for.
constexpr std::u32string_view kHalfWidth =
    U"。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホ"
    U"マミムメモ"
    U"ヤユヨラリルレロワン";
static_assert(kHalfWidth.size() == 0xFF9D - 0xFF61 + 1);

constexpr std::u32string_view kVoiceable = U"カキクケコサシスセソタチツテトハヒフヘホ";
constexpr std::u32string_view kHalfVoiceable = U"ハヒフヘホ";

constexpr bool is_between(char32_t point, char32_t first, char32_t last) noexcept {
  return first <= point && point <= last;
}

constexpr bool is_space(char32_t point) noexcept {
  return point == 0x20 || point == 0xA0 || point == 0x3000 || is_between(point, 0x2000, 0x200B);
}

constexpr bool is_variation_selector(char32_t point) noexcept {
  return is_between(point, 0xFE00, 0xFE0F) || is_between(point, 0xE0100, 0xE01EF);
}

constexpr bool is_voice_mark(char32_t point) noexcept {
  return point == 0x3099 || point == 0x309B || point == 0xFF9E;
}

constexpr bool is_half_voice_mark(char32_t point) noexcept {
  return point == 0x309A || point == 0x309C || point == 0xFF9F;
}

constexpr char32_t fold_width_and_case(char32_t point) noexcept {
  if (is_between(point, 0xFF01, 0xFF5E)) point -= 0xFF01 - 0x21;
  if (is_between(point, 0xFF61, 0xFF9D)) point = kHalfWidth[point - 0xFF61];
  if (is_between(point, U'ぁ', U'ゖ') || point == U'ゝ' || point == U'ゞ') point += U'ァ' - U'ぁ';
  if (is_between(point, 0x2010, 0x2015) || point == 0x2212) point = U'-';
  if (is_between(point, U'A', U'Z')) point += U'a' - U'A';
  return point;
}

/// Joins a mark of voice to the kana before it; false when there is none to join.
bool join_mark(std::u32string& folded, char32_t mark) {
  if (folded.empty()) return false;
  char32_t& kana = folded.back();
  if (is_voice_mark(mark) && kana == U'ウ') {
    kana = U'ヴ';
  } else if (is_voice_mark(mark) && kVoiceable.find(kana) != std::u32string_view::npos) {
    kana += 1;
  } else if (is_half_voice_mark(mark) && kHalfVoiceable.find(kana) != std::u32string_view::npos) {
    kana += 2;
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::u32string fold(std::string_view text) {
  std::u32string folded;
  while (const auto point = take_code_point(text)) {
    if (is_space(*point) || is_variation_selector(*point)) continue;
    if ((is_voice_mark(*point) || is_half_voice_mark(*point)) && join_mark(folded, *point)) {
      continue;
    }
    char32_t next = fold_width_and_case(*point);
    const bool after_digit = !folded.empty() && is_between(folded.back(), U'0', U'9');
    if (next == U'ー' && after_digit) next = U'-';
    folded.push_back(next);
  }
  return folded;
}

bool differ_by_one(std::u32string_view a, std::u32string_view b) noexcept {
  if (a.size() < b.size()) std::swap(a, b);
  if (a.size() > b.size() + 1 || a == b) return false;
  const auto first = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const std::u32string_view rest_a(first.first + 1, a.end());
  const std::u32string_view rest_b(first.second, b.end());
  return rest_a == (a.size() == b.size() ? rest_b.substr(1) : rest_b);
}

}  // namespace nakadachi::symbols
