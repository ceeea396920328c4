#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/day.hpp"
#include "nakadachi/base/error.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/billing/bill.hpp"
#include "nakadachi/metering/usage.hpp"
#include "nakadachi/storage/meter_store.hpp"

/// Roll-ups for people, spreadsheets and programs.
namespace nakadachi::apps {

/// How a cause is called: as the line of a bill that is measured by it.
const billing::LineText& text_of(Cause cause);

/// First and last day.
struct Days {
  Day from;
  Day until;
  friend bool operator==(const Days&, const Days&) = default;
};
Days days_of(metering::Month month);
/// Of `2026-11`, or of two days, both included; one of the two has to be given. Errors:
/// `kMissingField`, `kWrongFormat` (no month, no day, the wrong way round, or both given).
Result<Days> parse_days(std::string_view month, std::string_view from, std::string_view until);
/// Errors: `kWrongFormat` with field "month".
Result<metering::Month> parse_month(std::string_view text);
/// A body by the digits of its code. Errors: `kWrongFormat` with field "tenant".
Result<TenantId> parse_tenant(std::string_view text);

/// What the database rolled up. Errors: those of `metering::Rollup::add`.
Result<metering::Rollup> rollup_of(const std::vector<storage::MeterRow>& rows);

enum class UsageBy : std::uint8_t { kCause, kDay, kKind };

/// A body's use by one cause, on one day, or by one kind of message.
struct UsageLine {
  TenantId tenant;
  std::optional<Day> day;
  std::optional<Cause> cause;
  std::optional<storage::MessageKind> kind = std::nullopt;
  metering::Sums sums;
  friend bool operator==(const UsageLine&, const UsageLine&) = default;
};

/// Adds lines up over days or causes (`by` is one of the two), ascending by tenant; of one body
/// alone where `only` is set. Errors: `kSumTooLarge`.
Result<std::vector<UsageLine>> usage_lines(const metering::Rollup& rollup, UsageBy by,
                                           std::optional<TenantId> only);

/// Lines by kind of message; of one body alone where `only` is set.
std::vector<UsageLine> kind_lines(const std::vector<storage::KindRow>& rows,
                                  std::optional<TenantId> only);

std::string usage_table(const std::vector<UsageLine>& lines, UsageBy by, Language language);
/// RFC 4180, UTF-8, CR LF, under one header line.
std::string usage_csv(const std::vector<UsageLine>& lines, UsageBy by, Language language);
nlohmann::json usage_json(const std::vector<UsageLine>& lines);

/// The sums of units as members of an object.
nlohmann::json sums_json(const metering::Sums& sums);

/// One line: where a kept roll-up and one made anew part first.
std::string difference_text(const metering::Difference& difference, Language language);

}  // namespace nakadachi::apps
