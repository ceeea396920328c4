#include "nakadachi/symbol_mapping/address_book.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "nakadachi/base/random.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/symbol_mapping/person_samples.hpp"

using namespace nakadachi;
using namespace nakadachi::symbols;
using namespace nakadachi::symbols::samples;
using Likeness = AddressBook::Likeness;

namespace {

constexpr std::string_view kHome = "一条西２－３";

struct BookFixture {
  SeededRandom random{23};
  AddressBook book{random};

  AddressNumber add(std::string_view name, std::string_view kana = "コウノハナコ",
                    std::string_view birth_date = "1985-04-12", Sex sex = Sex::kFemale,
                    std::string_view home = kHome) {
    return put({}, items(name, kana, birth_date, sex, home)).value().number;
  }
  /// What is stored is taken.
  Result<PersonRecord> put(std::optional<AddressNumber> number, PersonItems items,
                           std::vector<BusinessNumber> business = {}) {
    auto record = book.would_put(number, std::move(items), business);
    if (record) REQUIRE(book.put(*record).ok());
    return record;
  }
  Result<PersonRecord> attach(const AddressNumber& number, const BusinessNumber& business) {
    const PersonRecord* const known = book.find(number);
    return put(number, known != nullptr ? known->items : items_of_nobody(), {business});
  }
  Result<AddressBook::Merged> merge(const AddressNumber& survivor, const AddressNumber& former) {
    auto merged = book.would_merge(survivor, former);
    if (merged) REQUIRE(book.put(merged->person).ok());
    return merged;
  }
  static PersonItems items_of_nobody() {
    return items("乙", "オツ", "1985-04-12", Sex::kMale, "丙");
  }
  std::size_t count(const AddressBook::Search& wanted) const {
    return book.search(wanted).value().size();
  }
};

PersonName name(std::string_view text) { return PersonName::parse(text).value(); }
KanaName kana(std::string_view text) { return KanaName::parse(text).value(); }
BirthDate born(std::string_view text) { return BirthDate::parse(text).value(); }

}  // namespace

TEST_CASE_METHOD(BookFixture, "each person is given a number of fifteen digits",
                 "[symbol_mapping]") {
  std::set<AddressNumber> numbers;
  for (int i = 0; i < 500; ++i) numbers.insert(add("甲野　花子"));
  CHECK(numbers.size() == 500);
  CHECK(book.size() == 500);
  for (const AddressNumber& number : numbers) {
    CHECK(number.reveal() >= 100'000'000'000'000);
    REQUIRE(book.find(number) != nullptr);
    CHECK((book.find(number)->number == number));
  }
  CHECK(book.find(address(1)) == nullptr);
}

TEST_CASE_METHOD(BookFixture, "business numbers lead to their person", "[symbol_mapping]") {
  const AddressNumber one = add("甲野　花子");
  const AddressNumber other = add("乙山　太郎");
  REQUIRE(attach(one, business(2, 77)).ok());
  REQUIRE(attach(one, business(1, 77)).ok());
  REQUIRE(attach(other, business(3, 77)).ok());
  CHECK((book.find(business(1, 77))->number == one));
  CHECK((book.find(business(2, 77))->number == one));
  CHECK((book.find(business(3, 77))->number == other));
  CHECK(book.find(business(4, 77)) == nullptr);
  CHECK((book.find(one)->business == std::vector{business(1, 77), business(2, 77)}));

  CHECK(attach(one, business(1, 77)).value().business.size() == 2);
  CHECK(attach(other, business(1, 77)).error().code == ErrorCode::kRowConflict);
  CHECK(attach(address(1), business(9, 1)).error().code == ErrorCode::kUnknownPerson);
}

TEST_CASE_METHOD(BookFixture, "a person has only so many business numbers", "[symbol_mapping]") {
  const AddressNumber one = add("甲野　花子");
  for (std::uint32_t i = 0; i < limits::kMaxNumbersPerPerson; ++i) {
    REQUIRE(attach(one, business(i, 1)).ok());
  }
  CHECK(attach(one, business(1, 2)).error().code == ErrorCode::kTooManyItems);
  const AddressNumber other = add("乙山　太郎");
  REQUIRE(attach(other, business(1, 2)).ok());
  CHECK(merge(one, other).error().code == ErrorCode::kTooManyItems);
  CHECK(book.size() == 2);
}

