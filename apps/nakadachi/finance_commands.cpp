// What finance has: units that were used, and months with their bills.

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "apps/common/month_close.hpp"
#include "apps/common/usage_report.hpp"
#include "apps/common/wording.hpp"
#include "apps/nakadachi/admin_options.hpp"
#include "nakadachi/base/clock.hpp"
#include "nakadachi/billing/render.hpp"

namespace nakadachi::apps {
namespace {

struct FinanceOptions {
  std::string finance_login;
  std::string operator_login;
  std::string month;
  std::string from;
  std::string until;
  std::string tenant;
  std::string by = "cause";
  std::string tariff;
  std::uint64_t cost_yen = 0;
  ReportOptions report;
  bool csv = false;
  bool dry_run = false;
  bool yes = false;
  bool statements = false;

  std::string_view say(std::string_view japanese, std::string_view english) const {
    return in(report.language(), japanese, english);
  }
};

Result<std::optional<TenantId>> wanted_tenant(const FinanceOptions& options) {
  if (options.tenant.empty()) return std::optional<TenantId>();
  NAKADACHI_TRY(const TenantId tenant, parse_tenant(options.tenant));
  return std::optional(tenant);
}

// meter -----------------------------------------------------------------------

Result<void> run_roll_up(const FinanceOptions& options) {
  NAKADACHI_TRY(const Days days, parse_days(options.month, options.from, options.until));
  storage::MeterStore meter(options.finance_login);
  NAKADACHI_CHECK(meter.roll_up(days.from, days.until));
  NAKADACHI_TRY(const auto rows, meter.days(days.from, days.until));
  if (options.report.json) {
    print_json({{"from", days.from.text()}, {"until", days.until.text()}, {"lines", rows.size()}});
  } else {
    fmt::print("{}: {}..{}, {} {}\n", options.say("集計しました", "rolled up"), days.from.text(),
               days.until.text(), rows.size(), options.say("行", "lines"));
  }
  return {};
}

Result<std::vector<UsageLine>> wanted_lines(const FinanceOptions& options, UsageBy by) {
  NAKADACHI_TRY(const Days days, parse_days(options.month, options.from, options.until));
  NAKADACHI_TRY(const auto tenant, wanted_tenant(options));
  storage::MeterStore meter(options.finance_login);
  if (by == UsageBy::kKind) {
    NAKADACHI_TRY(const auto rows, meter.kinds(days.from, days.until));
    return kind_lines(rows, tenant);
  }
  NAKADACHI_TRY(const auto rows, meter.days(days.from, days.until));
  NAKADACHI_TRY(const metering::Rollup rollup, rollup_of(rows));
  return usage_lines(rollup, by, tenant);
}

Result<void> run_meter_show(const FinanceOptions& options) {
  const UsageBy by = options.by == "day"    ? UsageBy::kDay
                     : options.by == "kind" ? UsageBy::kKind
                                            : UsageBy::kCause;
  NAKADACHI_TRY(const auto lines, wanted_lines(options, by));
  if (options.report.json) {
    print_json(usage_json(lines));
  } else if (options.csv) {
    fmt::print("{}", usage_csv(lines, by, options.report.language()));
  } else if (lines.empty()) {
    fmt::print("{}\n", by == UsageBy::kKind
                           ? options.say("記録はありません", "there are no rows of these days")
                           : options.say("集計はありません", "nothing is rolled up of these days"));
  } else {
    fmt::print("{}", usage_table(lines, by, options.report.language()));
  }
  return {};
}

Result<void> run_forget(const FinanceOptions& options) {
  storage::MeterStore meter(options.finance_login);
  if (options.yes) {
    NAKADACHI_CHECK(meter.forget());
    fmt::print("{}\n", options.say("集計を消去しました（meter roll-upで再集計できます）",
                                   "forgotten; `meter roll-up` makes roll-ups again"));
    return {};
  }
  NAKADACHI_TRY(const auto rows, meter.days(*Day::parse("0001-01-01"), *Day::parse("9999-12-31")));
  fmt::print("{} {}\n", rows.size(),
             options.say("行が対象です。消去するには --yes を付けてください",
                         "lines would be forgotten; nothing was, for want of --yes"));
  return {};
}

// billing ---------------------------------------------------------------------

void print_bill(const FinanceOptions& options, const billing::Bill& bill, bool statements) {
  const Language language = options.report.language();
  if (options.report.json) return print_json(bill_json(bill));
  if (options.csv) {
    fmt::print("{}", billing::lines_csv(bill, language));
    return;
  }
  std::string text;
  if (options.tenant.empty()) text = billing::overview_table(bill, language);
  for (const billing::Statement& statement : bill.statements) {
    if (!statements) break;
    if (!text.empty()) text += '\n';
    text += billing::statement_table(bill, statement, language);
  }
  fmt::print("{}", text);
}

Result<void> run_close(const FinanceOptions& options) {
  NAKADACHI_TRY(const metering::Month month, parse_month(options.month));
  NAKADACHI_TRY(TariffFile tariff, load_tariff(options.tariff));
  storage::MeterStore meter(options.finance_login);
  storage::BillStore bills(options.finance_login);
  storage::TenantDirectory directory(options.operator_login, "");
  NAKADACHI_TRY(const Closing closing, close_month(meter, bills, directory,
                                                   {.month = month,
                                                    .cost_yen = options.cost_yen,
                                                    .tariff = std::move(tariff),
                                                    .today = Day::of(SystemClock().now()),
                                                    .dry_run = options.dry_run}));
  // For people; what programs read stands alone on standard output.
  if (closing.grown) {
    fmt::print(stderr, "{}\n", difference_text(*closing.grown, options.report.language()));
  }
  print_bill(options, closing.bill, options.statements);
  if (options.report.json || options.csv) return {};
  fmt::print("{}  SHA-256 {}\n",
             options.dry_run ? options.say("試算（締めていません）", "computed, not closed")
                             : options.say("締めました", "closed"),
             to_hex(digest_of(closing.bill).view()));
  return {};
}

Result<void> list_months(const FinanceOptions& options,
                         const std::vector<storage::BilledMonth>& months) {
  nlohmann::json list = nlohmann::json::array();
  for (const storage::BilledMonth& month : months) {
    const std::string name = metering::Month::of(month.first_day).text();
    const std::string digest = to_hex(month.digest.view());
    if (options.report.json) {
      list.push_back({{"month", name},
                      {"cost_yen", month.pool_cost},
                      {"closed_at", to_iso8601(month.closed_at)},
                      {"digest", digest}});
    } else {
      fmt::print("{}  {:>15} {}  {}  {}\n", name, month.pool_cost, options.say("円", "yen"),
                 shown_in_japan(month.closed_at), digest);
    }
  }
  if (options.report.json) print_json(list);
  return {};
}

Result<void> run_billing_show(const FinanceOptions& options) {
  NAKADACHI_TRY(const auto tenant, wanted_tenant(options));
  storage::BillStore bills(options.finance_login);
  NAKADACHI_TRY(const auto months, bills.months());
  if (options.month.empty() && tenant) {
    return Error{.code = ErrorCode::kMissingField, .field = "month"};
  }
  if (options.month.empty()) return list_months(options, months);
  NAKADACHI_TRY(const metering::Month month, parse_month(options.month));
  const Day first = days_of(month).from;
  const auto found = std::ranges::find(months, first, &storage::BilledMonth::first_day);
  if (found == months.end()) {
    return Error{.code = ErrorCode::kUnknownEnumValue, .field = "month", .detail = "not closed"};
  }
  NAKADACHI_TRY(const auto lines, bills.lines(first));
  NAKADACHI_TRY(billing::Bill bill, closed_bill(*found, lines));
  if (tenant) {
    NAKADACHI_TRY(bill, only_member(std::move(bill), *tenant));
  }
  print_bill(options, bill, options.statements || tenant);
  return {};
}

// Options ---------------------------------------------------------------------

using Run = Result<void> (*)(const FinanceOptions&);

/// Every command has options of its own: one read from the environment is read for all.
std::shared_ptr<FinanceOptions> add_finance(CommandLine command, Command& chosen,
                                            const ChosenLanguage& language, Run run) {
  const auto options = std::make_shared<FinanceOptions>(FinanceOptions{.report = {&language}});
  command
      .add_option("--login", options->finance_login,
                  "connection string of a login in role nakadachi_finance")
      .from_environment("NAKADACHI_FINANCE_LOGIN")
      .required();
  command.when_chosen(
      [options, run, &chosen] { chosen = [options, run] { return run(*options); }; });
  return options;
}

void add_forms(CommandLine command, FinanceOptions& options) {
  add_json_option(command, options.report.json);
  command.add_flag("--csv", options.csv, "CSV, UTF-8").excludes("--json");
}

void add_days(CommandLine command, FinanceOptions& options) {
  command.add_option("--month", options.month, "a month in Japan, 2026-11; or:");
  command.add_option("--from", options.from, "first day, 2026-11-01");
  command.add_option("--until", options.until, "last day");
}

constexpr const char* kTenantHelp = "of one body alone: 団体コード, six digits";

void add_close(CommandLine billing, Command& chosen, const ChosenLanguage& language) {
  const CommandLine command = billing.add_command("close", "Share a month's cost, for good");
  const auto options = add_finance(command, chosen, language, run_close);
  command.footer(
      "Rolls the month up first and says where an earlier roll-up was different. Members are all\n"
      "bodies of the directory as it is now, which finance cannot read: hence the second login.\n"
      "A month that is not over or is closed is refused. With --dry-run nothing is closed, and\n"
      "the month need not be over; it is rolled up all the same.\n"
      "Example: nakadachi billing close --month 2026-11 --cost 12000000 --tariff tariff.toml \\\n"
      "           --dry-run --statements");
  command.add_option("--month", options->month, "2026-11").required();
  command.add_option("--cost", options->cost_yen, "what the month cost, in yen").required();
  command.add_option("--tariff", options->tariff, "TOML file (docs/billing.md), or `shipped`")
      .required();
  command
      .add_option("--operator-login", options->operator_login,
                  "connection string of a login in role nakadachi_operator: the directory")
      .from_environment("NAKADACHI_OPERATOR_LOGIN")
      .required();
  command.add_flag("--dry-run", options->dry_run, "compute and show the bill, close nothing");
  command.add_flag("--statements", options->statements, "also the statement of each body");
  add_forms(command, *options);
}

}  // namespace

void add_meter_command(CommandLine app, Command& chosen, const ChosenLanguage& language) {
  const CommandLine meter = app.add_command("meter", "What each body used, and who caused it");
  meter.needs_command();

  const CommandLine roll_up = meter.add_command("roll-up", "Add up the units of days, anew");
  const auto of_roll_up = add_finance(roll_up, chosen, language, run_roll_up);
  roll_up.footer("Example: nakadachi meter roll-up --from 2026-11-01 --until 2026-11-30");
  add_days(roll_up, *of_roll_up);
  add_json_option(roll_up, of_roll_up->report.json);

  const CommandLine show = meter.add_command("show", "What was rolled up, or rows by kind");
  const auto of_show = add_finance(show, chosen, language, run_meter_show);
  show.footer("Example: nakadachi meter show --month 2026-11 --tenant 011002 --by day");
  add_days(show, *of_show);
  show.add_option("--tenant", of_show->tenant, kTenantHelp);
  show.add_option("--by", of_show->by,
                  "what each line is of: cause or day, as rolled up, or kind of message, which\n"
                  "reads all rows of the days")
      .one_of({"cause", "day", "kind"})
      .shows_default();
  add_forms(show, *of_show);

  const CommandLine forget =
      meter.add_command("forget", "Remove all roll-ups; they can be made again");
  forget.footer("Example: nakadachi meter forget --yes");
  const auto of_forget = add_finance(forget, chosen, language, run_forget);
  forget.add_flag("--yes", of_forget->yes, "do it; without, only say how many lines there are");
}

void add_billing_command(CommandLine app, Command& chosen, const ChosenLanguage& language) {
  const CommandLine billing = app.add_command("billing", "A month's cost shared among the bodies");
  billing.needs_command();
  add_close(billing, chosen, language);

  const CommandLine show = billing.add_command("show", "Closed months and their bills");
  const auto options = add_finance(show, chosen, language, run_billing_show);
  show.footer(
      "Without --month all closed months. A bill is computed anew from what was stored with it\n"
      "and refused when it comes out different. Its digest is that of --csv --lang en.\n"
      "Example: nakadachi billing show --month 2026-11 --tenant 011002");
  show.add_option("--month", options->month, "2026-11");
  show.add_option("--tenant", options->tenant, kTenantHelp);
  show.add_flag("--statements", options->statements, "also the statement of each body");
  add_forms(show, *options);
}

}  // namespace nakadachi::apps
