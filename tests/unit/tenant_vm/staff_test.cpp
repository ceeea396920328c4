#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "nakadachi/tenant_vm/holding_values.hpp"
#include "nakadachi/wire/statements.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/opened_rows.hpp"
#include "tests/support/quiet_pool.hpp"

using namespace nakadachi;
using exchange::Outcome;
using storage::Section;
using testing::QuietPool;
using testing::Universe;

namespace {

constexpr std::size_t kMayor = 0;  // institution of the first town

wire::AdminRequest request(QuietPool& pool, wire::AdminCommand command,
                           std::size_t institution = kMayor) {
  return {.key = make_request_key(pool.now, pool.random),
          .institution = pool.universe.institution(institution),
          .who = "窓口 一郎",
          .why = "届出による",
          .command = std::move(command)};
}

template <class Answer>
Answer answer_of(const Result<wire::AdminAnswer>& answer) {
  REQUIRE(answer.ok());
  REQUIRE(std::holds_alternative<Answer>(*answer));
  return std::get<Answer>(*answer);
}

/// A query that leads to an answer, and the person it is about at its provider.
struct Question {
  explicit Question(QuietPool& pool) : query(pool.query_for(Outcome::kAnswered)) {
    while (!query.subject.items.empty()) query = pool.query_for(Outcome::kAnswered);
    provider = 0;
    while (pool.universe.institution(provider) != query.subject.provider) ++provider;
    person = Universe::address_of(provider, query.person.reveal() % 1'000'000);
  }
  exchange::Query query;
  std::size_t provider = 0;
  AddressNumber person = *AddressNumber::from_number(0);
};

wire::ChangeFlag hold(const AddressNumber& person, bool set = true) {
  return {.person = person, .flag = {copies::FlagSort::kHeld, {}, {}}, .set = set};
}

std::vector<wire::HeldRequest> held_at(QuietPool& pool, std::size_t institution) {
  return answer_of<wire::HeldRequests>(
             pool.command(request(pool, wire::ListHeld{}, institution), institution))
      .requests;
}

}  // namespace

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

// Symbols and persons ---------------------------------------------------------

TEST_CASE("an acquisition ends with the symbol bound and its number gone", "[tenant_vm]") {
  QuietPool pool;
  const std::size_t newcomer = testing::kPersons;
  const AddressNumber person = Universe::address_of(kMayor, newcomer);
  const auto begun = answer_of<wire::AcquisitionUnderWay>(
      pool.command(request(pool, wire::Acquire{person}), kMayor));
  const auto again = answer_of<wire::AcquisitionUnderWay>(
      pool.command(request(pool, wire::Acquire{person}), kMayor));
  CHECK(again.number == begun.number);
  CHECK_FALSE(pool.universe.binds(pool.store, kMayor, newcomer));

  pool.hand_over(kMayor, begun.number, newcomer);
  CHECK(pool.universe.binds(pool.store, kMayor, newcomer));
  CHECK_FALSE(pool.national->deadline().has_value());  // confirmed
  CHECK(pool.command(request(pool, wire::Acquire{person}), kMayor).error().code ==
        ErrorCode::kAlreadyAcquired);
  pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
  CHECK(pool.command(request(pool, wire::Acquire{person}), kMayor).error().code ==
        ErrorCode::kAlreadyAcquired);
}

TEST_CASE("an acquisition that nobody answers lapses and leaves no number", "[tenant_vm]") {
  QuietPool pool;
  const AddressNumber person = Universe::address_of(kMayor, testing::kPersons);
  const auto begun = answer_of<wire::AcquisitionUnderWay>(
      pool.command(request(pool, wire::Acquire{person}), kMayor));
  const auto under_way = [&] {
    return answer_of<wire::SymbolCounts>(pool.command(request(pool, wire::CountSymbols{}), kMayor))
        .under_way;
  };
  CHECK(under_way() == 1);
  pool.pass(begun.valid_until - pool.now + 10);
  CHECK(under_way() == 0);
  const auto& holdings = pool.store.holdings();
  CHECK(std::none_of(holdings.begin(), holdings.end(), [](const auto& holding) {
    return std::get<Section>(holding.first) == Section::kAcquisition;
  }));
}

