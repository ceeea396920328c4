#include "nakadachi/national/national_core.hpp"

#include <optional>

#include "nakadachi/wire/statements.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/quiet_pool.hpp"

using namespace nakadachi;
using exchange::StatementKind;

namespace {

struct AtNational {
  AtNational()
      : random(9),
        core(pool.universe.national_setup(), pool.universe.core_signer(), pool.universe.verifier(),
             random) {
    pool.on_item = [this](wire::LinkItem& item) {
      if (item.kind == StatementKind::kInquiry) inquiry = item;
      return item.kind != StatementKind::kInquiry;
    };
  }

  /// An inquiry on its way, not delivered.
  void make_inquiry(exchange::Outcome outcome, ErrorCode code = ErrorCode::kInternal) {
    do {
      inquiry.reset();
      const exchange::Query query = pool.query_for(outcome, code);
      pool.ask(testing::Universe::system_of(query), {query});
    } while (!inquiry);
  }

  std::vector<wire::LinkItem> answer() {
    core.on_items({*inquiry}, pool.now);
    return core.due(pool.now);
  }

  testing::QuietPool pool;
  SeededRandom random;
  national::NationalCore core;
  std::optional<wire::LinkItem> inquiry;
};

}  // namespace

TEST_CASE("a lawful inquiry becomes a permit with the provider's own symbol", "[national]") {
  AtNational national;
  national.make_inquiry(exchange::Outcome::kAnswered);
  const auto asked = *wire::decode_inquiry(national.inquiry->statement);
  const auto items = national.answer();
  REQUIRE(items.size() == 1);
  CHECK(items[0].to == asked.subject.provider);
  const auto permit = *wire::decode_permit(items[0].statement);
  CHECK(permit.request_hash == wire::request_hash(national.inquiry->statement));
  CHECK(permit.subject == asked.subject);
  CHECK((permit.symbol != asked.symbol));
  CHECK(permit.valid_until <= asked.valid_until);
  CHECK(permit.legal_item > 0);
}

TEST_CASE("what the core's table does not allow is refused to the asker", "[national]") {
  AtNational national;
  national.make_inquiry(exchange::Outcome::kRefused, ErrorCode::kNotInLegalTable);
  const auto items = national.answer();
  REQUIRE(items.size() == 1);
  CHECK(items[0].kind == StatementKind::kRefusal);
  CHECK(wire::decode_refusal(items[0].statement)->reason == ErrorCode::kNotInLegalTable);
}

TEST_CASE("an inquiry that was changed, is late or from the future gets nothing", "[national]") {
  AtNational national;
  national.make_inquiry(exchange::Outcome::kAnswered);
  const auto asked = *wire::decode_inquiry(national.inquiry->statement);
  const auto counted = [&](ErrorCode code) { return national.core.counts().errors.at(code) == 1; };

  SECTION("changed") {
    auto other = asked;
    other.subject.non_disclosure = !other.subject.non_disclosure;
    national.inquiry->statement = wire::encode(other);
    CHECK(national.answer().empty());
    CHECK(counted(ErrorCode::kProofInvalid));
  }
  SECTION("late") {
    national.pool.now = asked.valid_until + 1;
    CHECK(national.answer().empty());
    CHECK(counted(ErrorCode::kLapsed));
  }
  SECTION("from the future") {
    national.pool.now = asked.asked_at - limits::kMaxClockSkewMs - 1;
    CHECK(national.answer().empty());
    CHECK(counted(ErrorCode::kClockSkew));
  }
}

TEST_CASE("the set latency is kept", "[national]") {
  AtNational national;
  national.make_inquiry(exchange::Outcome::kAnswered);
  auto setup = national.pool.universe.national_setup();
  setup.latency_ms = 25;
  national::NationalCore slow(std::move(setup), national.pool.universe.core_signer(),
                              national.pool.universe.verifier(), national.random);
  slow.on_items({*national.inquiry}, national.pool.now);
  CHECK(slow.due(national.pool.now + 24).empty());
  CHECK(slow.deadline() == national.pool.now + 25);
  CHECK(slow.due(national.pool.now + 25).size() == 1);
}
