#include <algorithm>
#include <cctype>

#include "tests/support/catch.hpp"
#include "tests/support/quiet_pool.hpp"
#include "tests/support/staff_desk.hpp"

using namespace nakadachi;
using exchange::Outcome;
using testing::held_at;
using testing::provider_of;
using testing::QuietPool;
using testing::request;
using testing::Universe;

namespace {

/// A query that its provider's business system has to answer, and would.
exchange::Query live_query(QuietPool& pool) {
  while (true) {
    exchange::Query query =
        pool.universe.make_query(pool.random.below(testing::kInstitutions), pool.now, pool.random);
    const Universe::Expected expected = pool.universe.expected(query);
    const bool fits = expected.outcome == Outcome::kAnswered && Universe::is_live(query) &&
                      !pool.universe.waits_for_staff(query);
    if (fits) return query;
  }
}

exchange::Query query_within_body(QuietPool& pool, Outcome outcome) {
  while (true) {
    exchange::Query query = pool.universe.make_query(0, pool.now, pool.random);
    const bool fits = Universe::is_within_body(query) && !pool.universe.waits_for_staff(query) &&
                      pool.universe.expected(query).outcome == outcome;
    if (fits) return query;
  }
}

exchange::HandOver answer_to(const QuietPool& pool, const exchange::LiveQuestion& question) {
  return {.request = question.request,
          .content = *copies::encode(*pool.universe.live_answer(question))};
}

std::size_t rows_of(const QuietPool& pool, storage::Step step) {
  const auto& rows = pool.store.rows();
  return static_cast<std::size_t>(std::count_if(
      rows.begin(), rows.end(), [step](const auto& row) { return row.second.step == step; }));
}

}  // namespace

// Live hand-over --------------------------------------------------------------

TEST_CASE("a question of a live kind is put to the business system, whose answer is the answer",
          "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = live_query(pool);
  const std::size_t provider = provider_of(pool, query);
  pool.hand_over_live(provider, {});
  CHECK(pool.ask(Universe::system_of(query), {query}).empty());
  REQUIRE(pool.questions.size() == 1);
  const exchange::LiveQuestion question = pool.questions[0];
  CHECK(question.subject == query.subject);
  CHECK((question.person == query.person) ==
        (Universe::town_of(provider) == Universe::town_of(Universe::system_of(query))));
  pool.hand_over_live(provider, {answer_to(pool, question)});
  REQUIRE(pool.replies.size() == 1);
  CHECK(pool.replies[0].outcome == Outcome::kAnswered);
  CHECK(pool.replies[0].answer == pool.universe.expected(query).answer);
  CHECK(pool.store.rows().size() == 3);

  // The same answer once more changes nothing and is counted.
  pool.hand_over_live(provider, {answer_to(pool, question)});
  CHECK(pool.errors(ErrorCode::kNoLongerKept) == 1);
  CHECK(pool.store.rows().size() == 3);
}

