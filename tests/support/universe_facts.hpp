#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "nakadachi/rules/institution_class.hpp"
#include "universe.hpp"

/// What the sources of `Universe` share.
namespace nakadachi::testing {

inline constexpr std::array<std::uint32_t, kTowns> kTownCodes = {11002, 12025};

inline constexpr std::array<std::string_view, 5> kAffairs = {"JM01000000048000", "JM01000000063000",
                                                             "JM01000000106000", "JM01000000132000",
                                                             "JM01000000999000"};
/// 独自利用事務: treated as the first of kAffairs.
inline constexpr std::array<std::string_view, 2> kOwnAffairs = {"JM01000000777000",
                                                                "JM01000000778000"};
/// The last is answered by business systems themselves.
inline constexpr std::array<std::string_view, 4> kKinds = {"TM00000000000001", "TM00000000000002",
                                                           "TM00000000000003", "TM00000000000004"};
inline constexpr std::size_t kLiveKind = 3;

inline std::uint16_t class_of(std::size_t institution) {
  return static_cast<std::uint16_t>(institution % 2 == 0
                                        ? rules::InstitutionClass::kMayor
                                        : rules::InstitutionClass::kEducationBoard);
}

}  // namespace nakadachi::testing
