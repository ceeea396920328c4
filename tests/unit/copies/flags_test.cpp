#include "nakadachi/copies/flags.hpp"

#include <algorithm>

#include "nakadachi/base/limits.hpp"
#include "tests/unit/copies/copies_helpers.hpp"

namespace nakadachi::copies::test {
namespace {

using enum FlagSort;

crypto::SealedPlace flag_place(const HoldingKey& key) {
  return {.table = "holding", .column = "flag", .row = key.view()};
}

Flag flag(FlagSort sort, std::optional<InformationKind> of = std::nullopt, Period period = {}) {
  return {.sort = sort, .kind = of, .period = period};
}

PersonFlags flags_of(std::uint64_t number, const std::vector<Flag>& flags) {
  PersonFlags made{institution(), person(number), {}};
  for (const Flag& each : flags) REQUIRE(set_flag(made, each).value());
  return made;
}

HoldingKey key_of(crypto::TenantCipher& keys, std::uint64_t number) {
  return flag_key(keys, institution(), person(number)).value();
}

constexpr FlagState kNothing{.held = false, .non_disclosure = false};
constexpr FlagState kHeldOnly{.held = true, .non_disclosure = false};
constexpr FlagState kBoth{.held = true, .non_disclosure = true};

}  // namespace

TEST_CASE("a flag holds for its kind and its days", "[copies]") {
  const Day today = day("2026-06-14");
  const PersonFlags all = flags_of(1, {flag(kHeld)});
  CHECK(state_on(all, kind(), today) == kHeldOnly);
  CHECK(state_on(all, kind(3), Day{-100'000}) == kHeldOnly);

  const PersonFlags of_kind = flags_of(1, {flag(kHeld, kind()), flag(kNonDisclosure)});
  CHECK(state_on(of_kind, kind(), today) == kBoth);
  CHECK(state_on(of_kind, kind(3), today) == FlagState{.held = false, .non_disclosure = true});

  const PersonFlags dated = flags_of(1, {flag(kHeld, std::nullopt, {today, day("2026-06-20")}),
                                         flag(kHeld, kind(), {day("2027-01-01"), std::nullopt})});
  CHECK(state_on(dated, kind(), day("2026-06-13")) == kNothing);
  CHECK(state_on(dated, kind(), today) == kHeldOnly);
  CHECK(state_on(dated, kind(), day("2026-06-20")) == kHeldOnly);
  CHECK(state_on(dated, kind(), day("2026-06-21")) == kNothing);
  CHECK(state_on(dated, kind(), day("2027-01-01")) == kHeldOnly);
  CHECK(state_on(dated, kind(3), day("2027-01-01")) == kNothing);
  CHECK(state_on(flags_of(1, {}), kind(), today) == kNothing);
}

TEST_CASE("flags are set and cleared one by one", "[copies]") {
  PersonFlags of = flags_of(1, {});
  const Flag held = flag(kHeld, kind());
  CHECK(set_flag(of, flag(kNonDisclosure)).value());
  CHECK(set_flag(of, held).value());
  CHECK_FALSE(set_flag(of, held).value());
  CHECK(of.flags == std::vector{held, flag(kNonDisclosure)});
  CHECK_FALSE(clear_flag(of, flag(kHeld)));
  CHECK(clear_flag(of, held));
  CHECK_FALSE(clear_flag(of, held));
  CHECK(of.flags.size() == 1);
  CHECK(code_of(set_flag(of, flag(kHeld, std::nullopt, {Day{2}, Day{1}}))) ==
        ErrorCode::kWrongFormat);
  for (std::int32_t i = 1; of.flags.size() < limits::kMaxFlagsPerPerson; ++i) {
    REQUIRE(set_flag(of, flag(kHeld, std::nullopt, {Day{i}, Day{i}})).value());
  }
  CHECK(std::is_sorted(of.flags.begin(), of.flags.end()));
  CHECK(code_of(set_flag(of, held)) == ErrorCode::kTooManyItems);
}

TEST_CASE("flags are stored for their person and institution", "[copies]") {
  SeededRandom random(1);
  auto keys = cipher();
  const PersonFlags flags =
      flags_of(42, {flag(kHeld, kind(), {Day{1}, std::nullopt}), flag(kNonDisclosure)});
  const HoldingKey key = key_of(keys, 42);
  const Bytes sealed = seal_flags(keys, key, flags, random).value();
  CHECK(open_flags(keys, key, sealed).value() == flags);
  CHECK(code_of(open_flags(keys, key_of(keys, 43), sealed)) == ErrorCode::kSealBroken);
  CHECK(key != flag_key(keys, institution(1), person(42)).value());
  CHECK(to_hex(keys.open(flag_place(key), sealed).value()) ==
        "01"
        "0004a7cf9a8f6401"
        "000000000000002a"
        "02"
        "01050000000000000002"
        "00000001"
        "0200");
}

TEST_CASE("flags that are not in order are not stored", "[copies]") {
  SeededRandom random(2);
  auto keys = cipher();
  const HoldingKey key = key_of(keys, 1);
  const auto code_of_storing = [&](const std::vector<Flag>& flags) {
    return code_of(seal_flags(keys, key, PersonFlags{institution(), person(1), flags}, random));
  };
  CHECK(code_of_storing({}) == ErrorCode::kWrongFormat);
  CHECK(code_of_storing({flag(kHeld), flag(kHeld)}) == ErrorCode::kWrongFormat);
  CHECK(code_of_storing({flag(kNonDisclosure), flag(kHeld)}) == ErrorCode::kWrongFormat);
  CHECK(code_of_storing({flag(kHeld, std::nullopt, {Day{2}, Day{1}})}) == ErrorCode::kWrongFormat);
  CHECK(code_of_storing(std::vector<Flag>(limits::kMaxFlagsPerPerson + 1)) ==
        ErrorCode::kTooManyItems);
}

TEST_CASE("stored flags that are none are refused, and no bytes bring the reader down",
          "[copies]") {
  SeededRandom random(3);
  auto keys = cipher();
  const HoldingKey key = key_of(keys, 42);
  const PersonFlags flags =
      flags_of(42, {flag(kHeld, kind(), {Day{1}, Day{2}}), flag(kNonDisclosure)});
  const Bytes plain =
      keys.open(flag_place(key), seal_flags(keys, key, flags, random).value()).value();
  const auto open_plain = [&](const Bytes& bytes) {
    return open_flags(keys, key, keys.seal(flag_place(key), bytes, random).value());
  };
  const auto with = [&](std::size_t at, std::uint8_t byte) {
    Bytes changed = plain;
    changed[at] = byte;
    return code_of(open_plain(changed));
  };
  CHECK(with(0, 2) == ErrorCode::kUnsupportedVersion);
  CHECK(with(1, 0xFF) == ErrorCode::kWrongLength);
  CHECK(with(9, 0xFF) == ErrorCode::kWrongLength);
  CHECK(with(17, 1) == ErrorCode::kMalformedFrame);
  CHECK(with(17, 3) == ErrorCode::kMalformedFrame);
  CHECK(with(17, 0) == ErrorCode::kMalformedFrame);
  CHECK(with(18, 0) == ErrorCode::kUnknownEnumValue);
  CHECK(with(18, 3) == ErrorCode::kUnknownEnumValue);
  CHECK(with(18, 2) == ErrorCode::kWrongFormat);  // not ascending any more
  CHECK(with(19, 0x0F) == ErrorCode::kMalformedFrame);
  CHECK(with(20, 0xFF) == ErrorCode::kWrongLength);
  CHECK(with(31, 3) == ErrorCode::kMalformedFrame);  // ends before it begins
  for (std::size_t size = 0; size < plain.size(); ++size) {
    REQUIRE_FALSE(
        open_plain(Bytes(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(size))).ok());
  }
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes = plain;
    bytes.resize(static_cast<std::size_t>(random.below(2 * plain.size())));
    for (std::uint64_t changes = random.below(4); changes > 0 && !bytes.empty(); --changes) {
      bytes[static_cast<std::size_t>(random.below(bytes.size()))] =
          static_cast<std::uint8_t>(random.below(256));
    }
    const auto opened = open_plain(bytes);
    if (!opened) continue;
    const Bytes again = seal_flags(keys, key, *opened, random).value();
    REQUIRE(keys.open(flag_place(key), again).value() == bytes);
  }
}

TEST_CASE("the shelf tells what holds for a person, and fails closed", "[copies]") {
  SeededRandom random(4);
  auto keys = cipher();
  FlagShelf shelf(institution());
  const Day today = day("2026-06-14");
  const HoldingKey key = key_of(keys, 42);
  CHECK(shelf.of(keys, person(42), kind(), today).value() == kNothing);
  CHECK(shelf.find(keys, person(42)).value() == flags_of(42, {}));

  const PersonFlags held = flags_of(42, {flag(kHeld, kind())});
  shelf.put(key, seal_flags(keys, key, held, random).value());
  CHECK(shelf.of(keys, person(42), kind(), today).value() == kHeldOnly);
  CHECK(shelf.of(keys, person(42), kind(3), today).value() == kNothing);
  CHECK(shelf.of(keys, person(43), kind(), today).value() == kNothing);
  CHECK(shelf.find(keys, person(42)).value() == held);

  const PersonFlags both = flags_of(42, {flag(kHeld), flag(kNonDisclosure)});
  shelf.put(key, seal_flags(keys, key, both, random).value());
  CHECK(shelf.size() == 1);
  CHECK(shelf.of(keys, person(42), kind(3), today).value() == kBoth);

  shelf.put(key, Bytes(60, 0));
  CHECK_FALSE(shelf.of(keys, person(42), kind(), today).ok());
  shelf.put(key, seal_flags(keys, key, flags_of(43, {flag(kHeld)}), random).value());
  CHECK(code_of(shelf.of(keys, person(42), kind(), today)) == ErrorCode::kSealBroken);
  CHECK(shelf.erase(key));
  CHECK_FALSE(shelf.erase(key));
  CHECK(shelf.of(keys, person(42), kind(), today).value() == kNothing);
}

}  // namespace nakadachi::copies::test