TEST_CASE("a business system that comes later is asked then", "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = live_query(pool);
  const std::size_t provider = provider_of(pool, query);
  pool.ask(Universe::system_of(query), {query});
  pool.pass(5'000);
  CHECK(pool.questions.empty());
  pool.hand_over_live(provider, {});
  REQUIRE(pool.questions.size() == 1);
  pool.hand_over_live(provider, {{.request = pool.questions[0].request, .content = {}}});
  REQUIRE_FALSE(pool.replies.empty());
  CHECK(pool.replies.back().outcome == Outcome::kNoData);
}

TEST_CASE("an unanswered live question is asked again and lapses with its permit", "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = live_query(pool);
  const std::size_t provider = provider_of(pool, query);
  pool.hand_over_live(provider, {});
  pool.ask(Universe::system_of(query), {query});
  pool.pass(10'000);
  CHECK(pool.questions.size() == 6);  // at once, then every two seconds
  pool.pass(60'000);
  CHECK(pool.replies.back().outcome == Outcome::kLapsed);
  CHECK(rows_of(pool, storage::Step::kProvided) == 1);
}

TEST_CASE("an answer that waits too long for its turn lapses, for whoever waits", "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = live_query(pool);
  const std::size_t provider = provider_of(pool, query);
  pool.hand_over_live(provider, {});
  pool.ask(Universe::system_of(query), {query});
  REQUIRE(pool.questions.size() == 1);
  const exchange::LiveQuestion question = pool.questions[0];
  // The answer has to wait for a change of the person's flags, and the store for itself.
  bool stuck = true;
  pool.on_append = [&](const storage::Train& train) {
    if (!stuck) return pool.store.append(train);
    return storage::AppendResult{storage::Commit::kFailed,
                                 Error{.code = ErrorCode::kStoreUnavailable}, std::nullopt};
  };
  pool.send_command(provider, request(pool,
                                      wire::ChangeFlag{.person = question.person,
                                                       .flag = {copies::FlagSort::kHeld, {}, {}},
                                                       .set = true},
                                      provider));
  pool.hand_over_live(provider, {answer_to(pool, question)});
  pool.pass(question.valid_until - pool.now + 1);
  CHECK(rows_of(pool, storage::Step::kProvided) == 0);
  stuck = false;
  pool.pass(5'000);
  CHECK(rows_of(pool, storage::Step::kProvided) == 1);
  CHECK(pool.replies.back().outcome == Outcome::kLapsed);
  CHECK(pool.errors(ErrorCode::kPermitExpired) == 1);
}

TEST_CASE("a permit that comes again while its answer waits is the same request", "[tenant_vm]") {
  QuietPool pool;
  exchange::Query query = live_query(pool);
  while (Universe::is_within_body(query)) query = live_query(pool);
  const std::size_t provider = provider_of(pool, query);
  std::vector<wire::LinkItem> permits;
  pool.on_item = [&](const wire::LinkItem& item) {
    if (item.kind == exchange::StatementKind::kPermit) permits.push_back(item);
    return true;
  };
  pool.hand_over_live(provider, {});
  pool.ask(Universe::system_of(query), {query});
  REQUIRE(pool.questions.size() == 1);
  REQUIRE(permits.size() == 1);
  const exchange::LiveQuestion question = pool.questions[0];
  bool stuck = true;
  pool.on_append = [&](const storage::Train& train) {
    return stuck ? testing::refuse_for_now(train) : pool.store.append(train);
  };
  const wire::ChangeFlag flag{
      .person = question.person, .flag = {copies::FlagSort::kNonDisclosure, {}, {}}, .set = true};
  pool.send_command(provider, request(pool, flag, provider));
  pool.deliver(permits);
  pool.hand_over_live(provider, {answer_to(pool, question)});
  pool.hand_over_live(provider, {answer_to(pool, question)});
  CHECK(pool.errors(ErrorCode::kNoLongerKept) == 1);
  stuck = false;
  pool.pass(20'000);
  CHECK(pool.questions.size() == 1);
  CHECK(pool.replies.back().outcome == Outcome::kAnswered);
  CHECK(rows_of(pool, storage::Step::kProvided) == 1);
  CHECK(pool.errors(ErrorCode::kRowConflict) == 0);
}

TEST_CASE("only a system with the right to a kind is asked and believed", "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = live_query(pool);
  const std::size_t provider = provider_of(pool, query);
  const std::size_t neighbour = provider % 2 == 0 ? provider + 1 : provider - 1;
  pool.hand_over_live(neighbour, {});
  pool.ask(Universe::system_of(query), {query});
  CHECK(pool.questions.empty());
  pool.hand_over_live(provider, {});
  REQUIRE(pool.questions.size() == 1);
  pool.hand_over_live(neighbour, {answer_to(pool, pool.questions[0])});
  CHECK(pool.errors(ErrorCode::kInstitutionNotAllowed) == 1);
  CHECK(rows_of(pool, storage::Step::kProvided) == 0);
}

TEST_CASE("a content that is none is counted and the question stays open", "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = live_query(pool);
  const std::size_t provider = provider_of(pool, query);
  pool.hand_over_live(provider, {});
  pool.ask(Universe::system_of(query), {query});
  REQUIRE(pool.questions.size() == 1);
  const exchange::LiveQuestion question = pool.questions[0];
  pool.hand_over_live(provider, {{.request = question.request, .content = Bytes(3)}});
  CHECK(pool.errors(ErrorCode::kMalformedFrame) + pool.errors(ErrorCode::kUnsupportedVersion) == 1);
  pool.hand_over_live(provider, {answer_to(pool, question)});
  CHECK(pool.replies.back().outcome == Outcome::kAnswered);
}

TEST_CASE("a content that does not fit its layout is no answer, and its system is told why",
          "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = live_query(pool);
  const std::size_t provider = provider_of(pool, query);
  pool.hand_over_live(provider, {});
  pool.ask(Universe::system_of(query), {query});
  REQUIRE(pool.questions.size() == 1);
  const exchange::LiveQuestion question = pool.questions[0];
  CHECK(question.wrong.empty());
  copies::CopyContent wrong = *pool.universe.live_answer(question);
  exchange::WrongItem why;
  SECTION("a 個人番号 in a text") {
    const auto text = std::ranges::find_if(wrong.items, [](const auto& item) {
      return !item.value.empty() && !std::isdigit(static_cast<unsigned char>(item.value[0]));
    });
    REQUIRE(text != wrong.items.end());
    text->value = "123456789018";
    why = {text->number, static_cast<std::uint16_t>(copies::Fault::kPersonalNumber)};
  }
  SECTION("an item that the layout has not") {
    wrong.items.push_back({.number = 999, .value = "1"});
    why = {999, static_cast<std::uint16_t>(copies::Fault::kUnknownItem)};
  }
  SECTION("a version that is none") {
    wrong.layout_version = 999;
    why = {0, static_cast<std::uint16_t>(copies::Fault::kLayoutNotInForce)};
  }
  pool.hand_over_live(provider, {{.request = question.request, .content = *copies::encode(wrong)}});
  CHECK(pool.replies.empty());
  CHECK(pool.errors(ErrorCode::kWrongFormat) == 1);
  pool.pass(limits::kAskLiveAgainMs);
  REQUIRE(pool.questions.size() == 2);
  CHECK(pool.questions[1].request == question.request);
  CHECK(std::ranges::count(pool.questions[1].wrong, why) == 1);
  pool.hand_over_live(provider, {answer_to(pool, question)});
  REQUIRE_FALSE(pool.replies.empty());
  CHECK(pool.replies.back().outcome == Outcome::kAnswered);
}

TEST_CASE("of many wrong items the first are told", "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = live_query(pool);
  const std::size_t provider = provider_of(pool, query);
  pool.hand_over_live(provider, {});
  pool.ask(Universe::system_of(query), {query});
  REQUIRE(pool.questions.size() == 1);
  copies::CopyContent wrong = *pool.universe.live_answer(pool.questions[0]);
  for (std::uint16_t i = 0; i < 100; ++i) {
    wrong.items.push_back({.number = static_cast<std::uint16_t>(900 + i), .value = "1"});
  }
  pool.hand_over_live(provider,
                      {{.request = pool.questions[0].request, .content = *copies::encode(wrong)}});
  pool.pass(limits::kAskLiveAgainMs);
  REQUIRE(pool.questions.size() == 2);
  CHECK(pool.questions[1].wrong.size() == limits::kMaxWrongItemsTold);
}

TEST_CASE(
    "a flag set while the business system thinks sends the request to staff, and what staff "
    "release is asked for anew",
    "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = live_query(pool);
  const std::size_t provider = provider_of(pool, query);
  pool.hand_over_live(provider, {});
  pool.ask(Universe::system_of(query), {query});
  REQUIRE(pool.questions.size() == 1);
  const exchange::LiveQuestion question = pool.questions[0];
  const wire::ChangeFlag hold{
      .person = question.person, .flag = {copies::FlagSort::kHeld, {}, {}}, .set = true};
  REQUIRE(pool.command(request(pool, hold, provider), provider).ok());
  pool.hand_over_live(provider, {answer_to(pool, question)});
  CHECK(rows_of(pool, storage::Step::kProvided) == 0);
  const auto held = held_at(pool, provider);
  REQUIRE(held.size() == 1);

  pool.send_command(provider, request(pool, testing::decide(held[0]), provider));
  REQUIRE(pool.questions.size() == 2);
  CHECK(pool.admin_replies.empty());  // staff are told when it is done
  SECTION("answered") {
    pool.hand_over_live(provider, {answer_to(pool, pool.questions[1])});
    CHECK(pool.replies.back().outcome == Outcome::kAnswered);
    REQUIRE(pool.admin_replies.size() == 1);
    CHECK(pool.admin_replies[0].answer.ok());
  }
  SECTION("never answered") {
    pool.pass(61'000);
    CHECK(pool.replies.back().outcome == Outcome::kLapsed);
    REQUIRE(pool.admin_replies.size() == 1);
    CHECK(pool.admin_replies[0].answer.error().code == ErrorCode::kLapsed);
  }
  CHECK(rows_of(pool, storage::Step::kProvided) == 1);
  CHECK(held_at(pool, provider).empty());
}

TEST_CASE("after a restart of the node the asker's patience brings the question back",
          "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = live_query(pool);
  const std::size_t provider = provider_of(pool, query);
  pool.hand_over_live(provider, {});
  pool.ask(Universe::system_of(query), {query});
  REQUIRE(pool.questions.size() == 1);
  pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
  pool.hand_over_live(provider, {});
  pool.pass(5'000);
  REQUIRE(pool.questions.size() > 1);
  pool.hand_over_live(provider, {answer_to(pool, pool.questions.back())});
  CHECK(pool.ask(query).outcome == Outcome::kAnswered);
  CHECK(pool.store.rows().size() == 3);
}

// Within one body -------------------------------------------------------------

TEST_CASE("an exchange within one body leaves three rows and nothing on the link", "[tenant_vm]") {
  QuietPool pool;
  std::size_t on_the_link = 0;
  pool.on_item = [&](wire::LinkItem&) { return ++on_the_link == 0; };
  for (const Outcome outcome : {Outcome::kAnswered, Outcome::kNoData}) {
    const exchange::Query query = query_within_body(pool, outcome);
    const exchange::Reply reply = pool.ask(query);
    CHECK(reply.outcome == outcome);
    CHECK(reply.answer == pool.universe.expected(query).answer);
    CHECK(reply.legal_item == 0);  // an ordinance decided
    CHECK(pool.ask(query) == reply);
  }
  CHECK(on_the_link == 0);
  CHECK(pool.store.rows().size() == 6);
}

TEST_CASE("within one body staff are asked too, and a restart loses nothing", "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = query_within_body(pool, Outcome::kAnswered);
  const std::size_t provider = provider_of(pool, query);
  const wire::ChangeFlag hold{
      .person = query.person, .flag = {copies::FlagSort::kHeld, {}, {}}, .set = true};
  REQUIRE(pool.command(request(pool, hold, provider), provider).ok());
  CHECK(pool.ask(Universe::system_of(query), {query}).empty());
  pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
  const auto held = held_at(pool, provider);
  REQUIRE(held.size() == 1);
  CHECK((held[0].person == query.person));
  REQUIRE(pool.command(request(pool, testing::decide(held[0]), provider), provider).ok());
  CHECK(pool.ask(query).outcome == Outcome::kAnswered);
  CHECK(pool.store.rows().size() == 4);
}

TEST_CASE("a node that dies between the steps of an exchange within one body finishes it",
          "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = query_within_body(pool, Outcome::kAnswered);
  const std::size_t arrive = GENERATE(1U, 2U);  // trains: asked, or asked and provided
  std::size_t trains = 0;
  pool.on_append = [&](const storage::Train& train) {
    if (++trains > arrive) {
      return storage::AppendResult{storage::Commit::kFailed,
                                   Error{.code = ErrorCode::kStoreUnavailable}, std::nullopt};
    }
    return pool.store.append(train);
  };
  CHECK(pool.ask(Universe::system_of(query), {query}).empty());
  pool.on_append = nullptr;
  pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
  CHECK(pool.ask(query).outcome == Outcome::kAnswered);
  CHECK(pool.store.rows().size() == 3);
}

TEST_CASE("what only an ordinance within the body allows is refused on the link", "[tenant_vm]") {
  QuietPool pool;
  exchange::Query query = query_within_body(pool, Outcome::kAnswered);
  query.subject.provider = pool.universe.institution(3);  // the other town's education board
  CHECK(pool.ask(query).code == ErrorCode::kNotInLegalTable);
}
