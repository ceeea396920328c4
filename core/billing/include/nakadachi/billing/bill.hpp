#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/billing/tariff.hpp"
#include "nakadachi/metering/usage.hpp"

namespace nakadachi::billing {

/// A cost of one month and what it is for.
struct Pool {
  std::string name;
  metering::Month month;
  std::uint64_t cost_yen = 0;

  friend bool operator==(const Pool&, const Pool&) = default;
};

/// A body that bears the pool's cost with others.
struct Member {
  TenantId tenant;
  std::string name;
  std::uint32_t population = 0;

  friend bool operator==(const Member&, const Member&) = default;
};

/// Lines of a statement. Numbers stand in what is handed to finance; never reused.
enum class LineKind : std::uint8_t {
  kBase = 1,      ///< common base, by population
  kOwnQuery = 2,  ///< own questions, this body's own part of the work
  kAnswers = 3,   ///< answering own questions, at other bodies (asker pays)
  kAnswered = 4,  ///< answering others' questions; 0 yen where the asker pays
  kApproval = 5,
  kSymbols = 6,
  kHoldings = 7,
  kOutside = 8  ///< caused by bodies outside the pool, by the tariff's rule
};
inline constexpr std::size_t kLineCount = 8;

/// How a line is called.
struct LineText {
  LineKind kind = LineKind::kBase;
  std::string_view name;  ///< snake_case, for JSON and CSV
  std::string_view english;
  std::string_view japanese;
};
const LineText& text_of(LineKind kind);

struct Line {
  LineKind kind = LineKind::kBase;
  /// What was measured at this body; of `kAnswers` its own questions, by which that
  /// line is weighed. None for `kBase`.
  metering::Sums units;
  std::uint64_t yen = 0;

  friend bool operator==(const Line&, const Line&) = default;
};

/// What one body bears of a pool's cost: every line, in the order of their numbers.
struct Statement {
  Member member;
  std::array<Line, kLineCount> lines;

  const Line& line(LineKind kind) const { return lines.at(static_cast<std::size_t>(kind) - 1); }
  std::uint64_t base_yen() const { return line(LineKind::kBase).yen; }
  /// Of what this body and its questions caused: all lines but the first and the last.
  std::uint64_t usage_yen() const { return total_yen() - base_yen() - outside_yen(); }
  std::uint64_t outside_yen() const { return line(LineKind::kOutside).yen; }
  std::uint64_t total_yen() const;

  friend bool operator==(const Statement&, const Statement&) = default;
};

/// What a cost was shared by.
enum class Basis : std::uint8_t {
  kTariff = 1,
  kPopulationOnly = 2  ///< nothing that counts was used in the month, so all is common base
};

/// A pool's cost shared out: the totals of its statements add up to it.
struct Bill {
  Pool pool;
  Tariff tariff;
  Basis basis = Basis::kTariff;
  std::vector<Statement> statements;  ///< ascending by tenant

  friend bool operator==(const Bill&, const Bill&) = default;
};

inline constexpr std::size_t kMaxMembers = 10'000;
inline constexpr std::uint64_t kMaxPopulation = std::uint64_t{1} << 28;

/// Shares a pool's cost among its members by what they used (docs/billing.md). The order
/// of members changes nothing.
///
/// Errors: those of `validate`; `kConfigInvalid` with field `members` (one twice, or use
/// of a tenant that is none); `kTooManyItems` (more than `kMaxMembers`); `kUnknownEnumValue`
/// (cause); `kNothingToShareBy` with field `members` (none) or `population` (0 in all, and
/// something is to be shared by it); `kSumTooLarge` with field `population` (more than
/// `kMaxPopulation` in all) or `points` (more than 2^78 / 1024 in all).
Result<Bill> make_bill(const Pool& pool, const Tariff& tariff, std::vector<Member> members,
                       const metering::MonthTotals& usage);

}  // namespace nakadachi::billing
