#include "nakadachi/exchange/outcome_text.hpp"

#include "nakadachi/base/assert.hpp"

namespace nakadachi::exchange {

const OutcomeText* find_outcome(std::uint32_t number) noexcept {
  for (const OutcomeText& text : kOutcomeTexts) {
    if (static_cast<std::uint32_t>(text.outcome) == number) return &text;
  }
  return nullptr;
}

const OutcomeText& text_of(Outcome outcome) noexcept {
  const OutcomeText* const found = find_outcome(static_cast<std::uint32_t>(outcome));
  NAKADACHI_ASSERT(found != nullptr);
  return *found;
}

}  // namespace nakadachi::exchange
