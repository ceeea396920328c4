// What staff decide and change, and who may.

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "tests/support/catch.hpp"
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
  CHECK(pool.command(request(pool, wire::Decide{{}, question.person, {}}, question.provider),
                     question.provider)
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
    wire::AdminRequest decision = request(pool, testing::decide(held[0]), question.provider);
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
