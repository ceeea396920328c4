#include "apps/common/month_close.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <utility>

#include "apps/common/usage_report.hpp"
#include "nakadachi/billing/render.hpp"
#include "nakadachi/crypto/hash.hpp"

namespace nakadachi::apps {
namespace {

using metering::Sums;

constexpr std::uint16_t kLinesOfKind = 10;
/// What stands behind a kind's own line, which has its rows.
struct UnitLine {
  std::uint16_t place;
  std::string_view name;
  std::uint64_t Sums::* sum;
};
constexpr std::array<UnitLine, 5> kUnitLines{{{1, "persons", &Sums::persons},
                                              {2, "messages_in", &Sums::messages_in},
                                              {3, "messages_out", &Sums::messages_out},
                                              {4, "bytes_in", &Sums::bytes_in},
                                              {5, "bytes_out", &Sums::bytes_out}}};

Result<std::int64_t> stored(std::uint64_t number) {
  if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return Error{.code = ErrorCode::kSumTooLarge};
  }
  return static_cast<std::int64_t>(number);
}

std::uint16_t first_place(billing::LineKind kind) {
  return static_cast<std::uint16_t>(static_cast<std::uint16_t>(kind) * kLinesOfKind);
}

Result<void> add_line(std::vector<storage::BillLine>& to, TenantId tenant,
                      const billing::Line& line) {
  const std::string_view name = billing::text_of(line.kind).name;
  const std::uint16_t first = first_place(line.kind);
  NAKADACHI_TRY(const std::int64_t rows, stored(line.units.rows));
  NAKADACHI_TRY(const std::int64_t yen, stored(line.yen));
  to.push_back(
      {.tenant = tenant, .line = first, .item = std::string(name), .units = rows, .yen = yen});
  for (const UnitLine& unit : kUnitLines) {
    NAKADACHI_TRY(const std::int64_t units, stored(line.units.*unit.sum));
    if (units == 0) continue;
    to.push_back({.tenant = tenant,
                  .line = static_cast<std::uint16_t>(first + unit.place),
                  .item = fmt::format("{}.{}", name, unit.name),
                  .units = units,
                  .yen = 0});
  }
  return {};
}

/// The units at a place of a kept bill; nothing of what no cause is measured by.
void take_units(std::map<Cause, Sums>& usage, const storage::BillLine& line) {
  const auto units = static_cast<std::uint64_t>(line.units);
  for (const Cause cause : kCauses) {
    const std::uint16_t first = first_place(text_of(cause).kind);
    if (line.line == first && units > 0) usage[cause].rows = units;
    for (const UnitLine& unit : kUnitLines) {
      if (line.line == first + unit.place) usage[cause].*unit.sum = units;
    }
  }
}

Error altered(const metering::Month& month) {
  return {
      .code = ErrorCode::kStatementDiffers,
      .field = "billing_line",
      .detail = fmt::format("{}: what is stored is not the bill that was closed", month.text())};
}

Result<metering::Rollup> kept_rollup(storage::MeterStore& meter, const Days& days) {
  NAKADACHI_TRY(const auto rows, meter.days(days.from, days.until));
  return rollup_of(rows);
}

Result<void> check_open(storage::BillStore& bills, const ClosingOrder& order, const Days& days) {
  NAKADACHI_TRY(const auto months, bills.months());
  const bool closed = std::ranges::any_of(
      months, [&](const storage::BilledMonth& one) { return one.first_day == days.from; });
  if (closed) {
    return Error{.code = ErrorCode::kRowConflict,
                 .field = "month",
                 .detail = fmt::format("{} is closed", order.month.text())};
  }
  if (!order.dry_run && !order.trial && order.today <= days.until) {
    return Error{.code = ErrorCode::kConfigInvalid,
                 .field = "month",
                 .detail = fmt::format("{} is not over; it ends on {}", order.month.text(),
                                       days.until.text())};
  }
  return {};
}

Result<billing::Bill> bill_of(const ClosingOrder& order, storage::TenantDirectory& directory,
                              const metering::Rollup& rollup) {
  NAKADACHI_TRY(const auto tenants, directory.tenants());
  std::vector<billing::Member> members;
  members.reserve(tenants.size());
  for (const storage::TenantRow& one : tenants) {
    members.push_back({.tenant = one.tenant, .name = one.name, .population = one.population});
  }
  NAKADACHI_TRY(const metering::MonthTotals usage, metering::month_totals(rollup, order.month));
  return billing::make_bill(
      {.name = order.tariff.pool, .month = order.month, .cost_yen = order.cost_yen},
      order.tariff.tariff, std::move(members), usage);
}

}  // namespace

