// What a node does not believe, or not take for what it is about.

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "nakadachi/wire/proven_batch.hpp"
#include "nakadachi/wire/statements.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/catcher.hpp"

using namespace nakadachi;
using exchange::Outcome;
using exchange::StatementKind;
using testing::Catcher;
using testing::QuietPool;

namespace {

/// Signs a statement as the core would, with any key.
wire::LinkItem notice(StatementKind kind, const InstitutionCode& to, Bytes statement,
                      const crypto::Signer& signer, Timestamp now) {
  wire::LinkItem item;
  item.kind = kind;
  item.to = to;
  item.statement = std::move(statement);
  wire::BatchBuilder batch;
  batch.add(std::move(item));
  std::uint64_t number = 0;
  return batch.sign(crypto::BatchPurpose::kNotices, number, now, signer).front();
}

/// A permit on its way to the provider, decoded, not delivered.
struct HeldPermit {
  explicit HeldPermit(QuietPool& pool) {
    Catcher catcher(pool, StatementKind::kPermit, false);
    const exchange::Query query = pool.query_for(Outcome::kAnswered);
    pool.ask(testing::Universe::system_of(query), {query});
    item = *catcher.caught;
    permit = *wire::decode_permit(item.statement);
    pool.on_item = [](wire::LinkItem&) { return true; };
  }
  wire::LinkItem item;
  exchange::Permit permit;
};

/// The outcome the provider has on record, when it has one.
std::optional<Outcome> provided_outcome(const QuietPool& pool) {
  const auto& rows = pool.store.rows();
  const auto provided = std::find_if(rows.begin(), rows.end(), [](const auto& row) {
    return row.second.step == storage::Step::kProvided;
  });
  if (provided == rows.end()) return std::nullopt;
  return static_cast<Outcome>(provided->second.outcome);
}

}  // namespace

TEST_CASE("a permit that was signed by somebody else is not believed", "[tenant_vm]") {
  QuietPool pool;
  const HeldPermit held(pool);
  const auto stranger = pool.universe.make_signer("gateway");
  pool.deliver(
      {notice(StatementKind::kPermit, held.item.to, held.item.statement, *stranger, pool.now)});
  CHECK(pool.errors(ErrorCode::kSignatureInvalid) == 1);
  CHECK(pool.node->counts().provided == 0);
}

TEST_CASE("a permit that was changed on the way is not believed", "[tenant_vm]") {
  QuietPool pool;
  const HeldPermit held(pool);
  exchange::Permit changed = held.permit;
  changed.valid_until = changed.valid_until + 1;
  wire::LinkItem item = held.item;
  item.statement = wire::encode(changed);
  pool.deliver({item});
  CHECK(pool.errors(ErrorCode::kProofInvalid) == 1);
  CHECK(pool.node->counts().provided == 0);
}

