#include "nakadachi/exchange/outcome_text.hpp"

#include <cctype>
#include <set>
#include <string_view>

#include "tests/support/catch.hpp"

namespace nakadachi::exchange {

TEST_CASE("every outcome has a name and a text in each language, and no two share one") {
  std::set<std::string_view> words;
  for (std::uint32_t number = 1; number <= static_cast<std::uint32_t>(kLastOutcome); ++number) {
    CAPTURE(number);
    const OutcomeText* const text = find_outcome(number);
    REQUIRE(text != nullptr);
    CHECK(&text_of(Outcome(number)) == text);
    for (const char letter : text->name) {
      CHECK((letter == '_' || std::islower(static_cast<unsigned char>(letter)) != 0));
    }
    words.insert({text->name, text->japanese});
  }
  CHECK(kOutcomeTexts.size() == static_cast<std::size_t>(kLastOutcome));
  CHECK(words.size() == 2 * kOutcomeTexts.size());
  CHECK(find_outcome(0) == nullptr);
  CHECK(find_outcome(static_cast<std::uint32_t>(kLastOutcome) + 1) == nullptr);
}

}  // namespace nakadachi::exchange
