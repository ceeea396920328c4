#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "nakadachi/exchange/messages.hpp"

namespace nakadachi::exchange {

/// One outcome, for people and for JSON.
struct OutcomeText {
  Outcome outcome;
  std::string_view name;  ///< snake_case, as it stands in JSON
  std::string_view english;
  std::string_view japanese;
};

/// Every outcome, in the order in which lists show them.
inline constexpr std::array<OutcomeText, 6> kOutcomeTexts = {{
    {Outcome::kAnswered, "answered", "answered", "回答"},
    {Outcome::kAnsweredInPart, "answered_in_part", "answered in part", "一部回答"},
    {Outcome::kNoData, "no_data", "no data", "該当情報なし"},
    {Outcome::kProviderHoldsNoSymbol, "provider_holds_no_symbol", "provider holds no symbol",
     "符号未取得"},
    {Outcome::kRefused, "refused", "refused", "提供不可"},
    {Outcome::kLapsed, "lapsed", "lapsed", "期限経過"},
}};

/// The row of the outcome with this number, as it stands in rows and frames; null for a
/// number that is none.
const OutcomeText* find_outcome(std::uint32_t number) noexcept;

/// The row of `outcome`, which must be one.
const OutcomeText& text_of(Outcome outcome) noexcept;

}  // namespace nakadachi::exchange
