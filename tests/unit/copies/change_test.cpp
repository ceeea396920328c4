#include "nakadachi/copies/change.hpp"

#include "nakadachi/base/limits.hpp"
#include "tests/unit/copies/copies_helpers.hpp"

namespace nakadachi::copies::test {
namespace {

ChangeRecord change_sample() {
  return {.section = kFlagSection,
          .institution = institution(),
          .operation = Operation::kSet,
          .kind = kind(),
          .reason = ChangeReason::make("kim", "求めによる").value(),
          .at = {0x0102}};
}

}  // namespace

TEST_CASE("a reason is two lines that name no individual number", "[copies]") {
  const auto reason = ChangeReason::make("税務課 田中", "本人の申出");
  REQUIRE(reason.ok());
  CHECK(reason->who() == "税務課 田中");
  CHECK(reason->why() == "本人の申出");

  const auto error_of = [](const std::string& who, const std::string& why) {
    const auto refused = ChangeReason::make(who, why);
    REQUIRE_FALSE(refused.ok());
    return refused.error();
  };
  using enum ErrorCode;
  CHECK(error_of("", "x") == Error{.code = kMissingField, .field = "who"});
  CHECK(error_of("x", "") == Error{.code = kMissingField, .field = "why"});
  CHECK(error_of("a\nb", "x").code == kWrongFormat);
  CHECK(error_of("x", "\xFF").code == kWrongFormat);
  CHECK(error_of("x", "個人番号 1234 5678 9018") ==
        Error{.code = kPersonalNumberPresent, .field = "why"});
  CHECK(error_of("123456789018", "x").code == kPersonalNumberPresent);
  const std::string who(limits::kMaxWhoBytes, 'x');
  const std::string why(limits::kMaxWhyBytes, 'x');
  CHECK(ChangeReason::make(who, why).ok());
  CHECK(error_of(who + "x", why) == Error{.code = kWrongLength, .field = "who"});
  CHECK(error_of(who, why + "x") == Error{.code = kWrongLength, .field = "why"});
}

TEST_CASE("the record of a change has the encoding that is written down", "[copies]") {
  const Bytes bytes = encode(change_sample());
  CHECK(to_hex(bytes) ==
        "01"                                // version
        "04"                                // section
        "0004a7cf9a8f6401"                  // institution
        "04"                                // set
        "010000000000000002"                // kind
        "036b696d"                          // who
        "0fe6b182e38281e381abe38288e3828b"  // why
        "0000000000000102");                // at
  CHECK(decode_change(bytes).value() == change_sample());
  ChangeRecord all_kinds = change_sample();
  all_kinds.kind.reset();
  all_kinds.at = {-1};
  CHECK(decode_change(encode(all_kinds)).value() == all_kinds);
}

TEST_CASE("bytes that no record has are refused", "[copies]") {
  const Bytes whole = encode(change_sample());
  const auto with = [&](std::size_t at, std::uint8_t byte) {
    Bytes changed = whole;
    changed[at] = byte;
    return code_of(decode_change(changed));
  };
  using enum ErrorCode;
  CHECK(with(0, 0) == kUnsupportedVersion);
  CHECK(with(2, 0xFF) == kWrongLength);
  CHECK(with(10, 0) == kUnknownEnumValue);
  CHECK(with(10, 6) == kUnknownEnumValue);
  CHECK(with(11, 0) == kMalformedFrame);
  CHECK(with(11, 3) == kMalformedFrame);
  CHECK(with(12, 0xFF) == kWrongLength);
  CHECK(with(20, 4) == kMalformedFrame);
  CHECK(with(21, '\n') == kWrongFormat);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    REQUIRE_FALSE(decode_change(ByteView(whole).first(size)).ok());
  }
  Bytes longer = whole;
  longer.push_back(0);
  CHECK(code_of(decode_change(longer)) == kMalformedFrame);

  SeededRandom random(1);
  for (int i = 0; i < 50'000; ++i) {
    Bytes bytes = whole;
    for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
      bytes[static_cast<std::size_t>(random.below(bytes.size()))] =
          static_cast<std::uint8_t>(random.below(256));
    }
    const auto decoded = decode_change(bytes);
    if (decoded) REQUIRE(encode(*decoded) == bytes);
  }
}

}  // namespace nakadachi::copies::test
