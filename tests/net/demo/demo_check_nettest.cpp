// What only the towns' keys can tell, at a small pool: what its rows say, and what is found when
// client or rows say something else.

#include "apps/common/demo_check.hpp"

#include <fmt/format.h>

#include <functional>
#include <string>

#include "apps/common/psql.hpp"
#include "nakadachi/client/client.hpp"
#include "nakadachi/crypto/merkle.hpp"
#include "nakadachi/storage/postgres_store.hpp"
#include "nakadachi/wire/statements.hpp"
#include "tests/net/demo/small_pool.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::int64_t kPatienceMs = 60'000;
/// What the client of `ask_and_ask_wrongly` is told in the place of an outcome.
const ClientErrors kHeard = {{ErrorCode::kSameKeyOtherContent, 1}};

std::unique_ptr<client::Client> system_of(const DemoPool& pool, std::size_t system) {
  auto made = client::Client::connect({.endpoint = pool.oltp_endpoint(),
                                       .server_key = pool.oltp_key(),
                                       .keys = pool.systems()[system].keys,
                                       .registry = pool.registry()});
  REQUIRE(made.ok());
  return *std::move(made);
}

/// Asks one question, then another under its key, which is refused apart from any exchange.
ClientOutcomes ask_and_ask_wrongly(const DemoPool& pool) {
  std::uint64_t next = 0;
  const auto is_plain = [](const DemoResidents::PlannedQuery& planned) {
    return planned.subject.kind != DemoResidents::live_kind() &&
           planned.subject.affair != DemoResidents::own_affair();
  };
  while (!is_plain(pool.residents().query(next))) ++next;
  const DemoResidents::PlannedQuery planned = pool.residents().query(next);
  exchange::Query query{client::Client::make_key(), planned.person, planned.subject};
  ClientOutcomes told;
  const auto reply = system_of(pool, planned.system)->ask_and_wait(query, kPatienceMs);
  REQUIRE(reply.ok());
  CHECK(reply->outcome == exchange::Outcome::kAnswered);
  told.emplace(query.key, *reply);
  query.subject.section += " 別";
  const auto again = system_of(pool, planned.system)->ask_and_wait(query, kPatienceMs);
  CHECK((again ? again->code : again.error().code) == ErrorCode::kSameKeyOtherContent);
  return told;
}

void change(DemoPool& pool, std::string_view sql) {
  const auto psql = pool.cluster().program("psql");
  REQUIRE(psql.ok());
  REQUIRE(run_psql(*psql, pool.cluster().login("postgres"),
                   fmt::format("SET session_replication_role = replica; {}", sql))
              .ok());
}

/// Writes the conclusion of what was provided anew, without the name of the provision.
void lose_provision_leaf(DemoPool& pool) {
  storage::PostgresStore store(pool.cluster().logins());
  SystemRandom random;
  for (const Municipality& town : pool.towns()) {
    const TenantId tenant{town.code.number()};
    auto cipher = pool.cipher_of(tenant);
    REQUIRE(cipher.ok());
    const auto rows = store.scan(tenant, 0, {}, 100);
    REQUIRE(rows.ok());
    for (const storage::StoredStep& row : *rows) {
      if (row.step != storage::Step::kConcluded) continue;
      Bytes name(row.exchange.view().begin(), row.exchange.view().end());
      name.push_back(static_cast<std::uint8_t>(row.step));
      const crypto::SealedPlace place{.table = "step", .column = "sealed", .row = name};
      auto content = wire::decode_stored_content(*cipher->open(place, row.sealed));
      auto conclusion = wire::decode_conclusion(content->statement);
      if (conclusion->provision_leaf == Digest()) continue;  // a refusal
      conclusion->provision_leaf = Digest();
      content->statement = wire::encode(*conclusion);
      const Digest leaf =
          crypto::leaf_hash(row.salt, storage::leaf_kind(row.step), content->statement);
      const Bytes sealed = *cipher->seal(place, wire::encode(*content), random);
      change(pool, fmt::format("UPDATE nakadachi.step SET sealed = '\\x{}', leaf = '\\x{}' WHERE "
                               "tenant = {} AND number = {}",
                               to_hex(sealed), to_hex(leaf.view()), tenant.value, row.number));
    }
  }
}

