#pragma once

#include <cstdint>
#include <string_view>

#include "nakadachi/base/bytes.hpp"

namespace nakadachi {

/// Takes fields off the front of bytes. A field that is not there makes this
/// and every later reading fail, so a parser asks once, at the end.
class Reader {
 public:
  explicit Reader(ByteView bytes) noexcept : left_(bytes) {}

  /// The next `size` bytes; nothing after a failure.
  ByteView take(std::size_t size) noexcept {
    if (failed_ || left_.size() < size) {
      failed_ = true;
      return {};
    }
    const ByteView taken = left_.first(size);
    left_ = left_.subspan(size);
    return taken;
  }

  /// The next `Size` bytes as a number, most significant first; 0 after a failure.
  template <std::size_t Size>
  std::uint64_t number() noexcept {
    static_assert(Size >= 1 && Size <= 8);
    std::uint64_t value = 0;
    for (const std::uint8_t byte : take(Size)) value = (value << 8) | byte;
    return value;
  }

  /// The next `Fixed::kSize` bytes; all zero after a failure.
  template <class Fixed>
  Fixed fixed() noexcept {
    return Fixed::from(take(Fixed::kSize)).value_or(Fixed{});
  }

  /// Fails unless the next bytes are `text`.
  void expect(std::string_view text) noexcept {
    if (as_chars(take(text.size())) != text) failed_ = true;
  }

  bool failed() const noexcept { return failed_; }
  std::size_t left() const noexcept { return left_.size(); }
  /// Whether all was read and nothing was missing.
  bool complete() const noexcept { return !failed_ && left_.empty(); }

 private:
  ByteView left_;
  bool failed_ = false;
};

}  // namespace nakadachi
