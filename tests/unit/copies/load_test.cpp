#include "nakadachi/copies/load.hpp"

#include "tests/unit/copies/copies_helpers.hpp"

namespace nakadachi::copies::test {
namespace {

using enum Operation;

Load load_of(std::uint64_t dataset, LoadSort sort = LoadSort::kDifferential) {
  return {.sort = sort,
          .kind = kind(),
          .layout_version = 2,
          .dataset = dataset,
          .validity = {},
          .day = day("2026-06-14")};
}

LoadRow row(std::uint64_t number, const std::string& year) {
  return {.line = static_cast<std::uint32_t>(100 + number),
          .person = person(number),
          .items = {{1, year}, {5, "0"}}};
}

LoadRow removal(std::uint64_t number) {
  return {.line = static_cast<std::uint32_t>(100 + number),
          .person = person(number),
          .removal = true,
          .items = {}};
}

/// An institution that does at once what a plan says.
struct Town {
  SeededRandom random{1};
  crypto::TenantCipher keys = cipher();
  CopyShelf shelf{institution()};

  Result<LoadPlan> plan(const Load& load, const std::vector<LoadRow>& rows) {
    return plan_load(load, {rows, {}}, book(), shelf, keys);
  }

  LoadPlan apply(const Load& load, const std::vector<LoadRow>& rows) {
    LoadPlan made = plan(load, rows).value();
    for (const PlannedChange& change : made.changes) {
      const LoadRow& from = rows.at(change.row);
      if (change.operation == kDelete) {
        REQUIRE(shelf.erase(change.key));
      } else {
        const StoredCopy copy{institution(), from.person, load.kind, content_of(load, from)};
        REQUIRE(put(shelf, keys, random, copy) == change.key);
      }
    }
    return made;
  }

  std::size_t end(const Load& load, std::size_t invalid_rows = 0) {
    const std::vector<HoldingKey> left = plan_end(load, invalid_rows, shelf);
    for (const HoldingKey& key : left) REQUIRE(shelf.erase(key));
    return left.size();
  }