TEST_CASE("a permit that comes too late is not honoured, and recorded as lapsed", "[tenant_vm]") {
  QuietPool pool;
  const HeldPermit held(pool);
  pool.on_item = [](wire::LinkItem& item) { return item.kind != StatementKind::kPermit; };
  SECTION("while the asker still waits") { pool.now = held.permit.valid_until + 1; }
  SECTION("when the asker was told so") {
    pool.pass(120'000);
    REQUIRE(pool.replies.size() == 1);
    CHECK(pool.replies[0].outcome == Outcome::kLapsed);
    CHECK_FALSE(provided_outcome(pool).has_value());
  }
  SECTION("when its id is no longer remembered") { pool.pass(2 * limits::kDedupeWindowMs); }
  pool.deliver({held.item});
  CHECK(pool.errors(ErrorCode::kPermitExpired) == 1);
  CHECK(provided_outcome(pool) == Outcome::kLapsed);
  REQUIRE(pool.replies.size() == 1);
  CHECK(pool.replies[0].outcome == Outcome::kLapsed);

  // Once more, it is known.
  const std::size_t rows = pool.store.rows().size();
  pool.deliver({held.item});
  CHECK(pool.errors(ErrorCode::kPermitExpired) == 1);
  CHECK(pool.store.rows().size() == rows);
}

TEST_CASE("a permit that waits too long for its turn is recorded as lapsed", "[tenant_vm]") {
  QuietPool pool;
  const HeldPermit held(pool);
  // A change of the person's flags is on its way, and the store does not answer.
  const std::size_t provider = held.permit.subject.provider.number() % 100'000;
  bool stuck = true;
  pool.on_append = [&](const storage::Train& train) {
    if (!stuck) return pool.store.append(train);
    return storage::AppendResult{storage::Commit::kFailed,
                                 Error{.code = ErrorCode::kStoreUnavailable}, std::nullopt};
  };
  const auto [institution, person] = pool.universe.about(held.permit);
  REQUIRE(institution == provider);
  pool.send_command(provider, {.key = make_request_key(pool.now, pool.random),
                               .institution = pool.universe.institution(provider),
                               .who = "窓口 一郎",
                               .why = "届出による",
                               .command = wire::ChangeFlag{
                                   .person = testing::Universe::address_of(provider, person),
                                   .flag = {copies::FlagSort::kHeld, {}, {}},
                                   .set = true}});
  pool.deliver({held.item});
  pool.pass(held.permit.valid_until - pool.now + 1);
  CHECK_FALSE(provided_outcome(pool).has_value());
  stuck = false;
  pool.pass(5'000);
  CHECK(provided_outcome(pool) == Outcome::kLapsed);
  REQUIRE_FALSE(pool.replies.empty());
  CHECK(pool.replies.back().outcome == Outcome::kLapsed);
}

TEST_CASE("a permit from the future is not honoured", "[tenant_vm]") {
  QuietPool pool;
  HeldPermit held(pool);
  held.permit.issued_at = pool.now + limits::kMaxClockSkewMs + 1'000;
  pool.deliver({notice(StatementKind::kPermit, held.item.to, wire::encode(held.permit),
                       pool.universe.core_signer(), pool.now)});
  CHECK(pool.errors(ErrorCode::kClockSkew) == 1);
  CHECK(pool.node->counts().provided == 0);
}

TEST_CASE("the same permit with other content is an error", "[tenant_vm]") {
  QuietPool pool;
  Catcher catcher(pool, StatementKind::kPermit, true);
  pool.ask(pool.query_for(Outcome::kAnswered));
  exchange::Permit other = *wire::decode_permit(catcher.caught->statement);
  other.subject.non_disclosure = !other.subject.non_disclosure;
  pool.deliver({notice(StatementKind::kPermit, catcher.caught->to, wire::encode(other),
                       pool.universe.core_signer(), pool.now)});
  CHECK(pool.errors(ErrorCode::kSameKeyOtherContent) == 1);
  CHECK(pool.node->counts().provided == 1);
}

TEST_CASE("the provider judges for itself what the core permits", "[tenant_vm]") {
  QuietPool pool;
  HeldPermit held(pool);
  held.permit.subject.kind = *InformationKind::parse("TM00000000000009");
  pool.deliver({notice(StatementKind::kPermit, held.item.to, wire::encode(held.permit),
                       pool.universe.core_signer(), pool.now)});
  const auto& rows = pool.store.rows();
  const auto provided = std::find_if(rows.begin(), rows.end(), [](const auto& row) {
    return row.second.step == storage::Step::kProvided;
  });
  REQUIRE(provided != rows.end());
  CHECK(provided->second.outcome == static_cast<std::uint16_t>(Outcome::kRefused));
}

TEST_CASE("a provision for another request, or opened by another, is not taken", "[tenant_vm]") {
  QuietPool pool;
  std::vector<wire::LinkItem> provisions;
  pool.on_item = [&](wire::LinkItem& item) {
    if (item.kind != StatementKind::kProvision) return true;
    provisions.push_back(item);
    return false;
  };
  for (int i = 0; i < 2; ++i) {
    const exchange::Query query = pool.query_for(Outcome::kAnswered);
    pool.ask(testing::Universe::system_of(query), {query});
  }
  REQUIRE(provisions.size() == 2);
  pool.on_item = [](wire::LinkItem&) { return true; };

  // The second answer under the first one's name, properly signed by the provider's node.
  exchange::Provision first = *wire::decode_provision(provisions[0].statement);
  const exchange::Provision second = *wire::decode_provision(provisions[1].statement);
  first.sealed_answer = second.sealed_answer;
  wire::LinkItem forged = provisions[0];
  forged.statement = wire::encode(first);
  wire::BatchBuilder batch;
  batch.add(forged);
  std::uint64_t number = 0;
  pool.deliver(batch.sign(crypto::BatchPurpose::kResend, number, pool.now, *pool.node_signer));
  CHECK(pool.errors(ErrorCode::kSealedToAnother) == 1);
  CHECK(pool.node->counts().concluded == 0);
  pool.deliver(provisions);
  CHECK(pool.node->counts().concluded == 2);
}

namespace {

/// The other institution of its body.
InstitutionCode neighbour_of(const QuietPool& pool, const InstitutionCode& code) {
  for (std::size_t i = 0; i < testing::kInstitutions; ++i) {
    if (pool.universe.institution(i) == code) return pool.universe.institution(i ^ 1U);
  }
  return code;
}

/// As its node would sign it for `institution`.
std::vector<wire::LinkItem> signed_by_node(const QuietPool& pool, wire::LinkItem item,
                                           const InstitutionCode& institution,
                                           crypto::BatchPurpose purpose) {
  for (const auto& town : pool.universe.node_setup({0, 1}, *pool.node_signer).partitions) {
    for (const auto& one : town.institutions) {
      if (one.code != institution) continue;
      item.delegation = std::make_shared<const crypto::Delegation>(one.delegation);
    }
  }
  wire::BatchBuilder batch;
  batch.add(std::move(item));
  std::uint64_t number = 0;
  return batch.sign(purpose, number, pool.now, *pool.node_signer);
}

}  // namespace

TEST_CASE("an answer between other institutions than asked is for another request", "[tenant_vm]") {
  QuietPool pool;
  Catcher catcher(pool, StatementKind::kProvision, false);
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  pool.ask(testing::Universe::system_of(query), {query});
  const auto rows = pool.store.rows();

  exchange::Provision other = *wire::decode_provision(catcher.caught->statement);
  SECTION("another provider") { other.provider = neighbour_of(pool, other.provider); }
  SECTION("another asker") { other.asker = neighbour_of(pool, other.asker); }
  wire::LinkItem forged = *catcher.caught;
  forged.statement = wire::encode(other);
  pool.deliver(
      signed_by_node(pool, std::move(forged), other.provider, crypto::BatchPurpose::kResend));
  CHECK(pool.errors(ErrorCode::kPermitForAnotherRequest) == 1);
  CHECK(pool.store.rows() == rows);

  pool.deliver({*catcher.caught});
  CHECK(pool.node->counts().concluded == 1);
}

TEST_CASE("a provider that judged by another table is noticed by the asker", "[tenant_vm]") {
  QuietPool pool;
  Catcher catcher(pool, StatementKind::kProvision, false);
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  pool.ask(testing::Universe::system_of(query), {query});
  const std::uint64_t noticed_before = pool.errors(ErrorCode::kLawDiffers);

  exchange::Provision provision = *wire::decode_provision(catcher.caught->statement);
  const bool differs = GENERATE(false, true);
  if (differs) ++provision.law;
  wire::LinkItem item = *catcher.caught;
  item.statement = wire::encode(provision);
  pool.told_operators.clear();  // the core judges by another, too
  pool.deliver(
      signed_by_node(pool, std::move(item), provision.provider, crypto::BatchPurpose::kResend));
  CHECK(pool.errors(ErrorCode::kLawDiffers) == noticed_before + (differs ? 1 : 0));
  REQUIRE(pool.told_operators.size() == (differs ? 1 : 0));
  if (differs) {
    using tenant_vm::LawDifference;
    REQUIRE(pool.told_operators[0].law.has_value());
    CHECK(pool.told_operators[0].institution == provision.asker);
    CHECK(pool.told_operators[0].law->judge == LawDifference::Judge::kProvider);
    CHECK(pool.told_operators[0].law->asks);
    CHECK(pool.told_operators[0].law->counterpart == provision.provider);
  }
  CHECK(pool.node->counts().concluded == 1);  // the asker's own table allowed it
}

TEST_CASE("what became of a request is told by its provider only", "[tenant_vm]") {
  QuietPool pool;
  const HeldPermit held(pool);
  const auto rows = pool.store.rows();
  const exchange::StatusReply told{.request_hash = held.permit.request_hash,
                                   .asker = held.permit.subject.asker,
                                   .provider = neighbour_of(pool, held.permit.subject.provider),
                                   .status = exchange::Status::kLapsed,
                                   .at = pool.now};
  wire::LinkItem item;
  item.kind = StatementKind::kStatusReply;
  item.to = held.permit.subject.asker;
  item.statement = wire::encode(told);
  pool.deliver(signed_by_node(pool, std::move(item), told.provider, crypto::BatchPurpose::kStatus));
  CHECK(pool.errors(ErrorCode::kPermitForAnotherRequest) == 1);
  CHECK(pool.store.rows() == rows);
}

TEST_CASE("a provision of a node nobody delegated to is not taken", "[tenant_vm]") {
  QuietPool pool;
  Catcher catcher(pool, StatementKind::kProvision, false);
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  pool.ask(testing::Universe::system_of(query), {query});
  const auto stranger = pool.universe.make_signer("stranger");
  wire::BatchBuilder batch;
  batch.add(*catcher.caught);
  std::uint64_t number = 0;
  pool.deliver(batch.sign(crypto::BatchPurpose::kResend, number, pool.now, *stranger));
  CHECK(pool.errors(ErrorCode::kDelegationInvalid) == 1);
  CHECK(pool.node->counts().concluded == 0);
}

TEST_CASE("a batch signed for one purpose is worth nothing for another", "[tenant_vm]") {
  QuietPool pool;
  Catcher catcher(pool, StatementKind::kProvision, false);
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  pool.ask(testing::Universe::system_of(query), {query});
  wire::BatchBuilder batch;
  batch.add(*catcher.caught);
  std::uint64_t number = 0;
  pool.deliver(batch.sign(crypto::BatchPurpose::kStatus, number, pool.now, *pool.node_signer));
  CHECK(pool.errors(ErrorCode::kSignatureInvalid) == 1);
  CHECK(pool.node->counts().concluded == 0);
}

TEST_CASE("kinds that are never meant for a node are dropped and counted", "[tenant_vm]") {
  QuietPool pool;
  Catcher catcher(pool, StatementKind::kInquiry, true);
  pool.ask(pool.query_for(Outcome::kAnswered));
  pool.deliver({*catcher.caught});
  CHECK(pool.errors(ErrorCode::kUnknownEnumValue) == 1);
}
