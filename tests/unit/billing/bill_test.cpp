#include "nakadachi/billing/bill.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <set>
#include <string>

#include "nakadachi/billing/split.hpp"
#include "tests/unit/billing/billing_helpers.hpp"

namespace nakadachi::billing::test {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

Bill example_bill(const Tariff& tariff) {
  auto bill = make_bill(example_pool(), tariff, example_members(), example_usage());
  REQUIRE(bill.ok());
  return *std::move(bill);
}

TEST_CASE("the small town beside the big city pays what docs/billing.md says") {
  struct Case {
    std::function<void(Tariff&)> change;
    std::uint64_t town;
    std::uint64_t city;
  };
  const Case cases[] = {{[](Tariff& t) { t.base_ppm = 1'000'000; }, 19'608, 980'392},
                        {[](Tariff& t) { t.asker_pays = false; }, 82'637, 917'363},
                        {[](Tariff&) {}, 22'956, 977'044}};
  for (const Case& each : cases) {
    Tariff tariff = example_tariff();
    each.change(tariff);
    const Bill bill = example_bill(tariff);
    CHECK(total_of(bill, kTown) == each.town);
    CHECK(total_of(bill, kCity) == each.city);
  }
}

TEST_CASE("a statement's lines hold what was measured and add up") {
  const Bill bill = example_bill(example_tariff());
  CHECK(bill.basis == Basis::kTariff);
  REQUIRE(bill.statements.size() == 2);
  const Statement& town = bill.statements[0];
  CHECK(town.member.tenant == kTown);
  CHECK(town.line(LineKind::kBase) == Line{LineKind::kBase, {}, 5'882});
  CHECK(town.line(LineKind::kOwnQuery) ==
        Line{LineKind::kOwnQuery, sums(500, 1'500, 1'000), 8'537});
  CHECK(town.line(LineKind::kAnswers) == Line{LineKind::kAnswers, sums(500, 1'500, 1'000), 8'537});
  CHECK(town.line(LineKind::kAnswered) == Line{LineKind::kAnswered, sums(2'000, 4'000, 6'000), 0});
  CHECK(town.line(LineKind::kOutside) == Line{LineKind::kOutside, {}, 0});
  CHECK(town.base_yen() == 5'882);
  CHECK(town.usage_yen() == 17'074);
  CHECK(town.outside_yen() == 0);
  CHECK(town.total_yen() == 22'956);
}

TEST_CASE("where the asker does not pay, answers are charged to who answers") {
  Tariff tariff = example_tariff();
  tariff.asker_pays = false;
  const Statement town = example_bill(tariff).statements[0];
  CHECK(town.line(LineKind::kAnswers) == Line{LineKind::kAnswers, {}, 0});
  CHECK(town.line(LineKind::kAnswered).yen == 61'404);
  CHECK(town.line(LineKind::kOwnQuery).yen == 15'351);
}

TEST_CASE("what outsiders caused falls on all by population, or where it fell") {
  auto usage = example_usage();
  usage[kTown] = {{Cause::kOutside, sums(100, 0, 0)}};
  usage[kCity] = {{Cause::kOutside, sums(300, 0, 0)}};
  Tariff tariff = example_tariff();
  tariff.base_ppm = 0;
  const auto by_population = make_bill(example_pool(), tariff, example_members(), usage).value();
  const Statement& town = by_population.statements[0];
  CHECK(town.outside_yen() == 19'608);
  CHECK(town.total_yen() == 19'608);
  CHECK(town.line(LineKind::kOutside).units == sums(100, 0, 0));
  tariff.outside = OutsideRule::kWhereItFell;
  const auto where_it_fell = make_bill(example_pool(), tariff, example_members(), usage).value();
  CHECK(where_it_fell.statements[0].outside_yen() == 250'000);
  CHECK(where_it_fell.statements[1].outside_yen() == 750'000);
}

TEST_CASE("a month in which nothing that counts was used is shared by population") {
  metering::MonthTotals uncounted{{kTown, {{Cause::kHoldings, sums(5, 5, 0)}}}};
  for (const auto& usage : {metering::MonthTotals{}, uncounted}) {
    const auto bill = make_bill(example_pool(), example_tariff(), example_members(), usage);
    REQUIRE(bill.ok());
    CHECK(bill->basis == Basis::kPopulationOnly);
    CHECK(bill->statements[0].base_yen() == 19'608);
    CHECK(bill->statements[0].total_yen() == 19'608);
    CHECK(bill->statements[1].total_yen() == 980'392);
  }
}

TEST_CASE("without any population there is an answer only if nothing is shared by it") {
  auto members = example_members();
  for (Member& member : members) member.population = 0;
  Tariff tariff = example_tariff();
  const auto shared = make_bill(example_pool(), tariff, members, example_usage());
  REQUIRE(code_of(shared) == ErrorCode::kNothingToShareBy);
  CHECK(shared.error().field == "population");
  tariff.base_ppm = 0;
  const auto by_use = make_bill(example_pool(), tariff, members, example_usage());
  REQUIRE(by_use.ok());
  CHECK(total_of(*by_use, kTown) == 24'390);
  CHECK(code_of(make_bill(example_pool(), tariff, members, {})) == ErrorCode::kNothingToShareBy);
  auto outside = example_usage();
  outside[kTown][Cause::kOutside] = sums(1, 0, 0);
  CHECK(code_of(make_bill(example_pool(), tariff, members, outside)) ==
        ErrorCode::kNothingToShareBy);
  tariff.outside = OutsideRule::kWhereItFell;
  CHECK(make_bill(example_pool(), tariff, members, outside).ok());
}

TEST_CASE("a tie goes to the smaller code") {
  Pool pool = example_pool();
  pool.cost_yen = 101;
  std::vector<Member> members{
      {TenantId{30}, "c", 5}, {TenantId{10}, "a", 5}, {TenantId{20}, "b", 5}};
  const auto bill = make_bill(pool, example_tariff(), members, {}).value();
  CHECK(total_of(bill, TenantId{10}) == 34);
  CHECK(total_of(bill, TenantId{20}) == 34);
  CHECK(total_of(bill, TenantId{30}) == 33);
}

TEST_CASE("what cannot be billed is refused with the field") {
  struct Case {
    std::function<void(Tariff&, std::vector<Member>&, metering::MonthTotals&)> change;
    ErrorCode code;
    std::string field;
  };
  using enum ErrorCode;
  using Members = std::vector<Member>;
  using Totals = metering::MonthTotals;
  const Case cases[] = {
      {[](Tariff& t, Members&, Totals&) { t.name.clear(); }, kConfigInvalid, "name"},
      {[](Tariff& t, Members&, Totals&) { t.base_ppm = 1'000'001; }, kConfigInvalid, "base_ppm"},
      {[](Tariff& t, Members&, Totals&) { t.outside = OutsideRule{0}; }, kConfigInvalid, "outside"},
      {[](Tariff& t, Members&, Totals&) { t.outside = OutsideRule{3}; }, kConfigInvalid, "outside"},
      {[](Tariff& t, Members&, Totals&) { t.of(Cause::kOutside).kib = 1'000'001; }, kConfigInvalid,
       "weights"},
      {[](Tariff& t, Members&, Totals&) { t.of(Cause::kOwnQuery).person = 1'000'001; },
       kConfigInvalid, "weights"},
      {[](Tariff& t, Members&, Totals&) { t.of(Cause::kSymbols).message = 1'000'001; },
       kConfigInvalid, "weights"},
      {[](Tariff& t, Members&, Totals&) { t.weights = {}; }, kConfigInvalid, "weights"},
      {[](Tariff&, Members& m, Totals&) { m.clear(); }, kNothingToShareBy, "members"},
      {[](Tariff&, Members& m, Totals&) { m.push_back(m.front()); }, kConfigInvalid, "members"},
      {[](Tariff&, Members& m, Totals&) { m.pop_back(); }, kConfigInvalid, "members"},
      {[](Tariff&, Members& m, Totals&) {
         for (std::uint32_t i = 0; i < kMaxMembers; ++i) m.push_back({TenantId{2'000'000 + i}});
       },
       kTooManyItems, "members"},
      {[](Tariff&, Members& m, Totals&) { m[0].population = 1U << 28; }, kSumTooLarge,
       "population"},
      {[](Tariff& t, Members&, Totals& u) {
         t.of(Cause::kHoldings).kib = 8'193;
         u[kTown][Cause::kHoldings] = {.rows = 1, .bytes_in = kMost, .bytes_out = kMost};
       },
       kSumTooLarge, "points"},
      {[](Tariff&, Members&, Totals& u) { u[kTown][Cause{7}] = sums(1, 1, 1); }, kUnknownEnumValue,
       "cause"}};
  for (const Case& each : cases) {
    Tariff tariff = example_tariff();
    auto members = example_members();
    auto usage = example_usage();
    each.change(tariff, members, usage);
    const auto bill = make_bill(example_pool(), tariff, members, usage);
    REQUIRE(code_of(bill) == each.code);
    CHECK(bill.error().field == each.field);
  }
}

TEST_CASE("the most that can be billed is billed exactly") {
  Pool pool = example_pool();
  pool.cost_yen = kMost;
  auto members = example_members();
  members[0].population = (1U << 28) - members[1].population;
  auto usage = example_usage();
  usage[kTown][Cause::kHoldings] = {.rows = 1, .bytes_in = kMost, .bytes_out = kMost};
  Tariff tariff = example_tariff();
  tariff.of(Cause::kHoldings).kib = 8'191;  // of 2^65 bytes: just below 2^78
  const auto bill = make_bill(pool, tariff, members, usage);
  REQUIRE(bill.ok());
  CHECK(total_of(*bill, kTown) + total_of(*bill, kCity) == kMost);
  CHECK(total_of(*bill, kTown) > kMost / 2);
}

TEST_CASE("a tariff that shares by population alone needs no weights") {
  Tariff tariff{.name = "人口割", .base_ppm = 1'000'000};
  const auto bill = make_bill(example_pool(), tariff, example_members(), example_usage());
  REQUIRE(bill.ok());
  CHECK(total_of(*bill, kTown) == 19'608);
}

TEST_CASE("every line has a name of its own in both languages") {
  std::set<std::string_view> seen;
  for (std::size_t i = 1; i <= kLineCount; ++i) {
    const LineText& text = text_of(static_cast<LineKind>(i));
    CHECK(text.kind == static_cast<LineKind>(i));
    for (const std::string_view name : {text.name, text.english, text.japanese}) {
      CHECK(!name.empty());
      CHECK(seen.insert(name).second);
    }
  }
}

}  // namespace
}  // namespace nakadachi::billing::test
