#include "nakadachi/base/error.hpp"

#include <fmt/format.h>

#include <set>
#include <type_traits>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/base/secret.hpp"
#include "tests/support/catch.hpp"

using namespace nakadachi;

TEST_CASE("the error list is closed, in order and in both languages", "[base]") {
  std::set<std::string_view> names;
  for (const ErrorText& text : error_texts()) {
    CAPTURE(text.name);
    CHECK(names.insert(text.name).second);
    CHECK_FALSE(text.english.empty());
    CHECK_FALSE(text.japanese.empty());
    CHECK(error_code_of(static_cast<std::uint32_t>(text.code)) == text.code);
    CHECK(text_of(text.code).name == text.name);
  }
  CHECK_FALSE(error_code_of(0).has_value());
  CHECK_FALSE(error_code_of(999).has_value());
  CHECK(text_of(static_cast<ErrorCode>(999)).code == ErrorCode::kInternal);
}

TEST_CASE("what may be tried again is said", "[base]") {
  CHECK(text_of(ErrorCode::kRateLimited).retry == Retry::kLater);
  CHECK(text_of(ErrorCode::kOutcomeUnknown).retry == Retry::kAskWhatBecame);
  CHECK(text_of(ErrorCode::kNotInLegalTable).retry == Retry::kNever);
}

TEST_CASE("an error names field and place", "[base]") {
  const Error error{
      .code = ErrorCode::kWrongCheckDigit, .field = "municipality_code", .position = 5};
  CHECK(describe(error) ==
        "wrong_check_digit (105): The check digit does not fit the number. [municipality_code] @5");
  CHECK(describe(error, Language::kJapanese) ==
        "wrong_check_digit (105): 検査数字が一致しません。 [municipality_code] @5");
}

TEST_CASE("personal values and secrets cannot be formatted", "[base]") {
  STATIC_REQUIRE_FALSE(fmt::is_formattable<Symbol>::value);
  STATIC_REQUIRE_FALSE(fmt::is_formattable<AddressNumber>::value);
  STATIC_REQUIRE_FALSE(fmt::is_formattable<AcquisitionNumber>::value);
  STATIC_REQUIRE_FALSE(fmt::is_formattable<SecretBytes>::value);
}

TEST_CASE("a result is a value or a reason", "[base]") {
  const auto half = [](int number) -> Result<int> {
    if (number % 2 != 0) return ErrorCode::kWrongFormat;
    return number / 2;
  };
  const auto quarter = [&](int number) -> Result<int> {
    NAKADACHI_TRY(const int once, half(number));
    NAKADACHI_TRY(const int twice, half(once));
    return twice;
  };
  CHECK(*quarter(12) == 3);
  CHECK(quarter(6).error().code == ErrorCode::kWrongFormat);
  CHECK(quarter(3).error().code == ErrorCode::kWrongFormat);
}

TEST_CASE("secret bytes are wiped when they are dropped", "[base]") {
  Bytes memory(32, 0xAB);
  wipe(memory.data(), memory.size());
  CHECK(memory == Bytes(32, 0));
}
