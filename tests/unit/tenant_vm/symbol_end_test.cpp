// Symbols that end, or turn out to be another person's.

#include <optional>

#include "nakadachi/tenant_vm/holding_values.hpp"
#include "tests/support/catch.hpp"
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

namespace {

const AddressNumber kNobodyYet = *AddressNumber::from_number(900'000'000'000'042);

/// A query from one town to the other, so by symbols, that is answered from a registered copy or by
/// the provider's business system.
exchange::Query query_between(const QuietPool& pool, SeededRandom& random, bool live) {
  while (true) {
    exchange::Query query =
        pool.universe.make_query(random.below(testing::kInstitutions), pool.now, random);
    const bool fits = pool.universe.expected(query).outcome == Outcome::kAnswered &&
                      Universe::is_live(query) == live && !pool.universe.waits_for_staff(query) &&
                      Universe::town_of(testing::provider_of(pool, query)) !=
                          Universe::town_of(Universe::system_of(query));
    if (fits) return query;
  }
}

struct Between {
  explicit Between(QuietPool& of, bool live = false)
      : pool(of),
        query(query_between(of, of.random, live)),
        provider(testing::provider_of(of, query)),
        ordinal(Universe::ordinal_of(query.person)),
        person(Universe::address_of(provider, ordinal)) {}

  wire::AdminRequest of_provider(wire::AdminCommand command) const {
    return request(pool, std::move(command), provider);
  }
  Result<wire::AdminAnswer> change(wire::AdminCommand command) const {
    return pool.command(of_provider(std::move(command)), provider);
  }
  std::uint32_t done(wire::AdminCommand command) const {
    return answer_of<wire::Done>(change(std::move(command))).count;
  }
  exchange::Query again() const {
    exchange::Query same = query;
    same.key = make_request_key(pool.now, pool.random);
    return same;
  }
  std::vector<exchange::Reply> ask_again() const {
    const exchange::Query same = again();
    return pool.ask(Universe::system_of(same), {same});
  }
  std::optional<AddressNumber> holder() const {
    const Symbol symbol = pool.universe.symbol_of(provider, ordinal);
    return answer_of<wire::SymbolShown>(change(wire::ShowSymbol{symbol})).person;
  }
  void restart() const { pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer)); }

  QuietPool& pool;
  exchange::Query query;
  std::size_t provider;
  std::size_t ordinal;
  AddressNumber person;  ///< at the provider
};

}  // namespace

TEST_CASE("an ended symbol is nobody's, here and after a restart, until it is taken over again",
          "[tenant_vm]") {
  QuietPool pool;
  const Between question(pool);
  CHECK(question.ask_again().at(0).outcome == Outcome::kAnswered);
  CHECK(question.done(wire::EndSymbol{question.person}) == 1);
  for (const bool restarted : {false, true}) {
    if (restarted) question.restart();
    CHECK_FALSE(question.holder());
    CHECK(question.ask_again().at(0).outcome == Outcome::kProviderHoldsNoSymbol);
    CHECK(question.done(wire::EndSymbol{question.person}) == 0);
  }
  const Symbol symbol = pool.universe.symbol_of(question.provider, question.ordinal);
  CHECK(question.done(wire::BindSymbol{question.person, symbol}) == 1);
  CHECK(question.ask_again().at(0).outcome == Outcome::kAnswered);
}

TEST_CASE("an institution does not ask about whom its symbol has ended", "[tenant_vm]") {
  QuietPool pool;
  const Between question(pool);
  const std::size_t asker = Universe::system_of(question.query);
  answer_of<wire::Done>(
      pool.command(request(pool, wire::EndSymbol{question.query.person}, asker), asker));
  const auto replies = question.ask_again();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].outcome == Outcome::kRefused);
  CHECK(replies[0].code == ErrorCode::kSymbolNotAcquired);
}

TEST_CASE("who ended a symbol, and why, is in the journal, the symbol nowhere", "[tenant_vm]") {
  QuietPool pool;
  const Between question(pool);
  CHECK(question.done(wire::EndSymbol{question.person}) == 1);
  const std::size_t town = Universe::town_of(question.provider);
  REQUIRE(pool.store.changes().size() == 1);
  const auto& [name, change] = *pool.store.changes().begin();
  CHECK(name.first == pool.universe.tenant(town));
  CHECK(change.section == storage::Section::kSymbol);
  CHECK(change.erase);
  CHECK(change.units.cause == Cause::kSymbols);
  CHECK_FALSE(pool.store.holdings().contains({name.first, change.section, change.key}));
  crypto::TenantCipher cipher = pool.universe.cipher(town);
  const auto opened = cipher.open(
      {.table = "change", .column = "record", .row = change.change.view()}, change.record);
  REQUIRE(opened.ok());
  const auto record = copies::decode_change(*opened);
  REQUIRE(record.ok());
  CHECK(record->operation == copies::Operation::kDelete);
  CHECK(record->reason.who() == "窓口 一郎");
}

