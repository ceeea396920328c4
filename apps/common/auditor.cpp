#include "apps/common/auditor.hpp"

#include <fmt/format.h>

#include <utility>

#include "apps/common/psql.hpp"
#include "apps/common/text_table.hpp"
#include "nakadachi_embedded/audit.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::string_view kCounts = "counts.sql";
constexpr std::string_view kTallies = "tallies.sql";
constexpr std::string_view kAsked = "asked";
constexpr std::string_view kProvided = "provided";

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

Result<Tallies> tallies_of(const std::vector<std::vector<std::string>>& rows) {
  Tallies tallies;
  for (const auto& row : rows) {
    if (row.size() != 4) return not_read(kTallies);
    const auto tenant = parse_decimal<std::uint32_t>(row[0]);
    const auto outcome = parse_decimal<std::uint32_t>(row[2]);
    const auto count = parse_decimal<std::uint64_t>(row[3]);
    const bool side = row[1] == kAsked || row[1] == kProvided;
    if (!tenant || !outcome || !count || !side) return not_read(kTallies);
    const TallyKey key{.tenant = {*tenant},
                       .side = row[1] == kAsked ? Side::kAsked : Side::kProvided,
                       .outcome = *outcome};
    tallies.emplace(key, *count);
  }
  return tallies;
}

}  // namespace

std::string text_of(const Discrepancy& discrepancy) {
  const auto tenant = parse_decimal<std::uint32_t>(discrepancy.tenant);
  return fmt::format("auditor, {}: {}{}", discrepancy.script,
                     tenant ? fmt::format("{:06} ", *tenant) : "", discrepancy.what);
}

std::vector<Discrepancy> differences(const Tallies& recounted, const Tallies& reported) {
  Tallies either = recounted;
  either.insert(reported.begin(), reported.end());
  const auto count_in = [](const Tallies& tallies, const TallyKey& key) {
    const auto found = tallies.find(key);
    return found == tallies.end() ? 0 : found->second;
  };
  std::vector<Discrepancy> found;
  for (const auto& [key, count] : either) {
    const std::uint64_t here = count_in(recounted, key);
    const std::uint64_t there = count_in(reported, key);
    if (here == there) continue;
    found.push_back({.script = "tallies",
                     .tenant = std::to_string(key.tenant.value),
                     .what = fmt::format("{} with outcome {}: {} recounted, {} reported",
                                         key.side == Side::kAsked ? kAsked : kProvided, key.outcome,
                                         here, there)});
  }
  return found;
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
    if (script.name == kTallies) {
      NAKADACHI_TRY(audit.tallies, tallies_of(rows));
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
