#include "apps/common/demo_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "apps/common/month_close.hpp"
#include "apps/common/usage_report.hpp"
#include "nakadachi/exchange/outcome_text.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::size_t kTownsShown = 100;
// A town a line; the name comes last, since it is of any width.
constexpr std::string_view kStatementHead =
    "  {:>6} {:>10} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9} {:>12} {:>11} {:>11}  {}\n";
constexpr std::string_view kStatementRow =
    "  {:06} {:>10} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9} {:>12} {:>11} {:>11}  {}\n";
constexpr std::string_view kSumRow = "  {0:>109}  {1}\n";
constexpr std::size_t kShownOfScript = 5;

std::uint64_t count_of(const DemoReport& report, exchange::Outcome outcome) {
  const auto found = report.outcomes.find(outcome);
  return found == report.outcomes.end() ? 0 : found->second;
}

std::uint64_t statements_sum(const billing::Bill& bill) {
  std::uint64_t sum = 0;
  for (const billing::Statement& statement : bill.statements) sum += statement.total_yen();
  return sum;
}

bool outcomes_are_well(const DemoReport& report) {
  return report.told == report.exchanges && report.unexpected == 0 &&
         report.rows.contradictions.empty();
}

/// What the pool used, as it was billed: every body's units together, a line a cause.
std::array<metering::Sums, billing::kLineCount> used_by_pool(const billing::Bill& bill) {
  std::array<metering::Sums, billing::kLineCount> used{};
  for (const billing::Statement& statement : bill.statements) {
    for (std::size_t i = 0; i < used.size(); ++i) {
      const auto added = used.at(i).add(statement.lines.at(i).units);
      NAKADACHI_ASSERT(added);  // month_totals has added more up than this
    }
  }
  return used;
}

std::uint64_t refused_apart(const DemoReport& report) {
  std::uint64_t sum = 0;
  for (const auto& [key, count] : report.rows.apart) sum += count;
  return sum;
}

const metering::Sums& sums_of(const std::array<metering::Sums, billing::kLineCount>& used,
                              Cause cause) {
  return used.at(static_cast<std::size_t>(text_of(cause).kind) - 1);
}

/// Persons, messages and bytes of all causes together, as the auditor counts them.
std::uint64_t units_sum(const billing::Bill& bill) {
  const auto used = used_by_pool(bill);
  std::uint64_t sum = 0;
  for (const Cause cause : kCauses) {
    const metering::Sums& one = sums_of(used, cause);
    sum += one.persons + one.messages_in + one.messages_out + one.bytes_in + one.bytes_out;
  }
  return sum;
}

std::uint64_t count_of(const std::map<std::string, std::uint64_t>& counts, const char* name) {
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : found->second;
}

void print_load(const DemoLoadCheck& load) {
  std::string faults;
  for (const auto& [fault, count] : load.faults) {
    faults += fmt::format(", {} {}", count, copies::text_of(fault).name);
  }
  fmt::print("  a load of copies checked: {} rows, {} wrong{}\n", load.rows, load.wrong_rows,
             faults);
}

nlohmann::json load_json(const DemoLoadCheck& load) {
  nlohmann::json faults = nlohmann::json::object();
  for (const auto& [fault, count] : load.faults) {
    faults[std::string(copies::text_of(fault).name)] = count;
  }
  return {{"rows", load.rows}, {"wrong_rows", load.wrong_rows}, {"faults", faults}};
}

void print_outcomes(const DemoReport& report) {
  fmt::print("\n{} towns, {} institutions, {} exchanges in {:.1f} s\n\n", report.tenants,
             report.institutions, report.exchanges, report.wall_seconds);
  for (const exchange::OutcomeText& text : exchange::kOutcomeTexts) {
    const std::uint64_t count = count_of(report, text.outcome);
    fmt::print("  {:>8}  {:>5.1f} %  {} ({})\n", count,
               100.0 * static_cast<double>(count) / static_cast<double>(report.exchanges),
               text.english, text.japanese);
  }
  for (const auto& [code, count] : report.refusals) {
    fmt::print("  {:>8}           refused: {}\n", count, nakadachi::text_of(code).name);
  }
  for (const auto& [code, count] : report.errors) {
    fmt::print("  {:>8}           error: {}\n", count, nakadachi::text_of(code).name);
  }
  fmt::print(
      "\n  {} symbols acquired, {} copies registered; {} requests held, {} decided by staff\n",
      report.symbols, report.copies, report.rows.held, report.decided);
  fmt::print(
      "  {} clients saw that their question is held, {} that its outcome is unknown; each asked "
      "again\n",
      report.seen_held, report.seen_unknown);
  fmt::print(
      "  {} questions answered by business systems themselves ({} at the second attempt), {} "
      "within "
      "one body,\n  {} by ordinance\n",
      report.answered_live, report.live_refused, report.within_body, report.by_ordinance);
  fmt::print("  {} wish that a provider acquire a symbol, {} begun for it, {} acquired\n",
             count_of(report.wishes, "asked"), count_of(report.wishes, "begun"),
             count_of(report.wishes, "acquired"));
  print_load(report.load);
  fmt::print("  {} durable rows in {} trains, {:.2f} rows an exchange\n", report.rows.rows,
             report.rows.trains,
             static_cast<double>(report.rows.rows) / static_cast<double>(report.exchanges));
}

