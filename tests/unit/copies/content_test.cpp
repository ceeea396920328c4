#include "nakadachi/copies/content.hpp"

#include <algorithm>
#include <array>

#include "nakadachi/base/limits.hpp"
#include "tests/unit/copies/copies_helpers.hpp"

namespace nakadachi::copies::test {
namespace {

CopyContent content_sample() {
  return {.layout_version = 2,
          .dataset = 0x0102030405060708,
          .validity = {day("1970-01-02"), day("1970-04-11")},
          .items = {{1, "2026"}, {3, "漢"}}};
}

CopyContent any_content(SeededRandom& random) {
  CopyContent made{.layout_version = static_cast<std::uint16_t>(1 + random.below(65'535)),
                   .dataset = random.next(),
                   .validity = {},
                   .items = {}};
  if (random.chance(500)) made.validity.from = Day{static_cast<std::int32_t>(random.below(20'000))};
  if (random.chance(500)) {
    made.validity.until = Day{static_cast<std::int32_t>(20'000 + random.below(20'000))};
  }
  std::uint16_t number = 0;
  for (std::uint64_t i = random.below(12); i > 0; --i) {
    number = static_cast<std::uint16_t>(number + 1 + random.below(300));
    made.items.push_back({number, std::string(1 + random.below(20), 'x')});
  }
  return made;
}

}  // namespace

TEST_CASE("a copy's encoding is the one that is written down", "[copies]") {
  const Bytes bytes = encode(content_sample()).value();
  CHECK(to_hex(bytes) ==
        "01"                // version
        "0002"              // layout version
        "0102030405060708"  // dataset
        "03"                // both ends of the validity
        "00000001"
        "00000064"
        "0002"              // items
        "0001000432303236"  // 1: 2026
        "00030003e6bca2");  // 3: 漢
  CHECK(decode_content(bytes).value() == content_sample());

  CopyContent earliest = content_sample();
  earliest.validity = {std::nullopt, day("0001-01-01")};
  CHECK(decode_content(encode(earliest).value()).value() == earliest);
}

TEST_CASE("every content comes back from its bytes, and has only those", "[copies]") {
  SeededRandom random(1);
  for (int i = 0; i < 2000; ++i) {
    const CopyContent made = any_content(random);
    const Bytes bytes = encode(made).value();
    REQUIRE(decode_content(bytes).value() == made);
  }
}

TEST_CASE("what is no content is not encoded", "[copies]") {
  const auto refused = [](auto change) {
    CopyContent made = content_sample();
    change(made);
    return code_of(encode(made));
  };
  using enum ErrorCode;
  CHECK(refused([](CopyContent& c) { c.layout_version = 0; }) == kWrongFormat);
  CHECK(refused([](CopyContent& c) { c.validity.until = Day{0}; }) == kWrongFormat);
  CHECK(refused([](CopyContent& c) { std::swap(c.items[0], c.items[1]); }) == kWrongFormat);
  CHECK(refused([](CopyContent& c) { c.items[1].number = 1; }) == kWrongFormat);
  CHECK(refused([](CopyContent& c) { c.items[0].number = 0; }) == kWrongFormat);
  CHECK(refused([](CopyContent& c) { c.items[0].value.clear(); }) == kWrongFormat);
  CHECK(refused([](CopyContent& c) { c.items[0].value = "\xE6\xBC"; }) == kWrongFormat);
  CHECK(refused([](CopyContent& c) {
          c.items[0].value.assign(limits::kMaxCopyItemBytes + 1, 'x');
        }) == kWrongLength);
  CHECK(refused([](CopyContent& c) {
          c.items.clear();
          for (std::size_t i = 0; i <= limits::kMaxCopyItems; ++i) {
            c.items.push_back({static_cast<std::uint16_t>(i + 1), "x"});
          }
        }) == kTooManyItems);
  CHECK(refused([](CopyContent& c) {
          c.items.clear();
          for (std::uint16_t i = 1; i <= 9; ++i) {
            c.items.push_back({i, std::string(limits::kMaxCopyItemBytes, 'x')});
          }
        }) == kOversize);
  CopyContent wrong = content_sample();
  wrong.items[1].value.clear();
  CHECK(encode(wrong).error().position == 1);
}

TEST_CASE("bytes that no content has are refused", "[copies]") {
  using enum ErrorCode;
  const Bytes whole = encode(content_sample()).value();
  const auto with = [&](std::size_t at, std::uint8_t byte) {
    Bytes changed = whole;
    changed[at] = byte;
    return code_of(decode_content(changed));
  };
  CHECK(with(0, 2) == kUnsupportedVersion);
  CHECK(with(0, 0) == kUnsupportedVersion);
  CHECK(with(2, 0) == kWrongFormat);         // layout version 0
  CHECK(with(11, 7) == kMalformedFrame);     // an unknown mark
  CHECK(with(12, 0x7F) == kMalformedFrame);  // a day far behind the year 9999
  CHECK(with(15, 0x65) == kMalformedFrame);  // ends before it begins
  CHECK(with(21, 3) == kMalformedFrame);     // one item more than there is
  CHECK(with(21, 1) == kMalformedFrame);     // one less
  CHECK(with(23, 3) == kWrongFormat);        // two items of one number
  CHECK(with(23, 4) == kWrongFormat);        // not ascending
  CHECK(with(23, 0) == kWrongFormat);        // item 0
  CHECK(with(34, 0xFF) == kWrongFormat);     // not UTF-8
  CHECK(code_of(decode_content({})) == kMalformedFrame);
  CHECK(code_of(decode_content(Bytes(limits::kMaxCopyBytes + 1, 1))) == kOversize);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    REQUIRE_FALSE(decode_content(ByteView(whole).first(size)).ok());
  }
  Bytes longer = whole;
  longer.push_back(0);
  CHECK(code_of(decode_content(longer)) == kMalformedFrame);
}

TEST_CASE("no bytes bring the decoder down, and what it accepts is canonical", "[copies]") {
  SeededRandom random(2);
  std::size_t accepted = 0;
  const auto try_bytes = [&](const Bytes& bytes) {
    const auto decoded = decode_content(bytes);
    if (!decoded) return;
    ++accepted;
    REQUIRE(encode(*decoded).value() == bytes);
  };
  for (int i = 0; i < 200; ++i) {
    Bytes bytes = encode(any_content(random)).value();
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
      bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ mask);
      try_bytes(bytes);
      bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ mask);
    }
  }
  for (int i = 0; i < 100'000; ++i) {
    Bytes bytes(static_cast<std::size_t>(random.below(64)));
    random.fill(bytes);
    if (!bytes.empty()) bytes[0] = 1;
    try_bytes(bytes);
  }
  CHECK(accepted > 1000);
}

TEST_CASE("of a copy the items asked for are taken, and the missing ones told", "[copies]") {
  const CopyContent whole = content({{1, "a"}, {3, "c"}, {4, "d"}, {9, "i"}});
  const Selection all = select(whole, {});
  CHECK(all.content == whole);
  CHECK(all.missing.empty());

  const Selection some = select(whole, std::array<std::uint16_t, 3>{9, 1, 9});
  CHECK(some.content == content({{1, "a"}, {9, "i"}}));
  CHECK(some.missing.empty());

  const Selection part = select(whole, std::array<std::uint16_t, 5>{10, 2, 3, 2, 8});
  CHECK(part.content == content({{3, "c"}}));
  CHECK(part.missing == std::vector<std::uint16_t>{2, 8, 10});

  const Selection none = select(content({}), std::array<std::uint16_t, 1>{5});
  CHECK(none.content.items.empty());
  CHECK(none.missing == std::vector<std::uint16_t>{5});
}

}  // namespace nakadachi::copies::test
