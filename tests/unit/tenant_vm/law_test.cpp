// What the law's tables and marks make of an exchange, as nodes tell and record it.

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "nakadachi/wire/statements.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/quiet_pool.hpp"
#include "tests/support/staff_desk.hpp"

using namespace nakadachi;
using exchange::Outcome;
using storage::Step;
using tenant_vm::LawDifference;
using testing::answer_of;
using testing::QuietPool;
using testing::request;
using testing::Universe;

namespace {

constexpr std::int64_t kHourMs = 3'600'000;

/// What every row of one step says, opened by the town that has it.
std::vector<wire::StoredContent> contents_of(const QuietPool& pool, Step step) {
  std::vector<wire::StoredContent> contents;
  for (const auto& [key, stored] : pool.store.rows()) {
    if (stored.step != step) continue;
    const std::size_t town = std::get<TenantId>(key) == pool.universe.tenant(0) ? 0 : 1;
    Bytes row(stored.exchange.view().begin(), stored.exchange.view().end());
    row.push_back(static_cast<std::uint8_t>(stored.step));
    crypto::TenantCipher cipher = pool.universe.cipher(town);
    const auto plain =
        cipher.open({.table = "step", .column = "sealed", .row = row}, stored.sealed);
    REQUIRE(plain.ok());
    contents.push_back(*wire::decode_stored_content(*plain));
  }
  return contents;
}

/// The one row of a step there is, decoded.
template <class Decode>
auto the_only(const QuietPool& pool, Step step, Decode decode) {
  const auto contents = contents_of(pool, step);
  REQUIRE(contents.size() == 1);
  auto decoded = decode(contents.front().statement);
  REQUIRE(decoded.ok());
  return *decoded;
}

void set_national(QuietPool& pool, national::NationalSetup setup) {
  pool.national =
      std::make_unique<national::NationalCore>(std::move(setup), pool.universe.core_signer(),
                                               pool.universe.verifier(), pool.national_random);
}

std::size_t index_of(const QuietPool& pool, const InstitutionCode& code) {
  std::size_t index = 0;
  while (pool.universe.institution(index) != code) ++index;
  return index;
}

/// Until shortly before the midnight in Japan at which another table begins, the second one.
void pass_to_midnight(QuietPool& pool) {
  pool.pass(31 * kHourMs - (pool.now.ms - testing::kStart.ms) - 100);
}

/// The same tables with the second level for one affair: of one kind and procedure one item.
rules::LawBook with_conditions(const rules::LawBook& law, const exchange::Subject& subject) {
  std::vector<rules::DatedTable> tables;
  for (const rules::DatedTable& one : law.tables()) {
    const auto table = one.table.with_conditions(fmt::format(
        "{}\t{}\t{}\t1\n", subject.affair.text(), subject.procedure.text(), subject.kind.text()));
    REQUIRE(table.ok());
    tables.push_back({one.in_force, *table});
  }
  auto made = rules::LawBook::make(law.classes(), std::move(tables), {});
  REQUIRE(made.ok());
  return *std::move(made);
}

}  // namespace

TEST_CASE("a core that judges by another table is noticed at once, and told once an hour",
          "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  const auto ask_anew = [&] {
    exchange::Query again = query;
    again.key = make_request_key(pool.now, pool.random);
    CHECK(pool.ask(again).outcome == Outcome::kAnswered);
  };
  // The core's table lacks a row that has nothing to do with this question.
  ask_anew();
  CHECK(pool.errors(ErrorCode::kLawDiffers) == 1);
  REQUIRE(pool.told_operators.size() == 1);
  CHECK(pool.told_operators[0].code == ErrorCode::kLawDiffers);
  CHECK(pool.told_operators[0].institution == query.subject.provider);
  REQUIRE(pool.told_operators[0].law.has_value());
  CHECK(pool.told_operators[0].law->judge == LawDifference::Judge::kCore);
  CHECK_FALSE(pool.told_operators[0].law->asks);
  CHECK(pool.told_operators[0].law->counterpart == query.subject.asker);
  ask_anew();
  CHECK(pool.errors(ErrorCode::kLawDiffers) == 2);
  CHECK(pool.told_operators.size() == 1);
  pool.pass(kHourMs);
  ask_anew();
  CHECK(pool.told_operators.size() == 2);
}

