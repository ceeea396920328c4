#include "nakadachi/rules/legal_table.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <tuple>

namespace nakadachi::rules {
namespace {

auto order_of(const RuleRow& row) noexcept {
  return std::tuple(row.inquirer, row.affair, row.provider, row.kind);
}

/// The first `N` tab-separated fields of a line; nothing when there are fewer.
template <std::size_t N>
std::optional<std::array<std::string_view, N>> split_fields(std::string_view line) {
  std::array<std::string_view, N> fields;
  for (std::string_view& field : fields) {
    if (line.data() == nullptr) return std::nullopt;
    const std::size_t tab = line.find('\t');
    field = line.substr(0, tab);
    line = tab == std::string_view::npos ? std::string_view() : line.substr(tab + 1);
  }
  return fields;
}

std::optional<std::uint16_t> parse_number(std::string_view text) {
  std::uint16_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<InstitutionClass> parse_class(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number < 1 || *number > 3) return std::nullopt;
  return static_cast<InstitutionClass>(*number);
}

std::optional<RuleRow> parse_row(std::string_view line) {
  const auto fields = split_fields<5>(line);
  if (!fields) return std::nullopt;
  const auto item = parse_number((*fields)[0]);
  const auto inquirer = parse_class((*fields)[1]);
  const auto affair = AffairCode::parse((*fields)[2]);
  const auto provider = parse_class((*fields)[3]);
  const auto kind = InformationKind::parse((*fields)[4]);
  if (!item || !inquirer || !affair || !provider || !kind) return std::nullopt;
  return RuleRow{*item, *inquirer, *affair, *provider, *kind};
}

}  // namespace

Result<LegalTable> LegalTable::parse(std::string_view tsv) {
  LegalTable table;
  std::int32_t line_number = 0;
  while (!tsv.empty()) {
    const std::size_t end = tsv.find('\n');
    const std::string_view line = tsv.substr(0, end);
    tsv.remove_prefix(end == std::string_view::npos ? tsv.size() : end + 1);
    ++line_number;
    if (line.empty() || line.front() == '#') continue;
    const auto row = parse_row(line);
    if (!row) {
      return Error{
          .code = ErrorCode::kConfigInvalid, .field = "legal_table", .position = line_number};
    }
    table.rows_.push_back(*row);
  }
  std::stable_sort(table.rows_.begin(), table.rows_.end(),
                   [](const RuleRow& a, const RuleRow& b) { return order_of(a) < order_of(b); });
  return table;
}

Verdict LegalTable::judge(InstitutionClass inquirer, AffairCode affair, InstitutionClass provider,
                          InformationKind kind) const noexcept {
  const auto wanted = std::tuple(inquirer, affair, provider, kind);
  const auto found =
      std::lower_bound(rows_.begin(), rows_.end(), wanted,
                       [](const RuleRow& row, const auto& key) { return order_of(row) < key; });
  if (found == rows_.end() || order_of(*found) != wanted) return {};
  return {.allowed = true, .item = found->item};
}

}  // namespace nakadachi::rules