TEST_CASE("a permit waits for the end of its person's symbol that is on its way to the disk",
          "[tenant_vm]") {
  QuietPool pool;
  const Between question(pool);
  const bool moved = GENERATE(false, true);
  bool away = true;
  pool.on_append = [&](const storage::Train& train) {
    return away && !train.changes.empty() ? testing::refuse_for_now(train)
                                          : pool.store.append(train);
  };
  wire::AdminCommand command = wire::EndSymbol{question.person};
  if (moved) command = wire::MoveSymbol{question.person, kNobodyYet};
  pool.send_command(question.provider, question.of_provider(std::move(command)));
  CHECK(question.ask_again().empty());
  away = false;
  pool.pass(testing::kRetryMs);
  REQUIRE_FALSE(pool.replies.empty());
  CHECK(pool.replies.back().outcome ==
        (moved ? Outcome::kNoData : Outcome::kProviderHoldsNoSymbol));
}

TEST_CASE("what is held for staff is answered when its person's symbol ends", "[tenant_vm]") {
  QuietPool pool;
  const Between question(pool);
  answer_of<wire::Done>(question.change(hold(question.person)));
  CHECK(pool.ask(Universe::system_of(question.query), {question.query}).empty());
  REQUIRE(held_at(pool, question.provider).size() == 1);

  SECTION("at once") { CHECK(question.done(wire::EndSymbol{question.person}) == 1); }
  SECTION("after a restart, had the node died before it was recorded") {
    pool.on_append = [&](const storage::Train& train) {
      return train.changes.empty() ? testing::refuse_for_now(train) : pool.store.append(train);
    };
    CHECK(question.done(wire::EndSymbol{question.person}) == 1);
    pool.on_append = nullptr;
    question.restart();
  }
  CHECK(held_at(pool, question.provider).empty());
  CHECK(pool.ask(question.query).outcome == Outcome::kProviderHoldsNoSymbol);
}

