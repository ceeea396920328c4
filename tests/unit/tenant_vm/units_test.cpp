// What rows are metered with, by who caused them (docs/metering.md).

#include <algorithm>
#include <map>

#include "nakadachi/metering/usage.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/opened_rows.hpp"
#include "tests/support/quiet_pool.hpp"
#include "tests/support/staff_desk.hpp"

namespace nakadachi::tenant_vm {
namespace {

using exchange::Outcome;
using exchange::StatementKind;
using storage::Step;
using testing::kMayor;
using testing::provider_of;
using testing::QuietPool;
using testing::request;
using testing::Universe;

/// A pool that notes the size of every statement on its way, the last of each kind.
struct MeasuredPool : QuietPool {
  MeasuredPool() {
    on_item = [this](wire::LinkItem& item) {
      bytes[item.kind] = static_cast<std::uint32_t>(item.statement.size());
      return true;
    };
  }
  std::map<StatementKind, std::uint32_t> bytes;
};

/// The units of the one row of this step.
Units units_of(const QuietPool& pool, Step step) {
  const auto rows = *testing::open_rows(pool.universe, pool.store);
  const auto is_one = [step](const testing::OpenedRow& row) { return row.stored.step == step; };
  REQUIRE(std::ranges::count_if(rows, is_one) == 1);
  return std::ranges::find_if(rows, is_one)->stored.units;
}

/// The provider's staff have to decide on this query from now on.
void hold(QuietPool& pool, const exchange::Query& query) {
  const std::size_t provider = provider_of(pool, query);
  const AddressNumber person = Universe::address_of(provider, query.person.reveal() % 1'000'000);
  const wire::ChangeFlag flag{
      .person = person, .flag = {copies::FlagSort::kHeld, {}, {}}, .set = true};
  REQUIRE(pool.command(request(pool, flag, provider), provider).ok());
}

void release(QuietPool& pool, const exchange::Query& query) {
  const std::size_t provider = provider_of(pool, query);
  const auto held = pool.command(request(pool, wire::ListHeld{}, provider), provider);
  const auto& requests = std::get<wire::HeldRequests>(*held).requests;
  REQUIRE(requests.size() == 1);
  REQUIRE(pool.command(request(pool, testing::decide(requests.front()), provider), provider).ok());
}

/// Asks between bodies, as most queries are.
exchange::Query query_of_another_body(QuietPool& pool) {
  while (true) {
    exchange::Query query = pool.query_for(Outcome::kAnswered);
    const std::size_t asker = Universe::town_of(Universe::system_of(query));
    if (asker != Universe::town_of(provider_of(pool, query))) return query;
  }
}

TEST_CASE("a question counts at its asker as its own, at its provider as answered", "[tenant_vm]") {
  MeasuredPool pool;
  const exchange::Query query = query_of_another_body(pool);
  REQUIRE(pool.ask(query).outcome == Outcome::kAnswered);
  const std::uint32_t inquiry = pool.bytes.at(StatementKind::kInquiry);
  const std::uint32_t permit = pool.bytes.at(StatementKind::kPermit);
  const std::uint32_t provision = pool.bytes.at(StatementKind::kProvision);
  CHECK(units_of(pool, Step::kAsked) ==
        Units{.cause = Cause::kOwnQuery, .persons = 1, .messages_out = 1, .bytes_out = inquiry});
  CHECK(units_of(pool, Step::kProvided) == Units{.cause = Cause::kAnswered,
                                                 .persons = 1,
                                                 .messages_in = 1,
                                                 .messages_out = 1,
                                                 .bytes_in = permit,
                                                 .bytes_out = provision});
  CHECK(units_of(pool, Step::kConcluded) ==
        Units{.cause = Cause::kOwnQuery, .messages_in = 1, .bytes_in = provision});
}

TEST_CASE("what has to be sent again is counted once", "[tenant_vm]") {
  MeasuredPool pool;
  std::map<StatementKind, int> lost;
  pool.on_item = [&](wire::LinkItem& item) {
    pool.bytes[item.kind] = static_cast<std::uint32_t>(item.statement.size());
    const bool is_step = item.kind == StatementKind::kInquiry ||
                         item.kind == StatementKind::kPermit ||
                         item.kind == StatementKind::kProvision;
    return !is_step || ++lost[item.kind] > 2;
  };
  const exchange::Query query = query_of_another_body(pool);
  pool.ask(Universe::system_of(query), {query});
  pool.pass(50'000);
  REQUIRE_FALSE(pool.replies.empty());
  REQUIRE(pool.replies.back().outcome == Outcome::kAnswered);
  for (const auto& [kind, times] : lost) CHECK(times > 2);
  const std::uint32_t provision = pool.bytes.at(StatementKind::kProvision);
  CHECK(units_of(pool, Step::kAsked).messages_out == 1);
  CHECK(units_of(pool, Step::kAsked).bytes_out == pool.bytes.at(StatementKind::kInquiry));
  CHECK(units_of(pool, Step::kProvided).messages_in == 1);
  CHECK(units_of(pool, Step::kProvided).messages_out == 1);
  CHECK(units_of(pool, Step::kProvided).bytes_out == provision);
  CHECK(units_of(pool, Step::kConcluded).messages_in == 1);
  CHECK(units_of(pool, Step::kConcluded).bytes_in == provision);
}

TEST_CASE("what staff decide on is counted as approval, its permit on the row of the hold alone",
          "[tenant_vm]") {
  MeasuredPool pool;
  const exchange::Query query = query_of_another_body(pool);
  hold(pool, query);
  pool.ask(Universe::system_of(query), {query});
  release(pool, query);
  REQUIRE(pool.replies.size() == 1);
  CHECK(units_of(pool, Step::kHeld) == Units{.cause = Cause::kApproval,
                                             .persons = 1,
                                             .messages_in = 1,
                                             .bytes_in = pool.bytes.at(StatementKind::kPermit)});
  CHECK(units_of(pool, Step::kProvided) ==
        Units{.cause = Cause::kApproval,
              .messages_out = 1,
              .bytes_out = pool.bytes.at(StatementKind::kProvision)});
}

TEST_CASE("a refusal is counted where it was said", "[tenant_vm]") {
  MeasuredPool pool;
  SECTION("by the asker itself: a person, and nothing has travelled") {
    pool.ask(pool.query_for(Outcome::kRefused, ErrorCode::kAffairNotAllowed));
    CHECK(units_of(pool, Step::kConcluded) == Units{.cause = Cause::kOwnQuery, .persons = 1});
  }
  SECTION("by the core: what it said has come in") {
    pool.ask(pool.query_for(Outcome::kProviderHoldsNoSymbol));
    CHECK(units_of(pool, Step::kConcluded) ==
          Units{.cause = Cause::kOwnQuery,
                .messages_in = 1,
                .bytes_in = pool.bytes.at(StatementKind::kRefusal)});
  }
}

TEST_CASE("within one body everything is its own query and nothing has travelled", "[tenant_vm]") {
  MeasuredPool pool;
  exchange::Query query = pool.universe.make_query(0, pool.now, pool.random);
  while (!Universe::is_within_body(query) || pool.universe.waits_for_staff(query) ||
         pool.universe.expected(query).outcome != Outcome::kAnswered) {
    query = pool.universe.make_query(0, pool.now, pool.random);
  }
  const bool held = GENERATE(false, true);
  if (held) {
    hold(pool, query);
    pool.ask(Universe::system_of(query), {query});
    release(pool, query);
    CHECK(units_of(pool, Step::kHeld) == Units{.cause = Cause::kOwnQuery, .persons = 1});
  } else {
    pool.ask(query);
  }
  CHECK(pool.bytes.empty());
  const std::uint16_t persons = held ? 0 : 1;
  CHECK(units_of(pool, Step::kAsked) == Units{.cause = Cause::kOwnQuery, .persons = 1});
  CHECK(units_of(pool, Step::kProvided) == Units{.cause = Cause::kOwnQuery, .persons = persons});
  CHECK(units_of(pool, Step::kConcluded) == Units{.cause = Cause::kOwnQuery});
}

TEST_CASE("what a body outside the pool asks is counted as outside, up to the bill's totals",
          "[tenant_vm]") {
  MeasuredPool pool;
  const exchange::Query query = query_of_another_body(pool);
  const TenantId asker = pool.universe.tenant(Universe::town_of(Universe::system_of(query)));
  const TenantId provider = pool.universe.tenant(Universe::town_of(provider_of(pool, query)));
  NodeSetup setup = pool.universe.node_setup({0, 1}, *pool.node_signer);
  std::erase(setup.members, asker);
  pool.start_node(std::move(setup));
  const bool held = GENERATE(false, true);
  if (held) {
    hold(pool, query);
    pool.ask(Universe::system_of(query), {query});
    release(pool, query);
    CHECK(units_of(pool, Step::kHeld).cause == Cause::kOutside);
  } else {
    pool.ask(query);
  }
  CHECK(units_of(pool, Step::kProvided).cause == Cause::kOutside);
  CHECK(units_of(pool, Step::kAsked).cause == Cause::kOwnQuery);

  metering::Rollup rollup;
  const auto rows = *testing::open_rows(pool.universe, pool.store);
  for (const testing::OpenedRow& row : rows) {
    const TenantId tenant = pool.universe.tenant(row.town);
    REQUIRE(rollup.fold(tenant, row.stored.exchange, row.stored.units).ok());
  }
  const Day today = metering::day_of(make_exchange_id(pool.now, Digest()));
  const auto totals = *metering::month_totals(rollup, metering::Month::of(today));
  const auto& at_provider = totals.at(provider);
  REQUIRE(at_provider.size() == 1);
  const metering::Sums& outside = at_provider.at(Cause::kOutside);
  CHECK(outside.rows == (held ? 2 : 1));
  CHECK(outside.persons == 1);
  CHECK(outside.messages_in == 1);
  CHECK(outside.messages_out == 1);
  CHECK(outside.bytes_in == pool.bytes.at(StatementKind::kPermit));
  CHECK(outside.bytes_out == pool.bytes.at(StatementKind::kProvision));
  CHECK(totals.at(asker).size() == 1);
  CHECK(totals.at(asker).contains(Cause::kOwnQuery));
}

// Changes of holdings ---------------------------------------------------------

/// The changes that are not in `before`.
std::vector<storage::StoredChange> changes_since(const QuietPool& pool, std::size_t institution,
                                                 std::size_t& before) {
  std::vector<storage::StoredChange> all;
  const TenantId tenant = pool.universe.tenant(Universe::town_of(institution));
  for (const auto& [name, change] : pool.store.changes()) {
    if (name.first == tenant) all.push_back(change);
  }
  std::ranges::sort(all, {}, &storage::StoredChange::number);
  all.erase(all.begin(),
            all.begin() + static_cast<std::ptrdiff_t>(std::exchange(before, all.size())));
  return all;
}

std::uint32_t plain_size(const QuietPool& pool, std::size_t institution,
                         const storage::StoredChange& change) {
  const TenantId tenant = pool.universe.tenant(Universe::town_of(institution));
  const Bytes& value = pool.store.holdings().at({tenant, change.section, change.key});
  return static_cast<std::uint32_t>(value.size() - crypto::TenantCipher::kOverhead);
}

TEST_CASE("a notice of a symbol is one message with its own bytes, however often it comes",
          "[tenant_vm]") {
  MeasuredPool pool;
  std::optional<wire::LinkItem> notice;
  pool.on_item = [&](wire::LinkItem& item) {
    if (item.kind == StatementKind::kSymbolNotice) notice = item;
    return true;
  };
  const std::size_t newcomer = testing::kPersons;
  std::size_t seen = 0;
  const auto answer =
      pool.command(request(pool, wire::Acquire{Universe::address_of(kMayor, newcomer)}), kMayor);
  const auto begun = changes_since(pool, kMayor, seen);
  REQUIRE(begun.size() == 1);
  CHECK(begun[0].units == Units{.cause = Cause::kSymbols,
                                .messages_in = 1,
                                .bytes_in = plain_size(pool, kMayor, begun[0])});

  pool.hand_over(kMayor, std::get<wire::AcquisitionUnderWay>(*answer).number, newcomer);
  REQUIRE(pool.universe.binds(pool.store, kMayor, newcomer));
  REQUIRE(notice.has_value());
  const auto ended = changes_since(pool, kMayor, seen);
  REQUIRE(ended.size() == 2);
  CHECK(ended[0].section == storage::Section::kSymbol);
  CHECK(ended[0].units == Units{.cause = Cause::kSymbols});
  CHECK(ended[1].section == storage::Section::kAcquisition);
  CHECK(ended[1].units == Units{.cause = Cause::kSymbols,
                                .messages_in = 1,
                                .bytes_in = static_cast<std::uint32_t>(notice->statement.size())});
  pool.deliver({*notice});
  CHECK(changes_since(pool, kMayor, seen).empty());
}

TEST_CASE("an acquisition that lapses brings no message", "[tenant_vm]") {
  QuietPool pool;
  std::size_t seen = 0;
  const auto answer = pool.command(
      request(pool, wire::Acquire{Universe::address_of(kMayor, testing::kPersons)}), kMayor);
  changes_since(pool, kMayor, seen);
  pool.pass(std::get<wire::AcquisitionUnderWay>(*answer).valid_until - pool.now + 10);
  const auto lapsed = changes_since(pool, kMayor, seen);
  REQUIRE(lapsed.size() == 1);
  CHECK(lapsed[0].units == Units{.cause = Cause::kSymbols});
}

TEST_CASE("a request of staff is one message, however much it changes", "[tenant_vm]") {
  QuietPool pool;
  std::size_t seen = 0;
  const auto kind = *InformationKind::parse("TM00000000000002");
  const copies::CopyContent fresh{
      .layout_version = 1, .dataset = 2, .validity = {}, .items = {{1, "x"}}};
  const wire::PutCopy put{Universe::address_of(kMayor, 1), kind, *copies::encode(fresh)};
  REQUIRE(pool.command(request(pool, put), kMayor).ok());
  const auto registered = changes_since(pool, kMayor, seen);
  REQUIRE(registered.size() == 1);
  CHECK(registered[0].units == Units{.cause = Cause::kHoldings,
                                     .messages_in = 1,
                                     .bytes_in = plain_size(pool, kMayor, registered[0])});

  REQUIRE(pool.command(request(pool, wire::EndFullLoad{kind, 2, 1}), kMayor).ok());
  const auto erased = changes_since(pool, kMayor, seen);
  REQUIRE(erased.size() > 10);
  std::size_t messages = 0;
  for (const storage::StoredChange& change : erased) {
    CHECK(change.units.bytes_in == 0);
    messages += change.units.messages_in;
  }
  CHECK(messages == 1);
}

TEST_CASE("what another body's wish begins is symbol work, or a matter from outside the pool",
          "[tenant_vm]") {
  const bool member = GENERATE(true, false);
  MeasuredPool pool;
  const exchange::Query query = pool.query_for(exchange::Outcome::kProviderHoldsNoSymbol);
  const std::size_t asker = Universe::system_of(query);
  std::size_t provider = 0;
  while (pool.universe.institution(provider) != query.subject.provider) ++provider;
  if (!member) {
    NodeSetup setup = pool.universe.node_setup({0, 1}, *pool.node_signer);
    std::erase(setup.members, pool.universe.tenant(Universe::town_of(asker)));
    pool.start_node(std::move(setup));
  }
  const symbols::FourItems items{.name = *symbols::PersonName::parse("山田 花子"),
                                 .birth_date = *symbols::BirthDate::parse("1980-04-02"),
                                 .sex = symbols::Sex::kFemale,
                                 .home = *symbols::HomeAddress::parse("北海道札幌市中央区1")};
  REQUIRE(pool.ask(query).concluded);
  std::size_t seen = 0;
  const wire::PutPerson person{{}, {.four = items, .kana = {}}, {}};
  REQUIRE(pool.command(request(pool, person, provider), provider).ok());
  changes_since(pool, provider, seen);
  const wire::AskToAcquire wish{query.key, items};
  REQUIRE(pool.command(request(pool, wish, asker), asker).ok());
  const auto begun = changes_since(pool, provider, seen);
  REQUIRE(begun.size() == 1);
  CHECK(begun[0].units == Units{.cause = member ? Cause::kSymbols : Cause::kOutside,
                                .messages_in = 1,
                                .bytes_in = pool.bytes.at(StatementKind::kAcquisitionRequest)});
}

}  // namespace
}  // namespace nakadachi::tenant_vm
