// What staff decide and change, and who may.

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "nakadachi/tenant_vm/holding_values.hpp"
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
using testing::kMayor;
using testing::Question;
using testing::QuietPool;
using testing::request;
using testing::Universe;

// Held requests ---------------------------------------------------------------

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
    answer_of<wire::Done>(pool.command(
        request(pool, wire::Decide{held[0].request, {}}, question.provider), question.provider));
    REQUIRE(pool.replies.size() == 1);
    CHECK(pool.replies[0].outcome == Outcome::kAnswered);
    CHECK(pool.replies[0].answer == pool.universe.expected(question.query).answer);
  }
  SECTION("refuse, for a reason of the closed list") {
    answer_of<wire::Done>(
        pool.command(request(pool, wire::Decide{held[0].request, ErrorCode::kUnderCorrection},
                             question.provider),
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
  const auto decide = request(pool, wire::Decide{held[0].request, {}}, question.provider);

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
  answer_of<wire::Done>(pool.command(
      request(pool, wire::Decide{held[0].request, {}}, question.provider), question.provider));
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
    for (const ExchangeId& id : {page.requests.front().request, page.requests.back().request}) {
      answer_of<wire::Done>(pool.command(
          request(pool, wire::Decide{id, ErrorCode::kUnderCorrection}, question.provider),
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
  answer_of<wire::Done>(pool.command(
      request(pool, wire::Decide{held[0].request, {}}, question.provider), question.provider));
  CHECK(pool.ask(question.query).outcome == Outcome::kAnswered);
}

TEST_CASE("a decision on what is not held here, or decided already, is an error", "[tenant_vm]") {
  QuietPool pool;
  const Question question(pool);
  answer_of<wire::Done>(
      pool.command(request(pool, hold(question.person), question.provider), question.provider));
  pool.ask(Universe::system_of(question.query), {question.query});
  const auto held = held_at(pool, question.provider);
  REQUIRE(held.size() == 1);
  const wire::Decide provide{held[0].request, {}};
  const std::size_t other =
      question.provider % 2 == 0 ? question.provider + 1 : question.provider - 1;
  CHECK(pool.command(request(pool, provide, other), other).error().code ==
        ErrorCode::kNoLongerKept);
  answer_of<wire::Done>(pool.command(request(pool, provide, question.provider), question.provider));
  CHECK(pool.command(request(pool, provide, question.provider), question.provider).error().code ==
        ErrorCode::kNoLongerKept);
}

// Changes ---------------------------------------------------------------------

TEST_CASE("a copy registered, replaced and erased is what is answered with", "[tenant_vm]") {
  QuietPool pool;
  const Question question(pool);
  const copies::CopyContent content{
      .layout_version = 1, .dataset = 9, .validity = {}, .items = {{1, "新しい値"}}};
  const auto change = [&](wire::AdminCommand command) {
    return answer_of<wire::Done>(pool.command(request(pool, std::move(command), question.provider),
                                              question.provider))
        .count;
  };
  const auto ask_anew = [&] {
    exchange::Query again = question.query;
    again.key = make_request_key(pool.now, pool.random);
    return pool.ask(again);
  };
  const InformationKind kind = question.query.subject.kind;
  CHECK(change(wire::PutCopy{question.person, kind, *copies::encode(content)}) == 1);
  CHECK(ask_anew().answer == *copies::encode(content));
  pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
  CHECK(ask_anew().answer == *copies::encode(content));
  CHECK(change(wire::EraseCopy{question.person, kind}) == 1);
  CHECK(change(wire::EraseCopy{question.person, kind}) == 0);
  CHECK(ask_anew().outcome == Outcome::kNoData);
}

TEST_CASE("the end of a full load erases what it left behind, some at a time", "[tenant_vm]") {
  QuietPool pool;
  const auto kind = *InformationKind::parse("TM00000000000002");
  const auto counts = [&] {
    return answer_of<wire::CopyCounts>(pool.command(request(pool, wire::CountCopies{}), kMayor))
        .counts;
  };
  const copies::CopyContent fresh{
      .layout_version = 1, .dataset = 2, .validity = {}, .items = {{1, "x"}}};
  answer_of<wire::Done>(pool.command(
      request(pool, wire::PutCopy{Universe::address_of(kMayor, 1), kind, *copies::encode(fresh)}),
      kMayor));
  const auto erased =
      answer_of<wire::Done>(pool.command(request(pool, wire::EndFullLoad{kind, 2, 1}), kMayor));
  CHECK(erased.count > 10);
  std::uint64_t of_kind = 0;
  for (const wire::CopyCount& count : counts()) of_kind += count.kind == kind ? count.copies : 0;
  CHECK(of_kind == 1);
}

TEST_CASE("a copy that does not fit its layout is refused item by item", "[tenant_vm]") {
  QuietPool pool;
  const auto kind = *InformationKind::parse("TM00000000000002");
  const AddressNumber person = Universe::address_of(kMayor, 1);
  const auto before = pool.store.holdings();
  const auto refusal_of = [&](const InformationKind& of, const copies::CopyContent& content) {
    const wire::PutCopy put{person, of, *copies::encode(content)};
    return answer_of<wire::CopiesRefused>(pool.command(request(pool, put), kMayor));
  };
  copies::CopyContent content{
      .layout_version = 1, .dataset = 9, .validity = {}, .items = {{1, "値"}}};
  using enum copies::Fault;
  using Findings = std::vector<copies::Finding>;

  copies::CopyContent wrong = content;
  wrong.items = {{2, std::string(201, 'x')}, {3, "123456789018"}, {4, "?"}};
  const auto refused = refusal_of(kind, wrong);
  CHECK(refused.code == ErrorCode::kWrongFormat);
  CHECK(refused.findings == Findings{{2, "item 2", kTooLong},
                                     {3, "item 3", kPersonalNumber},
                                     {4, "", kUnknownItem},
                                     {1, "item 1", kMissing}});
  wrong = content;
  wrong.layout_version = 2;
  CHECK(refusal_of(kind, wrong).findings == Findings{{0, "", kLayoutNotInForce}});
  CHECK(refusal_of(*InformationKind::parse("TM99999999999999"), content).findings ==
        Findings{{0, "", kUnknownKind}});
  CHECK(pool.errors(ErrorCode::kWrongFormat) == 3);

  Bytes reversed = *copies::encode(content);
  reversed[11] = 0x03;  // first and last day are there
  const std::array<std::uint8_t, 8> days = {0, 0, 0, 2, 0, 0, 0, 1};
  reversed.insert(reversed.end() - 2 - 4 - 3, days.begin(), days.end());
  CHECK(pool.command(request(pool, wire::PutCopy{person, kind, reversed}), kMayor).error().code ==
        ErrorCode::kMalformedFrame);
  CHECK(pool.store.changes().empty());
  CHECK(pool.store.holdings() == before);
}

TEST_CASE("an older load replaces, removes and ends nothing of a newer one", "[tenant_vm]") {
  QuietPool pool;
  const auto kind = *InformationKind::parse("TM00000000000002");
  const auto put = [&](std::size_t person, std::uint64_t dataset, std::string_view value) {
    const copies::CopyContent content{.layout_version = 1,
                                      .dataset = dataset,
                                      .validity = {},
                                      .items = {{1, std::string(value)}}};
    const wire::PutCopy copy{Universe::address_of(kMayor, person), kind, *copies::encode(content)};
    return pool.command(request(pool, copy), kMayor);
  };
  const auto is_refused = [](const Result<wire::AdminAnswer>& answer, copies::Fault fault) {
    const auto refused = answer_of<wire::CopiesRefused>(answer);
    return refused.code == ErrorCode::kRowConflict && refused.findings.size() == 1 &&
           refused.findings[0].fault == fault;
  };
  CHECK(answer_of<wire::Done>(put(1, 5, "新")).count == 1);
  CHECK(answer_of<wire::Done>(put(1, 5, "新")).count == 0);  // given again
  const std::size_t changes = pool.store.changes().size();
  CHECK(is_refused(put(1, 4, "旧"), copies::Fault::kOlderLoad));
  const wire::EraseCopy removal{Universe::address_of(kMayor, 1), kind, 4};
  CHECK(is_refused(pool.command(request(pool, removal), kMayor), copies::Fault::kOlderLoad));
  const auto end = [&](std::uint64_t dataset, std::uint64_t copies) {
    return pool.command(request(pool, wire::EndFullLoad{kind, dataset, copies}), kMayor);
  };
  CHECK(is_refused(end(4, 0), copies::Fault::kOlderLoad));
  CHECK(is_refused(end(5, 2), copies::Fault::kOtherCount));  // one of them never came
  CHECK(pool.store.changes().size() == changes);
  CHECK(answer_of<wire::Done>(put(2, 5, "新")).count == 1);
  CHECK(answer_of<wire::Done>(end(5, 2)).count > 10);
  const wire::EraseCopy by_hand{Universe::address_of(kMayor, 1), kind};
  CHECK(answer_of<wire::Done>(pool.command(request(pool, by_hand), kMayor)).count == 1);
}

TEST_CASE("a repeated change is done once", "[tenant_vm]") {
  QuietPool pool;
  const Question question(pool);
  const wire::AdminRequest set = request(pool, hold(question.person), question.provider);
  CHECK(answer_of<wire::Done>(pool.command(set, question.provider)).count == 1);
  answer_of<wire::Done>(pool.command(request(pool, hold(question.person, false), question.provider),
                                     question.provider));
  const std::size_t changes = pool.store.changes().size();
  answer_of<wire::Done>(pool.command(set, question.provider));
  CHECK(pool.store.changes().size() == changes);
  pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
  answer_of<wire::Done>(pool.command(set, question.provider));
  CHECK(pool.store.changes().size() == changes);
  CHECK(pool.ask(question.query).outcome == Outcome::kAnswered);
}

TEST_CASE("who may not change, decide, or speak for an institution is turned away", "[tenant_vm]") {
  QuietPool pool;
  const Question question(pool);
  const wire::AdminRequest as_another = request(pool, hold(question.person), question.provider);
  const std::size_t other =
      question.provider % 2 == 0 ? question.provider + 1 : question.provider - 1;
  CHECK(pool.command(as_another, other).error().code == ErrorCode::kInstitutionNotAllowed);

  tenant_vm::NodeSetup setup = pool.universe.node_setup({0, 1}, *pool.node_signer);
  for (auto& partition : setup.partitions) {
    for (auto& staff : partition.staff) staff.may_change = staff.may_decide = false;
  }
  pool.start_node(std::move(setup));
  CHECK(pool.command(request(pool, hold(question.person), question.provider), question.provider)
            .error()
            .code == ErrorCode::kInstitutionNotAllowed);
  CHECK(pool.command(request(pool, wire::Decide{}, question.provider), question.provider)
            .error()
            .code == ErrorCode::kInstitutionNotAllowed);
  CHECK(pool.command(request(pool, wire::ListTenants{}), kMayor).error().code ==
        ErrorCode::kInstitutionNotAllowed);
  CHECK(pool.store.changes().empty());
}

TEST_CASE("a change without who and why, or with an old key, is refused", "[tenant_vm]") {
  QuietPool pool;
  wire::AdminRequest nameless = request(pool, hold(Universe::address_of(kMayor, 1)));
  nameless.who.clear();
  CHECK(pool.command(nameless, kMayor).error().code == ErrorCode::kMissingField);
  wire::AdminRequest with_number = request(pool, hold(Universe::address_of(kMayor, 1)));
  with_number.why = "本人の番号は 123456789018";
  CHECK(pool.command(with_number, kMayor).error().code == ErrorCode::kPersonalNumberPresent);
  const wire::AdminRequest old = request(pool, hold(Universe::address_of(kMayor, 1)));
  pool.pass(limits::kMaxClockSkewMs + 1);
  CHECK(pool.command(old, kMayor).error().code == ErrorCode::kClockSkew);
  CHECK(pool.store.changes().empty());
}

TEST_CASE("a decision and a wish without who and why are refused too", "[tenant_vm]") {
  QuietPool pool;
  const Question question(pool);
  answer_of<wire::Done>(
      pool.command(request(pool, hold(question.person), question.provider), question.provider));
  pool.ask(Universe::system_of(question.query), {question.query});
  const auto held = held_at(pool, question.provider);
  REQUIRE(held.size() == 1);
  const auto code_of = [&](const std::string& who, const std::string& why) {
    wire::AdminRequest decision =
        request(pool, wire::Decide{held[0].request, {}}, question.provider);
    decision.who = who;
    decision.why = why;
    return pool.command(decision, question.provider).error().code;
  };
  CHECK(code_of("", "確認済") == ErrorCode::kMissingField);
  CHECK(code_of("窓口", "") == ErrorCode::kMissingField);
  CHECK(code_of("窓口", "番号は 123456789018") == ErrorCode::kPersonalNumberPresent);
  CHECK(pool.replies.empty());
  CHECK(held_at(pool, question.provider).size() == 1);
}

TEST_CASE("flags of all persons are told page by page, and the answer modes that were set",
          "[tenant_vm]") {
  QuietPool pool;
  constexpr std::size_t kFlagged = limits::kMaxPersonsListed + 3;
  std::set<AddressNumber> wanted;
  for (std::size_t i = 0; i < kFlagged; ++i) {
    const AddressNumber person = Universe::address_of(kMayor, 1'000 + i);
    wanted.insert(person);
    answer_of<wire::Done>(pool.command(request(pool, hold(person)), kMayor));
  }
  std::set<AddressNumber> told;
  std::size_t pages = 0;
  wire::ListFlags list;
  do {
    const auto page = answer_of<wire::FlagPage>(pool.command(request(pool, list), kMayor));
    CHECK(page.persons.size() <= limits::kMaxPersonsListed);
    for (const auto& one : page.persons) {
      REQUIRE(one.flags.size() == 1);
      CHECK(one.flags[0].sort == copies::FlagSort::kHeld);
      CHECK(told.insert(one.person).second);
    }
    list.after = page.next;
    ++pages;
  } while (list.after);
  CHECK(pages == 2);
  CHECK(std::includes(told.begin(), told.end(), wanted.begin(), wanted.end()));

  const auto modes = [&] {
    return answer_of<wire::AnswerModes>(
               pool.command(request(pool, wire::ListAnswerModes{}), kMayor))
        .modes;
  };
  const std::size_t before = modes().size();
  const auto kind = *InformationKind::parse("TM00000000000002");
  answer_of<wire::Done>(
      pool.command(request(pool, wire::SetAnswerMode{kind, copies::AnswerMode::kLive}), kMayor));
  const auto after = modes();
  CHECK(after.size() == before + 1);
  CHECK(std::ranges::find(after, std::pair(kind, copies::AnswerMode::kLive)) != after.end());
}

TEST_CASE("an operator sees figures of every tenant and nothing else", "[tenant_vm]") {
  QuietPool pool;
  wire::AdminRequest list = request(pool, wire::ListTenants{});
  list.institution = {};
  const auto states =
      answer_of<wire::TenantStates>(pool.command_as(testing::kOperator, list)).tenants;
  REQUIRE(states.size() == testing::kTowns);
  CHECK(states[0].tenant == pool.universe.tenant(0));
  CHECK(states[0].copies > 0);
  CHECK(states[0].symbols > 0);
  CHECK(pool.command_as(testing::kOperator, request(pool, wire::ListHeld{})).error().code ==
        ErrorCode::kInstitutionNotAllowed);
}

TEST_CASE("an operator sees figures of every institution, from any one on", "[tenant_vm]") {
  QuietPool pool;
  const auto page = [&](std::optional<InstitutionCode> after) {
    wire::AdminRequest list = request(pool, wire::ListInstitutions{after});
    list.institution = {};
    return answer_of<wire::InstitutionStates>(pool.command_as(testing::kOperator, list))
        .institutions;
  };
  const auto all = page(std::nullopt);
  REQUIRE(all.size() > testing::kTowns);
  CHECK(std::is_sorted(all.begin(), all.end(), [](const auto& one, const auto& other) {
    return one.institution < other.institution;
  }));
  CHECK(all[0].tenant == pool.universe.tenant(0));
  CHECK(all[0].symbols > 0);
  CHECK(all[0].delegated_until > pool.now);
  const auto rest = page(all[0].institution);
  REQUIRE(rest.size() == all.size() - 1);
  CHECK(rest[0].institution == all[1].institution);
  CHECK(page(all.back().institution).empty());
  CHECK(pool.command(request(pool, wire::ListInstitutions{}), kMayor).error().code ==
        ErrorCode::kInstitutionNotAllowed);
}
