#include "apps/nakadachi/firewall_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "apps/common/text_table.hpp"
#include "apps/common/walls_file.hpp"
#include "apps/nakadachi/firewall_output.hpp"
#include "nakadachi/base/clock.hpp"

namespace nakadachi::apps {

Error wrong_firewall_option(std::string_view option, std::string how) {
  return {.code = ErrorCode::kConfigInvalid, .field = option, .detail = std::move(how)};
}

Result<std::chrono::year_month_day> firewall_date(const std::string& text) {
  using std::chrono::day;
  using std::chrono::days;
  using std::chrono::hours;
  using std::chrono::milliseconds;
  using std::chrono::month;
  using std::chrono::sys_time;
  using std::chrono::year;
  using std::chrono::year_month_day;
  if (text.empty()) {
    const milliseconds now{SystemClock().now().ms};
    return year_month_day{std::chrono::floor<days>(sys_time<milliseconds>(now + hours{9}))};
  }
  const auto parts = split(text, '-');
  int year_number = 0;
  unsigned month_number = 0;
  unsigned day_number = 0;
  const bool read = parts.size() == 3 && std::sscanf(text.c_str(), "%4d-%2u-%2u", &year_number,
                                                     &month_number, &day_number) == 3;
  const year_month_day date{year{year_number}, month{month_number}, day{day_number}};
  if (!read || !date.ok()) return wrong_firewall_option("date", "write it as in 2027-03-31");
  return date;
}

Result<walls::World> load_firewall_world(const std::string& place) {
  NAKADACHI_TRY(walls::Model model, load_walls(place));
  auto world = walls::World::build(std::move(model));
  if (world.ok()) return world;
  Error problem = world.error();
  problem.detail = place + ": " + problem.detail;
  return problem;
}

bool has_firewall_error(const std::vector<walls::Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const walls::Finding& finding) {
    return walls::text_of(finding.kind).severity == walls::Severity::kError;
  });
}

Result<CompiledFirewall> compile_sound_firewall(const std::string& place, const std::string& date,
                                                Language language) {
  NAKADACHI_TRY(walls::World world, load_firewall_world(place));
  NAKADACHI_TRY(const auto today, firewall_date(date));
  auto findings = walls::check(world, today);
  // What is over is left out of the rules, so it need not stop them.
  std::erase_if(findings, [](const walls::Finding& finding) {
    return finding.kind == walls::FindingKind::kFlowExpired;
  });
  if (has_firewall_error(findings)) {
    fmt::print(stderr, "{}", text_of_findings(findings, language));
    return ErrorCode::kWallsUnsound;
  }
  auto rule_sets = walls::compile(world, today);
  return CompiledFirewall{std::move(world), std::move(rule_sets)};
}

}  // namespace nakadachi::apps
