#include "nakadachi/copies/validation.hpp"

#include <algorithm>

#include "nakadachi/base/limits.hpp"
#include "tests/unit/copies/copies_helpers.hpp"

namespace nakadachi::copies::test {
namespace {

/// What is wrong with one more item in a copy that is right.
std::vector<Fault> faults_of(std::uint16_t number, const std::string& value) {
  std::vector<CopyItem> items = {{1, "2026"}, {5, "0"}};
  std::erase_if(items, [&](const CopyItem& item) { return item.number == number; });
  items.push_back({number, value});
  std::vector<Fault> faults;
  for (const Finding& finding : validate(content(items), layout())) {
    CHECK(finding.item == number);
    faults.push_back(finding.fault);
  }
  return faults;
}

using Faults = std::vector<Fault>;
using enum Fault;

}  // namespace

TEST_CASE("a copy that keeps to its layout has no findings", "[copies]") {
  CHECK(validate(content({{1, "2026"}, {5, "1"}}), layout()).empty());
  CHECK(validate(
            content(
                {{1, "-12"}, {2, "港区芝公園"}, {3, "2026-06-14"}, {5, "0"}, {8, "1"}, {9, "A1"}}),
            layout())
            .empty());
}

TEST_CASE("each value is judged by the type of its item", "[copies]") {
  CHECK(faults_of(1, "0").empty());
  CHECK(faults_of(1, "-9999").empty());
  for (const std::string value : {"x", "-", "-0", "01", "1.5", "１", "+1", " 1"}) {
    CAPTURE(value);
    CHECK(faults_of(1, value) == Faults{kNotANumber});
  }
  CHECK(faults_of(1, "10000") == Faults{kTooLong});
  CHECK(faults_of(1, "-10000") == Faults{kTooLong});
  CHECK(faults_of(1, "010000") == Faults{kNotANumber, kTooLong});

  CHECK(faults_of(2, "一二三四五六七八九十一二三四五六七八九十").empty());
  CHECK(faults_of(2, "一二三四五六七八九十一二三四五六七八九十一") == Faults{kTooLong});
  for (const std::string value : {"a\nb", "a\tb", "\x7F", "\xC2\x85", "\xE2\x80\xA8", "\xFF"}) {
    CHECK(faults_of(2, value) == Faults{kNotText});
  }

  for (const std::string value : {"2026-06-31", "2026/06/14", "20260614", "x"}) {
    CHECK(faults_of(3, value) == Faults{kNotADate});
  }
  CHECK(faults_of(3, "2026-06-145") == Faults{kNotADate, kTooLong});
  CHECK(faults_of(5, "2") == Faults{kNotAFlag});
  CHECK(faults_of(5, "true") == Faults{kNotAFlag, kTooLong});
  CHECK(faults_of(8, "2") == Faults{kNotInCodeList});
  CHECK(faults_of(9, "a-b") == Faults{kNotACode});
  CHECK(faults_of(9, "1234567890123") == Faults{kTooLong});
  CHECK(faults_of(2, "") == Faults{kEmpty});
  CHECK(faults_of(7, "x") == Faults{kUnknownItem});
}

TEST_CASE("a personal number is found in whatever item it hides", "[copies]") {
  const std::string number = "123456789018";
  CHECK(faults_of(1, number) == Faults{kTooLong, kPersonalNumber});
  CHECK(faults_of(2, "番号は" + number) == Faults{kPersonalNumber});
  CHECK(faults_of(2, "1234-5678-9018") == Faults{kPersonalNumber});
  CHECK(faults_of(2, "123456789017").empty());
  CHECK(faults_of(7, number) == Faults{kUnknownItem, kPersonalNumber});
  CHECK(faults_of(8, number) == Faults{kNotInCodeList, kTooLong, kPersonalNumber});
  CHECK(faults_of(9, number) == Faults{kPersonalNumber});
}

TEST_CASE("a code of the list is exempt, whatever it looks like", "[copies]") {
  const auto exempt = LayoutBook::parse(
      "layout\tTM00000000000002\t2\t2025-04-01\t-\ttax\n"
      "item\t1\tcode\tcode\t12\trequired\t123456789018=an office\n");
  CHECK(validate(content({{1, "123456789018"}}), exempt->layouts()[0]).empty());
}

TEST_CASE("all findings are told, not only the first", "[copies]") {
  const std::vector<Finding> findings =
      validate(content({{2, "a\nb"}, {2, "x"}, {2, "x"}, {7, "y"}}), layout());
  CHECK(findings == std::vector<Finding>{{2, "note", kNotText},
                                         {7, "", kUnknownItem},
                                         {2, "note", kTwice},
                                         {1, "year", kMissing},
                                         {5, "closed", kMissing}});
}

TEST_CASE("a copy that is too large as a whole is found", "[copies]") {
  std::string large = "layout\tTM00000000000002\t2\t2025-04-01\t-\ttax\n";
  std::vector<CopyItem> items;
  for (std::uint16_t i = 1; i <= 11; ++i) {
    large += "item\t" + std::to_string(i) + "\titem " + std::to_string(i) +
             "\ttext\t1000\toptional\t-\n";
    std::string value;
    for (std::size_t c = 0; c < limits::kMaxCopyItemCharacters; ++c) value += "漢";
    items.push_back({i, value});
  }
  const auto parsed = LayoutBook::parse(large);
  REQUIRE(parsed.ok());
  CHECK(validate(content(items), parsed->layouts()[0]) == std::vector<Finding>{{0, "", kTooLarge}});
  items.pop_back();
  CHECK(validate(content(items), parsed->layouts()[0]).empty());
}

TEST_CASE("every fault is told in English and Japanese under a name of its own", "[copies]") {
  std::vector<std::string_view> names;
  for (int fault = 0; fault <= static_cast<int>(kPersonTwice); ++fault) {
    const FaultText text = text_of(static_cast<Fault>(fault));
    CHECK_FALSE(text.english.empty());
    CHECK_FALSE(text.japanese.empty());
    CHECK(std::find(names.begin(), names.end(), text.name) == names.end());
    names.push_back(text.name);
  }
  CHECK(text_of(kPersonalNumber).name == "personal_number");
  CHECK(text_of(kPersonTwice).name == "person_twice");
}

}  // namespace nakadachi::copies::test
