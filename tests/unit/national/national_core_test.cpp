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
  SECTION("so late that another table may have been law") {
    national.pool.now = asked.asked_at + limits::kMaxValidityMs + limits::kMaxClockSkewMs;
    CHECK(national.answer().empty());
    CHECK(counted(ErrorCode::kLapsed));
    national.pool.now = national.pool.now + 1;
    CHECK(national.answer().empty());
    CHECK(counted(ErrorCode::kClockSkew));
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

TEST_CASE("a violation of Article 28 in a file of either side is told to the asker", "[national]") {
  AtNational national;
  national.make_inquiry(exchange::Outcome::kAnswered);
  const auto asked = *wire::decode_inquiry(national.inquiry->statement);
  const exchange::Subject& subject = asked.subject;
  const auto other_kind = *InformationKind::parse("TM99999999999999");
  const auto [violation, suspends] = GENERATE_COPY(
      table<national::AssessmentViolation, bool>({{{subject.asker, {}, {}}, true},
                                                  {{subject.provider, {}, {}}, true},
                                                  {{subject.asker, subject.affair, {}}, true},
                                                  {{subject.provider, {}, subject.kind}, true},
                                                  {{subject.provider, {}, other_kind}, false},
                                                  {{subject.provider, subject.affair, {}}, false},
                                                  {{subject.asker, {}, subject.kind}, false}}));
  auto setup = national.pool.universe.national_setup();
  setup.violations = {violation};
  national::NationalCore core(std::move(setup), national.pool.universe.core_signer(),
                              national.pool.universe.verifier(), national.random);
  core.on_items({*national.inquiry}, national.pool.now);
  const auto items = core.due(national.pool.now);
  REQUIRE(items.size() == 1);
  CHECK((items[0].kind == StatementKind::kRefusal) == suspends);
  if (suspends) {
    CHECK(wire::decode_refusal(items[0].statement)->reason == ErrorCode::kProvisionSuspended);
  }
}

TEST_CASE("law and violations of a running core are replaced", "[national]") {
  AtNational national;
  national.make_inquiry(exchange::Outcome::kAnswered);
  const auto asked = *wire::decode_inquiry(national.inquiry->statement);
  const auto reason = [&]() -> std::optional<ErrorCode> {
    const auto items = national.answer();
    REQUIRE(items.size() == 1);
    if (items[0].kind == StatementKind::kPermit) return std::nullopt;
    return wire::decode_refusal(items[0].statement)->reason;
  };
  const rules::LawBook law = national.pool.universe.national_setup().law;
  CHECK_FALSE(reason());
  national.core.replace_law(law, {{asked.subject.asker, {}, {}}});
  CHECK(reason() == ErrorCode::kProvisionSuspended);
  national.core.replace_law(*rules::LawBook::make(law.classes(), {}, {}), {});
  CHECK(reason() == ErrorCode::kNotInLegalTable);
  national.core.replace_law(law, {});
  CHECK_FALSE(reason());
}

TEST_CASE("without a symbol at the provider the asker is told so by the core", "[national]") {
  AtNational national;
  national.make_inquiry(exchange::Outcome::kProviderHoldsNoSymbol);
  const auto items = national.answer();
  REQUIRE(items.size() == 1);
  CHECK(items[0].kind == StatementKind::kRefusal);
  CHECK(wire::decode_refusal(items[0].statement)->reason == ErrorCode::kProviderHoldsNoSymbol);
}

TEST_CASE("whether the provider has the symbol is looked at as it was when it was asked",
          "[national]") {
  AtNational national;
  national.make_inquiry(exchange::Outcome::kProviderHoldsNoSymbol);
  const auto asked = *wire::decode_inquiry(national.inquiry->statement);
  const testing::Universe& universe = national.pool.universe;
  const auto [later_ms, permitted] =
      GENERATE(table<std::int64_t, bool>({{-60'000, true}, {0, true}, {1, false}}));
  auto setup = universe.national_setup();
  setup.issued.push_back({.institution = asked.subject.provider,
                          .person = universe.person_id(universe.about(asked, {}).second),
                          .issued_at = asked.asked_at + later_ms});
  national::NationalCore core(std::move(setup), universe.core_signer(), universe.verifier(),
                              national.random);
  core.on_items({*national.inquiry, *national.inquiry}, national.pool.now);
  const auto items = core.due(national.pool.now);
  REQUIRE(items.size() == 2);
  for (const wire::LinkItem& item : items) {
    CHECK((item.kind == StatementKind::kPermit) == permitted);
  }
}

namespace {

/// A national system that has issued nothing yet, and one institution's node.
struct Acquiring {
  Acquiring() : random(3), node_signer(universe.make_signer("node")) { restart({}); }

  void restart(std::vector<national::IssuedSymbol> issued) {
    auto setup = universe.national_setup();
    setup.issued = std::move(issued);
    core = std::make_unique<national::NationalCore>(std::move(setup), universe.core_signer(),
                                                    universe.verifier(), random);
  }
  std::vector<exchange::SymbolNotice> notices() {
    std::vector<exchange::SymbolNotice> told;
    for (const wire::LinkItem& item : core->due(now)) {
      CHECK(item.kind == StatementKind::kSymbolNotice);
      CHECK(item.to == mayor);
      told.push_back(*wire::decode_symbol_notice(item.statement));
    }
    return told;
  }
  void confirm(std::uint64_t number) {
    const auto setup = universe.node_setup({0}, *node_signer);
    wire::LinkItem item;
    item.kind = StatementKind::kSymbolReceipt;
    item.statement = wire::encode(exchange::SymbolReceipt{mayor, number, now});
    item.delegation = std::make_shared<const crypto::Delegation>(
        setup.partitions.front().institutions.front().delegation);
    wire::BatchBuilder batch;
    batch.add(std::move(item));
    std::uint64_t count = 0;
    core->on_items(batch.sign(crypto::BatchPurpose::kStatus, count, now, *node_signer), now);
  }

  testing::Universe universe{5};
  SeededRandom random;
  Timestamp now = testing::kStart;
  InstitutionCode mayor = universe.institution(0);
  crypto::PersonId person = random.make<crypto::PersonId>();
  std::unique_ptr<crypto::Signer> node_signer;
  std::unique_ptr<national::NationalCore> core;
};

}  // namespace

TEST_CASE("a person handed over gets one symbol at an institution, sent until it is confirmed",
          "[national]") {
  Acquiring national;
  national.core->on_hand_over(national.mayor, 77, national.person, national.now);
  const auto first = national.notices();
  REQUIRE(first.size() == 1);
  CHECK(first[0].acquisition_number == 77);
  CHECK_FALSE(first[0].already_acquired);
  CHECK(national.notices().empty());

  SECTION("again until confirmed, then no more") {
    national.now = *national.core->deadline();
    const auto again = national.notices();
    REQUIRE(again.size() == 1);
    CHECK((again[0].symbol == first[0].symbol));
    national.confirm(77);
    CHECK_FALSE(national.core->deadline().has_value());
  }
  SECTION("another number gets \"already acquired\" and no symbol") {
    national.confirm(77);
    national.core->on_hand_over(national.mayor, 78, national.person, national.now);
    const auto second = national.notices();
    REQUIRE(second.size() == 1);
    CHECK(second[0].already_acquired);
    CHECK((second[0].symbol == Symbol()));
    CHECK(national.core->counts().symbols_issued == 1);
  }
  SECTION("what was not confirmed is sent after a restart, too") {
    auto stored = national.core->take_issued();
    REQUIRE(stored.size() == 1);
    CHECK(stored[0].unconfirmed_number == 77);
    national.restart(std::move(stored));
    const auto again = national.notices();
    REQUIRE(again.size() == 1);
    CHECK((again[0].symbol == first[0].symbol));
  }
  SECTION("what was confirmed is not") {
    auto stored = national.core->take_issued();
    national.confirm(77);
    for (auto& change : national.core->take_issued()) stored.push_back(change);
    national.restart(std::move(stored));
    CHECK_FALSE(national.core->deadline().has_value());
  }
}

TEST_CASE("a receipt that another institution's node signed confirms nothing", "[national]") {
  Acquiring national;
  national.core->on_hand_over(national.mayor, 77, national.person, national.now);
  CHECK(national.notices().size() == 1);
  const InstitutionCode mayor = national.mayor;
  national.mayor = national.universe.institution(1);
  national.confirm(77);
  national.mayor = mayor;
  CHECK(national.core->deadline().has_value());
}
