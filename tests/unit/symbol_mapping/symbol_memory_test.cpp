#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "nakadachi/base/random.hpp"
#include "nakadachi/base/secret.hpp"
#include "nakadachi/symbol_mapping/symbol_map.hpp"
#include "tests/support/catch.hpp"

// The memory of the running process is searched for what must not be there, as somebody with a
// dump of it would.

using namespace nakadachi;
using symbols::SymbolMap;
using Binding = SymbolMap::Binding;

namespace {

constexpr std::size_t kPersons = 400;
constexpr std::uint64_t kMask = 0x5A17'C3E9'0B6D'F248;  // so that the search list is no hit

/// The same persons each time, so that nothing of them has to be kept.
Binding binding_of(SeededRandom& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  return {*AddressNumber::from_number(100'000'000'000'000 + random.below(900'000'000'000'000)),
          Symbol(bytes)};
}

/// Eight bytes of each person's symbol, and each address number, masked.
std::vector<std::uint64_t> masked_values() {
  SeededRandom random(2026);
  std::vector<std::uint64_t> values;
  for (std::size_t i = 0; i < kPersons; ++i) {
    Binding binding = binding_of(random);
    std::uint64_t head = 0;
    std::memcpy(&head, binding.second.reveal().data(), sizeof head);
    values.push_back(head ^ kMask);
    values.push_back(binding.first.reveal() ^ kMask);
    wipe(&binding, sizeof binding);
    wipe(&head, sizeof head);
  }
  std::sort(values.begin(), values.end());
  return values;
}

/// Which of the values stand in the writable memory of this process, at any offset.
std::size_t count_in_memory(const std::vector<std::uint64_t>& values) {
  std::bitset<65536> first_bytes;
  for (const std::uint64_t value : values) first_bytes.set((value ^ kMask) & 0xFFFF);
  std::vector<bool> seen(values.size());
  const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  REQUIRE(memory >= 0);
  std::ifstream maps("/proc/self/maps");
  std::vector<std::uint8_t> piece(1 << 20);
  for (std::string line; std::getline(maps, line);) {
    unsigned long from = 0;
    unsigned long to = 0;
    std::array<char, 5> rights{};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, rights.data()) != 3) continue;
    // Sanitizers reserve terabytes for themselves, which hold no values.
    if (rights[1] != 'w' || to - from > (1UL << 30)) continue;
    for (; from + 8 <= to; from += piece.size() - 7) {
      const ::ssize_t got = ::pread(memory, piece.data(), std::min(piece.size(), to - from),
                                    static_cast<::off_t>(from));
      for (::ssize_t at = 0; at + 8 <= got; ++at) {
        std::uint64_t word = 0;
        std::memcpy(&word, piece.data() + at, sizeof word);
        if (!first_bytes.test(word & 0xFFFF)) continue;
        const auto found = std::lower_bound(values.begin(), values.end(), word ^ kMask);
        if (found == values.end() || *found != (word ^ kMask)) continue;
        seen[static_cast<std::size_t>(found - values.begin())] = true;
      }
    }
  }
  ::close(memory);
  wipe(piece.data(), piece.size());  // it holds copies of what was found
  return static_cast<std::size_t>(std::count(seen.begin(), seen.end(), true));
}

}  // namespace

TEST_CASE("a map's memory holds no symbol and no address number in clear", "[symbol_mapping]") {
  const std::vector<std::uint64_t> values = masked_values();
  SystemRandom keys_random;
  const auto keys = std::make_shared<const symbols::MapKeys>(keys_random);
  SymbolMap map(keys);
  SeededRandom random(2026);
  std::vector<Binding> bindings;
  bindings.reserve(kPersons);  // a list that grew would leave its former places behind
  for (std::size_t i = 0; i < kPersons; ++i) bindings.push_back(binding_of(random));
  // That the search finds what is there: while the list lives, everything is found.
  CHECK(count_in_memory(values) == values.size());
  map = SymbolMap::make(keys, bindings).value();
  map = map.with({}, std::vector{bindings[0].first}).value();
  map = map.with(std::span(bindings).first(1)).value();
  wipe(bindings.data(), bindings.size() * sizeof(Binding));
  // What calls of a few persons may have left on the stack is not the map's.
  CHECK(count_in_memory(values) <= 4);
  SeededRandom again(2026);
  for (std::size_t i = 0; i < kPersons; ++i) {
    const Binding binding = binding_of(again);
    REQUIRE((map.find_symbol(binding.first).value() == binding.second));
    REQUIRE((map.find_address(binding.second).value() == binding.first));
  }
}
