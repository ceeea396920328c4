#include "apps/common/demo_report.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catch.hpp"

namespace nakadachi::apps {
namespace {

/// Of a demo whose books agree.
DemoReport good_report() {
  DemoReport report;
  report.exchanges = 10;
  report.told = 10;
  report.outcomes = {{exchange::Outcome::kAnswered, 9}, {exchange::Outcome::kNoData, 1}};
  report.logs.entries = 40;
  report.audit.counts = {.exchanges = 10, .records = 40, .units = 100, .yen = 7};
  report.bill.pool.cost_yen = 7;
  for (const std::uint64_t yen : {3U, 4U}) {
    billing::Statement statement;
    statement.lines.front().yen = yen;
    statement.lines[1].units = {.rows = 20,
                                .persons = 5,
                                .messages_in = 4,
                                .messages_out = 3,
                                .bytes_in = 20,
                                .bytes_out = 18};
    report.bill.statements.push_back(statement);
  }
  return report;
}

TEST_CASE("the demo is well only when everything agrees") {
  CHECK(is_well(good_report()));
  CHECK(report_json(good_report())["ok"] == true);

  DemoReport refused = good_report();  // as no outcome of its key: a conclusion, no exchange
  refused.rows.apart = {{{TenantId{11002}, Side::kAsked, 4}, 1}};
  CHECK_FALSE(is_well(refused));
  ++refused.audit.counts.exchanges;
  CHECK(is_well(refused));

  using Break = std::function<void(DemoReport&)>;
  const std::vector<std::pair<std::string, Break>> breaks = {
      {"a query without an outcome", [](auto& report) { --report.told; }},
      {"an outcome that was not due", [](auto& report) { ++report.unexpected; }},
      {"rows that contradict each other",
       [](auto& report) { report.rows.contradictions.emplace_back("no row at the provider"); }},
      {"a log that is not good", [](auto& report) { report.logs.wrong.emplace_back("011002"); }},
      {"something the auditor found", [](auto& report) { report.audit.found.emplace_back(); }},
      {"an exchange the auditor does not see",
       [](auto& report) { --report.audit.counts.exchanges; }},
      {"a record the auditor does not see", [](auto& report) { --report.audit.counts.records; }},
      {"a unit the auditor does not see", [](auto& report) { --report.audit.counts.units; }},
      {"a unit that is not billed",
       [](auto& report) { --report.bill.statements[0].lines[1].units.messages_in; }},
      {"a yen the auditor does not see", [](auto& report) { --report.audit.counts.yen; }},
      {"a yen too few", [](auto& report) { --report.bill.statements[1].lines.front().yen; }},
  };
  for (const auto& [name, spoil] : breaks) {
    CAPTURE(name);
    DemoReport report = good_report();
    spoil(report);
    CHECK_FALSE(is_well(report));
    CHECK(report_json(report)["ok"] == false);
  }
}

TEST_CASE("the demo tells what clients saw in the meantime, and what staff found wrong") {
  DemoReport report = good_report();
  report.seen_held = 3;
  report.seen_unknown = 2;
  report.by_ordinance = 5;
  report.wishes = {{"asked", 1}, {"begun", 1}};
  report.load = {.rows = 9, .wrong_rows = 2, .faults = {{copies::Fault::kTooLong, 2}}};
  CHECK(is_well(report));  // none of it is an outcome
  const nlohmann::json told = report_json(report);
  CHECK(told["seen_held"] == 3);
  CHECK(told["seen_unknown"] == 2);
  CHECK(told["unknown"] == 0);
  CHECK(told["by_ordinance"] == 5);
  CHECK(told["wishes"] == nlohmann::json({{"asked", 1}, {"begun", 1}}));
  CHECK(told["load_check"] ==
        nlohmann::json({{"rows", 9}, {"wrong_rows", 2}, {"faults", {{"too_long", 2}}}}));
}

}  // namespace
}  // namespace nakadachi::apps
