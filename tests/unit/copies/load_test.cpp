#include "nakadachi/copies/load.hpp"

#include <algorithm>

#include "tests/unit/copies/copies_helpers.hpp"

namespace nakadachi::copies::test {
namespace {

Day today() { return day("2026-06-14"); }

StoredCopy copy_of(std::uint64_t number, const std::string& year, std::uint64_t dataset) {
  return {institution(), person(number), kind(), content({{1, year}, {5, "0"}}, dataset)};
}

/// An institution that does at once what is judged.
struct Town {
  SeededRandom random{1};
  crypto::TenantCipher keys = cipher();
  CopyShelf shelf{institution()};

  HoldingKey key_of(std::uint64_t number) {
    return copy_key(keys, institution(), person(number), kind()).value();
  }
  Effect load(std::uint64_t number, const std::string& year, std::uint64_t dataset) {
    const StoredCopy copy = copy_of(number, year, dataset);
    const Effect effect = effect_of(copy, key_of(number), shelf, keys).value();
    if (effect == Effect::kRegistered || effect == Effect::kReplaced)
      put(shelf, keys, random, copy);
    return effect;
  }
  Effect remove(std::uint64_t number, std::uint64_t dataset) {
    const Effect effect = effect_of_removal(key_of(number), dataset, shelf);
    if (effect == Effect::kDeleted) REQUIRE(shelf.erase(key_of(number)));
    return effect;
  }
  std::string year_of(std::uint64_t number) {
    const auto found = shelf.find(keys, person(number), kind()).value();
    return found ? found->items.at(0).value : "";
  }
};

}  // namespace

TEST_CASE("a load registers, replaces, deletes and leaves, also when given again", "[copies]") {
  Town town;
  CHECK(town.load(1, "2025", 1) == Effect::kRegistered);
  CHECK(town.load(2, "2025", 1) == Effect::kRegistered);
  CHECK(town.load(2, "2025", 1) == Effect::kUnchanged);
  CHECK(town.load(2, "2026", 1) == Effect::kReplaced);  // mended
  CHECK(town.load(2, "2026", 2) == Effect::kReplaced);  // the same, of a later load
  CHECK(town.remove(1, 2) == Effect::kDeleted);
  CHECK(town.remove(1, 2) == Effect::kUnchanged);
  CHECK(town.year_of(1).empty());
  CHECK(town.year_of(2) == "2026");
}

TEST_CASE("a copy of the same dataset that differs in validity alone replaces", "[copies]") {
  Town town;
  town.load(1, "2026", 1);
  StoredCopy with_end = copy_of(1, "2026", 1);
  with_end.content.validity.until = day("2027-03-31");
  CHECK(effect_of(with_end, town.key_of(1), town.shelf, town.keys).value() == Effect::kReplaced);
}

TEST_CASE("an older load does not take back what a newer one brought", "[copies]") {
  Town town;
  town.load(1, "2026", 5);
  CHECK(town.load(1, "2025", 4) == Effect::kSuperseded);
  CHECK(town.remove(1, 4) == Effect::kSuperseded);
  CHECK(town.year_of(1) == "2026");
  CHECK(town.remove(1, 5) == Effect::kDeleted);
}

TEST_CASE("the end of a full load leaves its own copies and those of other kinds", "[copies]") {
  Town town;
  for (std::uint64_t number = 1; number <= 3; ++number) town.load(number, "2025", 1);
  put(town.shelf, town.keys, town.random,
      {institution(), person(3), kind(3), content({{1, "1"}}, 1)});
  town.load(1, "2025", 2);
  town.load(4, "2026", 2);
  auto left = plan_end(kind(), 2, 2, town.shelf).value();
  std::vector<HoldingKey> behind = {town.key_of(2), town.key_of(3)};
  std::sort(behind.begin(), behind.end());
  CHECK(left == behind);
  for (const HoldingKey& key : left) town.shelf.erase(key);
  CHECK(plan_end(kind(), 2, 2, town.shelf).value().empty());
  CHECK(town.shelf.counts() == CopyShelf::Counts{{{kind(), 2}, 2}, {{kind(3), 1}, 1}});
  CHECK(plan_end(kind(), 3, 0, town.shelf).value().size() == 2);  // nobody has the kind any more
}

TEST_CASE("a full load does not end while one of its copies is missing, or a later one is there",
          "[copies]") {
  Town town;
  town.load(1, "2025", 1);
  town.load(2, "2026", 2);
  for (const std::uint64_t other : {0U, 2U}) {
    const auto refused = plan_end(kind(), 2, other, town.shelf);
    CHECK(code_of(refused) == ErrorCode::kRowConflict);
    CHECK(refused.error().field == "copies");
  }
  const auto late = plan_end(kind(), 1, 1, town.shelf);
  CHECK(code_of(late) == ErrorCode::kRowConflict);
  CHECK(late.error().field == "dataset");
}

TEST_CASE("rows are checked by layout and among each other, all of them", "[copies]") {
  const Load load{.kind = kind(), .layout_version = 2, .dataset = 1, .validity = {}};
  const auto row = [](std::uint64_t number, const std::string& year) {
    return LoadRow{.line = static_cast<std::uint32_t>(100 + number),
                   .person = person(number % 10),
                   .items = {{1, year}, {5, "0"}}};
  };
  LoadRow removal = row(4, "not looked at");
  removal.removal = true;
  const RowFinding no_person{7, {0, "団体内統合宛名番号", Fault::kWrongAddressNumber}};
  const LoadRows rows{{row(1, "2026"), row(2, "20260"), row(3, "x"), removal, row(11, "2026")},
                      {no_person}};
  CHECK(check_rows(load, rows, layout()) ==
        std::vector<RowFinding>{no_person,
                                {102, {1, "year", Fault::kTooLong}},
                                {103, {1, "year", Fault::kNotANumber}},
                                {111, {0, "団体内統合宛名番号", Fault::kPersonTwice}}});
}

TEST_CASE("two rows of persons who are one by now are found by the later row", "[copies]") {
  std::vector<LoadRow> rows;
  std::vector<AddressNumber> current;
  for (const std::uint32_t line : {2U, 3U, 4U, 5U}) {
    rows.push_back({.line = line, .person = person(line), .items = {}});
    current.push_back(person(line));
  }
  CHECK(check_persons(rows, current).empty());
  current[0] = person(4);  // a former number of the third
  CHECK(check_persons(rows, current) ==
        std::vector<RowFinding>{{4, {0, "団体内統合宛名番号", Fault::kPersonTwice}}});
}

TEST_CASE("a copy is judged by the layout it names, if that holds on the day", "[copies]") {
  const CopyContent good = content({{1, "2026"}, {5, "0"}});
  CHECK(check_copy(kind(), good, book(), today()).empty());
  const auto fault_of = [&](const InformationKind& of, const CopyContent& copy, Day on) {
    const auto findings = check_copy(of, copy, book(), on);
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].item == 0);
    return findings[0].fault;
  };
  CHECK(fault_of(kind(3), good, today()) == Fault::kUnknownKind);
  CopyContent other = good;
  other.layout_version = 3;
  CHECK(fault_of(kind(), other, today()) == Fault::kLayoutNotInForce);
  other.layout_version = 1;
  CHECK(fault_of(kind(), other, today()) == Fault::kLayoutNotInForce);
  CHECK(fault_of(kind(), good, day("2025-03-31")) == Fault::kLayoutNotInForce);
  CHECK(check_copy(kind(), content({{1, "x"}}), book(), today()) ==
        std::vector<Finding>{{1, "year", Fault::kNotANumber}, {5, "closed", Fault::kMissing}});
}

TEST_CASE("a registered copy that cannot be opened stops only what has to open it", "[copies]") {
  Town town;
  town.shelf.put(town.key_of(1), kind(), 1, Bytes(100, 0));
  CHECK(code_of(effect_of(copy_of(1, "2026", 1), town.key_of(1), town.shelf, town.keys)) ==
        ErrorCode::kKeyUnavailable);
  CHECK(town.load(1, "2026", 2) == Effect::kReplaced);
}

}  // namespace nakadachi::copies::test
