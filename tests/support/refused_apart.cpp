#include "tests/support/refused_apart.hpp"

#include <vector>

#include "nakadachi/wire/statements.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/opened_rows.hpp"

namespace nakadachi::testing {

void expect_refused_apart(const QuietPool& pool, const exchange::Query& query, ErrorCode reason,
                          Timestamp since) {
  auto rows = open_rows(pool.universe, pool.store);
  REQUIRE(rows.ok());
  std::vector<OpenedRow> found;
  for (OpenedRow& row : *rows) {
    if (row.stored.step != storage::Step::kConcluded) continue;
    const auto conclusion = wire::decode_conclusion(row.content.statement);
    REQUIRE(conclusion.ok());
    if (conclusion->reason == reason && conclusion->outcome == exchange::Outcome::kRefused) {
      found.push_back(std::move(row));
    }
  }
  REQUIRE(found.size() == 1);
  const OpenedRow& row = found.front();
  const std::size_t system = Universe::system_of(query);
  CHECK(row.town == Universe::town_of(system));
  CHECK(row.stored.outcome == static_cast<std::uint16_t>(exchange::Outcome::kRefused));
  CHECK(row.stored.units == Units{.cause = Cause::kOwnQuery, .persons = 1});
  CHECK(row.content.system == system + 1);
  CHECK(row.content.key == query.key);
  CHECK(row.content.answer.empty());
  const auto conclusion = *wire::decode_conclusion(row.content.statement);
  CHECK(conclusion.request_hash == Digest());
  CHECK(conclusion.key == query.key);
  CHECK(conclusion.subject == query.subject);
  CHECK(conclusion.symbol != Symbol());  // of a person whom the town knows
  CHECK(conclusion.asked_at >= since);
  CHECK(conclusion.asked_at <= pool.now);
  CHECK(conclusion.concluded_at == conclusion.asked_at);
  CHECK(conclusion.provided_at == Timestamp());
}

}  // namespace nakadachi::testing