void print_units(const DemoReport& report) {
  constexpr std::string_view kRow = "  {:>8} {:>8} {:>8} {:>8} {:>12} {:>12}  {}\n";
  fmt::print("\n  {}, what was used and who caused it:\n\n", report.bill.pool.month.text());
  fmt::print(kRow, "rows", "persons", "in", "out", "bytes in", "bytes out", "cause");
  const auto used = used_by_pool(report.bill);
  for (const Cause cause : kCauses) {
    const metering::Sums& sums = sums_of(used, cause);
    fmt::print(kRow, sums.rows, sums.persons, sums.messages_in, sums.messages_out, sums.bytes_in,
               sums.bytes_out,
               fmt::format("{} ({})", text_of(cause).english, text_of(cause).japanese));
  }
}

/// Exchanges of a town on one side, whatever became of them.
std::uint64_t exchanges_of(const DemoReport& report, TenantId tenant, Side side) {
  std::uint64_t count = 0;
  for (const auto& [key, told] : report.rows.told) {
    if (key.tenant == tenant && key.side == side) count += told;
  }
  return count;
}

void print_statement(const DemoReport& report, const billing::Statement& town) {
  metering::Sums used;
  for (const Cause cause : kCauses) {
    const auto added = used.add(town.line(text_of(cause).kind).units);
    NAKADACHI_ASSERT(added);  // month_totals has added more up than this
  }
  const auto rows_of = [&](Cause cause) { return town.line(text_of(cause).kind).units.rows; };
  fmt::print(kStatementRow, town.member.tenant.value, town.member.population,
             exchanges_of(report, town.member.tenant, Side::kAsked),
             exchanges_of(report, town.member.tenant, Side::kProvided), rows_of(Cause::kApproval),
             rows_of(Cause::kSymbols), rows_of(Cause::kHoldings),
             used.messages_in + used.messages_out, used.bytes_in + used.bytes_out, town.usage_yen(),
             town.total_yen(), town.member.name);
}

void print_statements(const DemoReport& report) {
  const billing::Bill& bill = report.bill;
  fmt::print(
      "\n  the month closed on trial, before it is over: {} yen, {};\n"
      "  exchanges asked and provided, records by cause, units, and yen, of each town:\n\n",
      bill.pool.cost_yen, bill.tariff.name);
  fmt::print(kStatementHead, "code", "population", "asked", "provided", "approval", "symbols",
             "holdings", "messages", "bytes", "for use", "yen", "town");
  std::vector<const billing::Statement*> towns;
  towns.reserve(bill.statements.size());
  for (const billing::Statement& statement : bill.statements) towns.push_back(&statement);
  const std::size_t shown = std::min(towns.size(), kTownsShown);
  if (towns.size() > shown) {  // the greatest, and the others in one line
    std::ranges::stable_sort(towns, std::ranges::greater(),
                             [](const billing::Statement* one) { return one->member.population; });
  }
  std::uint64_t others = 0;
  for (std::size_t i = 0; i < towns.size(); ++i) {
    if (i < shown) {
      print_statement(report, *towns[i]);
    } else {
      others += towns[i]->total_yen();
    }
  }
  if (towns.size() > shown) {
    fmt::print(kSumRow, others, fmt::format("{} more (--json has all)", towns.size() - shown));
  }
  const std::uint64_t sum = statements_sum(bill);
  fmt::print(kSumRow, sum,
             sum == bill.pool.cost_yen ? "the pool's cost" : "WRONG: not the pool's cost");
}

/// The first few of each script: one thing that is wrong can make many a bill wrong.
void print_discrepancies(const Audit& audit) {
  std::map<std::string, std::size_t> of_script;
  for (const Discrepancy& one : audit.found) {
    if (++of_script[one.script] <= kShownOfScript) fmt::print("  WRONG: {}\n", text_of(one));
  }
  for (const auto& [script, count] : of_script) {
    if (count <= kShownOfScript) continue;
    fmt::print("  WRONG: auditor, {}: {} more\n", script, count - kShownOfScript);
  }
}

