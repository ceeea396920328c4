#include "nakadachi/symbol_mapping/symbol_map.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "nakadachi/base/random.hpp"
#include "tests/support/catch.hpp"

using namespace nakadachi;
using symbols::SymbolMap;
using Binding = SymbolMap::Binding;

namespace {

AddressNumber person(std::uint64_t number) { return *AddressNumber::from_number(number); }

Symbol symbol_of(std::uint64_t number) {
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return Symbol(bytes);
}

std::shared_ptr<const symbols::MapKeys> keys() {
  SeededRandom random(17);
  return std::make_shared<const symbols::MapKeys>(random);
}

SymbolMap map_of(std::vector<Binding> bindings) {
  return SymbolMap::make(keys(), bindings).value();
}

/// Errors are compared by what they are and where.
void check_conflict(const Result<SymbolMap>& map, std::int32_t position) {
  REQUIRE_FALSE(map.ok());
  CHECK(map.error().code == ErrorCode::kRowConflict);
  CHECK(map.error().position == position);
}

}  // namespace

TEST_CASE("bindings are found from both sides", "[symbol_mapping]") {
  SeededRandom random(3);
  std::vector<Binding> bindings;
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    std::array<std::uint8_t, 16> bytes{};
    random.fill(bytes);
    bindings.emplace_back(person(random.below(1'000'000'000) * 1'000 + i % 1'000), Symbol(bytes));
  }
  const SymbolMap map = map_of(bindings);
  CHECK(map.size() == bindings.size());
  for (const auto& [number, bound] : bindings) {
    CHECK((*map.find_symbol(number) == bound));
    CHECK((*map.find_address(bound) == number));
  }
}

TEST_CASE("the least and the greatest address number can be bound", "[symbol_mapping]") {
  const SymbolMap map =
      map_of({{person(0), symbol_of(1)}, {person(999'999'999'999'999), Symbol()}});
  CHECK((*map.find_address(symbol_of(1)) == person(0)));
  CHECK((*map.find_address(Symbol()) == person(999'999'999'999'999)));
}

TEST_CASE("who is not bound is said to be so, from either side", "[symbol_mapping]") {
  const SymbolMap map = map_of({{person(5), symbol_of(1)}});
  CHECK(map.find_symbol(person(6)).error().code == ErrorCode::kSymbolNotAcquired);
  CHECK(map.find_address(symbol_of(2)).error().code == ErrorCode::kProviderHoldsNoSymbol);
  CHECK(SymbolMap().find_symbol(person(5)).error().code == ErrorCode::kSymbolNotAcquired);
  CHECK(SymbolMap().find_address(symbol_of(1)).error().code == ErrorCode::kProviderHoldsNoSymbol);
  CHECK(SymbolMap().size() == 0);
}

TEST_CASE("nobody is bound twice", "[symbol_mapping]") {
  const std::vector<Binding> same_address = {
      {person(5), symbol_of(1)}, {person(7), symbol_of(3)}, {person(5), symbol_of(2)}};
  check_conflict(SymbolMap::make(keys(), same_address), 2);
  const std::vector<Binding> same_symbol = {{person(5), symbol_of(1)}, {person(6), symbol_of(1)}};
  check_conflict(SymbolMap::make(keys(), same_symbol), 1);

  const SymbolMap map = map_of({{person(5), symbol_of(1)}});
  check_conflict(
      map.with(std::vector<Binding>{{person(8), symbol_of(8)}, {person(5), symbol_of(2)}}), 1);
  check_conflict(map.with(std::vector<Binding>{{person(6), symbol_of(1)}}), 0);
  check_conflict(map.with(std::vector<Binding>{{person(5), symbol_of(1)}}), 0);
}

TEST_CASE("who is not bound cannot be removed, and nobody twice", "[symbol_mapping]") {
  const SymbolMap map = map_of({{person(5), symbol_of(1)}});
  CHECK(map.with({}, std::vector{person(6)}).error().code == ErrorCode::kSymbolNotAcquired);
  CHECK(map.with({}, std::vector{person(5), person(5)}).error().code ==
        ErrorCode::kSymbolNotAcquired);
}

TEST_CASE("a symbol is changed by one call, and readers keep what they had", "[symbol_mapping]") {
  SymbolMap map = map_of({{person(5), symbol_of(1)}, {person(6), symbol_of(2)}});
  const SymbolMap reader = map;
  map = map.with(std::vector<Binding>{{person(5), symbol_of(9)}}, std::vector{person(5)}).value();
  CHECK((*map.find_symbol(person(5)) == symbol_of(9)));
  CHECK(map.find_address(symbol_of(1)).error().code == ErrorCode::kProviderHoldsNoSymbol);
  CHECK(map.size() == 2);
  CHECK((*reader.find_symbol(person(5)) == symbol_of(1)));
  CHECK((*reader.find_address(symbol_of(1)) == person(5)));
  CHECK(reader.find_address(symbol_of(9)).error().code == ErrorCode::kProviderHoldsNoSymbol);
}

TEST_CASE("after any changes a map is what a plain map is", "[symbol_mapping]") {
  SeededRandom random(91);
  SymbolMap map(keys());
  std::map<std::uint64_t, std::uint64_t> plain;  // address → symbol
  std::map<std::uint64_t, std::uint64_t> reverse;
  // Few enough numbers that bindings collide, enough that tables are rebuilt again and again.
  constexpr std::uint64_t kNumbers = 3'000;
  for (int round = 0; round < 400; ++round) {
    std::vector<Binding> added;
    std::vector<AddressNumber> removed;
    auto expected = plain;
    auto expected_reverse = reverse;
    bool possible = true;
    for (std::uint64_t n = random.below(20); n > 0; --n) {
      const std::uint64_t gone = random.below(kNumbers);
      if (random.chance(950) && !expected.contains(gone)) continue;
      removed.push_back(person(gone));
      possible = possible && expected.contains(gone);
      if (expected.contains(gone)) expected_reverse.erase(expected.at(gone));
      expected.erase(gone);
    }
    for (std::uint64_t n = random.below(60); n > 0; --n) {
      const std::uint64_t a = random.below(kNumbers);
      const std::uint64_t s = random.below(kNumbers);
      const bool fits = !expected.contains(a) && !expected_reverse.contains(s);
      if (!fits && !random.chance(2)) continue;
      added.emplace_back(person(a), symbol_of(s));
      possible = possible && fits;
      expected[a] = s;
      expected_reverse[s] = a;
    }
    auto changed = map.with(added, removed);
    REQUIRE(changed.ok() == possible);
    if (!possible) continue;
    map = *std::move(changed);
    plain = std::move(expected);
    reverse = std::move(expected_reverse);
    REQUIRE(map.size() == plain.size());
    for (int probe = 0; probe < 50; ++probe) {
      const std::uint64_t a = random.below(kNumbers);
      REQUIRE(map.find_symbol(person(a)).ok() == plain.contains(a));
      if (plain.contains(a)) REQUIRE((*map.find_symbol(person(a)) == symbol_of(plain.at(a))));
      const std::uint64_t s = random.below(kNumbers);
      REQUIRE(map.find_address(symbol_of(s)).ok() == reverse.contains(s));
      if (reverse.contains(s)) REQUIRE((*map.find_address(symbol_of(s)) == person(reverse.at(s))));
    }
  }
  CHECK(plain.size() > 1'000);
}

TEST_CASE("a stored binding is these bytes, and no others are one", "[symbol_mapping]") {
  const Bytes good = symbols::encode(Binding{person(42), symbol_of(0x0102)});
  CHECK(to_hex(good) == "01000000000000002a02010000000000000000000000000000");
  const auto back = symbols::decode_binding(good);
  REQUIRE(back.ok());
  CHECK((back->first == person(42)));
  CHECK((back->second == symbol_of(0x0102)));
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK(symbols::decode_binding(ByteView(good).first(size)).error().code ==
          ErrorCode::kMalformedFrame);
  }
  Bytes bad = good;
  bad.push_back(0);
  CHECK(symbols::decode_binding(bad).error().code == ErrorCode::kMalformedFrame);
  bad = good;
  bad[1] = 0x80;
  CHECK(symbols::decode_binding(bad).error().code == ErrorCode::kMalformedFrame);
  bad = good;
  bad[0] = 0;
  CHECK(symbols::decode_binding(bad).error().code == ErrorCode::kUnsupportedVersion);
}
