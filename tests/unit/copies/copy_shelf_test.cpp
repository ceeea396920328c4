#include "nakadachi/copies/copy_shelf.hpp"

#include <algorithm>
#include <map>

#include "tests/unit/copies/copies_helpers.hpp"

namespace nakadachi::copies::test {
namespace {

crypto::SealedPlace copy_place(const HoldingKey& key) {
  return {.table = "holding", .column = "copy", .row = key.view()};
}

StoredCopy copy_of(std::uint64_t number, std::uint64_t dataset = 7) {
  return {institution(), person(number), kind(), content({{1, "2026"}, {5, "0"}}, dataset)};
}

}  // namespace

TEST_CASE("a registered copy is found for its person, kind and institution only", "[copies]") {
  SeededRandom random(1);
  auto keys = cipher();
  CopyShelf shelf(institution());
  put(shelf, keys, random, copy_of(42));
  const auto found = shelf.find(keys, person(42), kind()).value();
  REQUIRE(found.has_value());
  CHECK(*found == copy_of(42).content);
  CHECK_FALSE(shelf.find(keys, person(43), kind()).value().has_value());
  CHECK_FALSE(shelf.find(keys, person(42), kind(3)).value().has_value());
  CHECK(copy_key(keys, institution(), person(42), kind()).value() !=
        copy_key(keys, institution(1), person(42), kind()).value());
  crypto::TenantCipher keyless(TenantId{131'041});
  CHECK(code_of(shelf.find(keyless, person(42), kind())) == ErrorCode::kKeyUnavailable);
}

TEST_CASE("a stored copy says whose it is, to the key it stands under", "[copies]") {
  SeededRandom random(2);
  auto keys = cipher();
  const auto key = copy_key(keys, institution(), person(42), kind()).value();
  const auto other = copy_key(keys, institution(), person(43), kind()).value();
  const Bytes sealed = seal_copy(keys, key, copy_of(42), random).value();
  CHECK(open_copy(keys, key, sealed).value() == copy_of(42));
  CHECK(code_of(open_copy(keys, other, sealed)) == ErrorCode::kSealBroken);
  StoredCopy wrong = copy_of(42);
  wrong.content.layout_version = 0;
  CHECK(code_of(seal_copy(keys, key, wrong, random)) == ErrorCode::kWrongFormat);

  // Version, institution, person, kind, content.
  const Bytes plain = keys.open(copy_place(key), sealed).value();
  CHECK(to_hex(ByteView(plain).first(25)) ==
        "01"
        "0004a7cf9a8f6401"
        "000000000000002a"
        "0000000000000002");
  CHECK(decode_content(ByteView(plain).subspan(25)).value() == copy_of(42).content);
}

TEST_CASE("a stored copy that is none is refused", "[copies]") {
  SeededRandom random(3);
  auto keys = cipher();
  const auto key = copy_key(keys, institution(), person(42), kind()).value();
  const Bytes plain =
      keys.open(copy_place(key), seal_copy(keys, key, copy_of(42), random).value()).value();
  const auto open_plain = [&](const Bytes& bytes) {
    return code_of(open_copy(keys, key, keys.seal(copy_place(key), bytes, random).value()));
  };
  CHECK(open_plain(plain) == ErrorCode{});
  for (std::size_t size = 0; size < plain.size(); ++size) {
    REQUIRE(open_plain(Bytes(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(size))) !=
            ErrorCode{});
  }
  Bytes changed = plain;
  changed[0] = 2;
  CHECK(open_plain(changed) == ErrorCode::kUnsupportedVersion);
  for (const std::size_t number : {1U, 9U, 17U}) {
    changed = plain;
    changed[number] = 0xFF;
    CHECK(open_plain(changed) == ErrorCode::kWrongLength);
  }
}

TEST_CASE("a copy that stands under another's key is not answered with", "[copies]") {
  SeededRandom random(4);
  auto keys = cipher();
  CopyShelf shelf(institution());
  const auto key = copy_key(keys, institution(), person(42), kind()).value();
  const auto wrong = GENERATE(0, 1, 2);
  StoredCopy copy = copy_of(42);
  if (wrong == 0) copy.institution = institution(1);
  if (wrong == 1) copy.person = person(43);
  if (wrong == 2) copy.kind = kind(3);
  shelf.put(key, kind(), 7, seal_copy(keys, key, copy, random).value());
  CHECK(code_of(shelf.find(keys, person(42), kind())) == ErrorCode::kSealBroken);
}

TEST_CASE("copies are counted and listed by kind and dataset", "[copies]") {
  SeededRandom random(5);
  auto keys = cipher();
  CopyShelf shelf(institution());
  CHECK(shelf.counts().empty());
  CHECK(shelf.keys_of(kind()).empty());
  std::vector<HoldingKey> old_ones;
  for (std::uint64_t number = 1; number <= 10; ++number) {
    old_ones.push_back(put(shelf, keys, random, copy_of(number, 3)));
  }
  std::sort(old_ones.begin(), old_ones.end());
  CHECK(shelf.keys_below(kind(), 4) == old_ones);
  CHECK(shelf.keys_below(kind(), 3).empty());
  CHECK(shelf.keys_below(kind(), 0).empty());
  CHECK(shelf.keys_below(kind(3), 4).empty());
  CHECK(shelf.keys_of(kind()) == old_ones);

  const auto renewed = put(shelf, keys, random, copy_of(1, 4));
  const auto greatest = put(shelf, keys, random, copy_of(11, UINT64_MAX));
  CHECK(shelf.keys_below(kind(), 4).size() == 9);
  CHECK(shelf.keys_below(kind(), UINT64_MAX).size() == 10);
  CHECK(shelf.keys_of(kind()).size() == 11);
  CHECK(shelf.dataset_of(renewed) == 4);
  CHECK(shelf.counts() ==
        CopyShelf::Counts{{{kind(), 3}, 9}, {{kind(), 4}, 1}, {{kind(), UINT64_MAX}, 1}});
  CHECK(shelf.erase(renewed));
  CHECK(shelf.erase(greatest));
  CHECK_FALSE(shelf.erase(renewed));
  CHECK(shelf.counts() == CopyShelf::Counts{{{kind(), 3}, 9}});
}

TEST_CASE("a shelf holds what a plain map holds, whatever is done to it", "[copies]") {
  struct Plain {
    InformationKind kind;
    std::uint64_t dataset = 0;
    Bytes sealed;
  };
  SeededRandom random(GENERATE(6U, 7U, 8U));
  // Few keys, whose slots lie close together around the end of the table, so that
  // entries stand in each other's way.
  const auto any_key = [&] {
    HoldingKey key;
    const auto home = static_cast<std::uint16_t>(random.below(8) - 4);
    key.writable()[6] = static_cast<std::uint8_t>(home >> 8);
    key.writable()[7] = static_cast<std::uint8_t>(home & 0xFF);
    key.writable()[15] = static_cast<std::uint8_t>(random.below(64));
    return key;
  };
  CopyShelf shelf(institution());
  std::map<HoldingKey, Plain> plain;
  for (int i = 0; i < 30'000; ++i) {
    const HoldingKey key = any_key();
    // It grows, shrinks to nothing, and grows again.
    const bool growing = (i / 5000) % 2 == 0;
    if (random.chance(growing ? 700 : 200)) {
      Plain value{kind(1 + random.below(4)), random.below(5), Bytes(1 + random.below(40))};
      random.fill(value.sealed);
      shelf.put(key, value.kind, value.dataset, value.sealed);
      plain[key] = std::move(value);
    } else {
      REQUIRE(shelf.erase(key) == (plain.erase(key) > 0));
    }
    const HoldingKey looked_up = any_key();
    const auto expected = plain.find(looked_up);
    REQUIRE(shelf.size() == plain.size());
    REQUIRE(shelf.dataset_of(looked_up).has_value() == (expected != plain.end()));
    const ByteView sealed = shelf.sealed(looked_up);
    REQUIRE(Bytes(sealed.begin(), sealed.end()) ==
            (expected != plain.end() ? expected->second.sealed : Bytes()));
    if (i % 500 != 0) continue;
    CopyShelf::Counts counts;
    std::vector<HoldingKey> below;
    for (const auto& [each, value] : plain) {
      ++counts[{value.kind, value.dataset}];
      if (value.kind == kind(2) && value.dataset < 3) below.push_back(each);
    }
    REQUIRE(shelf.counts() == counts);
    REQUIRE(shelf.keys_below(kind(2), 3) == below);
  }
}

}  // namespace nakadachi::copies::test
