#include "nakadachi/tenant_vm/node_core.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include "nakadachi/wire/statements.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/catcher.hpp"
#include "tests/support/opened_rows.hpp"
#include "tests/support/quiet_pool.hpp"
#include "tests/support/refused_apart.hpp"

using namespace nakadachi;
using exchange::Outcome;
using exchange::StatementKind;
using testing::Catcher;
using testing::QuietPool;

namespace {

/// The one row there is: a refusal of what was never asked, in the town that asked.
struct Refused {
  ExchangeId exchange;
  wire::StoredContent content;
  exchange::Conclusion conclusion;
};
Refused only_refusal(const QuietPool& pool, const exchange::Query& query) {
  const auto rows = *testing::open_rows(pool.universe, pool.store);
  REQUIRE(rows.size() == 1);
  const testing::OpenedRow& row = rows.front();
  CHECK(row.town == testing::Universe::town_of(testing::Universe::system_of(query)));
  CHECK(row.stored.step == storage::Step::kConcluded);
  CHECK(row.stored.outcome == static_cast<std::uint16_t>(Outcome::kRefused));
  CHECK(row.content.key == query.key);
  const auto conclusion = *wire::decode_conclusion(row.content.statement);
  CHECK(conclusion.request_hash == Digest());
  CHECK(conclusion.outcome == Outcome::kRefused);
  return {row.stored.exchange, row.content, conclusion};
}

/// The row of the only step of its kind.
testing::OpenedRow only_row(const QuietPool& pool, storage::Step step) {
  const auto rows = *testing::open_rows(pool.universe, pool.store);
  const auto is_it = [step](const auto& row) { return row.stored.step == step; };
  REQUIRE(std::ranges::count_if(rows, is_it) == 1);
  return *std::ranges::find_if(rows, is_it);
}

}  // namespace

// The exchange ----------------------------------------------------------------

TEST_CASE("every outcome reaches the client and both towns' rows", "[tenant_vm]") {
  QuietPool pool;
  const auto outcome = GENERATE(Outcome::kAnswered, Outcome::kNoData);
  const exchange::Query query = pool.query_for(outcome);
  const exchange::Reply reply = pool.ask(query);
  CHECK(reply.concluded);
  CHECK(reply.outcome == outcome);
  CHECK(reply.answer == pool.universe.expected(query).answer);
  CHECK(pool.store.rows().size() == 3);
  CHECK(pool.node->counts().provided == 1);
  CHECK(pool.node->counts().concluded == 1);
  CHECK(pool.node->open_exchanges() == 0);
}

TEST_CASE("asker and provider record the same request, and when it was made and answered",
          "[tenant_vm]") {
  QuietPool pool;
  const auto outcome = GENERATE(Outcome::kAnswered, Outcome::kNoData);
  const exchange::Query query = pool.query_for(outcome);
  const Timestamp before = pool.now;
  pool.on_item = [&](wire::LinkItem& item) {  // so that no two times are equal by chance
    if (item.kind != StatementKind::kStatusQuery) ++pool.now.ms;
    return true;
  };
  const exchange::Reply reply = pool.ask(query);

  const auto asked = only_row(pool, storage::Step::kAsked);
  const auto inquiry = *wire::decode_inquiry(asked.content.statement);
  const auto provided = only_row(pool, storage::Step::kProvided);
  const auto provision = *wire::decode_provision(provided.content.statement);
  const auto permit = *wire::decode_permit(provided.content.permit);
  const auto concluded = only_row(pool, storage::Step::kConcluded);
  const auto conclusion = *wire::decode_conclusion(concluded.content.statement);
  CHECK(inquiry.asked_at == before);

  CHECK(provided.town != asked.town);
  CHECK(provided.stored.outcome == static_cast<std::uint16_t>(outcome));
  CHECK(permit.subject == query.subject);
  CHECK(permit.asked_at == inquiry.asked_at);
  CHECK(permit.legal_item != 0);
  CHECK(permit.request_hash == wire::request_hash(asked.content.statement));
  CHECK(provision.permit_hash == wire::permit_hash(provided.content.permit));
  CHECK(provision.request_hash == permit.request_hash);
  CHECK(provision.asker == query.subject.asker);
  CHECK(provision.provider == query.subject.provider);
  CHECK(provision.outcome == outcome);
  CHECK(provision.provided_at > inquiry.asked_at);
  CHECK(provision.provided_at < conclusion.concluded_at);

  CHECK(concluded.town == asked.town);
  CHECK(conclusion.request_hash == permit.request_hash);
  CHECK(conclusion.subject == permit.subject);
  CHECK(conclusion.asked_at == permit.asked_at);
  CHECK(conclusion.legal_item == permit.legal_item);
  CHECK(conclusion.legal_item == reply.legal_item);
  CHECK(conclusion.provided_at == provision.provided_at);
  CHECK(conclusion.provision_leaf == provided.stored.leaf);
}

