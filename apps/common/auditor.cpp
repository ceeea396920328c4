#include "apps/common/auditor.hpp"

#include <fmt/format.h>

#include <utility>

#include "apps/common/psql.hpp"
#include "apps/common/text_table.hpp"
#include "nakadachi_embedded/audit.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::string_view kCounts = "counts.sql";

Error not_read(std::string_view script) {
  return {.code = ErrorCode::kWrongFormat, .field = "audit", .detail = std::string(script)};
}

Result<AuditCounts> counts_of(const std::vector<std::vector<std::string>>& rows) {
  if (rows.size() != 1 || rows.front().size() != 4) return not_read(kCounts);
  std::array<std::uint64_t, 4> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto number = parse_decimal<std::uint64_t>(rows.front()[i]);
    if (!number) return not_read(kCounts);
    numbers.at(i) = *number;
  }
  return AuditCounts{
      .exchanges = numbers[0], .records = numbers[1], .units = numbers[2], .yen = numbers[3]};
}

}  // namespace

std::string text_of(const Discrepancy& discrepancy) {
  const auto tenant = parse_decimal<std::uint32_t>(discrepancy.tenant);
  return fmt::format("auditor, {}: {}{}", discrepancy.script,
                     tenant ? fmt::format("{:06} ", *tenant) : "", discrepancy.what);
}

Result<Audit> run_auditor(const std::string& psql, const std::string& login) {
  Audit audit;
  for (const EmbeddedFile& script : embedded::audit()) {
    NAKADACHI_TRY(
        auto rows,
        run_psql(psql, login, fmt::format("BEGIN READ ONLY;\n{}\nROLLBACK;\n", script.content)));
    if (script.name == kCounts) {
      NAKADACHI_TRY(audit.counts, counts_of(rows));
      continue;
    }
    for (auto& row : rows) {
      if (row.size() != 2) return not_read(script.name);
      const std::string_view stem = script.name.substr(0, script.name.rfind('.'));
      audit.found.push_back(
          {.script = std::string(stem), .tenant = std::move(row[0]), .what = std::move(row[1])});
    }
  }
  return audit;
}

}  // namespace nakadachi::apps