TEST_CASE("another law at a running node judges what comes then, and is compared anew",
          "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  const auto ask_anew = [&] {
    exchange::Query again = query;
    again.key = make_request_key(pool.now, pool.random);
    return pool.ask(again);
  };
  const rules::LawBook law = pool.universe.node_setup({0, 1}, *pool.node_signer).law;
  CHECK(ask_anew().outcome == Outcome::kAnswered);
  CHECK(pool.told_operators.size() == 1);
  auto none = rules::LawBook::make(law.classes(), {}, {});
  REQUIRE(none.ok());
  pool.replace_law(*std::move(none));
  const exchange::Reply refused = ask_anew();
  CHECK(refused.outcome == Outcome::kRefused);
  CHECK(refused.code == ErrorCode::kNotInLegalTable);
  pool.replace_law(law);
  CHECK(ask_anew().outcome == Outcome::kAnswered);
  CHECK(pool.told_operators.size() == 2);  // within the hour: the difference is another now
}

TEST_CASE("another law judges what was asked before and is decided now", "[tenant_vm]") {
  QuietPool pool;
  const testing::Question question(pool);
  answer_of<wire::Done>(pool.command(
      request(pool, testing::hold(question.person), question.provider), question.provider));
  CHECK(pool.ask(Universe::system_of(question.query), {question.query}).empty());
  const auto held = testing::held_at(pool, question.provider);
  REQUIRE(held.size() == 1);
  const rules::LawBook law = pool.universe.node_setup({0, 1}, *pool.node_signer).law;
  auto none = rules::LawBook::make(law.classes(), {}, {});
  REQUIRE(none.ok());
  pool.replace_law(*std::move(none));
  answer_of<wire::Done>(
      pool.command(request(pool, testing::decide(held[0]), question.provider), question.provider));
  REQUIRE_FALSE(pool.replies.empty());
  CHECK(pool.replies.back().outcome == Outcome::kRefused);
  CHECK(pool.replies.back().code == ErrorCode::kNotInLegalTable);
}

TEST_CASE("a core that judges by one table after the other is told once an hour", "[tenant_vm]") {
  QuietPool pool;
  pass_to_midnight(pool);
  exchange::Query query = pool.query_for(Outcome::kAnswered);
  for (const Day today = Day::of(pool.now); Day::of(pool.now) == today; pool.pass(300)) {
    CHECK(pool.ask(query).outcome == Outcome::kAnswered);
  }
  query.key = make_request_key(pool.now, pool.random);
  CHECK(pool.ask(query).outcome == Outcome::kAnswered);
  CHECK(pool.errors(ErrorCode::kLawDiffers) == 2);
  CHECK(pool.told_operators.size() == 1);
}

TEST_CASE("a core whose refusal names another table is noticed by the asker", "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kProviderHoldsNoSymbol);
  pool.ask(query);
  CHECK(pool.errors(ErrorCode::kLawDiffers) == 1);
  REQUIRE(pool.told_operators.size() == 1);
  CHECK(pool.told_operators[0].institution == query.subject.asker);
  REQUIRE(pool.told_operators[0].law.has_value());
  CHECK(pool.told_operators[0].law->judge == LawDifference::Judge::kCore);
  CHECK(pool.told_operators[0].law->asks);
  CHECK(pool.told_operators[0].law->counterpart == query.subject.provider);
}

