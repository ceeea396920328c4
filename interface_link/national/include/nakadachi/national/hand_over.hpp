#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/result.hpp"

/// What a town's resident system (住民基本台帳システム) tells 機構 when an institution
/// acquires symbols: outside of Nakadachi, so the format is the reference system's own.
namespace nakadachi::national {

/// 通知事項 (Cabinet Order 27(1)). The only place where a 個人番号 stands: between the
/// resident system and 機構.
struct HandOver {
  InstitutionCode institution;
  std::uint64_t acquisition_number = 0;
  std::uint64_t personal_number = 0;  ///< 個人番号, 12 digits
};

inline constexpr std::size_t kMaxHandOversPerFrame = 4'096;

/// version 1 (1 byte), then 8 bytes each of the three numbers, big-endian. At most
/// `kMaxHandOversPerFrame`; more is a bug.
Bytes encode_hand_overs(std::span<const HandOver> hand_overs);
/// Errors: `kMalformedFrame`, `kUnsupportedVersion`, `kTooManyItems`; `kWrongLength`
/// or `kWrongCheckDigit` with the place of a number that cannot be one.
Result<std::vector<HandOver>> decode_hand_overs(ByteView frame);

/// How many of a frame were taken (4 bytes, big-endian).
Bytes encode_taken(std::uint32_t count);
/// Errors: `kMalformedFrame`.
Result<std::uint32_t> decode_taken(ByteView frame);

}  // namespace nakadachi::national
