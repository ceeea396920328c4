// Persons who turned out to be one (統合宛名).

#include <algorithm>
#include <optional>
#include <vector>

#include "nakadachi/tenant_vm/holding_values.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/quiet_pool.hpp"
#include "tests/support/staff_desk.hpp"

using namespace nakadachi;
using exchange::Outcome;
using storage::Section;
using testing::answer_of;
using testing::held_at;
using testing::hold;
using testing::kMayor;
using testing::Question;
using testing::QuietPool;
using testing::request;
using testing::Universe;

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

/// Puts a person of whom the town keeps symbol and copies into its 統合宛名 too.
void make_known(QuietPool& pool, const AddressNumber& person, std::size_t institution) {
  const std::size_t town = Universe::town_of(institution);
  crypto::TenantCipher cipher = pool.universe.cipher(town);
  const symbols::PersonRecord record{.number = person,
                                     .items = {.four = ichiro("佐藤 市郎"), .kana = {}},
                                     .business = {},
                                     .aliases = {}};
  const HoldingKey key = *tenant_vm::person_key(cipher, person);
  pool.store.put_holding(pool.universe.tenant(town),
                         {.section = Section::kPerson,
                          .key = key,
                          .value = *tenant_vm::seal_person(cipher, key, record, pool.random)});
  pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
}

/// Makes `former`, of whom the town keeps symbol and copies, one with a person just issued.
AddressNumber merge_away(QuietPool& pool, const AddressNumber& former, std::size_t institution) {
  make_known(pool, former, institution);
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
        pool.command(request(pool, testing::decide(held[0]), provider), provider));
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

TEST_CASE("a merge that fails leaves both persons as they were", "[tenant_vm]") {
  QuietPool pool;
  const Question question(pool);
  const AddressNumber former = question.person;
  make_known(pool, former, question.provider);
  const AddressNumber survivor = put_person(pool, "佐藤 一郎", question.provider);
  const auto change = [&](wire::AdminCommand command) {
    return pool.command(request(pool, std::move(command), question.provider), question.provider);
  };
  std::vector<wire::ChangeFlag> flags;  // together more than one person may have
  for (std::size_t i = 0; i < limits::kMaxFlagsPerPerson; ++i) {
    wire::ChangeFlag flag = hold(i % 2 == 0 ? former : survivor);
    flag.flag.period.until = Day::of(pool.now + static_cast<std::int64_t>(i + 2) * 86'400'000);
    flags.push_back(flag);
  }
  flags.push_back(hold(former));
  for (const wire::ChangeFlag& flag : flags) answer_of<wire::Done>(change(flag));
  const std::size_t changes = pool.store.changes().size();

  CHECK(change(wire::MergePersons{survivor, former}).error().code == ErrorCode::kTooManyItems);
  CHECK(pool.store.changes().size() == changes);
  pool.ask(Universe::system_of(question.query), {question.query});
  const auto held = held_at(pool, question.provider);
  REQUIRE(held.size() == 1);
  CHECK((held[0].person == former));
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
        pool.command(request(pool, testing::decide(held[0]), kProvider), kProvider));
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
  const bool at_once = GENERATE(false, true);  // else the first is durable before the second
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
  if (at_once) pool.on_append = testing::refuse_for_now;
  pool.hand_over(kMayor, first, testing::kPersons);
  CHECK(counts().bound == bound + (at_once ? 0 : 1));
  CHECK(pool.told_operators.empty());
  pool.hand_over(kMayor, second, testing::kPersons + 1);  // two persons after all: for staff
  pool.on_append = nullptr;
  pool.pass(testing::kRetryMs);
  CHECK(counts().bound == bound + 1);
  CHECK(counts().under_way == 0);
  REQUIRE(pool.told_operators.size() == 1);
  CHECK(pool.told_operators[0].code == ErrorCode::kRowConflict);
}

TEST_CASE("nothing is acquired for whom a symbol is on its way to the disk", "[tenant_vm]") {
  QuietPool pool;
  const AddressNumber survivor = put_person(pool, "佐藤 一郎");
  const AddressNumber former = put_person(pool, "佐藤 市郎");
  const auto begun = answer_of<wire::AcquisitionUnderWay>(
      pool.command(request(pool, wire::Acquire{former}), kMayor));
  answer_of<wire::Done>(pool.command(request(pool, wire::MergePersons{survivor, former}), kMayor));
  pool.on_append = testing::refuse_for_now;
  pool.hand_over(kMayor, begun.number, testing::kPersons);
  pool.send_command(kMayor, request(pool, wire::Acquire{survivor}));
  CHECK(pool.admin_replies.empty());
  pool.on_append = nullptr;
  pool.pass(testing::kRetryMs);
  REQUIRE(pool.admin_replies.size() == 1);
  REQUIRE_FALSE(pool.admin_replies[0].answer.ok());
  CHECK(pool.admin_replies[0].answer.error().code == ErrorCode::kAlreadyAcquired);
}

