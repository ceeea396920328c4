// Symbols acquired, and wishes of other bodies that they be.

#include <algorithm>
#include <variant>

#include "nakadachi/tenant_vm/holding_values.hpp"
#include "nakadachi/wire/statements.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/quiet_pool.hpp"
#include "tests/support/staff_desk.hpp"

using namespace nakadachi;
using exchange::Outcome;
using storage::Section;
using testing::answer_of;
using testing::hold;
using testing::kMayor;
using testing::Question;
using testing::QuietPool;
using testing::request;
using testing::Universe;

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
  bool is_kept() const { return is_stored(asker); }
  /// Whether an acquisition is stored at the provider.
  bool is_begun() const { return is_stored(provider); }
  bool is_stored(std::size_t institution) const {
    const TenantId town = pool.universe.tenant(Universe::town_of(institution));
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
  CHECK_FALSE(lack.is_kept());
  CHECK(lack.arrived().size() == 1);
  CHECK(lack.under_way() == 1);
}

TEST_CASE("a wish held is followed as soon as it is clear whom it means", "[tenant_vm]") {
  QuietPool pool;
  Lack lack(pool);
  const bool doubled = GENERATE(false, true);
  std::vector<AddressNumber> same;
  if (doubled) same = {lack.put_person(), lack.put_person()};
  answer_of<wire::Done>(pool.command(lack.wish(), lack.asker));
  CHECK(lack.is_kept());
  CHECK_FALSE(lack.is_begun());
  if (doubled) {
    const wire::MergePersons merge{same[0], same[1]};
    answer_of<wire::Done>(pool.command(request(pool, merge, lack.provider), lack.provider));
  } else {
    lack.put_person();
  }
  CHECK(lack.is_begun());
  CHECK_FALSE(lack.is_kept());
  CHECK(lack.under_way() == 1);
  lack.put_person();  // changes nothing any more
  CHECK(lack.under_way() == 1);
}

