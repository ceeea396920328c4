// Requests that wait for staff.

#include <algorithm>
#include <optional>

#include "nakadachi/wire/statements.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/opened_rows.hpp"
#include "tests/support/quiet_pool.hpp"
#include "tests/support/staff_desk.hpp"

using namespace nakadachi;
using exchange::Outcome;
using testing::answer_of;
using testing::held_at;
using testing::hold;
using testing::Question;
using testing::QuietPool;
using testing::request;
using testing::Universe;

TEST_CASE("a flagged person's answer waits for staff, and both sides record what they decide",
          "[tenant_vm]") {
  QuietPool pool;
  const Question question(pool);
  CHECK(answer_of<wire::Done>(pool.command(request(pool, hold(question.person), question.provider),
                                           question.provider))
            .count == 1);
  const auto replies = pool.ask(Universe::system_of(question.query), {question.query});
  CHECK(replies.empty());
  const auto held = held_at(pool, question.provider);
  REQUIRE(held.size() == 1);
  CHECK((held[0].person == question.person));
  CHECK(held[0].subject == question.query.subject);
  CHECK(held[0].legal_item > 0);

  SECTION("provide") {
    answer_of<wire::Done>(pool.command(request(pool, testing::decide(held[0]), question.provider),
                                       question.provider));
    REQUIRE(pool.replies.size() == 1);
    CHECK(pool.replies[0].outcome == Outcome::kAnswered);
    CHECK(pool.replies[0].answer == pool.universe.expected(question.query).answer);
  }
  SECTION("refuse, for a reason of the closed list") {
    answer_of<wire::Done>(pool.command(
        request(pool, testing::decide(held[0], ErrorCode::kUnderCorrection), question.provider),
        question.provider));
    REQUIRE(pool.replies.size() == 1);
    CHECK(pool.replies[0].outcome == Outcome::kRefused);
    CHECK(pool.replies[0].code == ErrorCode::kUnderCorrection);
  }
  SECTION("leave: it lapses with the notice") {
    pool.pass(61'000);
    REQUIRE_FALSE(pool.replies.empty());
    CHECK(pool.replies.back().concluded);
    CHECK(pool.replies.back().outcome == Outcome::kLapsed);
  }
  CHECK(held_at(pool, question.provider).empty());
  const auto& rows = pool.store.rows();
  CHECK(std::count_if(rows.begin(), rows.end(), [](const auto& row) {
          return row.second.step == storage::Step::kHeld;
        }) == 1);
  CHECK(rows.size() == 4);
}

TEST_CASE("the caller is told that its request is held when it asks again", "[tenant_vm]") {
  QuietPool pool;
  const Question question(pool);
  answer_of<wire::Done>(
      pool.command(request(pool, hold(question.person), question.provider), question.provider));
  pool.ask(Universe::system_of(question.query), {question.query});
  pool.pass(3'000);  // the asker has wondered and was told
  const exchange::Reply reply = pool.ask(question.query);
  CHECK_FALSE(reply.concluded);
  CHECK(reply.code == ErrorCode::kHeld);
}

TEST_CASE("a decision obeys what was changed before it, though nothing was durable yet",
          "[tenant_vm]") {
  QuietPool pool;
  const Question question(pool);
  const InformationKind kind = question.query.subject.kind;
  answer_of<wire::Done>(
      pool.command(request(pool, hold(question.person), question.provider), question.provider));
  pool.ask(Universe::system_of(question.query), {question.query});
  const auto held = held_at(pool, question.provider);
  REQUIRE(held.size() == 1);
  const auto decide = request(pool, testing::decide(held[0]), question.provider);

  SECTION("不開示") {
    const copies::Flag flag{copies::FlagSort::kNonDisclosure, {}, {}};
    const auto set =
        request(pool, wire::ChangeFlag{question.person, flag, true}, question.provider);
    pool.send_commands(question.provider, {set, decide});
    REQUIRE(pool.replies.size() == 1);
    CHECK(pool.replies[0].outcome == Outcome::kAnswered);
    const auto& rows = pool.store.rows();
    const auto provided = std::ranges::find_if(
        rows, [](const auto& row) { return row.second.step == storage::Step::kProvided; });
    REQUIRE(provided != rows.end());
    crypto::TenantCipher cipher = pool.universe.cipher(Universe::town_of(question.provider));
    const auto content = testing::open_row(cipher, provided->second);
    REQUIRE(content.ok());
    CHECK(wire::decode_provision(content->statement)->non_disclosure);
  }
  SECTION("a copy that was erased") {
    const auto erase = request(pool, wire::EraseCopy{question.person, kind}, question.provider);
    pool.send_commands(question.provider, {erase, decide});
    REQUIRE(pool.replies.size() == 1);
    CHECK(pool.replies[0].outcome == Outcome::kNoData);
  }
  CHECK(pool.admin_replies.size() == 2);
}

TEST_CASE("a kind that staff approve is held for everybody until they decide", "[tenant_vm]") {
  QuietPool pool;
  const Question question(pool);
  const InformationKind kind = question.query.subject.kind;
  const auto set_mode = [&](copies::AnswerMode mode) {
    answer_of<wire::Done>(pool.command(
        request(pool, wire::SetAnswerMode{kind, mode}, question.provider), question.provider));
  };
  set_mode(copies::AnswerMode::kApproval);
  CHECK(pool.ask(Universe::system_of(question.query), {question.query}).empty());
  pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
  const auto held = held_at(pool, question.provider);
  REQUIRE(held.size() == 1);
  CHECK(held[0].subject == question.query.subject);
  answer_of<wire::Done>(
      pool.command(request(pool, testing::decide(held[0]), question.provider), question.provider));
  const exchange::Reply reply = pool.ask(question.query);
  CHECK(reply.outcome == Outcome::kAnswered);
  CHECK(reply.answer == pool.universe.expected(question.query).answer);

  exchange::Query again = question.query;
  again.key = make_request_key(pool.now, pool.random);
  CHECK(pool.ask(Universe::system_of(again), {again}).empty());  // one decision, one answer
  set_mode(copies::AnswerMode::kCopy);
  again.key = make_request_key(pool.now, pool.random);
  CHECK(pool.ask(again).outcome == Outcome::kAnswered);
}

TEST_CASE("a long list of what is held comes whole, page by page, while staff decide",
          "[tenant_vm]") {
  QuietPool pool;
  const Question question(pool);
  answer_of<wire::Done>(
      pool.command(request(pool, hold(question.person), question.provider), question.provider));
  constexpr std::size_t kAsked = 2 * limits::kMaxHeldListed + 7;
  for (std::size_t i = 0; i < kAsked; ++i) {
    if (i % 300 == 0) pool.pass(1'000);  // not all lapse at the same time
    exchange::Query query = question.query;
    query.key = make_request_key(pool.now, pool.random);
    const auto replies = pool.ask(Universe::system_of(query), {query});
    CHECK(std::ranges::none_of(replies, &exchange::Reply::concluded));
  }
  const auto page_after = [&](const wire::ListHeld& list) {
    return answer_of<wire::HeldRequests>(
        pool.command(request(pool, list, question.provider), question.provider));
  };
  std::vector<wire::HeldPlace> seen;
  wire::ListHeld list;
  std::size_t pages = 0;
  bool more = true;
  while (more) {
    const wire::HeldRequests page = page_after(list);
    for (const auto& held : page.requests) seen.push_back({held.valid_until, held.request});
    more = page.more;
    ++pages;
    REQUIRE(pages <= 3);
    CHECK(page.requests.size() == (more ? limits::kMaxHeldListed : 7));
    list.after = seen.back();
    // The first and the last seen are decided before the next page is read.
    for (const wire::HeldRequest& held : {page.requests.front(), page.requests.back()}) {
      answer_of<wire::Done>(pool.command(
          request(pool, testing::decide(held, ErrorCode::kUnderCorrection), question.provider),
          question.provider));
    }
  }
  CHECK(pages == 3);
  CHECK(seen.size() == kAsked);
  CHECK(std::ranges::is_sorted(seen));
  CHECK(std::ranges::adjacent_find(seen) == seen.end());
  CHECK(page_after(list).requests.empty());
  const wire::HeldRequests first = page_after({});
  CHECK(first.more);
  CHECK(first.requests.front().request != seen.front().request);
}

TEST_CASE("a held request survives a restart and can be decided then", "[tenant_vm]") {
  QuietPool pool;
  const Question question(pool);
  answer_of<wire::Done>(
      pool.command(request(pool, hold(question.person), question.provider), question.provider));
  pool.ask(Universe::system_of(question.query), {question.query});
  pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
  const auto held = held_at(pool, question.provider);
  REQUIRE(held.size() == 1);
  answer_of<wire::Done>(
      pool.command(request(pool, testing::decide(held[0]), question.provider), question.provider));
  CHECK(pool.ask(question.query).outcome == Outcome::kAnswered);
}

TEST_CASE("a request held later than in the minute it was asked in is found again", "[tenant_vm]") {
  QuietPool pool;
  Question question(pool);
  while (Universe::town_of(question.provider) ==
         Universe::town_of(Universe::system_of(question.query))) {
    question = Question(pool);
  }
  answer_of<wire::Done>(
      pool.command(request(pool, hold(question.person), question.provider), question.provider));
  pool.pass(2 * kBucketMs - pool.now.ms % kBucketMs - 1);
  question.query.key = make_request_key(pool.now, pool.random);
  std::vector<wire::LinkItem> permits;
  pool.on_item = [&](const wire::LinkItem& item) {
    if (item.kind == exchange::StatementKind::kPermit) permits.push_back(item);
    return permits.empty();
  };
  CHECK(pool.ask(Universe::system_of(question.query), {question.query}).empty());
  pool.on_item = [](wire::LinkItem&) { return true; };
  REQUIRE(permits.size() == 1);
  pool.deliver(permits);
  REQUIRE(pool.store.rows().size() == 2);

  // Nothing else has left with a train of the provider's lane, and the node was away for minutes.
  pool.now = pool.now + 2 * limits::kDedupeWindowMs;
  pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
  pool.pass(5'000);
  CHECK(pool.ask(question.query).outcome == Outcome::kLapsed);
  CHECK(pool.store.rows().size() == 4);
}

TEST_CASE("a decision on what is not held here, or decided already, is an error", "[tenant_vm]") {
  QuietPool pool;
  const Question question(pool);
  answer_of<wire::Done>(
      pool.command(request(pool, hold(question.person), question.provider), question.provider));
  pool.ask(Universe::system_of(question.query), {question.query});
  const auto held = held_at(pool, question.provider);
  REQUIRE(held.size() == 1);
  const wire::Decide provide = testing::decide(held[0]);
  const std::size_t other =
      question.provider % 2 == 0 ? question.provider + 1 : question.provider - 1;
  CHECK(pool.command(request(pool, provide, other), other).error().code ==
        ErrorCode::kNoLongerKept);
  answer_of<wire::Done>(pool.command(request(pool, provide, question.provider), question.provider));
  CHECK(pool.command(request(pool, provide, question.provider), question.provider).error().code ==
        ErrorCode::kNoLongerKept);
}
