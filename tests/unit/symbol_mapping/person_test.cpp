#include "nakadachi/symbol_mapping/person.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "nakadachi/base/random.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/symbol_mapping/person_samples.hpp"

using namespace nakadachi;
using namespace nakadachi::symbols;
using namespace nakadachi::symbols::samples;

namespace {

PersonRecord record() {
  return {address(123'456'789'012'345),
          items("甲野　花子", "コウノ　ハナコ", "1985-04-12", Sex::kFemale, "一条西２－３"),
          {business(1, 77), business(2, 5), business(2, 6)},
          {address(3), address(999'999'999'999'999)}};
}

/// Bytes near `good`: bits changed, cut, doubled, continued.
Bytes damaged(const Bytes& good, SeededRandom& random) {
  Bytes bytes = good;
  for (std::uint64_t n = random.below(4); n > 0; --n) {
    bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.below(256));
  }
  if (random.chance(300)) bytes.resize(random.below(bytes.size() + 1));
  if (random.chance(100)) bytes.resize(bytes.size() + random.below(300));
  return bytes;
}

}  // namespace

TEST_CASE("values about persons cannot be formatted", "[symbol_mapping]") {
  STATIC_REQUIRE_FALSE(fmt::is_formattable<PersonName>::value);
  STATIC_REQUIRE_FALSE(fmt::is_formattable<KanaName>::value);
  STATIC_REQUIRE_FALSE(fmt::is_formattable<HomeAddress>::value);
  STATIC_REQUIRE_FALSE(fmt::is_formattable<BirthDate>::value);
  STATIC_REQUIRE_FALSE(fmt::is_formattable<BirthDate::Parts>::value);
  STATIC_REQUIRE_FALSE(fmt::is_formattable<Sex>::value);
  STATIC_REQUIRE_FALSE(fmt::is_formattable<FourItems>::value);
  STATIC_REQUIRE_FALSE(fmt::is_formattable<BusinessNumber>::value);
  STATIC_REQUIRE_FALSE(fmt::is_formattable<PersonRecord>::value);
}

TEST_CASE("a name is one line that means something", "[symbol_mapping]") {
  struct Case {
    std::string text;
    ErrorCode problem;  // kInternal: none
  };
  const auto given = GENERATE(values<Case>({
      {"甲野　花子", ErrorCode::kInternal},
      {"葛\U000E0101城", ErrorCode::kInternal},
      {"\uE000外字", ErrorCode::kInternal},
      {std::string(400, 'a'), ErrorCode::kInternal},
      {std::string(401, 'a'), ErrorCode::kWrongLength},
      {"", ErrorCode::kMissingField},
      {" 　\u00A0", ErrorCode::kMissingField},
      {"甲野\n花子", ErrorCode::kWrongFormat},
      {"甲野\t花子", ErrorCode::kWrongFormat},
      {std::string("甲\0乙", 7), ErrorCode::kWrongFormat},
      {"甲野\u0085花子", ErrorCode::kWrongFormat},
      {"甲野\u2028花子", ErrorCode::kWrongFormat},
      {"\xE7\x94", ErrorCode::kWrongFormat},
      {"\xED\xA0\x80", ErrorCode::kWrongFormat},
      {"甲野 123456789018", ErrorCode::kPersonalNumberPresent},
      {"１２３４ ５６７８ ９０１８", ErrorCode::kPersonalNumberPresent},
      {"甲野 123456789017", ErrorCode::kInternal},
  }));
  const auto name = PersonName::parse(given.text);
  if (given.problem == ErrorCode::kInternal) {
    REQUIRE(name.ok());
    CHECK((name->reveal() == given.text));
  } else {
    REQUIRE_FALSE(name.ok());
    CHECK(name.error().code == given.problem);
    CHECK(name.error().field == "name");
    CHECK(name.error().detail.empty());
  }
}

TEST_CASE("an address of a home may be longer than a name", "[symbol_mapping]") {
  CHECK(HomeAddress::parse(std::string(1200, 'a')).ok());
  CHECK(HomeAddress::parse(std::string(1201, 'a')).error().code == ErrorCode::kWrongLength);
  CHECK(HomeAddress::parse("123456789018").error().code == ErrorCode::kPersonalNumberPresent);
  CHECK(KanaName::parse("").error().field == "kana_name");
}

TEST_CASE("a birth date is a day of the calendar, or unknown from a part on", "[symbol_mapping]") {
  for (const std::string_view text :
       {"1985-04-12", "2000-02-29", "2024-02-29", "1850-01-01", "2199-12-31"}) {
    REQUIRE(BirthDate::parse(text).ok());
    CHECK(BirthDate::parse(text)->is_known());
  }
  for (const std::string_view text : {"1950-00-00", "1950-03-00"}) {
    REQUIRE(BirthDate::parse(text).ok());
    CHECK_FALSE(BirthDate::parse(text)->is_known());
  }
  for (const std::string_view text :
       {"1985-13-01", "1985-04-31", "1900-02-29", "2023-02-29", "1849-12-31", "2200-01-01",
        "1950-00-01", "1985/04/12", "1985-4-012", "198x-04-12", "-985-04-12"}) {
    CHECK(BirthDate::parse(text).error().code == ErrorCode::kWrongFormat);
  }
  CHECK(BirthDate::parse("1985-4-12").error().code == ErrorCode::kWrongLength);
  CHECK(BirthDate::parse("1985x04-12").error().position == 4);
}

