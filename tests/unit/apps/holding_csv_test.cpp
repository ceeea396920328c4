#include "apps/common/holding_csv.hpp"

#include "apps/common/embedded_facts.hpp"
#include "tests/support/catch.hpp"

using namespace nakadachi;

namespace {

AddressNumber person(std::uint64_t number) { return *AddressNumber::from_number(number); }

symbols::PersonRecord record() {
  return {.number = person(42),
          .items = {{*symbols::PersonName::parse("山田, 花子"),
                     *symbols::BirthDate::parse("1980-04-00"), symbols::Sex::kFemale,
                     *symbols::HomeAddress::parse("札幌市\"中央\"区1-1")},
                    *symbols::KanaName::parse("ヤマダ ハナコ")},
          .business = {*symbols::BusinessNumber::from_number({3}, 1042),
                       *symbols::BusinessNumber::from_number({5}, 7)},
          .aliases = {person(9)}};
}

}  // namespace

TEST_CASE("Persons written as CSV are read again", "[apps]") {
  symbols::PersonRecord plain = record();
  plain.number = person(43);
  plain.items.kana.reset();
  plain.business.clear();
  plain.aliases.clear();
  const std::vector persons = {record(), plain};
  const std::string csv = apps::persons_csv(persons);
  const auto read = apps::read_persons_csv(csv);
  REQUIRE(read.ok());
  REQUIRE(read->size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK((read->at(i).number == persons[i].number));
    CHECK((read->at(i).items == persons[i].items));
    CHECK((read->at(i).business == persons[i].business));
  }
}

TEST_CASE("A row of a person without a number is a new one, and a wrong one is named by its line",
          "[apps]") {
  const std::string header = apps::persons_csv({});
  const auto read = apps::read_persons_csv(header + ",山田花子,,1980-04-02,2,札幌市1,,\r\n");
  REQUIRE(read.ok());
  CHECK_FALSE(read->at(0).number.has_value());
  const auto wrong = [&](const std::string& row) {
    const auto refused = apps::read_persons_csv(header + ",良,,1980-04-02,2,札幌市1,,\r\n" + row);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().position == 3);
    CHECK(refused.error().detail.empty());
    return refused.error().code;
  };
  CHECK(wrong(",山田花子,,1980-13-02,2,札幌市1,,\r\n") == ErrorCode::kWrongFormat);
  CHECK(wrong(",山田花子,,1980-04-02,3,札幌市1,,\r\n") == ErrorCode::kUnknownEnumValue);
  CHECK(wrong(",123456789018,,1980-04-02,2,札幌市1,,\r\n") == ErrorCode::kPersonalNumberPresent);
  CHECK(wrong(",山田花子,,1980-04-02,2,札幌市1,x:1,\r\n") == ErrorCode::kWrongFormat);
  CHECK(wrong(",山田花子,,1980-04-02,2,札幌市1\r\n") == ErrorCode::kWrongFormat);
  CHECK(apps::read_persons_csv("").error().field == "csv_header");
  CHECK(apps::read_persons_csv("番号,氏名\r\n").error().field == "csv_header");
}

TEST_CASE("Flags written as CSV are read again", "[apps]") {
  const auto facts = apps::embedded_facts();
  REQUIRE(facts.ok());
  const auto kind = *InformationKind::parse("TM00000000000002");
  const copies::Flag held{copies::FlagSort::kHeld, {}, {}};
  const copies::Flag until{
      copies::FlagSort::kNonDisclosure, kind, {Day::parse("2026-04-01"), Day::parse("2026-09-30")}};
  const std::vector<copies::PersonFlags> persons = {{{}, person(1), {held, until}},
                                                    {{}, person(2), {until}}};
  const auto read = apps::read_flags_csv(apps::flags_csv(persons), *facts);
  REQUIRE(read.ok());
  REQUIRE(read->size() == 3);
  CHECK((read->at(0).person == person(1)));
  CHECK(read->at(0).flag == held);
  CHECK(read->at(1).flag == until);
  CHECK((read->at(2).person == person(2)));
  CHECK(read->at(2).flag == until);

  const std::string header = apps::flags_csv({});
  const auto by_name = apps::read_flags_csv(header + "1,hold,地方税関係情報,,\r\n", *facts);
  REQUIRE(by_name.ok());
  CHECK(by_name->at(0).flag.kind == kind);
  const auto wrong = apps::read_flags_csv(header + "1,hold,,2026-09-30,2026-04-01\r\n", *facts);
  CHECK(wrong.error().code == ErrorCode::kWrongFormat);
  CHECK(wrong.error().position == 2);
}