TEST_CASE("a restart under another table leaves a question the item it was asked by",
          "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  pool.on_item = [](wire::LinkItem& item) {
    return item.kind != exchange::StatementKind::kProvision;
  };
  CHECK(pool.ask(Universe::system_of(query), {query}).empty());
  const std::string affair(query.subject.affair.text());
  const int item = std::stoi(affair.substr(10, 3));
  tenant_vm::NodeSetup setup = pool.universe.node_setup({0, 1}, *pool.node_signer);
  const auto table = rules::LegalTable::parse(
      fmt::format("{}\t1\t{}\t1\t{}\n", item + 1, affair, query.subject.kind.text()));
  REQUIRE(table.ok());
  setup.law = *rules::LawBook::make(setup.law.classes(), {{{}, *table}}, {});
  pool.on_item = [](wire::LinkItem&) { return true; };
  pool.start_node(std::move(setup));
  pool.pass(3'000);
  CHECK(pool.ask(query).legal_item == item);  // the stored outcome
  CHECK(the_only(pool, Step::kConcluded, wire::decode_conclusion).legal_item == item);
}

TEST_CASE("a core that judges by the same table is no news", "[tenant_vm]") {
  QuietPool pool;
  national::NationalSetup setup = pool.universe.national_setup();
  setup.law = pool.universe.node_setup({0}, *pool.node_signer).law;
  set_national(pool, std::move(setup));
  CHECK(pool.ask(pool.query_for(Outcome::kAnswered)).outcome == Outcome::kAnswered);
  pool.ask(pool.query_for(Outcome::kProviderHoldsNoSymbol));
  CHECK(pool.errors(ErrorCode::kLawDiffers) == 0);
  CHECK(pool.told_operators.empty());
}

TEST_CASE("a permit that crosses the day on which another table begins is no news", "[tenant_vm]") {
  QuietPool pool;
  national::NationalSetup setup = pool.universe.national_setup();
  setup.law = pool.universe.node_setup({0}, *pool.node_signer).law;
  set_national(pool, std::move(setup));
  pass_to_midnight(pool);
  std::vector<wire::LinkItem> late;
  pool.on_item = [&](wire::LinkItem& item) {
    const bool is_permit = item.kind == exchange::StatementKind::kPermit;
    if (is_permit) late.push_back(item);
    return !is_permit;
  };
  exchange::Query query = pool.query_for(Outcome::kAnswered);
  pool.ask(Universe::system_of(query), {query});
  REQUIRE(late.size() == 1);
  const auto asked_on = Day::of(wire::decode_permit(late[0].statement)->asked_at);
  pool.pass(300);
  REQUIRE(Day::of(pool.now) != asked_on);
  pool.on_item = [](wire::LinkItem&) { return true; };
  pool.deliver(late);
  REQUIRE(pool.replies.size() == 1);
  CHECK(pool.replies[0].outcome == Outcome::kAnswered);
  CHECK(pool.errors(ErrorCode::kLawDiffers) == 0);
}

