#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nakadachi/base/random.hpp"
#include "nakadachi/billing/bill.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::billing::test {

template <class T>
ErrorCode code_of(const Result<T>& result) {
  return result.ok() ? ErrorCode{} : result.error().code;
}

inline metering::Sums sums(std::uint64_t persons, std::uint64_t messages, std::uint64_t kib) {
  return {.rows = persons + messages,
          .persons = persons,
          .messages_in = messages,
          .messages_out = 0,
          .bytes_in = 0,
          .bytes_out = kib * 1024};
}

/// The tariff of the example in docs/billing.md.
inline Tariff example_tariff() {
  Tariff tariff{.name = "利用割7割", .base_ppm = 300'000};
  tariff.of(Cause::kOwnQuery) = {.person = 10, .message = 1, .kib = 1};
  tariff.of(Cause::kAnswered) = {.person = 10, .message = 1, .kib = 1};
  tariff.of(Cause::kApproval) = {.person = 0, .message = 5, .kib = 0};
  tariff.of(Cause::kSymbols) = {.person = 2, .message = 1, .kib = 1};
  tariff.of(Cause::kHoldings) = {.person = 0, .message = 0, .kib = 1};
  tariff.of(Cause::kOutside) = {.person = 10, .message = 1, .kib = 1};
  return tariff;
}

inline constexpr TenantId kTown{13307};
inline constexpr TenantId kCity{132012};

inline std::vector<Member> example_members() {
  return {{.tenant = kTown, .name = "小町", .population = 8'000},
          {.tenant = kCity, .name = "大市", .population = 400'000}};
}

inline metering::MonthTotals example_usage() {
  return {{kTown,
           {{Cause::kOwnQuery, sums(500, 1'500, 1'000)},
            {Cause::kAnswered, sums(2'000, 4'000, 6'000)}}},
          {kCity,
           {{Cause::kOwnQuery, sums(20'000, 60'000, 40'000)},
            {Cause::kAnswered, sums(300, 600, 900)}}}};
}

inline Pool example_pool() {
  return {.name = "共通費", .month = {.year = 2026, .month = 6}, .cost_yen = 1'000'000};
}

/// A pool to be shared out, of any kind that has an answer.
struct RandomPool {
  Pool pool;
  Tariff tariff;
  std::vector<Member> members;
  metering::MonthTotals usage;
};

inline metering::Sums random_sums(SeededRandom& random) {
  const std::uint64_t scale = std::uint64_t{1} << random.below(24);
  return {.rows = 1 + random.below(scale),
          .persons = random.below(scale),
          .messages_in = random.below(scale),
          .messages_out = random.below(scale),
          .bytes_in = random.below(scale * 2000),
          .bytes_out = random.below(scale * 2000)};
}

inline Tariff random_tariff(SeededRandom& random) {
  Tariff tariff{.name = "random"};
  tariff.base_ppm = random.chance(200) ? 0 : static_cast<std::uint32_t>(random.below(1'000'001));
  tariff.asker_pays = random.chance(500);
  tariff.outside = random.chance(500) ? OutsideRule::kByPopulation : OutsideRule::kWhereItFell;
  for (Weights& weights : tariff.weights) {
    if (random.chance(100)) continue;
    weights = {.person = static_cast<std::uint32_t>(random.below(1000)),
               .message = static_cast<std::uint32_t>(random.below(100)),
               .kib = static_cast<std::uint32_t>(random.below(10))};
  }
  tariff.of(Cause::kOwnQuery).person += 1;
  return tariff;
}

inline RandomPool random_pool(SeededRandom& random) {
  RandomPool made;
  made.pool = {.name = "random",
               .month = {.year = 2026, .month = 6},
               .cost_yen = random.below(std::uint64_t{1} << random.below(40))};
  made.tariff = random_tariff(random);
  const std::uint64_t count = 1 + random.below(12);
  for (std::uint64_t i = 0; i < count; ++i) {
    Member member{.tenant = TenantId{static_cast<std::uint32_t>(10'000 + 7 * i)}, .name = "団体"};
    // Somebody has a population, so that there is something to share by.
    member.population =
        i > 0 && random.chance(150) ? 0 : static_cast<std::uint32_t>(1 + random.below(4'000'000));
    made.members.push_back(member);
    for (const Cause cause : kCauses) {
      if (random.chance(300)) continue;
      made.usage[member.tenant][cause] = random_sums(random);
    }
  }
  if (random.chance(50)) made.usage.clear();
  return made;
}

inline Bill bill_of(const RandomPool& made) {
  auto bill = make_bill(made.pool, made.tariff, made.members, made.usage);
  REQUIRE(bill.ok());
  return *std::move(bill);
}

inline std::uint64_t total_of(const Bill& bill, TenantId tenant) {
  for (const Statement& statement : bill.statements) {
    if (statement.member.tenant == tenant) return statement.total_yen();
  }
  FAIL("no statement");
  return 0;
}

}  // namespace nakadachi::billing::test
