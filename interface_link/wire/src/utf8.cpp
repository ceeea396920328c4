#include "utf8.hpp"

#include <cstddef>

namespace nakadachi::wire {
namespace {

struct Lead {
  std::size_t following;       // bytes after the first
  unsigned char least_second;  // what the second byte may be
  unsigned char greatest_second;
};

// The rows of RFC 3629, section 4.
constexpr Lead lead_of(unsigned char first) noexcept {
  if (first < 0x80) return {0, 0, 0};
  if (first >= 0xC2 && first <= 0xDF) return {1, 0x80, 0xBF};
  if (first == 0xE0) return {2, 0xA0, 0xBF};
  if (first == 0xED) return {2, 0x80, 0x9F};
  if (first >= 0xE1 && first <= 0xEF) return {2, 0x80, 0xBF};
  if (first == 0xF0) return {3, 0x90, 0xBF};
  if (first >= 0xF1 && first <= 0xF3) return {3, 0x80, 0xBF};
  if (first == 0xF4) return {3, 0x80, 0x8F};
  return {1, 1, 0};  // no second byte fits
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    const Lead lead = lead_of(static_cast<unsigned char>(text[at]));
    if (text.size() - at <= lead.following) return false;
    for (std::size_t i = 1; i <= lead.following; ++i) {
      const auto byte = static_cast<unsigned char>(text[at + i]);
      const unsigned char least = i == 1 ? lead.least_second : 0x80;
      const unsigned char greatest = i == 1 ? lead.greatest_second : 0xBF;
      if (byte < least || byte > greatest) return false;
    }
    at += lead.following + 1;
  }
  return true;
}

}  // namespace nakadachi::wire
