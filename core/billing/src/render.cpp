#include "nakadachi/billing/render.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "nakadachi/billing/split.hpp"

namespace nakadachi::billing {
namespace {

/// The one or the other, by language.
constexpr std::string_view in(Language language, std::string_view japanese,
                              std::string_view english) {
  return language == Language::kJapanese ? japanese : english;
}

/// 1234567 as 1,234,567.
std::string grouped(Wide number) {
  const std::string digits = fmt::format("{}", number);
  std::string text;
  text.reserve(digits.size() + digits.size() / 3);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

/// Part of the whole in percent with two places, rounded down; `-` of nothing.
std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  const auto hundredths = static_cast<std::uint64_t>(Wide{part} * 10'000 / whole);
  return fmt::format("{}.{:02}%", hundredths / 100, hundredths % 100);
}

std::string heading(const Bill& bill, Language language) {
  std::string text = fmt::format("{}  {}  {} {} {}\n", bill.pool.name, bill.pool.month.text(),
                                 in(language, "総額", "cost"), grouped(bill.pool.cost_yen),
                                 in(language, "円", "yen"));
  fmt::format_to(std::back_inserter(text), "{} {}\n", in(language, "按分方法", "method"),
                 bill.tariff.name);
  if (bill.basis == Basis::kPopulationOnly) {
    fmt::format_to(std::back_inserter(text), "{}\n",
                   in(language, "当月の利用がないため、全額を人口で按分した。",
                      "Nothing was used in this month: all is shared by population."));
  }
  return text;
}

/// Widths count columns of a terminal: a Japanese character takes two.
constexpr std::string_view kOverviewRow = "{:>15} {:>15} {:>15} {:>15} {:>8}  {}\n";
constexpr std::string_view kStatementRow = "{:>13} {:>13} {:>17} {:>15}  {}\n";

Wide messages(const metering::Sums& units) { return Wide{units.messages_in} + units.messages_out; }
Wide bytes(const metering::Sums& units) { return Wide{units.bytes_in} + units.bytes_out; }

std::string line_label(const Line& line, Language language) {
  const LineText& text = text_of(line.kind);
  return std::string(in(language, text.japanese, text.english));
}

std::string csv_field(std::string_view text) {
  std::string field;
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) {
    field += '\'';
  }
  field += text;
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  quoted += '"';
  return quoted;
}

}  // namespace

std::string overview_table(const Bill& bill, Language language) {
  std::string table = heading(bill, language);
  const auto row = [&table](auto&&... fields) {
    fmt::format_to(std::back_inserter(table), kOverviewRow, fields...);
  };
  row(in(language, "基本", "base"), in(language, "利用", "use"),
      in(language, "構成団体外", "outside"), in(language, "負担額（円）", "total (yen)"),
      in(language, "割合", "share"), in(language, "団体", "body"));
  std::uint64_t sum = 0;
  for (const Statement& each : bill.statements) {
    const std::uint64_t total = each.total_yen();
    sum += total;
    row(grouped(each.base_yen()), grouped(each.usage_yen()), grouped(each.outside_yen()),
        grouped(total), percent(total, bill.pool.cost_yen), each.member.name);
  }
  row("", "", "", grouped(sum), "", in(language, "合計", "sum"));
  return table;
}

std::string statement_table(const Bill& bill, const Statement& statement, Language language) {
  std::string table = heading(bill, language);
  fmt::format_to(std::back_inserter(table), "{}  {} {}\n", statement.member.name,
                 in(language, "人口", "population"), grouped(statement.member.population));
  const auto row = [&table](auto&&... fields) {
    fmt::format_to(std::back_inserter(table), kStatementRow, fields...);
  };
  const auto sum = [&](std::string_view japanese, std::string_view english, std::uint64_t yen) {
    row("", "", "", grouped(yen), in(language, japanese, english));
  };
  row(in(language, "人数", "persons"), in(language, "通数", "messages"),
      in(language, "バイト数", "bytes"), in(language, "円", "yen"), in(language, "費目", "item"));
  for (const Line& line : statement.lines) {
    if (line.kind == LineKind::kBase) continue;  // it has no units, and a subtotal of its own
    if (line.units == metering::Sums{} && line.yen == 0) continue;
    row(grouped(line.units.persons), grouped(messages(line.units)), grouped(bytes(line.units)),
        grouped(line.yen), line_label(line, language));
  }
  sum("小計（基本・人口割）", "subtotal: base, by population", statement.base_yen());
  sum("小計（利用）", "subtotal: use", statement.usage_yen());
  sum("小計（構成団体外）", "subtotal: outside the pool", statement.outside_yen());
  sum("合計", "total", statement.total_yen());
  return table;
}

std::string lines_csv(const Bill& bill, Language language) {
  std::string csv(in(language,
                     "月,費用,団体コード,団体名,人口,費目コード,費目,件数,人数,"
                     "受信通数,送信通数,受信バイト数,送信バイト数,円\r\n",
                     "month,pool,tenant,name,population,line,item,rows,persons,"
                     "messages_in,messages_out,bytes_in,bytes_out,yen\r\n"));
  for (const Statement& statement : bill.statements) {
    for (const Line& line : statement.lines) {
      fmt::format_to(std::back_inserter(csv), "{},{},{:06},{},{},{},{},{},{},{},{},{},{},{}\r\n",
                     bill.pool.month.text(), csv_field(bill.pool.name),
                     statement.member.tenant.value, csv_field(statement.member.name),
                     statement.member.population, text_of(line.kind).name,
                     csv_field(line_label(line, language)), line.units.rows, line.units.persons,
                     line.units.messages_in, line.units.messages_out, line.units.bytes_in,
                     line.units.bytes_out, line.yen);
    }
  }
  return csv;
}

}  // namespace nakadachi::billing