TEST_CASE("a refusal names the table of the day on which was asked", "[tenant_vm]") {
  QuietPool pool;
  national::NationalSetup setup = pool.universe.national_setup();
  setup.law = pool.universe.node_setup({0}, *pool.node_signer).law;
  set_national(pool, std::move(setup));
  pass_to_midnight(pool);
  bool is_first = true;  // the first inquiry is lost, and sent again after midnight
  std::optional<exchange::Refusal> refusal;
  pool.on_item = [&](wire::LinkItem& item) {
    if (item.kind == exchange::StatementKind::kRefusal) {
      refusal = *wire::decode_refusal(item.statement);
    }
    return item.kind != exchange::StatementKind::kInquiry || !std::exchange(is_first, false);
  };
  exchange::Query query = pool.query_for(Outcome::kProviderHoldsNoSymbol);
  const Day asked_on = Day::of(pool.now);
  pool.ask(Universe::system_of(query), {query});
  pool.pass(3'000);
  REQUIRE(refusal.has_value());
  CHECK(refusal->reason == ErrorCode::kProviderHoldsNoSymbol);
  CHECK(Day::of(refusal->refused_at) != asked_on);
  CHECK(pool.errors(ErrorCode::kLawDiffers) == 0);
}

TEST_CASE("a refusal tells and records the item that was looked at, once the law was asked",
          "[tenant_vm]") {
  QuietPool pool;
  const auto reason = GENERATE(ErrorCode::kNotInLegalTable, ErrorCode::kSymbolNotAcquired,
                               ErrorCode::kAffairNotAllowed);
  exchange::Query query = pool.query_for(Outcome::kRefused, reason);
  while (reason == ErrorCode::kNotInLegalTable && pool.universe.allows(query.subject, pool.now)) {
    query = pool.query_for(Outcome::kRefused, reason);  // that was the core's refusal
  }
  const std::string affair(query.subject.affair.text());
  const int item = reason == ErrorCode::kAffairNotAllowed ? 0 : std::stoi(affair.substr(10, 3));
  const exchange::Reply reply = pool.ask(query);
  CHECK(reply.code == reason);
  CHECK(reply.legal_item == item);
  const exchange::Conclusion conclusion = the_only(pool, Step::kConcluded, wire::decode_conclusion);
  CHECK(conclusion.reason == reason);
  CHECK(conclusion.legal_item == item);
  CHECK(pool.ask(query).legal_item == item);  // the stored outcome
}

TEST_CASE("a violation of Article 28 refuses, and stands in the asker's row alone", "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  const exchange::Subject& subject = query.subject;
  const bool at_asker = GENERATE(false, true);
  national::NationalSetup setup = pool.universe.national_setup();
  national::AssessmentViolation violation{.institution = {}, .affair = {}, .kind = {}};
  violation.institution = at_asker ? subject.asker : subject.provider;
  if (at_asker) {
    violation.affair = subject.affair;
  } else {
    violation.kind = subject.kind;
  }
  setup.violations = {violation};
  set_national(pool, std::move(setup));

  const exchange::Reply reply = pool.ask(query);
  CHECK(reply.outcome == Outcome::kRefused);
  CHECK(reply.code == ErrorCode::kProvisionSuspended);
  const exchange::Conclusion conclusion = the_only(pool, Step::kConcluded, wire::decode_conclusion);
  CHECK(conclusion.outcome == Outcome::kRefused);
  CHECK(conclusion.reason == ErrorCode::kProvisionSuspended);
  CHECK(conclusion.subject == subject);
  CHECK(contents_of(pool, Step::kProvided).empty());
  CHECK(pool.store.rows().size() == 2);
}

TEST_CASE(
    "不開示 at the provider travels with the answer, is recorded on both sides, and never "
    "refuses",
    "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  const std::size_t provider = index_of(pool, query.subject.provider);
  const AddressNumber person = Universe::address_of(provider, query.person.reveal() % 1'000'000);
  const bool is_set = GENERATE(false, true);
  if (is_set) {
    const auto set = pool.command(
        {.key = make_request_key(pool.now, pool.random),
         .institution = query.subject.provider,
         .who = "窓口",
         .why = "支援措置",
         .command = wire::ChangeFlag{person, {copies::FlagSort::kNonDisclosure, {}, {}}, true}},
        provider);
    REQUIRE(set.ok());
  }
  const exchange::Reply reply = pool.ask(query);
  CHECK(reply.outcome == Outcome::kAnswered);
  CHECK(reply.answer == pool.universe.expected(query).answer);
  CHECK(the_only(pool, Step::kProvided, wire::decode_provision).non_disclosure == is_set);
  CHECK(the_only(pool, Step::kConcluded, wire::decode_conclusion).provider_non_disclosure ==
        is_set);
  CHECK(contents_of(pool, Step::kHeld).empty());
}

TEST_CASE("不開示 of the question reaches the provider and all three rows, and never refuses",
          "[tenant_vm]") {
  QuietPool pool;
  exchange::Query query = pool.query_for(Outcome::kAnswered);
  query.subject.non_disclosure = true;
  CHECK(pool.ask(query).outcome == Outcome::kAnswered);
  const auto provided = contents_of(pool, Step::kProvided);
  REQUIRE(provided.size() == 1);
  CHECK(wire::decode_permit(provided[0].permit)->subject.non_disclosure);
  CHECK(the_only(pool, Step::kAsked, wire::decode_inquiry).subject.non_disclosure);
  CHECK(the_only(pool, Step::kConcluded, wire::decode_conclusion).subject.non_disclosure);
}

TEST_CASE("conditions of a procedure cut the answer to the items that they name", "[tenant_vm]") {
  QuietPool pool;
  exchange::Query query = pool.query_for(Outcome::kAnswered);
  while (!query.subject.items.empty()) query = pool.query_for(Outcome::kAnswered);
  tenant_vm::NodeSetup setup = pool.universe.node_setup({0, 1}, *pool.node_signer);
  setup.law = with_conditions(setup.law, query.subject);
  pool.start_node(std::move(setup));
  const exchange::Reply reply = pool.ask(query);
  CHECK(reply.outcome == Outcome::kAnsweredInPart);
  const auto whole = copies::decode_content(pool.universe.expected(query).answer);
  const auto part = copies::decode_content(reply.answer);
  REQUIRE(part.ok());
  REQUIRE(whole->items.size() > 1);
  REQUIRE(part->items.size() == 1);
  CHECK(part->items[0] == whole->items[0]);
  CHECK(part->items[0].number == 1);
}

TEST_CASE("a procedure that the conditions do not name is refused by each of the three",
          "[tenant_vm]") {
  QuietPool pool;
  exchange::Query query = pool.query_for(Outcome::kAnswered);
  const auto law = with_conditions(pool.universe.national_setup().law, query.subject);
  const auto start_strict_node = [&] {
    tenant_vm::NodeSetup strict = pool.universe.node_setup({0, 1}, *pool.node_signer);
    strict.law = law;
    pool.start_node(std::move(strict));
  };
  query.subject.procedure = *ProcedureCode::parse("JT01000000000002");
  const auto rows_of = [&](Step step) { return contents_of(pool, step).size(); };

  SECTION("the asker's node") {
    start_strict_node();
    const exchange::Reply reply = pool.ask(query);
    CHECK(reply.code == ErrorCode::kNotInLegalTable);
    CHECK(rows_of(Step::kAsked) == 0);
  }
  SECTION("the core") {
    national::NationalSetup setup = pool.universe.national_setup();
    setup.law = law;
    set_national(pool, std::move(setup));
    const exchange::Reply reply = pool.ask(query);
    CHECK(reply.code == ErrorCode::kNotInLegalTable);
    CHECK(rows_of(Step::kAsked) == 1);
    CHECK(rows_of(Step::kProvided) == 0);
  }
  SECTION("the provider's node") {
    std::vector<wire::LinkItem> permits;
    pool.on_item = [&](wire::LinkItem& item) {
      if (item.kind != exchange::StatementKind::kPermit) return true;
      permits.push_back(item);
      return false;
    };
    CHECK(pool.ask(Universe::system_of(query), {query}).empty());
    REQUIRE(permits.size() == 1);
    start_strict_node();
    pool.deliver(permits);
    const auto provision = the_only(pool, Step::kProvided, wire::decode_provision);
    CHECK(provision.outcome == Outcome::kRefused);
    CHECK(provision.reason == ErrorCode::kNotInLegalTable);
  }
  const exchange::Conclusion conclusion = the_only(pool, Step::kConcluded, wire::decode_conclusion);
  CHECK(conclusion.outcome == Outcome::kRefused);
  CHECK(conclusion.reason == ErrorCode::kNotInLegalTable);
  CHECK(conclusion.legal_item > 0);
}