TEST_CASE_METHOD(BookFixture, "persons are found by name, reading and birth date",
                 "[symbol_mapping]") {
  const AddressNumber one = add("甲野　花子", "ｺｳﾉ ﾊﾅｺ");
  add("甲野花子", "コウノハナコ", "1990-01-01");
  add("乙山　太郎", "オツヤマタロウ", "1985-04-12", Sex::kMale);
  CHECK(count({.name = name("甲野 花子"), .kana = {}, .birth_date = {}}) == 2);
  CHECK(count({.name = {}, .kana = kana("こうの はなこ"), .birth_date = {}}) == 2);
  CHECK(count({.name = {}, .kana = {}, .birth_date = born("1985-04-12")}) == 2);
  const auto found =
      book.search({.name = name("甲野花子"), .kana = {}, .birth_date = born("1985-04-12")});
  REQUIRE(found->size() == 1);
  CHECK((found->front()->number == one));
  CHECK(count({.name = name("甲野花子"), .kana = kana("オツヤマタロウ"), .birth_date = {}}) == 0);

  using enum AddressBook::Spelling;
  CHECK(count({name("甲野　花子"), {}, {}, kExact}) == 1);
  CHECK(count({name("甲野 花子"), {}, {}, kExact}) == 0);
  CHECK(count({{}, kana("コウノハナコ"), {}, kExact}) == 1);
  CHECK(book.search({}).error().code == ErrorCode::kMissingField);
}

TEST_CASE_METHOD(BookFixture, "a search that finds too many says so", "[symbol_mapping]") {
  for (std::size_t i = 0; i <= limits::kMaxPersonsFound; ++i) {
    add("甲野　花子", "コウノハナコ", i == 0 ? "1990-01-01" : "1985-04-12");
  }
  CHECK(book.search({name("甲野花子"), {}, {}}).error().code == ErrorCode::kTooManyItems);
  CHECK(count({name("甲野花子"), {}, born("1985-04-12")}) == limits::kMaxPersonsFound);
}

TEST_CASE_METHOD(BookFixture, "who has changed is found by the new items only",
                 "[symbol_mapping]") {
  const AddressNumber one = add("甲野　花子");
  const PersonItems revised =
      items("丙川　花子", "ヘイカワハナコ", "1985-04-13", Sex::kFemale, "二条");
  const auto record = book.would_put(one, revised, {});
  REQUIRE(record.ok());
  CHECK((record->number == one));
  CHECK(count({name("甲野花子"), {}, {}}) == 1);  // not before it is stored
  REQUIRE(book.put(*record).ok());
  CHECK(count({name("甲野花子"), {}, {}}) == 0);
  CHECK(count({{}, kana("コウノハナコ"), {}}) == 0);
  CHECK(count({{}, {}, born("1985-04-12")}) == 0);
  CHECK(count({name("丙川花子"), kana("ヘイカワハナコ"), born("1985-04-13")}) == 1);
  CHECK(book.would_put(address(1), revised, {}).error().code == ErrorCode::kUnknownPerson);
}

