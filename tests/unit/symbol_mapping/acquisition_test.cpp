#include "nakadachi/symbol_mapping/acquisition.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>

#include "nakadachi/base/random.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/symbol_mapping/person_samples.hpp"

using namespace nakadachi;
using symbols::AcquisitionDesk;
using symbols::AcquisitionPool;
using symbols::PendingAcquisition;
using symbols::SymbolMap;
using symbols::samples::address;
using Verdict = AcquisitionDesk::Verdict;

namespace {

constexpr std::int64_t kPeriodMs = 1'000;
constexpr Timestamp kNow{1'800'000'000'000};

Symbol symbol(std::uint8_t first) {
  std::array<std::uint8_t, 16> bytes{};
  bytes[0] = first;
  return Symbol(bytes);
}

SymbolMap map_of(const std::vector<SymbolMap::Binding>& bindings) {
  SeededRandom random(1);
  return SymbolMap::make(std::make_shared<const symbols::MapKeys>(random), bindings).value();
}

struct AcquisitionFixture {
  SeededRandom random{7};
  AcquisitionDesk desk{AcquisitionPool(), kPeriodMs, random};
  SymbolMap empty = map_of({});

  PendingAcquisition start(std::uint64_t number, Timestamp now = kNow) {
    return desk.start(address(number), empty, now).value().pending;
  }
};

}  // namespace