TEST_CASE("a later wish for the same inquiry takes the place of the former", "[tenant_vm]") {
  QuietPool pool;
  Lack lack(pool);

  SECTION("whose acquisition has ended without a symbol") {
    const AddressNumber person = lack.put_person();
    answer_of<wire::Done>(pool.command(lack.wish(), lack.asker));
    CHECK(lack.under_way() == 1);
    const auto begun = answer_of<wire::AcquisitionUnderWay>(
        pool.command(request(pool, wire::Acquire{person}, lack.provider), lack.provider));
    pool.pass(begun.valid_until - pool.now + 10);
    CHECK(lack.under_way() == 0);
    CHECK_FALSE(lack.is_begun());
  }
  SECTION("that named other items") {
    symbols::FourItems elsewhere = hanako();
    elsewhere.home = *symbols::HomeAddress::parse("旧住所1");
    const wire::AskToAcquire wrong{lack.query.key, elsewhere};
    lack.put_person();
    answer_of<wire::Done>(pool.command(request(pool, wrong, lack.asker), lack.asker));
    CHECK(lack.under_way() == 0);
    CHECK(lack.is_kept());
    pool.pass(1'000);
  }
  answer_of<wire::Done>(pool.command(lack.wish(), lack.asker));
  CHECK(lack.under_way() == 1);
  CHECK(lack.is_begun());
  const auto arrived = lack.arrived();
  REQUIRE(arrived.size() == 1);
  CHECK(arrived[0].begun);
  CHECK_FALSE(lack.is_kept());
}

TEST_CASE("a late word on a former wish ends no later one", "[tenant_vm]") {
  QuietPool pool;
  Lack lack(pool);
  std::vector<wire::LinkItem> words;
  pool.on_item = [&](wire::LinkItem& item) {
    if (item.kind != exchange::StatementKind::kStatusReply) return true;
    words.push_back(item);
    return false;
  };
  lack.put_person();
  answer_of<wire::Done>(pool.command(lack.wish(), lack.asker));
  REQUIRE_FALSE(words.empty());
  const wire::LinkItem former = words.front();
  REQUIRE(wire::decode_status_reply(former.statement)->status == exchange::Status::kWishFollowed);
  pool.pass(1'000);
  words.clear();

  SECTION("that is durable") {
    answer_of<wire::Done>(pool.command(lack.wish(), lack.asker));
    pool.deliver({former});
  }
  SECTION("that is on its way to the disk") {
    pool.on_append = testing::refuse_for_now;
    pool.send_command(lack.asker, lack.wish());
    pool.deliver({former});
    pool.on_append = nullptr;
    pool.pass(testing::kRetryMs);
    REQUIRE(pool.admin_replies.size() == 1);
  }
  CHECK(lack.is_kept());
  REQUIRE_FALSE(words.empty());
  pool.deliver({words.back()});
  CHECK_FALSE(lack.is_kept());
}

TEST_CASE("what a wish has begun is found again when it and the node are gone", "[tenant_vm]") {
  QuietPool pool;
  Lack lack(pool);
  const AddressNumber person = lack.put_person();
  answer_of<wire::Done>(pool.command(lack.wish(), lack.asker));
  pool.pass(10'000);
  pool.start_node(pool.universe.node_setup({0, 1}, *pool.node_signer));
  CHECK(lack.arrived().empty());
  const auto at_provider = [&](wire::AdminCommand command) {
    return pool.command(request(pool, std::move(command), lack.provider), lack.provider);
  };
  const auto listed = [&] {
    return answer_of<wire::Acquisitions>(at_provider(wire::ListAcquisitions{}));
  };
  REQUIRE(listed().acquisitions.size() == 1);
  CHECK((listed().acquisitions[0].person == person));
  CHECK_FALSE(listed().next.has_value());
  // Under the survivor's number when the person is merged meanwhile.
  const AddressNumber survivor = lack.put_person();
  answer_of<wire::Done>(at_provider(wire::MergePersons{survivor, person}));
  CHECK((listed().acquisitions[0].person == survivor));
  const auto begun = answer_of<wire::AcquisitionUnderWay>(at_provider(wire::Acquire{survivor}));
  CHECK(begun.valid_until == listed().acquisitions[0].valid_until);
  pool.hand_over(lack.provider, begun.number, Universe::ordinal_of(lack.query.person));
  CHECK(listed().acquisitions.empty());
}

TEST_CASE("of persons made one the acquisition is listed whose number is told", "[tenant_vm]") {
  QuietPool pool;
  const auto at_mayor = [&](wire::AdminCommand command) {
    return pool.command(request(pool, std::move(command)), kMayor);
  };
  const auto put = [&] {
    const wire::PutPerson person{{}, {.four = hanako(), .kana = {}}, {}};
    return answer_of<wire::PersonPut>(at_mayor(person)).number;
  };
  const auto acquire = [&](const AddressNumber& person) {
    return answer_of<wire::AcquisitionUnderWay>(at_mayor(wire::Acquire{person}));
  };
  const auto listed = [&] {
    return answer_of<wire::Acquisitions>(at_mayor(wire::ListAcquisitions{})).acquisitions;
  };
  const AddressNumber survivor = put();
  const AddressNumber former = put();
  const auto begun = acquire(survivor);
  pool.pass(1'000);
  acquire(former);
  CHECK(listed().size() == 2);
  answer_of<wire::Done>(at_mayor(wire::MergePersons{survivor, former}));
  REQUIRE(listed().size() == 1);
  CHECK(listed()[0].person == survivor);
  CHECK(listed()[0].valid_until == begun.valid_until);
  pool.hand_over(kMayor, begun.number, testing::kPersons);
  CHECK(listed().empty());  // the other lapses: nobody is to hand it over
}

TEST_CASE("acquisitions under way are listed page by page", "[tenant_vm]") {
  QuietPool pool;
  constexpr std::size_t kPersons = limits::kMaxAcquisitionsListed + 1;
  for (std::size_t i = 0; i < kPersons; ++i) {
    const AddressNumber person = Universe::address_of(kMayor, testing::kPersons + i);
    answer_of<wire::AcquisitionUnderWay>(
        pool.command(request(pool, wire::Acquire{person}), kMayor));
  }
  wire::ListAcquisitions list;
  std::size_t listed = 0;
  std::vector<std::size_t> pages;
  do {
    const auto page = answer_of<wire::Acquisitions>(pool.command(request(pool, list), kMayor));
    pages.push_back(page.acquisitions.size());
    for (const wire::Acquisition& one : page.acquisitions) {
      CHECK((one.person == Universe::address_of(kMayor, testing::kPersons + listed++)));
    }
    list.after = page.next;
  } while (list.after);
  CHECK((pages == std::vector{limits::kMaxAcquisitionsListed, std::size_t{1}}));
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

TEST_CASE("a wish is confirmed once its own row is durable, and again however busy the town is",
          "[tenant_vm]") {
  QuietPool pool;
  Lack lack(pool);
  lack.put_person();
  std::size_t told = 0;
  pool.on_item = [&](wire::LinkItem& item) {
    const bool is_word = item.kind == exchange::StatementKind::kStatusReply;
    return !is_word || ++told > 1;  // the first is lost
  };
  answer_of<wire::Done>(pool.command(lack.wish(), lack.asker));
  CHECK(lack.under_way() == 1);
  CHECK(told == 1);  // without another wish
  pool.on_append = testing::refuse_for_now;
  const wire::AdminRequest other =
      request(pool, hold(Universe::address_of(lack.provider, 1)), lack.provider);
  pool.send_command(lack.provider, other);  // on its way to the disk from now on
  CHECK(pool.admin_replies.empty());
  pool.pass(3'000);
  CHECK(told > 1);
  pool.on_append = nullptr;
  pool.pass(testing::kRetryMs);
  CHECK_FALSE(lack.is_kept());
}

TEST_CASE("a wish is not confirmed while its acquisition is not stored", "[tenant_vm]") {
  QuietPool pool;
  Lack lack(pool);
  lack.put_person();
  const TenantId town = pool.universe.tenant(Universe::town_of(lack.provider));
  std::vector<wire::LinkItem> wishes;
  std::size_t told = 0;
  pool.on_item = [&](wire::LinkItem& item) {
    if (item.kind == exchange::StatementKind::kAcquisitionRequest) wishes.push_back(item);
    if (item.kind == exchange::StatementKind::kStatusReply) ++told;
    return true;
  };
  const bool lane_lost = GENERATE(false, true);
  bool refused = false;
  pool.on_append = [&](const storage::Train& train) -> storage::AppendResult {
    const bool acquires = !train.changes.empty() && train.changes[0].tenant == town;
    if (!acquires || refused) return pool.store.append(train);
    refused = true;
    return {storage::Commit::kFailed,
            {.code = lane_lost ? ErrorCode::kLaneLost : ErrorCode::kInternal},
            0};
  };
  answer_of<wire::Done>(pool.command(lack.wish(), lack.asker));
  REQUIRE(refused);
  CHECK(pool.lanes_given_up.size() == (lane_lost ? 1 : 0));
  CHECK(told == 0);
  REQUIRE_FALSE(wishes.empty());
  pool.deliver({wishes.front()});
  CHECK(lack.is_begun() != lane_lost);
  CHECK((told > 0) != lane_lost);
}

TEST_CASE("a wish waits for a symbol of the person that is on its way to the disk", "[tenant_vm]") {
  QuietPool pool;
  Lack lack(pool);
  std::vector<wire::LinkItem> wishes;
  std::size_t told = 0;
  pool.on_item = [&](wire::LinkItem& item) {
    if (item.kind == exchange::StatementKind::kAcquisitionRequest) wishes.push_back(item);
    if (item.kind == exchange::StatementKind::kStatusReply) ++told;
    return item.kind != exchange::StatementKind::kAcquisitionRequest;
  };
  answer_of<wire::Done>(pool.command(lack.wish(), lack.asker));
  REQUIRE_FALSE(wishes.empty());
  const auto at_provider = [&](wire::AdminCommand command) {
    return pool.command(request(pool, std::move(command), lack.provider), lack.provider);
  };
  const AddressNumber former = lack.put_person();
  const auto begun = answer_of<wire::AcquisitionUnderWay>(at_provider(wire::Acquire{former}));
  answer_of<wire::Done>(at_provider(wire::MergePersons{lack.put_person(), former}));
  pool.on_append = testing::refuse_for_now;
  pool.hand_over(lack.provider, begun.number, testing::kPersons);
  pool.deliver({wishes.front()});
  CHECK(told == 0);
  pool.on_append = nullptr;
  pool.pass(testing::kRetryMs);
  pool.deliver({wishes.front()});
  CHECK(told > 0);
  CHECK(lack.under_way() == 0);
  CHECK_FALSE(lack.is_begun());
}

TEST_CASE("a permit waits for its person's symbol that is on its way to the disk", "[tenant_vm]") {
  QuietPool pool;
  Lack lack(pool);
  const std::size_t person = Universe::ordinal_of(lack.query.person);
  const auto begun = answer_of<wire::AcquisitionUnderWay>(pool.command(
      request(pool, wire::Acquire{Universe::address_of(lack.provider, person)}, lack.provider),
      lack.provider));
  bool away = true;
  pool.on_append = [&](const storage::Train& train) {
    return away && !train.changes.empty() ? testing::refuse_for_now(train)
                                          : pool.store.append(train);
  };
  pool.hand_over(lack.provider, begun.number, person);
  exchange::Query again = lack.query;
  again.key = make_request_key(pool.now, pool.random);
  CHECK(pool.ask(lack.asker, {again}).empty());
  away = false;
  pool.pass(testing::kRetryMs);
  REQUIRE_FALSE(pool.replies.empty());
  CHECK(pool.replies.back().key == again.key);
  CHECK(pool.replies.back().outcome == Outcome::kNoData);
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
  lack.put_person();  // too late
  CHECK_FALSE(lack.is_begun());
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