  std::string year_of(std::uint64_t number) {
    const auto found = shelf.find(keys, person(number), kind()).value();
    return found ? found->items.at(0).value : "";
  }
};

std::vector<Operation> operations_of(const LoadPlan& plan) {
  std::vector<Operation> operations;
  operations.reserve(plan.changes.size());
  for (const PlannedChange& change : plan.changes) operations.push_back(change.operation);
  return operations;
}

}  // namespace

TEST_CASE("a differential load registers, replaces, deletes and leaves", "[copies]") {
  Town town;
  const LoadPlan first = town.apply(load_of(1), {row(1, "2025"), row(2, "2025"), row(3, "2025")});
  CHECK(operations_of(first) == std::vector{kRegister, kRegister, kRegister});
  CHECK(first.counts == LoadCounts{.registered = 3});

  const std::vector<LoadRow> rows = {row(2, "2026"), removal(3), removal(9), row(4, "2026")};
  const LoadPlan second = town.apply(load_of(2), rows);
  CHECK(operations_of(second) == std::vector{kReplace, kDelete, kRegister});
  CHECK(second.counts == LoadCounts{.registered = 1, .replaced = 1, .deleted = 1, .unchanged = 1});
  CHECK(second.changes[1].row == 1);
  CHECK(second.changes[2].row == 3);
  CHECK(town.year_of(1) == "2025");
  CHECK(town.year_of(2) == "2026");
  CHECK(town.year_of(3).empty());
  CHECK(town.end(load_of(2)) == 0);
  CHECK(town.year_of(1) == "2025");

  const LoadPlan again = town.apply(load_of(2), rows);
  CHECK(again.changes.empty());
  CHECK(again.counts == LoadCounts{.unchanged = 4});
}

TEST_CASE("a full load in parts deletes at its end what was in none of them", "[copies]") {
  Town town;
  town.apply(load_of(1), {row(1, "2025"), row(2, "2025"), row(3, "2025")});
  StoredCopy other{institution(), person(3), kind(3), content({{1, "1"}}, 1)};
  put(town.shelf, town.keys, town.random, other);

  const Load full = load_of(2, LoadSort::kFull);
  const std::vector<LoadRow> part_one = {row(1, "2025")};
  const std::vector<LoadRow> part_two = {row(2, "2026"), row(4, "2026")};
  CHECK(town.apply(full, part_one).counts == LoadCounts{.replaced = 1});
  // It breaks off here and is given again from the start.
  CHECK(town.apply(full, part_one).counts == LoadCounts{.unchanged = 1});
  CHECK(town.apply(full, part_two).counts == LoadCounts{.registered = 1, .replaced = 1});
  CHECK(town.end(full) == 1);
  CHECK(town.end(full) == 0);
  CHECK(town.year_of(3).empty());
  CHECK(town.shelf.counts() == CopyShelf::Counts{{{kind(), 2}, 3}, {{kind(3), 1}, 1}});
}

TEST_CASE("a row of the same dataset with other content replaces", "[copies]") {
  Town town;
  town.apply(load_of(1), {row(1, "2025")});
  CHECK(town.apply(load_of(1), {row(1, "2026")}).counts == LoadCounts{.replaced = 1});
  Load with_validity = load_of(1);
  with_validity.validity.until = day("2027-03-31");
  CHECK(town.apply(with_validity, {row(1, "2026")}).counts == LoadCounts{.replaced = 1});
  CHECK(town.apply(with_validity, {row(1, "2026")}).counts == LoadCounts{.unchanged = 1});
}

TEST_CASE("an older load does not take back what a newer one brought", "[copies]") {
  Town town;
  town.apply(load_of(5), {row(1, "2026")});
  const LoadPlan late = town.apply(load_of(4), {row(1, "2025"), row(2, "2025")});
  CHECK(late.counts == LoadCounts{.registered = 1, .superseded = 1});
  CHECK(town.apply(load_of(4), {removal(1)}).counts == LoadCounts{.superseded = 1});
  CHECK(town.year_of(1) == "2026");
}

TEST_CASE("an invalid row stops the load, or is left out when told so", "[copies]") {
  Town town;
  const std::vector<LoadRow> rows = {row(1, "2026"), row(2, "20260"), row(3, "x"), row(1, "2026")};
  const LoadPlan refused = town.apply(load_of(1), rows);
  CHECK(refused.refused);
  CHECK(refused.changes.empty());
  CHECK(refused.counts == LoadCounts{.registered = 1, .invalid = 3});
  CHECK(refused.findings ==
        std::vector<RowFinding>{{101, {0, "団体内統合宛名番号", Fault::kPersonTwice}},
                                {102, {1, "year", Fault::kTooLong}},
                                {103, {1, "year", Fault::kNotANumber}}});
  CHECK(town.shelf.size() == 0);

  Load skipping = load_of(1, LoadSort::kFull);
  skipping.skip_invalid = true;
  const LoadPlan some = town.apply(skipping, rows);
  CHECK_FALSE(some.refused);
  CHECK(some.findings == refused.findings);
  CHECK(operations_of(some) == std::vector{kRegister});
  CHECK(town.year_of(1) == "2026");
}

TEST_CASE("a full load with an invalid row deletes nobody's copy", "[copies]") {
  Town town;
  town.apply(load_of(1), {row(1, "2025"), row(2, "2025")});
  Load full = load_of(2, LoadSort::kFull);
  full.skip_invalid = true;
  const LoadPlan some = town.apply(full, {row(1, "x")});
  CHECK(town.end(full, some.counts.invalid) == 0);
  CHECK(town.year_of(1) == "2025");
  CHECK(town.apply(full, {row(1, "2026")}).counts == LoadCounts{.replaced = 1});
  CHECK(town.end(full) == 1);
}

TEST_CASE("what was no row counts as invalid, once a line", "[copies]") {
  Town town;
  const RowFinding no_person{7, {0, "団体内統合宛名番号", Fault::kWrongAddressNumber}};
  const RowFinding no_flag{7, {0, "削除", Fault::kNotAFlag}};
  const LoadRows rows{{row(1, "2026")}, {no_person, no_flag}};
  const LoadPlan plan = plan_load(load_of(1), rows, book(), town.shelf, town.keys).value();
  CHECK(plan.refused);
  CHECK(plan.counts == LoadCounts{.registered = 1, .invalid = 1});
  CHECK(plan.findings == std::vector{no_person, no_flag});
}

TEST_CASE("a load of a layout that does not hold is refused as a whole", "[copies]") {
  Town town;
  const auto error_of = [&](auto change) {
    Load load = load_of(1);
    change(load);
    return town.plan(load, {}).error();
  };
  using enum ErrorCode;
  const Error unknown = error_of([](Load& load) { load.layout_version = 3; });
  CHECK(unknown.code == kUnknownEnumValue);
  CHECK(unknown.field == "layout_version");
  CHECK(error_of([](Load& load) { load.kind = kind(3); }).code == kUnknownEnumValue);
  CHECK(error_of([](Load& load) { load.layout_version = 1; }).code == kUnknownEnumValue);
  CHECK(error_of([](Load& load) { load.day = Day{}; }).code == kUnknownEnumValue);
  CHECK(error_of([](Load& load) { load.validity = {Day{2}, Day{1}}; }).code == kWrongFormat);
  crypto::TenantCipher keyless(TenantId{131'041});
  CHECK(code_of(plan_load(load_of(1), {{row(1, "2026")}, {}}, book(), town.shelf, keyless)) ==
        kKeyUnavailable);
}

TEST_CASE("a registered copy that cannot be opened stops the plan", "[copies]") {
  Town town;
  const auto key = copy_key(town.keys, institution(), person(1), kind()).value();
  town.shelf.put(key, kind(), 1, Bytes(100, 0));
  CHECK(town.plan(load_of(1), {row(1, "2026")}).error().code == ErrorCode::kKeyUnavailable);
  CHECK(town.plan(load_of(2), {row(1, "2026")})->counts == LoadCounts{.replaced = 1});
}

}  // namespace nakadachi::copies::test