TEST_CASE_METHOD(BookFixture, "another body's request fits exactly one, or is for staff",
                 "[symbol_mapping]") {
  const AddressNumber one = add("甲野　花子");
  const AddressNumber moved =
      add("甲野　花子", "コウノハナコ", "1985-04-12", Sex::kFemale, "三条東１");
  add("甲野　花子", "コウノハナコ", "1990-01-01");

  const auto sole = book.match(four("甲野花子", "1985-04-12", Sex::kFemale, "一条西 2-3"));
  CHECK((sole.person == one));
  CHECK(sole.candidates.size() == 2);
  // Another sex or home: somebody who may be meant, but nobody to begin with unasked.
  for (const FourItems& asked : {four("甲野花子", "1985-04-12", Sex::kMale, kHome),
                                 four("甲野花子", "1985-04-12", Sex::kFemale, "四条")}) {
    const auto none = book.match(asked);
    CHECK_FALSE(none.person.has_value());
    CHECK((std::set<AddressNumber>(none.candidates.begin(), none.candidates.end()) ==
           std::set<AddressNumber>{one, moved}));
  }
  CHECK(book.match(four("丁野", "1985-04-12", Sex::kFemale, kHome)).candidates.empty());

  add("甲野花子");  // a double
  const auto several = book.match(four("甲野花子", "1985-04-12", Sex::kFemale, kHome));
  CHECK_FALSE(several.person.has_value());
  CHECK(several.candidates.size() == 3);

  add("丙川　不詳", "ヘイカワ", "1950-00-00");
  const auto unknown = book.match(four("丙川 不詳", "1950-00-00", Sex::kFemale, kHome));
  CHECK_FALSE(unknown.person.has_value());
  CHECK(unknown.candidates.size() == 1);
}

TEST_CASE_METHOD(BookFixture,
                 "two numbers of a person become one, and the old one still leads there",
                 "[symbol_mapping]") {
  const AddressNumber survivor = add("甲野　花子");
  const AddressNumber former = add("甲野　華子");
  const AddressNumber third = add("甲野　花");
  REQUIRE(attach(survivor, business(2, 1)).ok());
  REQUIRE(attach(former, business(1, 1)).ok());
  REQUIRE(attach(former, business(2, 2)).ok());

  const auto merged = merge(survivor, former);
  REQUIRE(merged.ok());
  CHECK((merged->from == former));
  CHECK((merged->to == survivor));
  CHECK(book.size() == 2);
  CHECK((book.find(former)->number == survivor));
  CHECK((book.find(business(1, 1))->number == survivor));
  const PersonRecord* const record = book.find(survivor);
  CHECK((record->business == std::vector{business(1, 1), business(2, 1), business(2, 2)}));
  CHECK((record->aliases == std::vector{former}));
  CHECK((record->items.four.name == name("甲野　花子")));
  CHECK(count({name("甲野華子"), {}, {}}) == 0);
  CHECK(count({{}, {}, born("1985-04-12")}) == 2);
  CHECK(merge(survivor, former).error().code == ErrorCode::kRowConflict);
  CHECK(merge(survivor, address(1)).error().code == ErrorCode::kUnknownPerson);

  // Into a third: both old numbers lead there, and a change under an alias is the person's.
  CHECK((merge(third, former)->from == survivor));
  CHECK((book.find(former)->number == third));
  CHECK((book.find(survivor)->number == third));
  CHECK(book.find(third)->aliases.size() == 2);
  REQUIRE(attach(former, business(7, 7)).ok());
  CHECK((book.find(business(7, 7))->number == third));
}

TEST_CASE_METHOD(BookFixture, "what was stored is taken up again, aliases and all",
                 "[symbol_mapping]") {
  const AddressNumber one = add("甲野　花子");
  const AddressNumber former = add("甲野　華子");
  REQUIRE(attach(former, business(1, 1)).ok());
  REQUIRE(merge(one, former).ok());
  const Bytes stored = encode(*book.find(one));

  AddressBook other(random);
  REQUIRE(other.put(decode_person(stored).value()).ok());
  CHECK((other.find(former)->number == one));
  CHECK((other.find(business(1, 1))->number == one));
  CHECK(other.search({name("甲野花子"), kana("コウノハナコ"), born("1985-04-12")})->size() == 1);

  const PersonItems someone = items_of_nobody();
  REQUIRE(other.put({address(4), someone, {business(1, 4)}, {address(3)}}).ok());
  for (const PersonRecord& conflict :
       {PersonRecord{former, someone, {}, {}}, PersonRecord{address(5), someone, {}, {address(5)}},
        PersonRecord{address(5), someone, {}, {address(3)}},
        PersonRecord{one, someone, {}, {address(3)}},
        PersonRecord{address(5), someone, {business(1, 1)}, {}}}) {
    CHECK(other.put(conflict).error().code == ErrorCode::kRowConflict);
  }
  CHECK(other.size() == 2);
  CHECK((other.find(business(1, 1))->number == one));
  CHECK(other.put({address(5), someone, {business(1, 2)}, {address(6)}}).ok());
}