TEST_CASE("where nobody provided, the asker's record has no time of it", "[tenant_vm]") {
  QuietPool pool;
  pool.ask(pool.query_for(Outcome::kProviderHoldsNoSymbol));
  const auto concluded = only_row(pool, storage::Step::kConcluded);
  const auto conclusion = *wire::decode_conclusion(concluded.content.statement);
  CHECK(conclusion.provided_at == Timestamp());
  CHECK(conclusion.provision_leaf == Digest());
}

TEST_CASE("that the provider holds no symbol is told by the core, without a row of the provider",
          "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kProviderHoldsNoSymbol);
  const exchange::Reply reply = pool.ask(query);
  CHECK(reply.concluded);
  CHECK(reply.outcome == Outcome::kProviderHoldsNoSymbol);
  CHECK(pool.store.rows().size() == 2);
  CHECK(pool.node->counts().provided == 0);
}

TEST_CASE("what law and rights forbid is refused and recorded at the asker only", "[tenant_vm]") {
  QuietPool pool;
  const auto reason = GENERATE(ErrorCode::kNotInLegalTable, ErrorCode::kAffairNotAllowed,
                               ErrorCode::kInstitutionNotAllowed, ErrorCode::kSymbolNotAcquired);
  const exchange::Reply reply = pool.ask(pool.query_for(Outcome::kRefused, reason));
  CHECK(reply.concluded);
  CHECK(reply.outcome == Outcome::kRefused);
  CHECK(reply.code == reason);
  const auto& rows = pool.store.rows();
  CHECK(std::count_if(rows.begin(), rows.end(), [](const auto& row) {
          return row.second.step == storage::Step::kConcluded;
        }) == 1);
  CHECK(std::none_of(rows.begin(), rows.end(),
                     [](const auto& row) { return row.second.step == storage::Step::kProvided; }));
}

TEST_CASE("a batch of queries is answered as a batch", "[tenant_vm]") {
  QuietPool pool;
  std::vector<exchange::Query> queries;
  while (queries.size() < 100) {
    exchange::Query query = pool.universe.make_query(0, pool.now, pool.random);
    if (pool.universe.waits_for_staff(query) || testing::Universe::is_live(query)) continue;
    queries.push_back(std::move(query));
  }
  const auto replies = pool.ask(0, queries);
  CHECK(replies.size() == queries.size());
  CHECK(pool.node->counts().trains < 20);
}

// Replays ---------------------------------------------------------------------

TEST_CASE("the same question again gets the stored answer and no new rows", "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  const exchange::Reply first = pool.ask(query);
  const auto rows = pool.store.rows();
  CHECK(pool.ask(query) == first);
  CHECK(pool.store.rows() == rows);
  CHECK(pool.node->counts().accepted == 1);
}

TEST_CASE("the same key with another question is an error, open or settled", "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  exchange::Query other = pool.query_for(Outcome::kAnswered);
  while (testing::Universe::system_of(other) != testing::Universe::system_of(query) ||
         other.person == query.person) {
    other = pool.query_for(Outcome::kAnswered);
  }
  other.key = query.key;

  SECTION("settled") { pool.ask(query); }
  SECTION("open") {
    Catcher catcher(pool, StatementKind::kPermit, false);
    pool.ask(testing::Universe::system_of(query), {query});
  }
  pool.on_item = [](wire::LinkItem&) { return true; };
  const std::size_t rows = pool.store.rows().size();
  const Timestamp since = pool.now;
  for (int time = 0; time < 2; ++time) {
    const exchange::Reply reply = pool.ask(other);
    CHECK_FALSE(reply.concluded);
    CHECK(reply.code == ErrorCode::kSameKeyOtherContent);
    CHECK(pool.store.rows().size() == rows + 1);  // the refusal, beside what has the key
  }
  testing::expect_refused_apart(pool, other, ErrorCode::kSameKeyOtherContent, since);
}

TEST_CASE("an answer asked for long after comes from the store", "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  const exchange::Reply first = pool.ask(query);
  pool.pass(2 * limits::kDedupeWindowMs);
  CHECK(pool.ask(query) == first);
  CHECK(pool.node->counts().accepted == 1);
  const std::size_t rows = pool.store.rows().size();

  exchange::Query other = query;
  other.subject.section += " 別";
  const Timestamp since = pool.now;
  CHECK(pool.ask(other).code == ErrorCode::kSameKeyOtherContent);
  CHECK(pool.store.rows().size() == rows + 1);
  testing::expect_refused_apart(pool, other, ErrorCode::kSameKeyOtherContent, since);
}

