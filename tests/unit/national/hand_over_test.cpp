#include "nakadachi/national/hand_over.hpp"

#include "nakadachi/base/random.hpp"
#include "tests/support/catch.hpp"

using namespace nakadachi;
using national::HandOver;

namespace {

constexpr std::uint64_t kPersonalNumber = 123'456'789'018;

HandOver sample() {
  return {*InstitutionCode::parse("1000001100200001"), 1'234'567'890'123'456, kPersonalNumber};
}

}  // namespace

TEST_CASE("what a resident system hands over comes back as it was", "[national]") {
  const std::vector<HandOver> made = {sample(), sample()};
  const auto read = national::decode_hand_overs(national::encode_hand_overs(made));
  REQUIRE(read.ok());
  REQUIRE(read->size() == 2);
  CHECK(read->at(1).institution == made[1].institution);
  CHECK(read->at(1).acquisition_number == made[1].acquisition_number);
  CHECK(read->at(1).personal_number == kPersonalNumber);
  CHECK(*national::decode_taken(national::encode_taken(7)) == 7);
}

TEST_CASE("a frame with a number that cannot be one is not taken", "[national]") {
  HandOver wrong = sample();
  wrong.personal_number += 1;
  const std::vector<HandOver> frame = {sample(), wrong};
  const auto read = national::decode_hand_overs(national::encode_hand_overs(frame));
  REQUIRE_FALSE(read.ok());
  CHECK(read.error().code == ErrorCode::kWrongCheckDigit);
  CHECK(read.error().position == 1);
}

TEST_CASE("frames of another form are refused, and no bytes bring the reader down", "[national]") {
  const HandOver one = sample();
  Bytes frame = national::encode_hand_overs({&one, 1});
  frame.pop_back();
  CHECK(national::decode_hand_overs(frame).error().code == ErrorCode::kMalformedFrame);
  CHECK(national::decode_hand_overs({}).error().code == ErrorCode::kMalformedFrame);
  frame = national::encode_hand_overs({&one, 1});
  frame[0] = 2;
  CHECK(national::decode_hand_overs(frame).error().code == ErrorCode::kUnsupportedVersion);
  SeededRandom random(1);
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes(random.below(120));
    random.fill(bytes);
    if (const auto read = national::decode_hand_overs(bytes)) {
      REQUIRE(read->size() * 24 + 1 == bytes.size());
    }
  }
}