TEST_CASE("a pool is all numbers of a length with a prefix", "[symbol_mapping]") {
  CHECK(AcquisitionPool().at(0).reveal() == 1'000'000'000'000'000);
  CHECK(AcquisitionPool().at(AcquisitionPool().size() - 1).reveal() == 9'999'999'999'999'999);
  const auto pool = AcquisitionPool::make("9920", 13);
  REQUIRE(pool.ok());
  CHECK(pool->size() == 1'000'000'000);
  CHECK(pool->at(0).reveal() == 9'920'000'000'000);
  CHECK(AcquisitionPool::make("", 18).value().size() == 900'000'000'000'000'000);
  for (const std::string_view prefix : {"0", "01", "1x", "1234567890123", " 1"}) {
    CHECK(AcquisitionPool::make(prefix, 13).error().code == ErrorCode::kConfigInvalid);
  }
  for (const std::size_t digits :
       {std::size_t{0}, std::size_t{11}, std::size_t{12}, std::size_t{19}}) {
    CHECK(AcquisitionPool::make("", digits).error().code == ErrorCode::kConfigInvalid);
  }
}

TEST_CASE_METHOD(AcquisitionFixture, "a person's number is of the pool and another's is another",
                 "[symbol_mapping]") {
  std::set<AcquisitionNumber> numbers;
  for (std::uint64_t person = 1; person <= 1'000; ++person) {
    const PendingAcquisition pending = start(person);
    CHECK(std::to_string(pending.number.reveal()).size() == 16);
    CHECK((pending.address == address(person)));
    CHECK(pending.valid_until == kNow + kPeriodMs);
    numbers.insert(pending.number);
  }
  CHECK(numbers.size() == 1'000);
  CHECK(desk.size() == 1'000);
}

TEST_CASE_METHOD(AcquisitionFixture, "who asks again is given the number under way",
                 "[symbol_mapping]") {
  const PendingAcquisition first = start(5);
  const auto again = desk.start(address(5), empty, kNow + kPeriodMs);
  REQUIRE(again.ok());
  CHECK_FALSE(again->fresh);
  CHECK((again->pending == first));
  CHECK((desk.find(address(5)) == first));
  CHECK(desk.size() == 1);
}

TEST_CASE_METHOD(AcquisitionFixture, "who has a symbol needs none", "[symbol_mapping]") {
  CHECK(desk.start(address(5), map_of({{address(5), symbol(1)}}), kNow).error().code ==
        ErrorCode::kAlreadyAcquired);
  CHECK(desk.size() == 0);
}

TEST_CASE_METHOD(AcquisitionFixture, "a symbol ends the acquisition and is bound once",
                 "[symbol_mapping]") {
  const PendingAcquisition pending = start(5);
  const auto arrival = desk.on_symbol(pending.number, symbol(1), empty, kNow + kPeriodMs);
  REQUIRE(arrival.ok());
  CHECK(arrival->verdict == Verdict::kBind);
  CHECK((arrival->address == address(5)));
  CHECK_FALSE(arrival->holder.has_value());
  CHECK(desk.size() == 0);
  CHECK_FALSE(desk.find(address(5)).has_value());
  CHECK_FALSE(desk.next_lapse().has_value());
  CHECK(desk.unmatched() == 0);
  // A doubled notice.
  CHECK(desk.on_symbol(pending.number, symbol(1), empty, kNow).error().code ==
        ErrorCode::kUnknownAcquisition);
  CHECK(desk.unmatched() == 1);
}

TEST_CASE_METHOD(AcquisitionFixture, "a symbol that contradicts what is bound is for staff",
                 "[symbol_mapping]") {
  const auto verdict = [&](std::uint8_t came, const SymbolMap& map) {
    return desk.on_symbol(start(5).number, symbol(came), map, kNow).value();
  };
  CHECK(verdict(1, map_of({{address(5), symbol(1)}})).verdict == Verdict::kBoundBefore);
  CHECK(verdict(2, map_of({{address(5), symbol(1)}})).verdict == Verdict::kOtherSymbol);
  const auto same = verdict(1, map_of({{address(6), symbol(1)}, {address(5), symbol(2)}}));
  CHECK(same.verdict == Verdict::kSamePerson);
  CHECK((same.holder == address(6)));
  CHECK((same.address == address(5)));
  CHECK(desk.size() == 0);
}

TEST_CASE_METHOD(AcquisitionFixture, "that a symbol was acquired before ends the acquisition too",
                 "[symbol_mapping]") {
  const PendingAcquisition pending = start(5);
  CHECK((*desk.on_already_acquired(pending.number, kNow) == address(5)));
  CHECK(desk.size() == 0);
  CHECK(desk.on_already_acquired(pending.number, kNow).error().code ==
        ErrorCode::kUnknownAcquisition);
  CHECK(desk.unmatched() == 1);
}

TEST_CASE_METHOD(AcquisitionFixture, "what lapses is forgotten, and a late symbol binds nobody",
                 "[symbol_mapping]") {
  const PendingAcquisition first = start(5);
  const PendingAcquisition second = start(6, kNow + 10);
  CHECK(desk.next_lapse() == kNow + kPeriodMs + 1);
  CHECK(desk.lapse(kNow + kPeriodMs).empty());
  // Late before anybody has called lapse.
  CHECK(desk.on_symbol(first.number, symbol(1), empty, kNow + kPeriodMs + 1).error().code ==
        ErrorCode::kUnknownAcquisition);
  const auto lapsed = desk.lapse(kNow + kPeriodMs + 1);
  REQUIRE(lapsed.size() == 1);
  CHECK((lapsed[0] == address(5)));
  CHECK(desk.next_lapse() == kNow + kPeriodMs + 11);
  CHECK(desk.on_symbol(first.number, symbol(1), empty, kNow).error().code ==
        ErrorCode::kUnknownAcquisition);
  CHECK(desk.unmatched() == 2);
  CHECK((desk.find(address(6)) == second));
}

TEST_CASE_METHOD(AcquisitionFixture, "a lapsed acquisition can be begun anew under another number",
                 "[symbol_mapping]") {
  const PendingAcquisition first = start(5);
  const auto again = desk.start(address(5), empty, kNow + kPeriodMs + 1);
  REQUIRE(again.ok());
  CHECK(again->fresh);
  CHECK((again->pending.number != first.number));
  CHECK(desk.size() == 1);
  CHECK(desk.lapse(kNow + kPeriodMs + 1).empty());
  CHECK(desk.on_already_acquired(first.number, kNow).error().code ==
        ErrorCode::kUnknownAcquisition);
}

TEST_CASE("a pool that is used up refuses, and numbers come back when they are free",
          "[symbol_mapping]") {
  SeededRandom random(3);
  AcquisitionDesk desk(AcquisitionPool::make("123456789012", 13).value(), kPeriodMs, random);
  const SymbolMap empty = map_of({});
  std::set<AcquisitionNumber> numbers;
  for (std::uint64_t person = 0; person < 10; ++person) {
    numbers.insert(desk.start(address(person), empty, kNow).value().pending.number);
  }
  CHECK(numbers.size() == 10);
  CHECK(desk.start(address(10), empty, kNow).error().code == ErrorCode::kQueueFull);
  CHECK(desk.size() == 10);
  CHECK(desk.on_already_acquired(*numbers.begin(), kNow).ok());
  CHECK((desk.start(address(10), empty, kNow).value().pending.number == *numbers.begin()));
}

TEST_CASE_METHOD(AcquisitionFixture, "what was stored is taken up again", "[symbol_mapping]") {
  const PendingAcquisition first = start(5);
  const PendingAcquisition second = start(6, kNow + 10);
  AcquisitionDesk recovered(AcquisitionPool(), kPeriodMs, random);
  for (const PendingAcquisition& pending : {second, first}) {
    const auto stored = symbols::decode_pending(symbols::encode(pending));
    REQUIRE(stored.ok());
    CHECK(recovered.recover(*stored).ok());
  }
  CHECK((recovered.start(address(5), empty, kNow).value().pending == first));
  CHECK(recovered.lapse(kNow + kPeriodMs + 1).size() == 1);
  CHECK(recovered.on_symbol(second.number, symbol(1), empty, kNow).ok());

  CHECK(desk.recover(first).error().code == ErrorCode::kRowConflict);
  CHECK(desk.recover({first.number, address(7), kNow}).error().code == ErrorCode::kRowConflict);
  CHECK(desk.recover({AcquisitionPool().at(0), address(5), kNow}).error().code ==
        ErrorCode::kRowConflict);
  CHECK(desk.size() == 2);
}

TEST_CASE_METHOD(AcquisitionFixture, "what is under way is listed by address number, page by page",
                 "[symbol_mapping]") {
  CHECK(desk.list({}, 2).empty());
  const PendingAcquisition third = start(3);
  const PendingAcquisition first = start(1);
  const PendingAcquisition second = start(2);
  const auto shown = [](const PendingAcquisition& pending) {
    return AcquisitionDesk::UnderWay{pending.address, pending.valid_until};
  };
  CHECK((desk.list({}, 2) == std::vector{shown(first), shown(second)}));
  CHECK((desk.list(address(2), 2) == std::vector{shown(third)}));
  CHECK(desk.list(address(3), 2).empty());
  REQUIRE(desk.on_symbol(second.number, symbol(1), empty, kNow).ok());
  CHECK((desk.list({}, 5) == std::vector{shown(first), shown(third)}));
}

TEST_CASE("whatever happens in whatever order, nobody is bound under a wrong number",
          "[symbol_mapping]") {
  SeededRandom random(11);
  AcquisitionDesk desk(AcquisitionPool::make("77777777777", 13).value(), kPeriodMs, random);
  SymbolMap map = map_of({});
  std::map<AcquisitionNumber, PendingAcquisition> expected;
  Timestamp now = kNow;
  std::uint64_t unmatched = 0;
  for (int step = 0; step < 20'000; ++step) {
    now = now + static_cast<std::int64_t>(random.below(20));
    const std::uint64_t person = random.below(60);
    const AcquisitionNumber number =
        AcquisitionNumber::from_number(7'777'777'777'700 + random.below(100)).value();
    const bool open = expected.contains(number) && expected.at(number).valid_until >= now;
    switch (random.below(4)) {
      case 0: {
        const auto started = desk.start(address(person), map, now);
        if (!started) break;
        std::erase_if(expected, [&](const auto& each) {
          return each.second.address == address(person) && started->fresh;
        });
        REQUIRE((!started->fresh || !expected.contains(started->pending.number)));
        expected.insert_or_assign(started->pending.number, started->pending);
        break;
      }
      case 1: {
        const auto arrival = desk.on_symbol(number, symbol(1), map, now);
        REQUIRE(arrival.ok() == open);
        if (!open) break;
        REQUIRE((arrival->address == expected.at(number).address));
        expected.erase(number);
        break;
      }
      case 2: {
        REQUIRE(desk.on_already_acquired(number, now).ok() == open);
        if (open) expected.erase(number);
        break;
      }
      default: {
        for (const AddressNumber& lapsed : desk.lapse(now)) {
          REQUIRE(std::erase_if(expected, [&](const auto& each) {
                    return each.second.address == lapsed && each.second.valid_until < now;
                  }) == 1);
        }
      }
    }
    REQUIRE(desk.size() == expected.size());
    if (!open) unmatched = desk.unmatched();
  }
  CHECK(unmatched > 1'000);
}

TEST_CASE("a stored acquisition is these bytes", "[symbol_mapping]") {
  const PendingAcquisition pending{AcquisitionNumber::from_number(1'234'567'890'123'456).value(),
                                   address(42), Timestamp{0x0102'0304}};
  CHECK(to_hex(symbols::encode(pending)) == "01000462d53c8abac0000000000000002a0000000001020304");
}

TEST_CASE("no hostile bytes are taken for an acquisition", "[symbol_mapping]") {
  const PendingAcquisition pending{AcquisitionNumber::from_number(1'234'567'890'123'456).value(),
                                   address(42), Timestamp{5}};
  const Bytes good = symbols::encode(pending);
  REQUIRE(symbols::decode_pending(good).ok());
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK(symbols::decode_pending(ByteView(good).first(size)).error().code ==
          ErrorCode::kMalformedFrame);
  }
  Bytes longer = good;
  longer.push_back(0);
  CHECK(symbols::decode_pending(longer).error().code == ErrorCode::kMalformedFrame);
  for (const std::size_t at : {std::size_t{1}, std::size_t{9}, std::size_t{17}}) {
    Bytes bad = good;
    bad[at] = 0x80;  // a number too large, an address number too large, a time before 1970
    CHECK(symbols::decode_pending(bad).error().code == ErrorCode::kMalformedFrame);
  }
  Bytes other = good;
  other[0] = 2;
  CHECK(symbols::decode_pending(other).error().code == ErrorCode::kUnsupportedVersion);
  SeededRandom random(5);
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes = good;
    for (int flips = 1 + static_cast<int>(random.below(4)); flips > 0; --flips) {
      bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.below(256));
    }
    bytes.resize(random.below(4) == 0 ? random.below(40) : bytes.size());
    const auto decoded = symbols::decode_pending(bytes);
    if (decoded) REQUIRE(symbols::encode(*decoded) == bytes);
  }
}
