#include "nakadachi/symbol_mapping/symbol_map.hpp"

#include "nakadachi/base/random.hpp"
#include "tests/support/catch.hpp"

using namespace nakadachi;
using symbols::SymbolMap;

namespace {

AddressNumber address(std::uint64_t number) { return *AddressNumber::from_number(number); }

Symbol symbol(std::uint8_t first) {
  std::array<std::uint8_t, 16> bytes{};
  bytes[0] = first;
  return Symbol(bytes);
}

}  // namespace

TEST_CASE("bindings are found from both sides", "[symbol_mapping]") {
  SeededRandom random(3);
  std::vector<SymbolMap::Binding> bindings;
  for (std::uint64_t i = 0; i < 500; ++i) {
    std::array<std::uint8_t, 16> bytes{};
    random.fill(bytes);
    bindings.emplace_back(address(random.below(1'000'000'000) * 1'000 + i), Symbol(bytes));
  }
  const auto map = SymbolMap::make(bindings);
  REQUIRE(map.ok());
  CHECK(map->size() == bindings.size());
  for (const auto& [number, bound] : bindings) {
    CHECK((*map->find_symbol(number) == bound));
    CHECK((*map->find_address(bound) == number));
  }
}

TEST_CASE("who is not bound is said to be so, from either side", "[symbol_mapping]") {
  const auto map = SymbolMap::make({{address(5), symbol(1)}});
  CHECK(map->find_symbol(address(6)).error().code == ErrorCode::kSymbolNotAcquired);
  CHECK(map->find_address(symbol(2)).error().code == ErrorCode::kProviderHoldsNoSymbol);
  CHECK(SymbolMap().find_symbol(address(5)).error().code == ErrorCode::kSymbolNotAcquired);
}

TEST_CASE("nobody is bound twice", "[symbol_mapping]") {
  CHECK(SymbolMap::make({{address(5), symbol(1)}, {address(5), symbol(2)}}).error().code ==
        ErrorCode::kRowConflict);
  CHECK(SymbolMap::make({{address(5), symbol(1)}, {address(6), symbol(1)}}).error().code ==
        ErrorCode::kRowConflict);
}
