#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nakadachi {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Views the characters of `text` as bytes. The view lives as long as `text`.
inline ByteView as_bytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Views bytes as characters, for libraries that carry bytes in strings.
inline std::string_view as_chars(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline void append(Bytes& to, ByteView from) { to.insert(to.end(), from.begin(), from.end()); }

/// Appends `value` as `Size` bytes, most significant first.
template <std::size_t Size>
void append_big_endian(Bytes& to, std::uint64_t value) {
  static_assert(Size >= 1 && Size <= 8);
  for (std::size_t i = Size; i-- > 0;) {
    to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

/// Lower-case hexadecimal.
std::string to_hex(ByteView bytes);

/// Reads hexadecimal of either case; nothing on an odd length or another character.
std::optional<Bytes> from_hex(std::string_view text);

/// `Size` bytes with a name of their own. Comparable, hashable through
/// `std::hash`, all zero when default-made. For public values; secret ones have
/// types in codes.hpp and secret.hpp.
template <class Tag, std::size_t Size>
class FixedBytes {
 public:
  static constexpr std::size_t kSize = Size;

  constexpr FixedBytes() noexcept : bytes_{} {}
  explicit constexpr FixedBytes(const std::array<std::uint8_t, Size>& bytes) noexcept
      : bytes_(bytes) {}

  /// Nothing unless `from` is exactly `Size` bytes long.
  static std::optional<FixedBytes> from(ByteView from) noexcept {
    if (from.size() != Size) return std::nullopt;
    FixedBytes made;
    for (std::size_t i = 0; i < Size; ++i) made.bytes_[i] = from[i];
    return made;
  }

  constexpr ByteView view() const noexcept { return bytes_; }
  constexpr std::span<std::uint8_t, Size> writable() noexcept { return bytes_; }

  friend constexpr auto operator<=>(const FixedBytes&, const FixedBytes&) noexcept = default;

 private:
  std::array<std::uint8_t, Size> bytes_;
};

/// FNV-1a over the bytes; for tables keyed by values an outsider cannot choose.
std::size_t hash_bytes(ByteView bytes) noexcept;

}  // namespace nakadachi

template <class Tag, std::size_t Size>
struct std::hash<nakadachi::FixedBytes<Tag, Size>> {
  std::size_t operator()(const nakadachi::FixedBytes<Tag, Size>& value) const noexcept {
    return nakadachi::hash_bytes(value.view());
  }
};
