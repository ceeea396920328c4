#pragma once

#include <cstdint>

#include "nakadachi/base/day.hpp"
#include "nakadachi/base/reader.hpp"

namespace nakadachi::copies {

/// The marks of a period's known ends in a byte of marks whose other bits are the
/// caller's.
inline constexpr std::uint8_t kHasFrom = 0x01;
inline constexpr std::uint8_t kHasUntil = 0x02;

std::uint8_t marks_of(const Period& period) noexcept;

/// Appends the known ends, 4 bytes each in two's complement.
void append_period(Bytes& to, const Period& period);

/// Reads the ends that `marks` tell of. Nothing for what is no day, or when the
/// period ends before it begins.
std::optional<Period> read_period(Reader& reader, std::uint8_t marks) noexcept;

}  // namespace nakadachi::copies