TEST_CASE("what is held is not answered for a symbol that cannot be read", "[tenant_vm]") {
  QuietPool pool;
  const Between question(pool);
  answer_of<wire::Done>(question.change(hold(question.person)));
  CHECK(pool.ask(Universe::system_of(question.query), {question.query}).empty());
  const std::size_t town = Universe::town_of(question.provider);
  crypto::TenantCipher cipher = pool.universe.cipher(town);
  const InstitutionCode code = pool.universe.institution(question.provider);
  pool.store.put_holding(pool.universe.tenant(town),
                         {.section = storage::Section::kSymbol,
                          .key = *tenant_vm::symbol_key(cipher, code, question.person),
                          .value = Bytes(64)});
  question.restart();
  pool.pass(5'000);
  CHECK(pool.ask(question.query).code == ErrorCode::kHeld);
  pool.pass(61'000);
  CHECK(pool.ask(question.query).outcome == Outcome::kLapsed);
}

TEST_CASE("what waits for a business system is answered when its person's symbol ends",
          "[tenant_vm]") {
  QuietPool pool;
  const Between question(pool, true);
  pool.hand_over_live(question.provider, {});
  CHECK(question.ask_again().empty());
  REQUIRE(pool.questions.size() == 1);
  CHECK(question.done(wire::EndSymbol{question.person}) == 1);
  pool.pass(5'000);
  REQUIRE_FALSE(pool.replies.empty());
  CHECK(pool.replies.back().outcome == Outcome::kProviderHoldsNoSymbol);
}

TEST_CASE("what waits for a business system waits for its person's symbol that is on its way back",
          "[tenant_vm]") {
  QuietPool pool;
  const Between question(pool, true);
  pool.hand_over_live(question.provider, {});
  CHECK(question.ask_again().empty());
  REQUIRE(pool.questions.size() == 1);
  const exchange::HandOver answer{
      .request = pool.questions[0].request,
      .content = *copies::encode(*pool.universe.live_answer(pool.questions[0]))};
  CHECK(question.done(wire::EndSymbol{question.person}) == 1);
  pool.on_append = testing::refuse_for_now;
  const Symbol symbol = pool.universe.symbol_of(question.provider, question.ordinal);
  pool.send_command(question.provider,
                    question.of_provider(wire::BindSymbol{question.person, symbol}));
  pool.pass(5'000);
  pool.on_append = nullptr;
  pool.pass(testing::kRetryMs);
  CHECK(question.holder() == question.person);
  pool.hand_over_live(question.provider, {answer});
  REQUIRE_FALSE(pool.replies.empty());
  CHECK(pool.replies.back().outcome == Outcome::kAnswered);
}

TEST_CASE("no answer about one person is given out once the symbol is another's", "[tenant_vm]") {
  QuietPool pool;
  const Between question(pool, true);
  const bool released = GENERATE(false, true);  // by staff, about the former
  if (released) answer_of<wire::Done>(question.change(hold(question.person)));
  answer_of<wire::Done>(question.change(hold(kNobodyYet)));
  pool.hand_over_live(question.provider, {});
  CHECK(question.ask_again().empty());
  if (released) {
    const auto held = held_at(pool, question.provider);
    REQUIRE(held.size() == 1);
    pool.send_command(question.provider, question.of_provider(testing::decide(held[0])));
    CHECK(pool.admin_replies.empty());
  }
  REQUIRE(pool.questions.size() == 1);
  const exchange::HandOver answer{
      .request = pool.questions[0].request,
      .content = *copies::encode(*pool.universe.live_answer(pool.questions[0]))};
  const bool in_time = GENERATE(false, true);  // the answer, but it waits behind the move
  bool away = true;
  pool.on_append = [&](const storage::Train& train) {
    return away ? testing::refuse_for_now(train) : pool.store.append(train);
  };
  pool.send_command(question.provider,
                    question.of_provider(wire::MoveSymbol{question.person, kNobodyYet}));
  if (in_time) pool.hand_over_live(question.provider, {answer});
  away = false;
  pool.pass(testing::kRetryMs);
  CHECK(question.holder() == kNobodyYet);
  pool.hand_over_live(question.provider, {answer});
  pool.pass(61'000);
  CHECK(pool.questions.size() == 1);
  CHECK(pool.errors(ErrorCode::kNoLongerKept) >= 1);
  REQUIRE_FALSE(pool.replies.empty());
  CHECK(pool.replies.back().outcome == Outcome::kLapsed);
  CHECK(held_at(pool, question.provider).empty());
}

TEST_CASE("what staff have decided about one person counts for nobody else", "[tenant_vm]") {
  QuietPool pool;
  const Between question(pool);
  answer_of<wire::Done>(question.change(hold(question.person)));
  CHECK(pool.ask(Universe::system_of(question.query), {question.query}).empty());
  const auto shown = held_at(pool, question.provider);
  REQUIRE(shown.size() == 1);
  CHECK(question.done(wire::MoveSymbol{question.person, kNobodyYet}) == 2);
  const auto refusal = GENERATE(std::optional<ErrorCode>(), ErrorCode::kUnderCorrection);
  CHECK(question.change(testing::decide(shown[0], refusal)).error().code ==
        ErrorCode::kAnotherPerson);
  const auto is_now = held_at(pool, question.provider);
  REQUIRE(is_now.size() == 1);
  CHECK(is_now[0].person == kNobodyYet);
  CHECK(question.done(testing::decide(is_now[0], refusal)) == 1);
  REQUIRE_FALSE(pool.replies.empty());
  CHECK(pool.replies.back().outcome == (refusal ? Outcome::kRefused : Outcome::kNoData));
}

TEST_CASE("a symbol bound to the wrong person is bound to the right one", "[tenant_vm]") {
  QuietPool pool;
  const Between question(pool);
  answer_of<wire::Done>(question.change(hold(kNobodyYet)));
  CHECK(question.done(wire::MoveSymbol{question.person, kNobodyYet}) == 2);
  for (const bool restarted : {false, true}) {
    if (restarted) question.restart();
    CHECK(question.holder() == kNobodyYet);
    CHECK_FALSE(
        answer_of<wire::SymbolShown>(question.change(wire::ShowSymbol{question.person})).bound);
  }
  CHECK(question.ask_again().empty());  // the right person's flag counts
  const auto held = held_at(pool, question.provider);
  REQUIRE(held.size() == 1);
  CHECK(held[0].person == kNobodyYet);

  CHECK(question.done(wire::MoveSymbol{kNobodyYet, question.person}) == 2);
  const auto is_now = held_at(pool, question.provider);
  REQUIRE(is_now.size() == 1);  // still for staff, about the other
  CHECK(is_now[0].person == question.person);
  CHECK(question.done(testing::decide(is_now[0])) == 1);
  REQUIRE_FALSE(pool.replies.empty());
  CHECK(pool.replies.back().answer == pool.universe.expected(question.query).answer);
}

TEST_CASE("a symbol is moved only where one is, to whom has none", "[tenant_vm]") {
  QuietPool pool;
  const Between question(pool);
  const auto refusal = [&](const AddressNumber& from, const AddressNumber& to) {
    return question.change(wire::MoveSymbol{from, to}).error().code;
  };
  const Symbol another = *Symbol::from(pool.random.make<Salt>().view());
  CHECK(refusal(kNobodyYet, question.person) == ErrorCode::kSymbolNotAcquired);
  CHECK(question.done(wire::BindSymbol{kNobodyYet, another}) == 1);
  CHECK(refusal(kNobodyYet, question.person) == ErrorCode::kRowConflict);
  CHECK(question.done(wire::MoveSymbol{question.person, question.person}) == 0);
  CHECK(question.holder() == question.person);
}

TEST_CASE("a symbol whose end is on its way can be taken over behind it", "[tenant_vm]") {
  QuietPool pool;
  const Between question(pool);
  const Symbol symbol = pool.universe.symbol_of(question.provider, question.ordinal);
  pool.send_commands(question.provider,
                     {question.of_provider(wire::EndSymbol{question.person}),
                      question.of_provider(wire::BindSymbol{kNobodyYet, symbol})});
  REQUIRE(pool.admin_replies.size() == 2);
  CHECK(pool.admin_replies[0].answer.ok());
  CHECK(pool.admin_replies[1].answer.ok());
  CHECK(question.holder() == kNobodyYet);
}