TEST_CASE_METHOD(BookFixture, "doubles are found with the reason, once", "[symbol_mapping]") {
  const AddressNumber a = add("甲野　花子", "コウノハナコ");
  const AddressNumber b = add("甲野花子", "ｺｳﾉ ﾊﾅｺ", "1985-04-12", Sex::kFemale, "二条");
  // The same reading in other characters, elsewhere.
  const AddressNumber c = add("乙山　幸子", "オツヤマサチコ", "1970-01-31");
  const AddressNumber d = add("乙山　祥子", "オツヤマサチコ", "1970-01-31", Sex::kFemale, "三条");
  // One variant of a character, and a sex that was mistaken; at one home.
  const AddressNumber e = add("高橋　一", "タカハシハジメ", "1999-09-09", Sex::kMale, "五条5-5");
  const AddressNumber f = add("髙橋　一", "タカハシ", "1999-09-09", Sex::kFemale, "五条５－５");
  // Nobody's doubles: another birth date, another sex elsewhere, short names, unknown days.
  add("甲野　花子", "コウノハナコ", "1985-04-13");
  add("甲野　花子", "コウノハナコ", "1985-04-12", Sex::kMale, "六条");
  add("林一", "ハヤ", "1980-01-01", Sex::kMale, "七条");
  add("林二", "リン", "1980-01-01", Sex::kMale, "七条");
  add("丙川　某", "ヘイカワボウ", "1950-00-00");
  add("丙川　某", "ヘイカワボウ", "1950-00-00");

  const auto doubles = book.find_doubles();
  REQUIRE(doubles.size() == 3);
  const auto pair = [](const AddressNumber& x, const AddressNumber& y) {
    return std::vector{std::min(x, y), std::max(x, y)};
  };
  CHECK(doubles[0].likeness == Likeness::kSameName);
  CHECK((doubles[0].persons == pair(a, b)));
  CHECK(doubles[1].likeness == Likeness::kSameKana);
  CHECK((doubles[1].persons == pair(c, d)));
  CHECK(doubles[2].likeness == Likeness::kSimilarName);
  CHECK((doubles[2].persons == pair(e, f)));
}

TEST_CASE_METHOD(BookFixture, "likeness hands itself on within a home", "[symbol_mapping]") {
  add("甲野花", "アアア");
  add("甲野花子", "イイイ");
  add("甲野花子々", "ウウウ");
  const auto doubles = book.find_doubles();
  REQUIRE(doubles.size() == 1);
  CHECK(doubles[0].persons.size() == 3);
}

TEST_CASE_METHOD(BookFixture, "a whole town's doubles are found among its namesakes",
                 "[symbol_mapping]") {
  constexpr int kPersons = 20'000;
  constexpr int kDoubles = 40;
  for (int i = 0; i < kPersons; ++i) {
    add(fmt::format("姓{}　名{}", i % 500, i % 71), fmt::format("セイ{} メイ{}", i % 500, i % 71),
        fmt::format("{}-{:02}-{:02}", 1930 + i % 90, 1 + i / 90 % 12, 1 + i / 1080 % 28),
        i % 2 == 0 ? Sex::kMale : Sex::kFemale, fmt::format("{}条{}", i % 40, i));
  }
  CHECK(book.find_doubles().empty());
  for (int i = 0; i < kDoubles; ++i) {
    const int of = i * 487;
    add(fmt::format("姓{}名{}", of % 500, of % 71), fmt::format("ﾖﾐ{}", i),
        fmt::format("{}-{:02}-{:02}", 1930 + of % 90, 1 + of / 90 % 12, 1 + of / 1080 % 28),
        of % 2 == 0 ? Sex::kMale : Sex::kFemale, "新しい住所");
  }
  const auto doubles = book.find_doubles();
  CHECK(doubles.size() == kDoubles);
  CHECK(std::all_of(doubles.begin(), doubles.end(), [](const AddressBook::Doubles& each) {
    return each.likeness == Likeness::kSameName && each.persons.size() == 2;
  }));
}
