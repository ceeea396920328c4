#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/copies/content.hpp"
#include "nakadachi/copies/layout.hpp"

namespace nakadachi::copies {

/// What can be wrong with a copy, with a row of a load, or with a load. Numbers stand on the
/// wire, never reused.
enum class Fault : std::uint8_t {
  kMissing = 0,         ///< required, and not there
  kUnknownItem,         ///< the layout has no such item
  kTwice,               ///< the item comes twice
  kEmpty,               ///< the item has no value; it is to be left out
  kNotText,             ///< not UTF-8, or with control characters
  kNotANumber,          ///< not written as numbers are
  kNotADate,            ///< not a day, or not written as one
  kNotAFlag,            ///< neither 0 nor 1
  kNotACode,            ///< other than ASCII letters and digits
  kNotInCodeList,       ///< none of the item's codes
  kTooLong,             ///< longer than the layout allows
  kPersonalNumber,      ///< holds what looks like a 個人番号
  kTooLarge,            ///< the copy as a whole is above limits::kMaxCopyBytes
  kWrongAddressNumber,  ///< not a 団体内統合宛名番号
  kPersonTwice,         ///< an earlier row of the same load has this person
  kUnknownKind,         ///< there is no layout of this kind
  kLayoutNotInForce,    ///< the kind has no such version, or it does not hold on the day
  kOlderLoad,           ///< what is registered came with a greater dataset
  kOtherCount           ///< of the load more or fewer copies are registered than it had
};
inline constexpr Fault kLastFault = Fault::kOtherCount;

/// A fault in words, without a value of anybody.
struct FaultText {
  std::string_view name;  ///< snake_case
  std::string_view english;
  std::string_view japanese;
};
FaultText text_of(Fault fault) noexcept;

/// One thing that is wrong. Names the item, never its value.
struct Finding {
  std::uint16_t item = 0;  ///< 0 when it is no single item
  std::string name;        ///< of the item; empty when the layout has none of this number
  Fault fault = Fault::kMissing;

  friend bool operator==(const Finding&, const Finding&) = default;
};

/// Everything that is wrong with the items of a copy, by the layout of its kind and
/// version (another version is a bug); empty when nothing is. A value of the item's
/// code list is never taken for a 個人番号, any other value is looked at.
std::vector<Finding> validate(const CopyContent& content, const Layout& layout);

}  // namespace nakadachi::copies
