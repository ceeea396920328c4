#include "apps/common/usage_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <map>
#include <tuple>

#include "apps/common/municipalities.hpp"
#include "apps/common/text_table.hpp"
#include "apps/common/wording.hpp"

namespace nakadachi::apps {
namespace {

using metering::Sums;

struct SumText {
  std::string_view name;
  std::string_view japanese;
  std::uint64_t Sums::* sum;
};
constexpr std::array<SumText, 6> kSums{{{"rows", "件数", &Sums::rows},
                                        {"persons", "人数", &Sums::persons},
                                        {"messages_in", "受信通数", &Sums::messages_in},
                                        {"messages_out", "送信通数", &Sums::messages_out},
                                        {"bytes_in", "受信バイト数", &Sums::bytes_in},
                                        {"bytes_out", "送信バイト数", &Sums::bytes_out}}};

billing::LineKind line_of(Cause cause) {
  switch (cause) {
    case Cause::kOwnQuery:
      return billing::LineKind::kOwnQuery;
    case Cause::kAnswered:
      return billing::LineKind::kAnswered;
    case Cause::kApproval:
      return billing::LineKind::kApproval;
    case Cause::kSymbols:
      return billing::LineKind::kSymbols;
    case Cause::kHoldings:
      return billing::LineKind::kHoldings;
    case Cause::kOutside:
      break;
  }
  return billing::LineKind::kOutside;
}

/// The name of a municipality; empty for other bodies.
std::string_view name_of(TenantId tenant) {
  const auto& all = municipalities();
  const auto found = std::ranges::lower_bound(
      all, tenant.value, {}, [](const Municipality& one) { return one.code.number(); });
  if (found == all.end() || found->code.number() != tenant.value) return {};
  return found->name;
}

struct KindText {
  storage::MessageKind kind;
  std::string_view name;  ///< snake_case, for JSON and CSV
  std::string_view english;
  std::string_view japanese;
};
constexpr std::array<KindText, 10> kKinds{
    {{storage::Step::kAsked, "asked", "questions asked", "照会"},
     {storage::Step::kProvided, "provided", "provisions", "提供"},
     {storage::Step::kConcluded, "concluded", "outcomes of questions", "照会の結果"},
     {storage::Step::kHeld, "held", "questions held for staff", "職員の確認待ち"},
     {storage::Section::kSymbol, "symbol", "symbols", "符号"},
     {storage::Section::kAcquisition, "acquisition", "acquisitions of symbols", "符号の取得"},
     {storage::Section::kCopy, "copy", "copies", "副本"},
     {storage::Section::kFlag, "flag", "flags", "自動応答不可等のフラグ"},
     {storage::Section::kPerson, "person", "persons", "統合宛名"},
     {storage::Section::kSetting, "setting", "settings", "応答の設定"}}};

const KindText& kind_text(const storage::MessageKind& kind) {
  const auto* const found = std::ranges::find(kKinds, kind, &KindText::kind);
  NAKADACHI_ASSERT(found != kKinds.end());
  return *found;
}

/// What the line is of, by the language's word; `name` where English is for programs.
std::string subject_of(const UsageLine& line, Language language, bool name = false) {
  if (line.day) return line.day->text();
  if (line.kind) {
    const KindText& text = kind_text(*line.kind);
    return std::string(in(language, text.japanese, name ? text.name : text.english));
  }
  const billing::LineText& text = text_of(*line.cause);
  return std::string(in(language, text.japanese, name ? text.name : text.english));
}

std::string_view heading_of(UsageBy by, Language language) {
  switch (by) {
    case UsageBy::kDay:
      return in(language, "日", "day");
    case UsageBy::kKind:
      return in(language, "種別", "kind");
    case UsageBy::kCause:
      break;
  }
  return in(language, "原因", "cause");
}

Error wrong_format(std::string_view field) {
  return {.code = ErrorCode::kWrongFormat, .field = field};
}

}  // namespace

const billing::LineText& text_of(Cause cause) { return billing::text_of(line_of(cause)); }

Days days_of(metering::Month month) {
  using std::chrono::sys_days;
  const std::chrono::year_month date{std::chrono::year(month.year),
                                     std::chrono::month(month.month)};
  const auto number = [](sys_days day) {
    return static_cast<std::int32_t>(day.time_since_epoch().count());
  };
  return {.from = {number(sys_days(date / 1))},
          .until = {number(sys_days(date / std::chrono::last))}};
}

Result<metering::Month> parse_month(std::string_view text) {
  const auto month = metering::Month::parse(text);
  if (!month) return wrong_format("month");
  return *month;
}

Result<Days> parse_days(std::string_view month, std::string_view from, std::string_view until) {
  if (!month.empty()) {
    if (!from.empty() || !until.empty()) return wrong_format("month");
    NAKADACHI_TRY(const metering::Month parsed, parse_month(month));
    return days_of(parsed);
  }
  if (from.empty()) return Error{.code = ErrorCode::kMissingField, .field = "from"};
  if (until.empty()) return Error{.code = ErrorCode::kMissingField, .field = "until"};
  const auto first = Day::parse(from);
  if (!first) return wrong_format("from");
  const auto last = Day::parse(until);
  if (!last || *last < *first) return wrong_format("until");
  return Days{.from = *first, .until = *last};
}

Result<TenantId> parse_tenant(std::string_view text) {
  const auto number = parse_decimal<std::uint32_t>(text);
  if (!number || *number == 0) return wrong_format("tenant");
  return TenantId{*number};
}

Result<metering::Rollup> rollup_of(const std::vector<storage::MeterRow>& rows) {
  metering::Rollup rollup;
  for (const storage::MeterRow& row : rows) {
    NAKADACHI_CHECK(rollup.add({.key = {.tenant = row.tenant, .day = row.day, .cause = row.cause},
                                .sums = {.rows = row.rows,
                                         .persons = row.persons,
                                         .messages_in = row.messages_in,
                                         .messages_out = row.messages_out,
                                         .bytes_in = row.bytes_in,
                                         .bytes_out = row.bytes_out}}));
  }
  return rollup;
}

Result<std::vector<UsageLine>> usage_lines(const metering::Rollup& rollup, UsageBy by,
                                           std::optional<TenantId> only) {
  std::map<std::tuple<TenantId, std::optional<Day>, std::optional<Cause>>, Sums> added;
  for (const auto& [key, sums] : rollup.lines()) {
    if (only && key.tenant != *only) continue;
    const bool by_day = by == UsageBy::kDay;
    Sums& sum = added[{key.tenant, by_day ? std::optional(key.day) : std::nullopt,
                       by_day ? std::nullopt : std::optional(key.cause)}];
    NAKADACHI_CHECK(sum.add(sums));
  }
  std::vector<UsageLine> lines;
  lines.reserve(added.size());
  for (const auto& [key, sums] : added) {
    const auto& [tenant, day, cause] = key;
    lines.push_back({.tenant = tenant, .day = day, .cause = cause, .sums = sums});
  }
  return lines;
}

std::vector<UsageLine> kind_lines(const std::vector<storage::KindRow>& rows,
                                  std::optional<TenantId> only) {
  std::vector<UsageLine> lines;
  for (const storage::KindRow& row : rows) {
    if (only && row.tenant != *only) continue;
    lines.push_back({.tenant = row.tenant,
                     .day = std::nullopt,
                     .cause = std::nullopt,
                     .kind = row.kind,
                     .sums = {.rows = row.rows,
                              .persons = row.persons,
                              .messages_in = row.messages_in,
                              .messages_out = row.messages_out,
                              .bytes_in = row.bytes_in,
                              .bytes_out = row.bytes_out}});
  }
  return lines;
}

std::string usage_table(const std::vector<UsageLine>& lines, UsageBy by, Language language) {
  constexpr std::string_view kRow = "{:>12} {:>12} {:>10} {:>10} {:>16} {:>16}  {:>10}  {}{}{}\n";
  std::string table = fmt::format(
      kRow, in(language, "件数", "rows"), in(language, "人数", "persons"),
      in(language, "受信通数", "in"), in(language, "送信通数", "out"),
      in(language, "受信バイト数", "bytes in"), in(language, "送信バイト数", "bytes out"),
      in(language, "団体コード", "body"), heading_of(by, language), "", "");
  for (const UsageLine& line : lines) {
    const std::string_view name = name_of(line.tenant);
    fmt::format_to(std::back_inserter(table), kRow, line.sums.rows, line.sums.persons,
                   line.sums.messages_in, line.sums.messages_out, line.sums.bytes_in,
                   line.sums.bytes_out, fmt::format("{:06}", line.tenant.value),
                   subject_of(line, language), name.empty() ? "" : "  ", name);
  }
  return table;
}

std::string usage_csv(const std::vector<UsageLine>& lines, UsageBy by, Language language) {
  std::string csv(in(language, "団体コード,", "tenant,"));
  csv += heading_of(by, language);
  for (const SumText& text : kSums) {
    csv += ',';
    csv += in(language, text.japanese, text.name);
  }
  csv += "\r\n";
  for (const UsageLine& line : lines) {
    fmt::format_to(std::back_inserter(csv), "{:06},{}", line.tenant.value,
                   subject_of(line, language, true));
    for (const SumText& text : kSums) {
      fmt::format_to(std::back_inserter(csv), ",{}", line.sums.*text.sum);
    }
    csv += "\r\n";
  }
  return csv;
}

nlohmann::json sums_json(const Sums& sums) {
  nlohmann::json made = nlohmann::json::object();
  for (const SumText& text : kSums) made[std::string(text.name)] = sums.*text.sum;
  return made;
}

nlohmann::json usage_json(const std::vector<UsageLine>& lines) {
  nlohmann::json list = nlohmann::json::array();
  for (const UsageLine& line : lines) {
    nlohmann::json one = sums_json(line.sums);
    one["tenant"] = line.tenant.value;
    if (line.day) one["day"] = line.day->text();
    if (line.cause) one["cause"] = text_of(*line.cause).name;
    if (line.kind) one["kind"] = kind_text(*line.kind).name;
    list.push_back(std::move(one));
  }
  return list;
}

std::string difference_text(const metering::Difference& difference, Language language) {
  const auto rows = [](const std::optional<Sums>& sums) { return sums ? sums->rows : 0; };
  const billing::LineText& cause = text_of(difference.key.cause);
  return fmt::format(
      "{}: {:06} {} {}: {} {} → {}",
      in(language, "前回の集計との最初の相違", "first change since the last roll-up"),
      difference.key.tenant.value, difference.key.day.text(),
      in(language, cause.japanese, cause.english), in(language, "件数", "rows"),
      rows(difference.left), rows(difference.right));
}

}  // namespace nakadachi::apps