void print_checks(const DemoReport& report) {
  fmt::print("\n");
  if (!report.damaged.empty()) fmt::print("  damaged: {}\n", report.damaged);
  for (const std::string& text : report.rows.contradictions) fmt::print("  WRONG: {}\n", text);
  for (const std::string& text : report.logs.wrong) fmt::print("  WRONG: {}\n", text);
  print_discrepancies(report.audit);
  if (outcomes_are_well(report)) {
    fmt::print("  every query has one outcome, the same at its client and in both towns' rows\n");
  } else if (report.told != report.exchanges || report.unexpected > 0) {
    fmt::print("  WRONG: {} of {} queries have an outcome, {} not the one that was due\n",
               report.told, report.exchanges, report.unexpected);
  }
  if (report.logs.wrong.empty()) {
    fmt::print("  {} logs verified, {} records\n", report.tenants, report.logs.entries);
  }
  const AuditCounts& counts = report.audit.counts;
  fmt::print("  auditor: {} exchanges, {} records, {} units, {} yen recounted{}\n",
             counts.exchanges, counts.records, counts.units, counts.yen,
             report.audit.found.empty()
                 ? ""
                 : fmt::format(", {} discrepancies", report.audit.found.size()));
  if (!is_well(report)) fmt::print("  WRONG: not everything agrees, see above\n");
}

nlohmann::json tallies_json(const DemoReport& report) {
  std::map<TenantId, nlohmann::json> towns;
  for (const billing::Statement& statement : report.bill.statements) {
    nlohmann::json none = nlohmann::json::object();
    for (const exchange::OutcomeText& text : exchange::kOutcomeTexts) {
      none[std::string(text.name)] = 0;
    }
    towns[statement.member.tenant] = {
        {"tenant", statement.member.tenant.value}, {"asked", none}, {"provided", none}};
  }
  for (const auto& [key, count] : report.rows.told) {
    const std::string name(text_of(exchange::Outcome(key.outcome)).name);
    towns[key.tenant][key.side == Side::kAsked ? "asked" : "provided"][name] = count;
  }
  nlohmann::json list = nlohmann::json::array();
  for (auto& [tenant, town] : towns) list.push_back(std::move(town));
  return list;
}

nlohmann::json discrepancies_json(const Audit& audit) {
  nlohmann::json list = nlohmann::json::array();
  for (const Discrepancy& one : audit.found) list.push_back(text_of(one));
  return list;
}

}  // namespace

bool is_well(const DemoReport& report) {
  const AuditCounts& counts = report.audit.counts;
  return outcomes_are_well(report) && report.logs.wrong.empty() && report.audit.found.empty() &&
         statements_sum(report.bill) == report.bill.pool.cost_yen &&
         counts.exchanges == report.exchanges + refused_apart(report) &&
         counts.records == report.logs.entries && counts.units == units_sum(report.bill) &&
         counts.yen == report.bill.pool.cost_yen;
}

void print_report(const DemoReport& report) {
  print_outcomes(report);
  print_units(report);
  print_statements(report);
  print_checks(report);
}

nlohmann::json report_json(const DemoReport& report) {
  nlohmann::json outcomes = nlohmann::json::object();
  for (const exchange::OutcomeText& text : exchange::kOutcomeTexts) {
    outcomes[std::string(text.name)] = count_of(report, text.outcome);
  }
  nlohmann::json refusals = nlohmann::json::object();
  for (const auto& [code, count] : report.refusals) {
    refusals[std::string(nakadachi::text_of(code).name)] = count;
  }
  nlohmann::json units = nlohmann::json::object();
  const auto used = used_by_pool(report.bill);
  for (const Cause cause : kCauses) {
    units[std::string(text_of(cause).name)] = sums_json(sums_of(used, cause));
  }
  const nlohmann::json bill = bill_json(report.bill);
  return {{"tenants", report.tenants},
          {"institutions", report.institutions},
          {"exchanges", report.exchanges},
          {"answered", outcomes["answered"]},
          {"outcomes", outcomes},
          {"refused_for", refusals},
          {"seed", report.seed},
          {"unknown", report.exchanges - report.told},
          {"symbols", report.symbols},
          {"copies", report.copies},
          {"refused_apart", refused_apart(report)},
          {"held", report.rows.held},
          {"decided_by_staff", report.decided},
          {"staff", report.staff},
          {"answered_live", report.answered_live},
          {"live_refused", report.live_refused},
          {"within_body", report.within_body},
          {"by_ordinance", report.by_ordinance},
          {"seen_held", report.seen_held},
          {"seen_unknown", report.seen_unknown},
          {"wishes", report.wishes},
          {"load_check", load_json(report.load)},
          {"rows", report.rows.rows},
          {"trains", report.rows.trains},
          {"records", report.rows.rows + report.rows.changes},
          {"records_verified", report.logs.entries},
          {"units", units},
          {"month", bill["month"]},
          {"pool_cost_yen", report.bill.pool.cost_yen},
          {"statements_sum_yen", statements_sum(report.bill)},
          {"statements", bill["statements"]},
          {"exchanges_by_town", tallies_json(report)},
          {"audited",
           {{"exchanges", report.audit.counts.exchanges},
            {"records", report.audit.counts.records},
            {"units", report.audit.counts.units},
            {"yen", report.audit.counts.yen}}},
          {"discrepancies", discrepancies_json(report.audit)},
          {"logs_wrong", report.logs.wrong},
          {"contradictions", report.rows.contradictions},
          {"damaged", report.damaged},
          {"ok", is_well(report)},
          {"wall_seconds", report.wall_seconds}};
}

}  // namespace nakadachi::apps