Result<std::vector<storage::BillLine>> stored_lines(const billing::Bill& bill) {
  std::vector<storage::BillLine> lines;
  for (const billing::Statement& statement : bill.statements) {
    const TenantId tenant = statement.member.tenant;
    lines.push_back({.tenant = tenant,
                     .line = 0,
                     .item = statement.member.name,
                     .units = statement.member.population,
                     .yen = 0});
    for (const billing::Line& line : statement.lines) {
      NAKADACHI_CHECK(add_line(lines, tenant, line));
    }
  }
  return lines;
}

Digest digest_of(const billing::Bill& bill) {
  const std::string csv = billing::lines_csv(bill, Language::kEnglish);
  return crypto::sha256({as_bytes(csv)});
}

Result<billing::Bill> closed_bill(const storage::BilledMonth& month,
                                  const std::vector<storage::BillLine>& lines) {
  const metering::Month name = metering::Month::of(month.first_day);
  NAKADACHI_TRY(const TariffFile tariff, parse_tariff(month.tariff, name.text()));
  std::vector<billing::Member> members;
  metering::MonthTotals usage;
  for (const storage::BillLine& line : lines) {
    if (line.line == 0) {
      members.push_back({.tenant = line.tenant,
                         .name = line.item,
                         .population = static_cast<std::uint32_t>(line.units)});
    } else {
      take_units(usage[line.tenant], line);
    }
  }
  auto bill = billing::make_bill(
      {.name = tariff.pool, .month = name, .cost_yen = static_cast<std::uint64_t>(month.pool_cost)},
      tariff.tariff, std::move(members), usage);
  if (!bill) return altered(name);
  NAKADACHI_TRY(const auto again, stored_lines(*bill));
  if (again != lines || digest_of(*bill) != month.digest) return altered(name);
  return bill;
}

Result<Closing> close_month(storage::MeterStore& meter, storage::BillStore& bills,
                            storage::TenantDirectory& directory, const ClosingOrder& order) {
  const Days days = days_of(order.month);
  NAKADACHI_CHECK(check_open(bills, order, days));
  NAKADACHI_TRY(const metering::Rollup before, kept_rollup(meter, days));
  NAKADACHI_CHECK(meter.roll_up(days.from, days.until));
  NAKADACHI_TRY(const metering::Rollup rollup, kept_rollup(meter, days));
  Closing closing;
  if (!before.lines().empty()) closing.grown = metering::first_difference(before, rollup);
  NAKADACHI_TRY(closing.bill, bill_of(order, directory, rollup));
  NAKADACHI_TRY(const auto lines, stored_lines(closing.bill));
  NAKADACHI_TRY(const std::int64_t cost, stored(order.cost_yen));
  if (order.dry_run) return closing;
  NAKADACHI_CHECK(bills.close({.first_day = days.from,
                               .pool_cost = cost,
                               .tariff = order.tariff.text,
                               .digest = digest_of(closing.bill)},
                              lines));
  return closing;
}

nlohmann::json bill_json(const billing::Bill& bill) {
  nlohmann::json statements = nlohmann::json::array();
  for (const billing::Statement& statement : bill.statements) {
    nlohmann::json lines = nlohmann::json::array();
    for (const billing::Line& line : statement.lines) {
      nlohmann::json one = sums_json(line.units);
      one["line"] = billing::text_of(line.kind).name;
      one["yen"] = line.yen;
      lines.push_back(std::move(one));
    }
    statements.push_back({{"tenant", statement.member.tenant.value},
                          {"name", statement.member.name},
                          {"population", statement.member.population},
                          {"lines", std::move(lines)},
                          {"total_yen", statement.total_yen()}});
  }
  return {{"month", bill.pool.month.text()},
          {"pool", bill.pool.name},
          {"cost_yen", bill.pool.cost_yen},
          {"tariff", bill.tariff.name},
          {"population_only", bill.basis == billing::Basis::kPopulationOnly},
          {"digest", to_hex(digest_of(bill).view())},
          {"statements", std::move(statements)}};
}

Result<billing::Bill> only_member(billing::Bill bill, TenantId tenant) {
  std::erase_if(bill.statements, [&](const billing::Statement& statement) {
    return statement.member.tenant != tenant;
  });
  if (bill.statements.empty()) {
    return Error{.code = ErrorCode::kUnknownEnumValue, .field = "tenant"};
  }
  return bill;
}

}  // namespace nakadachi::apps
