#include "nakadachi/copies/answer_mode.hpp"

#include "tests/unit/copies/copies_helpers.hpp"

namespace nakadachi::copies::test {
namespace {

crypto::SealedPlace mode_place(const HoldingKey& key) {
  return {.table = "holding", .column = "setting", .row = key.view()};
}

}  // namespace

TEST_CASE("a kind is answered from its copy unless something else was set", "[copies]") {
  AnswerModes modes;
  CHECK(modes.of(kind()) == AnswerMode::kCopy);
  modes.put(kind(), AnswerMode::kApproval);
  modes.put(kind(3), AnswerMode::kLive);
  CHECK(modes.of(kind()) == AnswerMode::kApproval);
  CHECK(modes.of(kind(3)) == AnswerMode::kLive);
  CHECK(modes.of(kind(1)) == AnswerMode::kCopy);
  modes.put(kind(), AnswerMode::kCopy);
  CHECK(modes.of(kind()) == AnswerMode::kCopy);
}

TEST_CASE("an answer mode is stored for its institution and kind", "[copies]") {
  SeededRandom random(1);
  auto keys = cipher();
  const HoldingKey key = answer_setting_key(keys, institution(), kind()).value();
  CHECK(key != answer_setting_key(keys, institution(), kind(3)).value());
  CHECK(key != answer_setting_key(keys, institution(1), kind()).value());
  for (const AnswerMode mode : {AnswerMode::kCopy, AnswerMode::kLive, AnswerMode::kApproval}) {
    const AnswerSetting setting{institution(), kind(), mode};
    const Bytes sealed = seal_answer_setting(keys, key, setting, random).value();
    CHECK(open_answer_setting(keys, key, sealed).value() == setting);
    CHECK(to_hex(keys.open(mode_place(key), sealed).value()) ==
          "01"
          "01"
          "0004a7cf9a8f6401"
          "0000000000000002"
          "0" +
              std::to_string(int(mode)));
    CHECK(code_of(open_answer_setting(keys, HoldingKey(), sealed)) == ErrorCode::kSealBroken);
  }
}

TEST_CASE("a stored answer mode that is none is refused", "[copies]") {
  SeededRandom random(2);
  auto keys = cipher();
  const HoldingKey key = answer_setting_key(keys, institution(), kind()).value();
  const AnswerSetting setting{institution(), kind(), AnswerMode::kLive};
  const Bytes plain =
      keys.open(mode_place(key), seal_answer_setting(keys, key, setting, random).value()).value();
  const auto open_plain = [&](const Bytes& bytes) {
    return code_of(
        open_answer_setting(keys, key, keys.seal(mode_place(key), bytes, random).value()));
  };
  const auto with = [&](std::size_t at, std::uint8_t byte) {
    Bytes changed = plain;
    changed[at] = byte;
    return open_plain(changed);
  };
  using enum ErrorCode;
  CHECK(with(0, 2) == kMalformedFrame);
  CHECK(with(1, 2) == kUnsupportedVersion);
  CHECK(with(2, 0xFF) == kWrongLength);
  CHECK(with(10, 0xFF) == kWrongLength);
  CHECK(with(18, 0) == kUnknownEnumValue);
  CHECK(with(18, 4) == kUnknownEnumValue);
  for (std::size_t size = 0; size < plain.size(); ++size) {
    REQUIRE(open_plain(Bytes(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(size))) ==
            kMalformedFrame);
  }
  Bytes longer = plain;
  longer.push_back(0);
  CHECK(open_plain(longer) == kMalformedFrame);
}

}  // namespace nakadachi::copies::test