TEST_CASE("a permit repeated is honoured once", "[tenant_vm]") {
  QuietPool pool;
  Catcher catcher(pool, StatementKind::kPermit, true);
  pool.ask(pool.query_for(Outcome::kAnswered));
  const auto rows = pool.store.rows();
  pool.deliver({*catcher.caught});
  CHECK(pool.store.rows() == rows);
  CHECK(pool.node->counts().provided == 1);
}

// Turned away before anything is asked ------------------------------------------

TEST_CASE("who is not registered is told so", "[tenant_vm]") {
  QuietPool pool;
  const auto replies = pool.ask(90, {pool.query_for(Outcome::kAnswered)});
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].code == ErrorCode::kUnknownKey);
  CHECK(pool.store.rows().empty());
}

TEST_CASE("an unknown address number looks the same whoever knows the person", "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query known_elsewhere =
      pool.query_for(Outcome::kRefused, ErrorCode::kSymbolNotAcquired);
  exchange::Query known_nowhere = known_elsewhere;
  known_nowhere.key = make_request_key(pool.now, pool.random);
  known_nowhere.person = testing::Universe::address_of(
      testing::Universe::system_of(known_elsewhere), testing::kPersons + 1);
  const exchange::Reply first = pool.ask(known_elsewhere);
  exchange::Reply second = pool.ask(known_nowhere);
  CHECK(first.concluded);
  CHECK(first.code == ErrorCode::kSymbolNotAcquired);
  second.key = first.key;
  CHECK(first == second);
  CHECK(pool.store.rows().size() == 2);
}