TEST_CASE("a symbol is bound to one person, also while a binding is on its way", "[tenant_vm]") {
  QuietPool pool;
  const AddressNumber one = put_person(pool, "佐藤 一郎");
  const AddressNumber other = put_person(pool, "佐藤 市郎");
  const Symbol symbol = *Symbol::from(pool.random.make<Salt>().view());
  pool.send_commands(kMayor, {request(pool, wire::BindSymbol{one, symbol}),
                              request(pool, wire::BindSymbol{other, symbol})});
  REQUIRE(pool.admin_replies.size() == 2);
  CHECK(pool.admin_replies[0].answer.ok());
  REQUIRE_FALSE(pool.admin_replies[1].answer.ok());
  CHECK(pool.admin_replies[1].answer.error().code == ErrorCode::kRowConflict);
}

TEST_CASE("two persons are one once that is durable, in everything", "[tenant_vm]") {
  QuietPool pool;
  const AddressNumber survivor = put_person(pool, "佐藤 一郎");
  const AddressNumber former = put_person(pool, "佐藤 市郎");
  answer_of<wire::Done>(pool.command(request(pool, hold(former)), kMayor));
  const auto flags_of = [&](const AddressNumber& person) {
    return answer_of<wire::Flags>(pool.command(request(pool, wire::ShowFlags{person}), kMayor))
        .flags.size();
  };
  const auto persons = [&] {
    return answer_of<wire::Persons>(pool.command(request(pool, wire::ListPersons{}), kMayor))
        .persons.size();
  };
  pool.on_append = testing::refuse_for_now;
  pool.send_command(kMayor, request(pool, wire::MergePersons{survivor, former}));
  CHECK(persons() == 2);
  CHECK(flags_of(survivor) == 0);
  CHECK(flags_of(former) == 1);
  // What is kept under the former number alone waits, so that it comes under the survivor's.
  const InformationKind kind = Question(pool).query.subject.kind;
  const copies::CopyContent copy{
      .layout_version = 1, .dataset = 9, .validity = {}, .items = {{1, "新しい値"}}};
  pool.send_commands(
      kMayor,
      {request(pool, wire::PutCopy{former, kind, *copies::encode(copy)}),
       request(pool, wire::BindSymbol{former, *Symbol::from(pool.random.make<Salt>().view())})});
  CHECK(pool.admin_replies.empty());
  pool.on_append = nullptr;
  pool.pass(testing::kRetryMs);
  REQUIRE(pool.admin_replies.size() == 3);
  for (const wire::AdminReply& reply : pool.admin_replies) CHECK(reply.answer.ok());
  for (const bool restarted : {false, true}) {
    if (restarted) pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
    CHECK(persons() == 1);
    CHECK(flags_of(survivor) == 1);
    CHECK(flags_of(former) == 1);
    CHECK(answer_of<wire::SymbolShown>(
              pool.command(request(pool, wire::ShowSymbol{survivor}), kMayor))
              .bound);
  }
  CHECK(answer_of<wire::Done>(pool.command(request(pool, wire::EraseCopy{survivor, kind}), kMayor))
            .count == 1);
}

TEST_CASE("what the store refuses of persons was never so, and can be asked for again",
          "[tenant_vm]") {
  QuietPool pool;
  const AddressNumber survivor = put_person(pool, "佐藤 一郎");
  const AddressNumber former = put_person(pool, "佐藤 市郎");
  answer_of<wire::Done>(pool.command(request(pool, hold(former)), kMayor));
  answer_of<wire::Done>(pool.command(
      request(pool, wire::BindSymbol{former, *Symbol::from(pool.random.make<Salt>().view())}),
      kMayor));
  const std::vector<wire::AdminRequest> requests = {
      request(pool, wire::MergePersons{survivor, former}),
      request(pool, wire::PutPerson{survivor, {.four = ichiro("佐藤 次郎"), .kana = {}}, {}}),
      request(pool, wire::PutPerson{{}, {.four = ichiro("佐藤 三郎"), .kana = {}}, {}})};
  const auto persons = [&] {
    return answer_of<wire::Persons>(pool.command(request(pool, wire::ListPersons{}), kMayor))
        .persons;
  };
  const auto before = persons();
  pool.on_append = [&](const storage::Train& train) {
    const bool of_persons = std::ranges::any_of(
        train.changes, [](const auto& change) { return change.section == Section::kPerson; });
    return of_persons ? storage::AppendResult{.commit = storage::Commit::kFailed,
                                              .error = {.code = ErrorCode::kStoreFailed}}
                      : pool.store.append(train);
  };
  for (const wire::AdminRequest& one : requests) {
    CHECK(pool.command(one, kMayor).error().code == ErrorCode::kStoreFailed);
  }
  CHECK(persons() == before);
  CHECK(answer_of<wire::Flags>(pool.command(request(pool, wire::ShowFlags{former}), kMayor))
            .flags.size() == 1);
  CHECK(answer_of<wire::SymbolShown>(pool.command(request(pool, wire::ShowSymbol{former}), kMayor))
            .bound);
  pool.on_append = nullptr;
  for (const wire::AdminRequest& one : requests) CHECK(pool.command(one, kMayor).ok());
  const auto after = persons();
  CHECK(after.size() == 2);
  pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
  CHECK(persons() == after);
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
