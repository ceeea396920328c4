#include "nakadachi/base/codes.hpp"

#include <string>

#include "tests/support/catch.hpp"

using namespace nakadachi;

TEST_CASE("a municipality code has a check digit", "[base]") {
  struct Case {
    std::string text;
    ErrorCode problem;  // kInternal: none
  };
  const auto given = GENERATE(values<Case>({{"011002", ErrorCode::kInternal},
                                            {"131016", ErrorCode::kInternal},
                                            {"473821", ErrorCode::kInternal},
                                            {"011003", ErrorCode::kWrongCheckDigit},
                                            {"110022", ErrorCode::kWrongCheckDigit},
                                            {"01100", ErrorCode::kWrongLength},
                                            {"0110022", ErrorCode::kWrongLength},
                                            {"", ErrorCode::kWrongLength},
                                            {"01100a", ErrorCode::kWrongFormat},
                                            {"01 002", ErrorCode::kWrongFormat}}));
  CAPTURE(given.text);
  const auto code = MunicipalityCode::parse(given.text);
  if (given.problem == ErrorCode::kInternal) {
    REQUIRE(code.ok());
    CHECK(code->text() == given.text);
  } else {
    REQUIRE_FALSE(code.ok());
    CHECK(code.error().code == given.problem);
    CHECK(code.error().field == "municipality_code");
  }
}

TEST_CASE("changing any digit of a municipality code breaks it or makes another", "[base]") {
  const std::string right = "011002";
  for (std::size_t place = 0; place < 5; ++place) {
    std::string wrong = right;
    wrong[place] = wrong[place] == '9' ? '8' : static_cast<char>(wrong[place] + 1);
    CAPTURE(wrong);
    CHECK_FALSE(MunicipalityCode::parse(wrong).ok());
  }
}

TEST_CASE("institution codes are 16 digits", "[base]") {
  CHECK(InstitutionCode::parse("1000001100200001")->text() == "1000001100200001");
  CHECK(InstitutionCode::parse("0000000000000001")->text() == "0000000000000001");
  CHECK(InstitutionCode::parse("100000110020000").error().code == ErrorCode::kWrongLength);
  CHECK(InstitutionCode::parse("10000011002000012").error().code == ErrorCode::kWrongLength);
  const auto letter = InstitutionCode::parse("100000110020000x");
  CHECK(letter.error().code == ErrorCode::kWrongFormat);
  CHECK(letter.error().position == 15);
  CHECK(InstitutionCode::from_number(10'000'000'000'000'000).error().code ==
        ErrorCode::kWrongLength);
}

TEST_CASE("prefixed codes keep their letters apart", "[base]") {
  CHECK(AffairCode::parse("JM01000000121000")->text() == "JM01000000121000");
  CHECK(InformationKind::parse("TM00000000000002")->number() == 2);
  CHECK(AffairCode::parse("JT01000000121000").error().code == ErrorCode::kWrongFormat);
  CHECK(ProcedureCode::parse("JM01000000121000").error().field == "procedure");
  CHECK(AffairCode::parse("JM0100000012100").error().code == ErrorCode::kWrongLength);
  CHECK(AffairCode::parse("JM0100000012100 ").error().code == ErrorCode::kWrongFormat);
  CHECK(AffairCode::from_number(100'000'000'000'000).error().code == ErrorCode::kWrongLength);
}

TEST_CASE("address numbers take up to 15 digits", "[base]") {
  CHECK(AddressNumber::parse("000000000012345")->reveal() == 12'345);
  CHECK(AddressNumber::parse("12345")->reveal() == 12'345);
  CHECK(AddressNumber::parse("").error().code == ErrorCode::kWrongLength);
  CHECK(AddressNumber::parse("1234567890123456").error().code == ErrorCode::kWrongLength);
  CHECK(AddressNumber::parse("12-45").error().position == 2);
}

TEST_CASE("corporate numbers carry their check digit first", "[base]") {
  CHECK(CorporateNumber::parse("7000012050002")->text() == "7000012050002");
  CHECK(CorporateNumber::parse("8000012050002").error().code == ErrorCode::kWrongCheckDigit);
  CHECK(CorporateNumber::parse("700001205000").error().code == ErrorCode::kWrongLength);
}

TEST_CASE("personal numbers are found however they are written", "[base]") {
  CHECK(personal_number_check_digit(12'345'678'901) == 8);
  const auto found = GENERATE(values<std::string>(
      {"123456789018", "番号は123456789018です", "1234 5678 9018", "1234-5678-9018",
       "１２３４５６７８９０１８", "x123456789018", "12 123456789018"}));
  CAPTURE(found);
  CHECK(holds_personal_number(found));
}

TEST_CASE("other numbers are not taken for personal numbers", "[base]") {
  const auto other = GENERATE(values<std::string>(
      {"", "123456789017", "12345678901", "1234567890181", "0123456789018", "1234  5678 9018",
       "123-456-789-018", "123456789018123456789018", "市民税課", "03-1234-5678"}));
  CAPTURE(other);
  CHECK_FALSE(holds_personal_number(other));
}

TEST_CASE("one in ten random numbers of 12 digits has the right check digit", "[base]") {
  int found = 0;
  for (std::uint64_t number = 100'000'000'000; number < 100'000'010'000; ++number) {
    found += holds_personal_number(std::to_string(number)) ? 1 : 0;
  }
  CHECK(found > 800);
  CHECK(found < 1200);
}

TEST_CASE("symbols are 16 bytes", "[base]") {
  CHECK(Symbol::from(Bytes(16, 7)).ok());
  CHECK(Symbol::from(Bytes(15)).error().code == ErrorCode::kWrongLength);
  CHECK(Symbol::from(Bytes(17)).error().field == "symbol");
}

TEST_CASE("an acquisition number can be neither a personal number nor a resident code", "[base]") {
  struct Case {
    std::string text;
    ErrorCode problem;
  };
  const auto given = GENERATE(values<Case>({{"", ErrorCode::kWrongLength},
                                            {"12345678901", ErrorCode::kWrongLength},
                                            {"123456789018", ErrorCode::kWrongLength},
                                            {"1234567890123456789", ErrorCode::kWrongLength},
                                            {"0000123456789018", ErrorCode::kWrongFormat},
                                            {"123456789012345x", ErrorCode::kWrongFormat}}));
  CAPTURE(given.text);
  CHECK(AcquisitionNumber::parse(given.text).error().code == given.problem);
}

TEST_CASE("an acquisition number is the number its digits make", "[base]") {
  for (const std::uint64_t number : {1'000'000'000'000U, 999'999'999'999'999'999U}) {
    const auto parsed = AcquisitionNumber::parse(std::to_string(number));
    REQUIRE(parsed.ok());
    CHECK(parsed->reveal() == number);
    CHECK((AcquisitionNumber::from_number(number).value() == *parsed));
  }
  for (const std::uint64_t number : {999'999'999'999U, 1'000'000'000'000'000'000U}) {
    CHECK(AcquisitionNumber::from_number(number).error().code == ErrorCode::kWrongLength);
  }
}