TEST_CASE("a question from a far time is refused, and each such time recorded for today",
          "[tenant_vm]") {
  QuietPool pool;
  exchange::Query query = pool.query_for(Outcome::kAnswered);
  const std::int64_t far_ms = 1000 * limits::kMaxClockSkewMs;
  const std::int64_t off_ms =
      GENERATE_COPY(limits::kMaxClockSkewMs + 1'000, -limits::kMaxClockSkewMs - 1, far_ms, -far_ms);
  query.key = make_request_key(pool.now + off_ms, pool.random);
  for (int time = 0; time < 3; ++time) {  // within one unit of 64 seconds: one row
    const exchange::Reply reply = pool.ask(query);
    CHECK_FALSE(reply.concluded);
    CHECK(reply.code == ErrorCode::kClockSkew);
  }
  const auto refused = only_refusal(pool, query);
  CHECK(refused.conclusion.reason == ErrorCode::kClockSkew);
  CHECK(bucket_of(refused.exchange) == bucket_of(pool.now));

  pool.pass(64'000);
  if (std::abs(off_ms) < far_ms) return;
  CHECK(pool.ask(query).code == ErrorCode::kClockSkew);
  CHECK(pool.store.rows().size() == 2);
}

TEST_CASE("a query the door could not read is told why, counted, and leaves nothing",
          "[tenant_vm]") {
  QuietPool pool;
  const auto why = GENERATE(ErrorCode::kWrongLength, ErrorCode::kUnknownEnumValue,
                            ErrorCode::kWrongCheckDigit, ErrorCode::kPersonalNumberPresent);
  const RequestKey key = make_request_key(pool.now, pool.random);
  const exchange::Reply reply = pool.ask_unreadable(key, why);
  CHECK(reply.key == key);
  CHECK(reply.code == why);
  CHECK_FALSE(reply.concluded);
  CHECK(pool.errors(why) == 1);
  CHECK(pool.store.rows().empty());
  CHECK(pool.node->open_exchanges() == 0);
}

TEST_CASE("a question to a provider nobody knows is refused and recorded", "[tenant_vm]") {
  QuietPool pool;
  exchange::Query query = pool.query_for(Outcome::kAnswered);
  query.subject.provider = *InstitutionCode::parse("9999999999999999");
  const exchange::Reply reply = pool.ask(query);
  CHECK(reply.concluded);
  CHECK(reply.outcome == Outcome::kRefused);
  CHECK(reply.code == ErrorCode::kUnknownInstitution);
  const auto refused = only_refusal(pool, query);
  CHECK(refused.conclusion.reason == ErrorCode::kUnknownInstitution);
  CHECK(refused.conclusion.subject == query.subject);
  CHECK(pool.ask(query) == reply);
  CHECK(pool.store.rows().size() == 1);
}

TEST_CASE("a refusal where no symbol is known names the person by the town's own number",
          "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kRefused, ErrorCode::kSymbolNotAcquired);
  CHECK(pool.ask(query).outcome == Outcome::kRefused);
  const auto refused = only_refusal(pool, query);
  CHECK(refused.conclusion.symbol == Symbol());
  CHECK((refused.content.within_body == query.person));
}

TEST_CASE("what is turned away for want of room leaves no row", "[tenant_vm]") {
  QuietPool pool;
  tenant_vm::NodeSetup setup = pool.universe.node_setup({0, 1}, *pool.node_signer);
  for (auto& partition : setup.partitions) {
    partition.quota.rate_per_s = 1;
    partition.quota.burst = 1;
  }
  pool.start_node(std::move(setup));
  std::vector<exchange::Query> queries;
  while (queries.size() < 3) {
    queries.push_back(pool.query_for(Outcome::kRefused, ErrorCode::kAffairNotAllowed));
    if (testing::Universe::system_of(queries.back()) != 0) queries.pop_back();
  }
  const auto replies = pool.ask(0, queries);
  REQUIRE(replies.size() == 3);
  CHECK(pool.errors(ErrorCode::kRateLimited) == 2);
  CHECK(only_refusal(pool, queries[0]).conclusion.reason == ErrorCode::kAffairNotAllowed);
}

TEST_CASE("a flood from one town is shed and leaves another's share alone", "[tenant_vm]") {
  QuietPool pool;
  // The store takes nothing for now, so that the queues fill.
  pool.on_append = [](const storage::Train&) {
    return storage::AppendResult{storage::Commit::kFailed,
                                 Error{.code = ErrorCode::kStoreUnavailable}, std::nullopt};
  };
  std::vector<exchange::Query> flood;
  for (std::size_t i = 0; i < 3 * limits::kMaxQueuedPerTenant; ++i) {
    flood.push_back(pool.universe.make_query(0, pool.now, pool.random));
  }
  pool.ask(0, flood);
  CHECK(pool.errors(ErrorCode::kQueueFull) > 0);
  const std::uint64_t turned_away = pool.errors(ErrorCode::kQueueFull);
  std::vector<exchange::Query> quiet;
  for (int i = 0; i < 50; ++i) quiet.push_back(pool.universe.make_query(2, pool.now, pool.random));
  pool.ask(2, quiet);
  CHECK(pool.errors(ErrorCode::kQueueFull) == turned_away);
  CHECK(pool.store.rows().empty());
}

// The store's troubles ------------------------------------------------------------

TEST_CASE("nothing leaves and nobody is told until an unknown commit is known", "[tenant_vm]") {
  QuietPool pool;
  const bool applied = GENERATE(true, false);
  int appends = 0;
  pool.on_append = [&](const storage::Train& train) {
    if (++appends > 1) return pool.store.append(train);
    if (applied) static_cast<void>(pool.store.append(train));
    return storage::AppendResult{storage::Commit::kUnknown,
                                 Error{.code = ErrorCode::kCommitUnknown}, std::nullopt};
  };
  const exchange::Reply reply = pool.ask(pool.query_for(Outcome::kAnswered));
  CHECK(reply.outcome == Outcome::kAnswered);
  CHECK(pool.store.rows().size() == 3);
}

TEST_CASE("a row that fails alone is split out, the rest of its train goes", "[tenant_vm]") {
  QuietPool pool;
  const bool told_which = GENERATE(true, false);
  std::optional<ExchangeId> poisoned;
  pool.on_append = [&](const storage::Train& train) -> storage::AppendResult {
    if (!poisoned && train.rows.size() > 5) poisoned = train.rows[3].exchange;
    for (std::size_t i = 0; i < train.rows.size(); ++i) {
      if (train.rows[i].exchange != poisoned) continue;
      return {storage::Commit::kFailed, Error{.code = ErrorCode::kStoreFailed},
              told_which ? std::optional(i) : std::nullopt};
    }
    return pool.store.append(train);
  };
  std::vector<exchange::Query> queries;
  while (queries.size() < 20) {
    const exchange::Query query = pool.query_for(Outcome::kAnswered);
    if (testing::Universe::system_of(query) == 0) queries.push_back(query);
  }
  const auto replies = pool.ask(0, queries);
  REQUIRE(replies.size() == 20);
  CHECK(std::count_if(replies.begin(), replies.end(), [](const auto& reply) {
          return reply.concluded && reply.outcome == Outcome::kAnswered;
        }) == 19);
  CHECK(std::count_if(replies.begin(), replies.end(), [](const auto& reply) {
          return !reply.concluded && reply.code == ErrorCode::kStoreFailed;
        }) == 1);
}

TEST_CASE("a lane that was lost is given up and its clients are told to ask again", "[tenant_vm]") {
  QuietPool pool;
  static_cast<void>(pool.store.take_lane({1}, "another"));
  exchange::Query query = pool.query_for(Outcome::kAnswered);
  while (testing::Universe::system_of(query) > 1) query = pool.query_for(Outcome::kAnswered);
  const exchange::Reply reply = pool.ask(query);
  CHECK(reply.code == ErrorCode::kOutcomeUnknown);
  CHECK(pool.lanes_given_up == std::vector<LaneId>{{1}});
  CHECK(pool.store.rows().empty());
  CHECK(pool.ask(query).code == ErrorCode::kStoreUnavailable);
}
