#include "nakadachi/exchange/asker_leg.hpp"

#include "tests/support/catch.hpp"

using namespace nakadachi;
using exchange::AskerLeg;
using exchange::Outcome;
using exchange::Status;
using Do = AskerLeg::Do;

namespace {

constexpr Timestamp kNow{1'000'000};
constexpr Timestamp kValidUntil = kNow + 60'000;
constexpr exchange::AskerTiming kTiming{.status_after_ms = 1'000, .status_at_most_ms = 3'000};

AskerLeg awaiting() {
  AskerLeg leg(kTiming, kValidUntil);
  REQUIRE(leg.on_asked_committed(kNow, false) == Do::kSendInquiry);
  return leg;
}

}  // namespace

TEST_CASE("nothing is sent before the question is durable", "[exchange]") {
  AskerLeg leg(kTiming, kValidUntil);
  CHECK(leg.on_provision(Outcome::kAnswered, ErrorCode::kNoData) == Do::kNothing);
  CHECK(leg.on_deadline(kNow) == Do::kNothing);
  CHECK(leg.on_asked_committed(kNow, false) == Do::kSendInquiry);
  CHECK(leg.on_asked_committed(kNow, false) == Do::kNothing);
}

TEST_CASE("a provision concludes, and only the first", "[exchange]") {
  AskerLeg leg = awaiting();
  CHECK(leg.on_provision(Outcome::kNoData, ErrorCode::kNoData) == Do::kConclude);
  CHECK(leg.decision().outcome == Outcome::kNoData);
  CHECK(leg.on_provision(Outcome::kAnswered, ErrorCode::kNoData) == Do::kNothing);
  CHECK(leg.decision().outcome == Outcome::kNoData);
}

TEST_CASE("after a time-out it asks what happened, ever more seldom", "[exchange]") {
  AskerLeg leg = awaiting();
  CHECK(leg.deadline() == kNow + 1'000);
  CHECK(leg.on_deadline(kNow + 1'000) == Do::kSendStatusQuery);
  CHECK(leg.deadline() == kNow + 3'000);
  CHECK(leg.on_deadline(kNow + 3'000) == Do::kSendStatusQuery);
  CHECK(leg.deadline() == kNow + 6'000);
}

TEST_CASE("it sends again only when the provider has not seen it", "[exchange]") {
  AskerLeg leg = awaiting();
  for (const Status other :
       {Status::kPending, Status::kHeld, Status::kWishHeld, Status::kWishFollowed}) {
    CHECK(leg.on_status(other, kNow + 1'000) == Do::kNothing);
  }
  CHECK(leg.on_status(Status::kNotSeen, kNow + 1'000) == Do::kSendInquiry);
  CHECK(leg.on_status(Status::kNotSeen, kValidUntil) == Do::kNothing);
}

TEST_CASE("it lapses only by the provider's word", "[exchange]") {
  AskerLeg leg = awaiting();
  CHECK(leg.on_deadline(kValidUntil + 100'000) == Do::kSendStatusQuery);
  CHECK(leg.on_status(Status::kLapsed, kValidUntil + 100'001) == Do::kConclude);
  CHECK(leg.decision().outcome == Outcome::kLapsed);
}

TEST_CASE("a refusal of the only inquiry is final", "[exchange]") {
  AskerLeg leg = awaiting();
  CHECK(leg.on_refusal(ErrorCode::kProvisionSuspended) == Do::kConclude);
  CHECK(leg.decision().outcome == Outcome::kRefused);
  CHECK(leg.decision().reason == ErrorCode::kProvisionSuspended);
}

TEST_CASE("a refusal of a second copy waits until the first cannot be honoured", "[exchange]") {
  AskerLeg leg = awaiting();
  REQUIRE(leg.on_status(Status::kNotSeen, kNow + 1'000) == Do::kSendInquiry);
  CHECK(leg.on_refusal(ErrorCode::kNotInLegalTable) == Do::kNothing);
  CHECK(leg.deadline() >= kValidUntil);

  SECTION("the first copy was honoured after all") {
    CHECK(leg.on_provision(Outcome::kAnswered, ErrorCode::kNoData) == Do::kConclude);
    CHECK(leg.decision().outcome == Outcome::kAnswered);
  }
  SECTION("it was not") {
    CHECK(leg.on_status(Status::kNotSeen, kNow + 2'000) == Do::kNothing);
    CHECK(leg.on_status(Status::kLapsed, kValidUntil + 40'000) == Do::kConclude);
    CHECK(leg.decision().outcome == Outcome::kRefused);
    CHECK(leg.decision().reason == ErrorCode::kNotInLegalTable);
  }
}

TEST_CASE("after a restart it asks first", "[exchange]") {
  AskerLeg leg(kTiming, kValidUntil);
  CHECK(leg.on_asked_committed(kNow, true) == Do::kSendStatusQuery);
  CHECK(leg.on_refusal(ErrorCode::kNotInLegalTable) == Do::kNothing);
}

TEST_CASE("what may not be asked concludes at once", "[exchange]") {
  AskerLeg leg(kTiming, kValidUntil);
  CHECK(leg.on_forbidden(ErrorCode::kAffairNotAllowed) == Do::kConclude);
  CHECK(leg.decision().reason == ErrorCode::kAffairNotAllowed);
  CHECK(leg.on_asked_committed(kNow, false) == Do::kNothing);
}
