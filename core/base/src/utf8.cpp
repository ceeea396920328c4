#include "nakadachi/base/utf8.hpp"

#include <cstddef>

namespace nakadachi {
namespace {

struct Lead {
  std::size_t following;       // bytes after the first
  unsigned char payload;       // bits of the first byte that belong to the code point
  unsigned char least_second;  // what the second byte may be
  unsigned char greatest_second;
};

// The rows of RFC 3629, section 4.
constexpr Lead lead_of(unsigned char first) noexcept {
  if (first < 0x80) return {0, 0x7F, 0, 0};
  if (first >= 0xC2 && first <= 0xDF) return {1, 0x1F, 0x80, 0xBF};
  if (first == 0xE0) return {2, 0x0F, 0xA0, 0xBF};
  if (first == 0xED) return {2, 0x0F, 0x80, 0x9F};
  if (first >= 0xE1 && first <= 0xEF) return {2, 0x0F, 0x80, 0xBF};
  if (first == 0xF0) return {3, 0x07, 0x90, 0xBF};
  if (first >= 0xF1 && first <= 0xF3) return {3, 0x07, 0x80, 0xBF};
  if (first == 0xF4) return {3, 0x07, 0x80, 0x8F};
  return {1, 0, 1, 0};  // no second byte fits
}

}  // namespace

std::optional<char32_t> take_long_code_point(std::string_view& text) noexcept {
  if (text.empty()) return std::nullopt;
  const auto first = static_cast<unsigned char>(text[0]);
  const Lead lead = lead_of(first);
  if (text.size() <= lead.following) return std::nullopt;
  auto point = static_cast<char32_t>(first & lead.payload);
  for (std::size_t i = 1; i <= lead.following; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const unsigned char least = i == 1 ? lead.least_second : 0x80;
    const unsigned char greatest = i == 1 ? lead.greatest_second : 0xBF;
    if (byte < least || byte > greatest) return std::nullopt;
    point = point << 6 | (byte & 0x3FU);
  }
  text.remove_prefix(lead.following + 1);
  return point;
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    if (!take_code_point(text)) return false;
  }
  return true;
}

}  // namespace nakadachi
