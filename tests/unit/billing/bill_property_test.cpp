#include <algorithm>
#include <array>

#include "nakadachi/billing/split.hpp"
#include "tests/unit/billing/billing_helpers.hpp"

/// What every bill promises (docs/billing.md), over thousands of pools.
namespace nakadachi::billing::test {
namespace {

constexpr int kRounds = 3000;

/// Whether more use of a cause makes a body's share greater, in a pool of more than one.
bool is_charged(const Tariff& tariff, Cause cause) {
  if (tariff.base_ppm == kPartsPerMillion) return false;
  if (cause == Cause::kAnswered) return !tariff.asker_pays;
  if (cause == Cause::kOutside) return tariff.outside == OutsideRule::kWhereItFell;
  return true;
}

void add_use(RandomPool& made, TenantId tenant, Cause cause, SeededRandom& random) {
  REQUIRE(made.usage[tenant][cause].add(random_sums(random)).ok());
}

TEST_CASE("statements add up to the cost, and lines to statements") {
  SeededRandom random(100);
  for (int round = 0; round < kRounds; ++round) {
    const RandomPool made = random_pool(random);
    const Bill bill = bill_of(made);
    REQUIRE(bill.statements.size() == made.members.size());
    std::uint64_t sum = 0;
    for (const Statement& statement : bill.statements) {
      REQUIRE(statement.base_yen() + statement.usage_yen() + statement.outside_yen() ==
              statement.total_yen());
      sum += statement.total_yen();
    }
    REQUIRE(sum == made.pool.cost_yen);
  }
}

TEST_CASE("the order of members changes nothing") {
  SeededRandom random(200);
  for (int round = 0; round < kRounds; ++round) {
    RandomPool made = random_pool(random);
    const Bill bill = bill_of(made);
    for (std::size_t i = made.members.size(); i-- > 1;) {
      std::swap(made.members[i], made.members[random.below(i + 1)]);
    }
    REQUIRE(bill_of(made) == bill);
  }
}

TEST_CASE("who uses more of what is charged never pays less than an otherwise equal body") {
  SeededRandom random(300);
  int differed = 0;
  for (int round = 0; round < kRounds; ++round) {
    RandomPool made = random_pool(random);
    const bool first = random.chance(500);
    const TenantId less{first ? 1U : 3'000'000U};
    const TenantId more{first ? 3'000'000U : 1U};
    const Member twin = made.members.back();
    made.members.push_back({.tenant = less, .name = "less", .population = twin.population});
    made.members.push_back({.tenant = more, .name = "more", .population = twin.population});
    made.usage[less] = made.usage[twin.tenant];
    made.usage[more] = made.usage[twin.tenant];
    const Bill equal = bill_of(made);
    REQUIRE(std::max(total_of(equal, less), total_of(equal, more)) -
                std::min(total_of(equal, less), total_of(equal, more)) <=
            1);
    const Cause cause = kCauses[random.below(kCauses.size())];
    if (!is_charged(made.tariff, cause) || made.tariff.of(cause) == Weights{}) continue;
    add_use(made, more, cause, random);
    // At least one of each unit, whichever the tariff weighs.
    const metering::Sums one{.rows = 1, .persons = 1, .messages_in = 1, .bytes_in = 1};
    REQUIRE(made.usage[more][cause].add(one).ok());
    const Bill bill = bill_of(made);
    REQUIRE(total_of(bill, more) >= total_of(bill, less));
    differed += total_of(bill, more) > total_of(bill, less) ? 1 : 0;
  }
  CHECK(differed > kRounds / 10);
}

TEST_CASE("who uses more than before never pays less, and nobody else pays more by more than one") {
  SeededRandom random(400);
  int rose = 0;
  for (int round = 0; round < kRounds; ++round) {
    RandomPool made = random_pool(random);
    const Bill before = bill_of(made);
    const TenantId more = made.members[random.below(made.members.size())].tenant;
    const Cause cause = kCauses[random.below(kCauses.size())];
    if (!is_charged(made.tariff, cause) || before.basis != Basis::kTariff) continue;
    add_use(made, more, cause, random);
    const Bill after = bill_of(made);
    REQUIRE(total_of(after, more) >= total_of(before, more));
    rose += total_of(after, more) > total_of(before, more) ? 1 : 0;
    for (const Statement& statement : before.statements) {
      if (statement.member.tenant == more) continue;
      REQUIRE(total_of(after, statement.member.tenant) <= statement.total_yen() + 1);
    }
  }
  CHECK(rose > kRounds / 10);
}

TEST_CASE("where the asker pays, answering changes nobody's bill") {
  SeededRandom random(500);
  for (int round = 0; round < kRounds; ++round) {
    RandomPool made = random_pool(random);
    made.tariff.asker_pays = true;
    const Bill before = bill_of(made);
    for (const Member& member : made.members) {
      if (random.chance(500)) add_use(made, member.tenant, Cause::kAnswered, random);
    }
    const Bill after = bill_of(made);
    REQUIRE(after.basis == before.basis);
    for (std::size_t i = 0; i < before.statements.size(); ++i) {
      for (std::size_t line = 0; line < kLineCount; ++line) {
        REQUIRE(after.statements[i].lines[line].yen == before.statements[i].lines[line].yen);
      }
    }
  }
}

TEST_CASE("who has neither people nor use pays nothing") {
  SeededRandom random(600);
  for (int round = 0; round < kRounds; ++round) {
    RandomPool made = random_pool(random);
    made.members.push_back({.tenant = TenantId{1}, .name = "nobody", .population = 0});
    const Bill bill = bill_of(made);
    REQUIRE(total_of(bill, TenantId{1}) == 0);
  }
}

/// Points of a line's units, in parts of 1024, reckoned without the room's own code.
Wide points(const metering::Sums& units, const Weights& weights) {
  return Wide{1024} * units.persons * weights.person +
         Wide{1024} * (units.messages_in + units.messages_out) * weights.message +
         Wide{units.bytes_in + units.bytes_out} * weights.kib;
}

TEST_CASE("every total is less than a yen from the formula of docs/billing.md") {
  SeededRandom random(700);
  for (int round = 0; round < kRounds; ++round) {
    RandomPool made = random_pool(random);
    made.pool.cost_yen %= 100;  // so that cost times weight fits 128 bits here
    const Tariff& tariff = made.tariff;
    const Bill bill = bill_of(made);
    if (bill.basis != Basis::kTariff) continue;
    Wide population = 0;
    Wide all = 0;
    Wide outside = 0;
    std::vector<Wide> own(made.members.size(), 0);
    for (std::size_t i = 0; i < made.members.size(); ++i) {
      population += made.members[i].population;
      for (const auto& [cause, units] : made.usage[made.members[i].tenant]) {
        Wide counted = points(units, tariff.of(cause));
        if (tariff.asker_pays && cause == Cause::kAnswered) counted = 0;
        if (tariff.asker_pays && cause == Cause::kOwnQuery) {
          counted += points(units, tariff.of(Cause::kAnswered));
        }
        all += counted;
        const bool shared =
            cause == Cause::kOutside && tariff.outside == OutsideRule::kByPopulation;
        (shared ? outside : own[i]) += counted;
      }
    }
    const Wide base = tariff.base_ppm;
    const Wide rest = kPartsPerMillion - tariff.base_ppm;
    const Wide whole = Wide{kPartsPerMillion} * population * all;
    REQUIRE(whole < kWeightLimit / 100);
    for (std::size_t i = 0; i < made.members.size(); ++i) {
      const Wide part =
          made.members[i].population * (base * all + rest * outside) + rest * own[i] * population;
      const Wide exact = made.pool.cost_yen * part;
      const Wide total = total_of(bill, made.members[i].tenant);
      REQUIRE(total * whole < exact + whole);
      REQUIRE(exact < (total + 1) * whole);
    }
  }
}

}  // namespace
}  // namespace nakadachi::billing::test
