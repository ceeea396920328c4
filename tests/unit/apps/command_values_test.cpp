#include "apps/common/command_values.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/catch.hpp"

using namespace nakadachi;

namespace {

/// A file for one test case.
class TextFile {
 public:
  explicit TextFile(std::string_view content)
      : path_(std::filesystem::temp_directory_path() /
              ("nakadachi-values-" + std::to_string(getpid()))) {
    std::ofstream(path_) << content;
  }
  ~TextFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("Sex is read in English, Japanese and by number", "[apps]") {
  CHECK(*apps::parse_sex("female") == symbols::Sex::kFemale);
  CHECK(*apps::parse_sex("男") == symbols::Sex::kMale);
  CHECK(*apps::parse_sex("9") == symbols::Sex::kNotApplicable);
  CHECK(apps::parse_sex("3").error().code == ErrorCode::kUnknownEnumValue);
  CHECK(apps::word_of(symbols::Sex::kUnknown, true) == "不明");
}

TEST_CASE("A business number has its system in front", "[apps]") {
  const auto number = apps::parse_business_number("3:0042");
  REQUIRE(number);
  CHECK(number->system().value == 3);
  CHECK(number->reveal() == 42);
  for (const std::string_view wrong : {"42", "3:", ":42", "x3:42", "3x:42", "3:4:2", "-3:42"}) {
    CHECK_FALSE(apps::parse_business_number(wrong));
  }
}

TEST_CASE("A period may be open and does not end before it begins", "[apps]") {
  CHECK(*apps::parse_period("", "") == Period{});
  CHECK(apps::parse_period("2026-04-01", "")->from == Day::parse("2026-04-01"));
  CHECK(apps::parse_period("2026-04-01", "2026-03-31").error().field == "until");
  CHECK(apps::parse_period("2026-02-30", "").error().field == "from");
}

TEST_CASE("Person numbers are the first column of a CSV file", "[apps]") {
  const auto persons =
      apps::read_person_numbers("団体内統合宛名番号,備考\r\n42,a\r\n007,\"b\"\r\n");
  REQUIRE(persons);
  REQUIRE(persons->size() == 2);
  CHECK((*persons)[1].reveal() == 7);
  CHECK(apps::read_person_numbers("42\n").error().field == "csv_header");
  CHECK(apps::read_person_numbers("").error().field == "csv_header");
  CHECK(apps::read_person_numbers("団体内統合宛名番号\n42\nx\n").error().position == 3);
}

TEST_CASE("Former symbols come once for a person and once each", "[apps]") {
  const std::string one = "00112233445566778899aabbccddee01";
  const std::string two = "00112233445566778899aabbccddee02";
  {
    const TextFile file("# person, symbol\n42\t" + one + "\n43\t" + two + "\n");
    const auto read = apps::read_former_symbols(file.path());
    REQUIRE(read);
    REQUIRE(read->size() == 2);
    CHECK((*read)[1].person.reveal() == 43);
    CHECK(to_hex((*read)[1].symbol.reveal()) == two);
  }
  {
    const TextFile file("\xEF\xBB\xBF団体内統合宛名番号,符号\r\n42,\"" + one + "\"\r\n\r\n043," +
                        two + "\r\n");
    const auto read = apps::read_former_symbols(file.path());
    REQUIRE(read);
    REQUIRE(read->size() == 2);
    CHECK((*read)[1].person.reveal() == 43);
    CHECK(to_hex((*read)[0].symbol.reveal()) == one);
  }
  {
    const TextFile file("団体内統合宛名番号,符号\n42," + one + "\n42," + two + "\n");
    const auto read = apps::read_former_symbols(file.path());
    REQUIRE_FALSE(read);
    CHECK(read.error().field == "twice");
    CHECK(read.error().position == 3);
  }
  const auto field_of = [](const std::string& content) {
    const TextFile file(content);
    const auto read = apps::read_former_symbols(file.path());
    REQUIRE_FALSE(read);
    return std::string(read.error().field);
  };
  CHECK(field_of("42\t" + one + "\n42\t" + two + "\n") == "twice");
  CHECK(field_of("42\t" + one + "\n43\t" + one + "\n") == "twice");
  CHECK(field_of("42\t0011\n") == "symbol");
  CHECK(field_of("x\t" + one + "\n") == "person");
  CHECK(field_of("団体内統合宛名番号,符号\n42\n") == "csv");
  CHECK(field_of("団体内統合宛名番号,備考\n42,x\n") == "csv_header");
}