TEST_CASE("a business number is at most fifteen digits of one system", "[symbol_mapping]") {
  const BusinessSystem tax{3};
  CHECK((BusinessNumber::parse(tax, "000123").value() == business(3, 123)));
  CHECK((business(3, 123) != business(4, 123)));
  CHECK(BusinessNumber::parse(tax, "999999999999999").ok());
  CHECK(BusinessNumber::parse(tax, "1000000000000000").error().code == ErrorCode::kWrongLength);
  CHECK(BusinessNumber::parse(tax, "").error().field == "business_number");
  CHECK(BusinessNumber::parse(tax, "12a").error().code == ErrorCode::kWrongFormat);
  CHECK(BusinessNumber::from_number(tax, 1'000'000'000'000'000).error().code ==
        ErrorCode::kWrongLength);
}

TEST_CASE("the four items come back as they were, and tell nothing by their size",
          "[symbol_mapping]") {
  const FourItems short_items = four("林 一", "1950-00-00", Sex::kNotApplicable, "本町1");
  const FourItems long_items =
      four("マクシミリアン　アレクサンダー", "2001-12-31", Sex::kMale,
           "字東大通り北十七丁目百二十三番地の四五　第二公営住宅七号棟六〇八号室");
  for (const FourItems& each : {short_items, long_items}) {
    const Bytes bytes = encode(each);
    CHECK(bytes.size() == 256);
    const auto back = decode_four_items(bytes);
    REQUIRE(back.ok());
    CHECK((*back == each));
  }
  const FourItems longest =
      four(std::string(400, 'a'), "2001-12-31", Sex::kMale, std::string(1200, 'b'));
  CHECK((decode_four_items(encode(longest)).value() == longest));
}

TEST_CASE("no hostile bytes are taken for four items", "[symbol_mapping]") {
  const Bytes good = encode(four("甲野　花子", "1985-04-12", Sex::kFemale, "一条西２－３"));
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK(decode_four_items(ByteView(good).first(size)).error().code == ErrorCode::kMalformedFrame);
  }
  const auto problem = [&](std::size_t at, std::uint8_t byte) {
    Bytes bytes = good;
    bytes[at] = byte;
    const auto decoded = decode_four_items(bytes);
    return decoded ? ErrorCode::kInternal : decoded.error().code;
  };
  CHECK(problem(0, 2) == ErrorCode::kUnsupportedVersion);
  CHECK(problem(1, 3) == ErrorCode::kMalformedFrame);  // a sex there is not
  CHECK(problem(4, 13) == ErrorCode::kWrongFormat);    // the thirteenth month
  CHECK(problem(6, 0xFF) == ErrorCode::kMalformedFrame);
  CHECK(problem(8, '\n') == ErrorCode::kWrongFormat);
  CHECK(problem(good.size() - 1, 1) == ErrorCode::kMalformedFrame);
  Bytes longer = good;
  longer.resize(512);
  CHECK(decode_four_items(longer).error().code == ErrorCode::kMalformedFrame);
  SeededRandom random(8);
  for (int i = 0; i < 20'000; ++i) {
    const Bytes bytes = damaged(good, random);
    const auto decoded = decode_four_items(bytes);
    if (decoded) REQUIRE(encode(*decoded) == bytes);
  }
}

TEST_CASE("a person comes back as stored", "[symbol_mapping]") {
  const PersonRecord whole = record();
  CHECK((decode_person(encode(whole)).value() == whole));
  PersonRecord bare{address(1), {four("甲", "1985-04-00", Sex::kUnknown, "乙"), {}}, {}, {}};
  CHECK((decode_person(encode(bare)).value() == bare));
  for (std::uint32_t i = 0; i < 256; ++i) {
    bare.business.push_back(business(i, 1));
    bare.aliases.push_back(address(i));
  }
  CHECK((decode_person(encode(bare)).value() == bare));
  bare.aliases.push_back(address(256));
  CHECK(decode_person(encode(bare)).error().code == ErrorCode::kMalformedFrame);
}

TEST_CASE("no hostile bytes are taken for a person", "[symbol_mapping]") {
  const Bytes good = encode(record());
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_FALSE(decode_person(ByteView(good).first(size)).ok());
  }
  Bytes other = good;
  other[0] = 9;
  CHECK(decode_person(other).error().code == ErrorCode::kUnsupportedVersion);
  PersonRecord unordered = record();
  std::swap(unordered.business[0], unordered.business[1]);
  CHECK(decode_person(encode(unordered)).error().code == ErrorCode::kMalformedFrame);
  PersonRecord twice = record();
  twice.aliases[1] = twice.aliases[0];
  CHECK(decode_person(encode(twice)).error().code == ErrorCode::kMalformedFrame);
  SeededRandom random(9);
  for (int i = 0; i < 20'000; ++i) {
    const Bytes bytes = damaged(good, random);
    const auto decoded = decode_person(bytes);
    if (decoded) REQUIRE(encode(*decoded) == bytes);
  }
}
