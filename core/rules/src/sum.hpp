#pragma once

#include <cstdint>

/// The sum behind fingerprints.
namespace nakadachi::rules {

inline constexpr std::uint64_t kFnvBasis = 0xCBF29CE484222325;
inline constexpr std::uint64_t kFnvPrime = 0x100000001B3;

/// FNV-1a over the eight bytes of a number, most significant first.
inline std::uint64_t add_to_sum(std::uint64_t sum, std::uint64_t number) noexcept {
  for (int shift = 56; shift >= 0; shift -= 8) {
    sum = (sum ^ ((number >> shift) & 0xFF)) * kFnvPrime;
  }
  return sum;
}

}  // namespace nakadachi::rules
