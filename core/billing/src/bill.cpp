#include "nakadachi/billing/bill.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "nakadachi/billing/split.hpp"

namespace nakadachi::billing {
namespace {

using metering::Sums;

constexpr std::array<LineText, kLineCount> kTexts{
    {{LineKind::kBase, "base", "common base, by population", "基本（人口割）"},
     {LineKind::kOwnQuery, "own_query", "own questions", "自団体の照会"},
     {LineKind::kAnswers, "answers", "answering own questions (asker pays)",
      "照会への提供（照会側負担）"},
     {LineKind::kAnswered, "answered", "answering others' questions", "他団体への提供"},
     {LineKind::kApproval, "approval", "decisions by staff", "職員による承認"},
     {LineKind::kSymbols, "symbols", "acquiring and keeping symbols", "符号の取得・管理"},
     {LineKind::kHoldings, "holdings", "copies, persons and settings", "副本・宛名等の管理"},
     {LineKind::kOutside, "outside", "asked by bodies outside the pool", "構成団体外からの照会"}}};

/// Points are counted in parts of 1024, so that bytes need no rounding.
constexpr Wide kPartsOfPoint = 1024;
constexpr Wide kMaxPoints = Wide{1} << 78;
static_assert(kMaxPopulation * Wide{kPartsPerMillion} < (kWeightLimit / kMaxPoints),
              "the weight of a whole pool can be split");

// Of one member: 2 sums of 2^65 units and one of 2^64, weighed with less than 2^20.
static_assert(kMaxMembers * (Wide{1} << 65) * Weights::kMost * kPartsOfPoint * 3 <
              ~Wide{0} / kLineCount);

Wide points_of(const Sums& sums, const Weights& weights) {
  const Wide messages = Wide{sums.messages_in} + sums.messages_out;
  const Wide bytes = Wide{sums.bytes_in} + sums.bytes_out;
  return kPartsOfPoint * (Wide{weights.person} * sums.persons + messages * weights.message) +
         bytes * weights.kib;
}

/// A member's use: units and points of each line, in the order of lines.
struct Use {
  std::array<Sums, kLineCount> units{};
  std::array<Wide, kLineCount> points{};
};

constexpr std::size_t place_of(LineKind kind) { return static_cast<std::size_t>(kind) - 1; }

constexpr LineKind line_of(Cause cause) {
  switch (cause) {
    case Cause::kOwnQuery:
      return LineKind::kOwnQuery;
    case Cause::kAnswered:
      return LineKind::kAnswered;
    case Cause::kApproval:
      return LineKind::kApproval;
    case Cause::kSymbols:
      return LineKind::kSymbols;
    case Cause::kHoldings:
      return LineKind::kHoldings;
    case Cause::kOutside:
      break;
  }
  return LineKind::kOutside;
}

Use use_of(const Tariff& tariff, const std::map<Cause, Sums>& totals) {
  Use use;
  for (const auto& [cause, sums] : totals) {
    const std::size_t place = place_of(line_of(cause));
    use.units[place] = sums;
    use.points[place] = points_of(sums, tariff.of(cause));
    if (!tariff.asker_pays) continue;
    if (cause == Cause::kAnswered) use.points[place] = 0;
    if (cause == Cause::kOwnQuery) {
      use.units[place_of(LineKind::kAnswers)] = sums;
      use.points[place_of(LineKind::kAnswers)] = points_of(sums, tariff.of(Cause::kAnswered));
    }
  }
  return use;
}

/// By what a member's population and points are multiplied to weigh them against each
/// other. Of a pool with P points, O of them shared by population, and a share b of the
/// cost as base, a member with points p and population n bears
///     n/N · (b + (1-b) · O/P) + (1-b) · p/P
/// of it; multiplied by N, P and a million all of that is whole.
struct Factors {
  Wide base = 0;     ///< of the population
  Wide outside = 0;  ///< of the population
  Wide points = 0;
};

struct PoolSums {
  Wide population = 0;
  Wide points = 0;   ///< all, the next among them
  Wide outside = 0;  ///< those shared by population
};

Result<PoolSums> sum_up(const Tariff& tariff, std::span<const Member> members,
                        std::span<Use> uses) {
  PoolSums sums;
  for (std::size_t i = 0; i < members.size(); ++i) {
    sums.population += members[i].population;
    for (const Wide points : uses[i].points) sums.points += points;
    if (tariff.outside != OutsideRule::kByPopulation) continue;
    sums.outside += std::exchange(uses[i].points[place_of(LineKind::kOutside)], 0);
  }
  if (sums.population > kMaxPopulation) {
    return Error{.code = ErrorCode::kSumTooLarge, .field = "population"};
  }
  if (sums.points > kMaxPoints) {
    return Error{.code = ErrorCode::kSumTooLarge, .field = "points"};
  }
  return sums;
}

Result<Factors> factors_of(const Tariff& tariff, const PoolSums& sums) {
  const bool by_population = tariff.base_ppm > 0 || sums.outside > 0 || sums.points == 0;
  if (by_population && sums.population == 0) {
    return Error{.code = ErrorCode::kNothingToShareBy, .field = "population"};
  }
  if (sums.points == 0) return Factors{.base = 1};
  if (!by_population) return Factors{.points = 1};
  const Wide by_points = kPartsPerMillion - tariff.base_ppm;
  return Factors{.base = tariff.base_ppm * sums.points,
                 .outside = by_points * sums.outside,
                 .points = by_points * sums.population};
}

std::array<Wide, kLineCount> weights_of(const Member& member, const Use& use,
                                        const Factors& factors) {
  std::array<Wide, kLineCount> weights{};
  for (std::size_t i = 0; i < kLineCount; ++i) weights[i] = use.points[i] * factors.points;
  weights[place_of(LineKind::kBase)] += member.population * factors.base;
  weights[place_of(LineKind::kOutside)] += member.population * factors.outside;
  return weights;
}

Result<void> check_members(std::span<const Member> members, const metering::MonthTotals& usage) {
  if (members.empty()) return Error{.code = ErrorCode::kNothingToShareBy, .field = "members"};
  if (members.size() > kMaxMembers) {
    return Error{.code = ErrorCode::kTooManyItems, .field = "members"};
  }
  Error error{.code = ErrorCode::kConfigInvalid, .field = "members"};
  const auto twice = std::ranges::adjacent_find(members, {}, &Member::tenant);
  if (twice != members.end()) {
    error.detail = fmt::format("tenant {} twice", twice->tenant.value);
    return error;
  }
  for (const auto& [tenant, totals] : usage) {
    if (!std::ranges::binary_search(members, tenant, {}, &Member::tenant)) {
      error.detail = fmt::format("use of tenant {}, which is no member", tenant.value);
      return error;
    }
    for (const auto& [cause, sums] : totals) {
      if (!cause_of(static_cast<std::uint8_t>(cause))) {
        return Error{.code = ErrorCode::kUnknownEnumValue, .field = "cause"};
      }
    }
  }
  return {};
}

Result<Statement> statement_of(Member member, const Use& use, std::uint64_t total,
                               std::span<const Wide> weights) {
  NAKADACHI_TRY(const std::vector<std::uint64_t> yen, split(total, weights));
  Statement statement{.member = std::move(member), .lines = {}};
  for (std::size_t i = 0; i < kLineCount; ++i) {
    statement.lines[i] = {.kind = kTexts[i].kind, .units = use.units[i], .yen = yen[i]};
  }
  return statement;
}

}  // namespace

const LineText& text_of(LineKind kind) { return kTexts.at(place_of(kind)); }

std::uint64_t Statement::total_yen() const {
  std::uint64_t total = 0;
  for (const Line& line : lines) total += line.yen;
  return total;
}

Result<Bill> make_bill(const Pool& pool, const Tariff& tariff, std::vector<Member> members,
                       const metering::MonthTotals& usage) {
  NAKADACHI_CHECK(validate(tariff));
  std::ranges::sort(members, {}, &Member::tenant);
  NAKADACHI_CHECK(check_members(members, usage));

  std::vector<Use> uses;
  uses.reserve(members.size());
  for (const Member& member : members) {
    const auto used = usage.find(member.tenant);
    uses.push_back(used == usage.end() ? Use{} : use_of(tariff, used->second));
  }
  NAKADACHI_TRY(const PoolSums sums, sum_up(tariff, members, uses));
  NAKADACHI_TRY(const Factors factors, factors_of(tariff, sums));

  // Totals are split first and then each total into its lines: so statements add up to
  // the cost and lines to statements, and totals are as fair as whole yen can be.
  std::vector<std::array<Wide, kLineCount>> line_weights;
  std::vector<Wide> weights;
  line_weights.reserve(members.size());
  weights.reserve(members.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    line_weights.push_back(weights_of(members[i], uses[i], factors));
    Wide weight = 0;
    for (const Wide of_line : line_weights.back()) weight += of_line;
    weights.push_back(weight);
  }
  NAKADACHI_TRY(const std::vector<std::uint64_t> totals, split(pool.cost_yen, weights));

  Bill bill{.pool = pool,
            .tariff = tariff,
            .basis = sums.points == 0 ? Basis::kPopulationOnly : Basis::kTariff,
            .statements = {}};
  bill.statements.reserve(members.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    NAKADACHI_TRY(Statement statement,
                  statement_of(std::move(members[i]), uses[i], totals[i], line_weights[i]));
    bill.statements.push_back(std::move(statement));
  }
  return bill;
}

}  // namespace nakadachi::billing