TEST_CASE("the word that a symbol was issued long ago ends the acquisition and binds nothing",
          "[tenant_vm]") {
  QuietPool pool;
  const std::size_t newcomer = testing::kPersons;
  const AddressNumber person = Universe::address_of(kMayor, newcomer);
  const auto counts = [&] {
    return answer_of<wire::SymbolCounts>(pool.command(request(pool, wire::CountSymbols{}), kMayor));
  };
  const std::uint64_t bound = counts().bound;
  pool.hand_over(kMayor, 9'000'000'000'000'001, newcomer);  // by a number of a lost backup
  CHECK(pool.errors(ErrorCode::kUnknownAcquisition) == 1);
  const auto begun = answer_of<wire::AcquisitionUnderWay>(
      pool.command(request(pool, wire::Acquire{person}), kMayor));
  CHECK(counts().under_way == 1);
  pool.hand_over(kMayor, begun.number, newcomer);
  REQUIRE(pool.told_operators.size() == 1);
  CHECK(pool.told_operators[0].code == ErrorCode::kAlreadyAcquired);
  CHECK(pool.told_operators[0].institution == pool.universe.institution(kMayor));
  for (const bool restarted : {false, true}) {
    if (restarted) pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
    CHECK(counts().under_way == 0);
    CHECK(counts().bound == bound);
  }
  CHECK(std::ranges::none_of(pool.store.holdings(), [](const auto& holding) {
    return std::get<Section>(holding.first) == Section::kAcquisition;
  }));
  // From the backup by hand, and for one person only.
  const Symbol symbol = *Symbol::from(pool.random.make<Salt>().view());
  answer_of<wire::Done>(pool.command(request(pool, wire::BindSymbol{person, symbol}), kMayor));
  CHECK(counts().bound == bound + 1);
  const AddressNumber other = Universe::address_of(kMayor, newcomer + 1);
  CHECK(pool.command(request(pool, wire::BindSymbol{other, symbol}), kMayor).error().code ==
        ErrorCode::kRowConflict);
}

TEST_CASE("staff see whether a symbol is there or under way, and whose one is", "[tenant_vm]") {
  QuietPool pool;
  const AddressNumber person = Universe::address_of(kMayor, testing::kPersons);
  const Symbol symbol = *Symbol::from(pool.random.make<Salt>().view());
  const auto show = [&](std::variant<AddressNumber, Symbol> of) {
    return answer_of<wire::SymbolShown>(pool.command(request(pool, wire::ShowSymbol{of}), kMayor));
  };
  CHECK_FALSE(show(symbol).person.has_value());
  CHECK_FALSE(show(person).bound);
  CHECK_FALSE(show(person).under_way_until.has_value());
  const auto begun = answer_of<wire::AcquisitionUnderWay>(
      pool.command(request(pool, wire::Acquire{person}), kMayor));
  CHECK_FALSE(show(person).bound);
  CHECK((show(person).under_way_until == begun.valid_until));

  const AddressNumber other = Universe::address_of(kMayor, testing::kPersons + 1);
  answer_of<wire::Done>(pool.command(request(pool, wire::BindSymbol{other, symbol}), kMayor));
  CHECK(show(other).bound);
  CHECK_FALSE(show(other).under_way_until.has_value());
  CHECK(show(symbol).bound);
  CHECK((show(symbol).person == other));
  // The other institution of the town has symbols of its own.
  const auto board = answer_of<wire::SymbolShown>(
      pool.command(request(pool, wire::ShowSymbol{symbol}, kMayor + 1), kMayor + 1));
  CHECK_FALSE(board.person.has_value());
}

namespace {

symbols::FourItems hanako() {
  return {.name = *symbols::PersonName::parse("山田 花子"),
          .birth_date = *symbols::BirthDate::parse("1980-04-02"),
          .sex = symbols::Sex::kFemale,
          .home = *symbols::HomeAddress::parse("北海道札幌市中央区1")};
}

/// A question whose provider held no symbol, and both sides of a wish that stands for it.
struct Lack {
  explicit Lack(QuietPool& of)
      : pool(of),
        query(pool.query_for(Outcome::kProviderHoldsNoSymbol)),
        asker(Universe::system_of(query)) {
    while (pool.universe.institution(provider) != query.subject.provider) ++provider;
    CHECK(pool.ask(query).outcome == Outcome::kProviderHoldsNoSymbol);
  }
  wire::AdminRequest wish() {
    return request(pool, wire::AskToAcquire{query.key, hanako()}, asker);
  }
  AddressNumber put_person() {
    return answer_of<wire::PersonPut>(
               pool.command(
                   request(pool, wire::PutPerson{{}, {.four = hanako(), .kana = {}}, {}}, provider),
                   provider))
        .number;
  }
  std::vector<wire::AcquisitionWish> arrived() {
    return answer_of<wire::AcquisitionWishes>(
               pool.command(request(pool, wire::ListAcquisitionRequests{}, provider), provider))
        .wishes;
  }
  std::uint64_t under_way() {
    return answer_of<wire::SymbolCounts>(
               pool.command(request(pool, wire::CountSymbols{}, provider), provider))
        .under_way;
  }
  /// Whether the asker still keeps a wish: its town holds nothing else of this sort.
  bool is_kept() const {
    const TenantId town = pool.universe.tenant(Universe::town_of(asker));
    return std::ranges::any_of(pool.store.holdings(), [&](const auto& holding) {
      return std::get<TenantId>(holding.first) == town &&
             std::get<Section>(holding.first) == Section::kAcquisition;
    });
  }

  QuietPool& pool;
  exchange::Query query;
  std::size_t asker;
  std::size_t provider = 0;
};

}  // namespace

TEST_CASE("a wish of another body begins an acquisition when one person fits", "[tenant_vm]") {
  QuietPool pool;
  Lack lack(pool);
  const AddressNumber person = lack.put_person();
  CHECK(answer_of<wire::Done>(pool.command(lack.wish(), lack.asker)).count == 1);
  const auto arrived = lack.arrived();
  REQUIRE(arrived.size() == 1);
  CHECK(arrived[0].asker == pool.universe.institution(lack.asker));
  CHECK(arrived[0].begun);
  CHECK((arrived[0].candidates == std::vector{person}));
  CHECK(lack.under_way() == 1);
  pool.pass(10'000);  // it came again, and the provider said that it is followed
  CHECK_FALSE(lack.is_kept());
  CHECK(lack.arrived().size() == 1);
  CHECK(lack.under_way() == 1);
}

TEST_CASE("a wish is recorded with who and why, and comes again over losses and a restart",
          "[tenant_vm]") {
  QuietPool pool;
  Lack lack(pool);
  std::size_t sent = 0;
  pool.on_item = [&](wire::LinkItem& item) {
    if (item.kind == exchange::StatementKind::kAcquisitionRequest) ++sent;
    return item.kind != exchange::StatementKind::kAcquisitionRequest;
  };
  const std::size_t changes = pool.store.changes().size();
  const wire::AdminRequest wish = lack.wish();
  CHECK(answer_of<wire::Done>(pool.command(wish, lack.asker)).count == 1);
  CHECK(pool.store.changes().size() == changes + 1);
  answer_of<wire::Done>(pool.command(wish, lack.asker));  // repeated: done once
  CHECK(pool.store.changes().size() == changes + 1);
  CHECK(lack.is_kept());
  pool.pass(7'000);
  CHECK(sent >= 3);
  pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
  pool.on_item = [](wire::LinkItem&) { return true; };
  pool.pass(5'000);
  const auto arrived = lack.arrived();
  REQUIRE(arrived.size() == 1);
  CHECK_FALSE(arrived[0].begun);  // nobody of this name yet
  CHECK(lack.is_kept());

  lack.put_person();
  pool.pass(std::int64_t{3} * 600'000);
  CHECK(lack.under_way() == 1);
  CHECK_FALSE(lack.is_kept());
}

TEST_CASE("a wish is confirmed when its own row is durable, however busy the town is",
          "[tenant_vm]") {
  QuietPool pool;
  Lack lack(pool);
  lack.put_person();
  std::size_t told = 0;
  pool.on_item = [&](wire::LinkItem& item) {
    if (item.kind == exchange::StatementKind::kStatusReply) ++told;
    return true;
  };
  answer_of<wire::Done>(pool.command(lack.wish(), lack.asker));
  CHECK(lack.under_way() == 1);
  CHECK(told == 0);
  pool.on_append = [](const storage::Train&) {
    return storage::AppendResult{storage::Commit::kFailed,
                                 Error{.code = ErrorCode::kStoreUnavailable}, std::nullopt};
  };
  const wire::AdminRequest other =
      request(pool, hold(Universe::address_of(lack.provider, 1)), lack.provider);
  pool.send_command(lack.provider, other);  // on its way to the disk from now on
  CHECK(pool.admin_replies.empty());
  pool.pass(3'000);
  CHECK(told > 0);
}

TEST_CASE("a wish that nobody follows ends with the time of an acquisition", "[tenant_vm]") {
  QuietPool pool;
  Lack lack(pool);
  answer_of<wire::Done>(pool.command(lack.wish(), lack.asker));
  tenant_vm::NodeSetup setup = pool.universe.node_setup({0, 1}, *pool.node_signer);
  setup.acquisition_ms = 3'600'000;
  pool.start_node(std::move(setup));
  pool.pass(3'500'000);
  CHECK(lack.is_kept());
  pool.pass(1'000'000);
  CHECK_FALSE(lack.is_kept());
}

TEST_CASE("a wish stands for an inquiry that showed the lack, and for no other", "[tenant_vm]") {
  QuietPool pool;
  Lack lack(pool);
  const auto refusal_of = [&](const RequestKey& inquiry, std::size_t institution) {
    return pool
        .command(request(pool, wire::AskToAcquire{inquiry, hanako()}, institution), institution)
        .error()
        .code;
  };
  CHECK(refusal_of(make_request_key(pool.now, pool.random), lack.asker) ==
        ErrorCode::kNoLongerKept);
  const std::size_t other = lack.asker % 2 == 0 ? lack.asker + 1 : lack.asker - 1;
  CHECK(refusal_of(lack.query.key, other) == ErrorCode::kNoLongerKept);
  const Question answered(pool);
  CHECK(pool.ask(answered.query).outcome == Outcome::kAnswered);
  CHECK(refusal_of(answered.query.key, Universe::system_of(answered.query)) ==
        ErrorCode::kUnknownEnumValue);
  wire::AdminRequest nameless = lack.wish();
  nameless.why.clear();
  CHECK(pool.command(nameless, lack.asker).error().code == ErrorCode::kMissingField);
  CHECK_FALSE(lack.is_kept());
  CHECK(lack.arrived().empty());
}

// Merged persons --------------------------------------------------------------

namespace {

symbols::FourItems ichiro(std::string_view name) {
  return {.name = *symbols::PersonName::parse(name),
          .birth_date = *symbols::BirthDate::parse("1980-04-02"),
          .sex = symbols::Sex::kMale,
          .home = *symbols::HomeAddress::parse("札幌市1")};
}

AddressNumber put_person(QuietPool& pool, std::string_view name, std::size_t institution = kMayor) {
  const wire::PutPerson put{{}, {.four = ichiro(name), .kana = {}}, {}};
  return answer_of<wire::PersonPut>(pool.command(request(pool, put, institution), institution))
      .number;
}

/// Makes `former`, of whom the town keeps symbol and copies, one with a person just issued.
AddressNumber merge_away(QuietPool& pool, const AddressNumber& former, std::size_t institution) {
  const std::size_t town = Universe::town_of(institution);
  crypto::TenantCipher cipher = pool.universe.cipher(town);
  const symbols::PersonRecord record{.number = former,
                                     .items = {.four = ichiro("佐藤 市郎"), .kana = {}},
                                     .business = {},
                                     .aliases = {}};
  const HoldingKey key = *tenant_vm::person_key(cipher, former);
  pool.store.put_holding(pool.universe.tenant(town),
                         {.section = Section::kPerson,
                          .key = key,
                          .value = *tenant_vm::seal_person(cipher, key, record, pool.random)});
  pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
  const AddressNumber survivor = put_person(pool, "佐藤 一郎", institution);
  answer_of<wire::Done>(
      pool.command(request(pool, wire::MergePersons{survivor, former}, institution), institution));
  return survivor;
}

}  // namespace

TEST_CASE("a number that was merged away means the survivor, whoever gives it", "[tenant_vm]") {
  QuietPool pool;
  std::optional<Question> question;
  do {
    question.emplace(pool);
  } while (Universe::town_of(question->provider) ==
           Universe::town_of(Universe::system_of(question->query)));
  const std::size_t provider = question->provider;
  const AddressNumber former = question->person;
  merge_away(pool, question->query.person, Universe::system_of(question->query));
  const AddressNumber survivor = merge_away(pool, former, provider);
  const auto change = [&](wire::AdminCommand command) {
    return answer_of<wire::Done>(
               pool.command(request(pool, std::move(command), provider), provider))
        .count;
  };
  const auto ask_anew = [&] {  // the asker, too, gives a number that was merged away
    exchange::Query again = question->query;
    again.key = make_request_key(pool.now, pool.random);
    return pool.ask(Universe::system_of(again), {again});
  };
  copies::CopyContent content{
      .layout_version = 1, .dataset = 9, .validity = {}, .items = {{1, "新しい値"}}};
  const InformationKind kind = question->query.subject.kind;
  for (const bool restarted : {false, true}) {
    if (restarted) pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
    CHECK(change(hold(former)) == 1);
    CHECK(change(hold(survivor)) == 0);
    CHECK(ask_anew().empty());
    const auto held = held_at(pool, provider);
    REQUIRE(held.size() == 1);
    CHECK((held[0].person == survivor));
    ++content.dataset;
    CHECK(change(wire::PutCopy{former, kind, *copies::encode(content)}) == 1);
    answer_of<wire::Done>(
        pool.command(request(pool, wire::Decide{held[0].request, {}}, provider), provider));
    REQUIRE(pool.replies.size() == 1);
    CHECK(pool.replies[0].answer == *copies::encode(content));
    CHECK(answer_of<wire::Flags>(
              pool.command(request(pool, wire::ShowFlags{former}, provider), provider))
              .flags.size() == 1);
    CHECK(change(hold(former, false)) == 1);
    CHECK(pool.command(request(pool, wire::Acquire{former}, provider), provider).error().code ==
          ErrorCode::kAlreadyAcquired);
  }
  CHECK(change(wire::EraseCopy{former, kind}) == 1);
  const auto replies = ask_anew();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].outcome == Outcome::kNoData);
}

TEST_CASE("within one body a number that was merged away means the survivor", "[tenant_vm]") {
  QuietPool pool;
  exchange::Query query = pool.universe.make_query(kMayor, pool.now, pool.random);
  while (!Universe::is_within_body(query) || pool.universe.waits_for_staff(query) ||
         pool.universe.expected(query).outcome != Outcome::kAnswered) {
    query = pool.universe.make_query(kMayor, pool.now, pool.random);
  }
  constexpr std::size_t kProvider = kMayor + 1;
  const AddressNumber survivor = merge_away(pool, query.person, kMayor);
  answer_of<wire::Done>(pool.command(request(pool, hold(survivor), kProvider), kProvider));
  for (const bool restarted : {false, true}) {
    if (restarted) pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
    query.key = make_request_key(pool.now, pool.random);
    CHECK(pool.ask(kMayor, {query}).empty());
    const auto held = held_at(pool, kProvider);
    REQUIRE(held.size() == 1);
    CHECK((held[0].person == survivor));
    answer_of<wire::Done>(
        pool.command(request(pool, wire::Decide{held[0].request, {}}, kProvider), kProvider));
    REQUIRE(pool.replies.size() == 1);
    CHECK(pool.replies[0].outcome == Outcome::kAnswered);
  }
}

TEST_CASE("an acquisition under way goes on under the survivor, and none begins beside it",
          "[tenant_vm]") {
  QuietPool pool;
  const AddressNumber survivor = put_person(pool, "佐藤 一郎");
  const AddressNumber former = put_person(pool, "佐藤 市郎");
  const auto number_of = [&](const AddressNumber& person) {
    return answer_of<wire::AcquisitionUnderWay>(
               pool.command(request(pool, wire::Acquire{person}), kMayor))
        .number;
  };
  const std::uint64_t number = number_of(former);
  answer_of<wire::Done>(pool.command(request(pool, wire::MergePersons{survivor, former}), kMayor));
  for (const bool restarted : {false, true}) {
    if (restarted) pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
    CHECK(number_of(former) == number);
    CHECK(number_of(survivor) == number);
  }
  pool.hand_over(kMayor, number, testing::kPersons);
  for (const AddressNumber& person : {former, survivor}) {
    CHECK(pool.command(request(pool, wire::Acquire{person}), kMayor).error().code ==
          ErrorCode::kAlreadyAcquired);
  }
  CHECK(pool.told_operators.empty());
}

TEST_CASE("two acquisitions of persons who are merged bind one symbol once", "[tenant_vm]") {
  QuietPool pool;
  const AddressNumber survivor = put_person(pool, "佐藤 一郎");
  const AddressNumber former = put_person(pool, "佐藤 市郎");
  const auto begin = [&](const AddressNumber& person) {
    return answer_of<wire::AcquisitionUnderWay>(
               pool.command(request(pool, wire::Acquire{person}), kMayor))
        .number;
  };
  const std::uint64_t first = begin(survivor);
  const std::uint64_t second = begin(former);
  answer_of<wire::Done>(pool.command(request(pool, wire::MergePersons{survivor, former}), kMayor));
  const auto counts = [&] {
    return answer_of<wire::SymbolCounts>(pool.command(request(pool, wire::CountSymbols{}), kMayor));
  };
  const std::uint64_t bound = counts().bound;
  pool.hand_over(kMayor, first, testing::kPersons);
  CHECK(counts().bound == bound + 1);
  CHECK(pool.told_operators.empty());
  pool.hand_over(kMayor, second, testing::kPersons + 1);  // two persons after all: for staff
  CHECK(counts().bound == bound + 1);
  CHECK(counts().under_way == 0);
  REQUIRE(pool.told_operators.size() == 1);
  CHECK(pool.told_operators[0].code == ErrorCode::kRowConflict);
}

TEST_CASE("merged persons share symbols, copies and flags under the survivor", "[tenant_vm]") {
  QuietPool pool;
  const AddressNumber survivor = put_person(pool, "佐藤 一郎");
  const AddressNumber former = put_person(pool, "佐藤 市郎");
  const Symbol symbol = *Symbol::from(pool.random.make<Salt>().view());
  answer_of<wire::Done>(pool.command(request(pool, wire::BindSymbol{former, symbol}), kMayor));
  answer_of<wire::Done>(pool.command(request(pool, hold(former)), kMayor));
  answer_of<wire::Done>(pool.command(request(pool, wire::MergePersons{survivor, former}), kMayor));
  for (const bool restarted : {false, true}) {
    if (restarted) pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
    CHECK(answer_of<wire::Flags>(pool.command(request(pool, wire::ShowFlags{survivor}), kMayor))
              .flags.size() == 1);
    CHECK(answer_of<wire::Done>(
              pool.command(request(pool, wire::BindSymbol{survivor, symbol}), kMayor))
              .count == 0);
    CHECK(answer_of<wire::Persons>(pool.command(request(pool, wire::ListPersons{}), kMayor))
              .persons.size() == 1);
  }
}