/// The first contradiction; another may come of it.
std::string contradiction(DemoPool& pool, const ClientOutcomes& told) {
  const auto check = check_rows(pool, told, kHeard);
  REQUIRE(check.ok());
  for (const std::string& text : check->contradictions) UNSCOPED_INFO(text);
  REQUIRE_FALSE(check->contradictions.empty());
  return check->contradictions.front();
}

}  // namespace

TEST_CASE("client, asker and provider are compared row by row, refusals apart aside", "[demo]") {
  using Catch::Matchers::EndsWith;
  const auto small = small_pool();
  DemoPool& pool = *small;
  const ClientOutcomes told = ask_and_ask_wrongly(pool);
  pool.node().stop();

  const auto check = check_rows(pool, told, kHeard);
  REQUIRE(check.ok());
  for (const std::string& text : check->contradictions) UNSCOPED_INFO(text);
  CHECK(check->contradictions.empty());
  CHECK(check->rows == 4);
  REQUIRE(check->apart.size() == 1);
  const TallyKey refused = check->apart.begin()->first;
  CHECK(check->apart.begin()->second == 1);
  CHECK(refused.side == Side::kAsked);
  CHECK(refused.outcome == static_cast<std::uint32_t>(exchange::Outcome::kRefused));

  for (const ClientErrors& heard :
       {ClientErrors(), ClientErrors{{ErrorCode::kSameKeyOtherContent, 2}}}) {
    const auto unlike = check_rows(pool, told, heard);
    REQUIRE(unlike.ok());
    REQUIRE(unlike->contradictions.size() == 1);
    CHECK_THAT(unlike->contradictions[0],
               Catch::Matchers::StartsWith("1 refusals by same_key_other_content, told"));
  }

  using Change = std::function<void(exchange::Reply&)>;
  for (const Change& alter : {Change([](auto& reply) { ++reply.legal_item; }),
                              Change([](auto& reply) { reply.answer.push_back(0); })}) {
    ClientOutcomes other = told;
    alter(other.begin()->second);
    CHECK_THAT(contradiction(pool, other), EndsWith("the client was told something else"));
  }
  change(pool,
         "UPDATE nakadachi.change SET cause = 6 WHERE (tenant, number) = (SELECT tenant, "
         "min(number) FROM nakadachi.change GROUP BY tenant ORDER BY tenant LIMIT 1)");
  CHECK_THAT(contradiction(pool, told), EndsWith("its cause is not that of what was changed"));
  change(pool, "UPDATE nakadachi.change SET cause = CASE WHEN section < 3 THEN 4 ELSE 5 END");
  change(pool, "UPDATE nakadachi.step SET bytes_in = bytes_in + 1 WHERE step = 3 AND outcome = 1");
  CHECK_THAT(contradiction(pool, told), EndsWith("the two towns hold different bytes metered"));
  change(pool, "UPDATE nakadachi.step SET bytes_in = bytes_in - 1 WHERE step = 3 AND outcome = 1");
  change(pool, "UPDATE nakadachi.step SET cause = 6 WHERE step = 2");
  CHECK_THAT(contradiction(pool, told), EndsWith("its units are not those of its statement"));
  change(pool, "UPDATE nakadachi.step SET cause = 2 WHERE step = 2");
  lose_provision_leaf(pool);
  CHECK_THAT(contradiction(pool, told),
             EndsWith("the two towns hold different leaves of the provision"));
  change(pool, "DELETE FROM nakadachi.step WHERE step = 2");
  CHECK_THAT(contradiction(pool, told), EndsWith("no row at the provider"));
}

}  // namespace nakadachi::apps
