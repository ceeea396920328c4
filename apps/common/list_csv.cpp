#include "apps/common/list_csv.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "nakadachi/copies/csv.hpp"

namespace nakadachi::apps {
namespace {

std::string cell(const nlohmann::json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::vector<std::string> parts;
  for (const nlohmann::json& part : value) parts.push_back(cell(part));
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace

std::string list_csv(const nlohmann::json& rows, std::span<const ListColumn> columns,
                     bool japanese) {
  std::vector<std::string> fields;
  for (const ListColumn& column : columns) {
    fields.emplace_back(japanese ? column.japanese : column.key);
  }
  std::string csv = copies::csv_line(fields);
  for (const nlohmann::json& row : rows) {
    fields.clear();
    for (const ListColumn& column : columns) {
      const auto field = row.find(column.key);
      fields.push_back(field != row.end() ? cell(*field) : std::string());
    }
    csv += copies::csv_line(fields);
  }
  return csv;
}

}  // namespace nakadachi::apps
