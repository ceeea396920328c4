// The commands of operators, auditors and finance, as they type them, at a demo's pool that was
// left standing.

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/common/text_table.hpp"
#include "nakadachi/base/clock.hpp"
#include "nakadachi/metering/usage.hpp"
#include "tests/net/demo/standing_pool.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::apps {
namespace {

/// What `records` says of the first town's log.
void check_log(const StandingPool& pool, const std::string& tenant) {
  const auto log = pool.json({"records", "verify", "--tenant", tenant});
  CHECK(log["good"] == true);
  CHECK(log["root_checked"] == true);
  const auto head = log["head"].get<std::string>();
  CHECK(pool.json({"records", "verify", "--tenant", tenant, "--kept-head", head})["good"] == true);
  std::string other = head;
  other.back() = other.back() == '0' ? '1' : '0';
  const auto differs =
      pool.json({"records", "verify", "--tenant", tenant, "--kept-head", other}, 1);
  CHECK(differs["good"] == false);
  const std::string nobody(64, '0');
  CHECK(pool.json({"records", "verify", "--tenant", tenant, "--signer", nobody}, 1)["good"] ==
        false);

  const auto listed =
      pool.json({"records", "list", "--tenant", tenant, "--from", "3", "--limit", "5"});
  REQUIRE(listed.size() == 5);
  CHECK(listed[0]["number"] == 3);
  CHECK(listed[4]["number"] == 7);
  const ProgramEnd text = pool.run({"records", "list", "--tenant", tenant, "--limit", "2"});
  CHECK(text.status == 0);
  CHECK(split(text.output, '\n').size() == 4);  // heading, two, nothing behind the last
  CHECK(pool.run({"records", "verify", "--tenant", "011003"}).status == 2);
}

TEST_CASE("an auditor verifies, lists, exports, checks and shows records of a standing pool") {
  StandingPool pool;
  const std::string tenant = "011002";
  check_log(pool, tenant);

  const std::string receipts = pool.file("receipts.jsonl");
  const std::string node = pool.kept("node.toml");
  const std::vector<std::string> exporting = {"records", "export", "--tenant", tenant,
                                              "--out",   receipts, "--config", node};
  const auto exported = pool.json(exporting);
  CHECK(exported["good"] == true);
  const auto count = exported["receipts"].get<std::size_t>();
  CHECK(count > 20);
  CHECK(std::filesystem::status(receipts).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  const ProgramEnd again = pool.run(exporting);
  CHECK(again.status == 2);
  CHECK_THAT(again.complaint, Catch::Matchers::ContainsSubstring(receipts));

  const auto checked = pool.json({"records", "check", receipts});
  CHECK(checked["good"] == true);
  CHECK(checked["receipts"] == count);
  std::string forged = *read_file(receipts);
  const std::size_t salt = forged.rfind("\"salt\":\"") + 8;
  REQUIRE(salt < forged.size());
  forged[salt] = forged[salt] == '0' ? '1' : '0';
  REQUIRE(write_private_file(receipts, forged).ok());
  CHECK(pool.json({"records", "check", receipts}, 1)["good"] == false);

  const std::vector<std::string> showing = {"records",  "show", "--tenant", tenant,
                                            "--config", node,   "--number"};
  const auto show = [&](const std::string& number) {
    std::vector<std::string> command = showing;
    command.push_back(number);
    return command;
  };
  const auto listed = pool.json({"records", "list", "--tenant", tenant});
  for (const auto& entry : listed) {
    if (entry["sort"] != "step") continue;
    const std::string number = std::to_string(entry["number"].get<std::uint64_t>());
    const auto shown = pool.json(show(number));
    CHECK(shown["number"] == number);
    CHECK(shown["receipt"].is_object());
    CHECK_FALSE(shown.contains("person"));
    break;
  }
  const ProgramEnd behind = pool.run(show("999999"));
  CHECK(behind.status == 2);
  CHECK_THAT(behind.complaint, Catch::Matchers::ContainsSubstring("not_in_log (521)") &&
                                   Catch::Matchers::ContainsSubstring("[number]"));
  CHECK(pool.end() == 0);
}

/// Rows of all lines together.
std::uint64_t rows_of(const nlohmann::json& lines) {
  std::uint64_t rows = 0;
  for (const auto& line : lines) rows += line["rows"].get<std::uint64_t>();
  return rows;
}

/// What finance types.
void check_finance(const StandingPool& pool, metering::Month running) {
  const std::string month = running.text();
  metering::Month former = running;
  former.month = static_cast<std::uint8_t>(running.month > 1 ? running.month - 1 : 12);
  if (former.month == 12) --former.year;
  const std::string before = former.text();
  const auto show = [&](const std::string& by) {
    return pool.json({"meter", "show", "--month", month, "--by", by});
  };
  const auto by_cause = show("cause");
  const std::uint64_t rows = rows_of(by_cause);
  CHECK(rows > StandingPool::kExchanges);
  CHECK(rows_of(show("day")) == rows);
  CHECK(rows_of(show("kind")) == rows);

  CHECK(pool.run({"meter", "forget"}).status == 0);  // for want of --yes
  CHECK(show("cause") == by_cause);
  CHECK(pool.run({"meter", "forget", "--yes"}).status == 0);
  CHECK(show("cause").empty());
  CHECK(rows_of(show("kind")) == rows);
  const auto rolled = pool.json({"meter", "roll-up", "--month", month});
  CHECK(rolled["lines"].get<std::uint64_t>() > 0);
  CHECK(show("cause") == by_cause);

  const std::vector<std::string> bill = {"billing", "show", "--month", month, "--csv"};
  const ProgramEnd csv = pool.run(bill);
  CHECK(csv.status == 0);
  std::uint64_t lines = 0;
  for (const auto& line : split(csv.output, '\n')) {
    if (!line.empty()) ++lines;
  }
  CHECK(lines > StandingPool::kTowns);
  CHECK_THAT(csv.output, Catch::Matchers::ContainsSubstring("011002"));

  // The demo closed this month on trial; the one before it is over, and nothing was used in it.
  const auto close = [](const std::string& which, std::vector<std::string> more) {
    std::vector<std::string> command = {"billing", "close",  "--month",  which,
                                        "--cost",  "999983", "--tariff", "shipped"};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  };
  const auto months = [&] { return pool.json({"billing", "show"}).size(); };
  CHECK(pool.run(close(month, {})).status == 1);
  CHECK(pool.json(close(before, {"--dry-run"}))["cost_yen"] == 999'983);
  CHECK(months() == 1);
  const auto closed = pool.json(close(before, {}));
  CHECK(closed["cost_yen"] == 999'983);
  CHECK(months() == 2);
  CHECK(pool.json({"billing", "show", "--month", before}) == closed);
  CHECK(pool.run(close(before, {})).status == 1);
}

TEST_CASE("operator and finance see what their logins let them, in the language they chose") {
  const StandingPool pool;
  const std::string operator_key = pool.kept("operator.curve");
  const auto institutions = pool.json({"institution", "list", "--key-file", operator_key});
  CHECK(institutions.size() == 4);
  CHECK(pool.json({"tenant", "list", "--key-file", operator_key}).size() == 2);

  const auto running = metering::Month::of(Day::of(SystemClock().now()));
  const std::string month = running.text();
  const auto usage = pool.json({"meter", "show", "--month", month, "--tenant", "011002"});
  CHECK(!usage.empty());
  const auto heading = [&](const std::string& language) {
    return pool.run({"meter", "show", "--month", month, "--csv", "--lang", language}).output;
  };
  CHECK_THAT(heading("ja"), Catch::Matchers::ContainsSubstring("件数"));
  CHECK_THAT(heading("en"), Catch::Matchers::ContainsSubstring("rows"));
  const auto bill = pool.json({"billing", "show", "--month", month, "--tenant", "011002"});
  CHECK(bill["cost_yen"] == 12'000'000);

  check_finance(pool, running);

  // A person nobody knows: refused, recorded, and told in Japanese where that was chosen.
  const ProgramEnd asked = pool.run(
      {"query", "ask", "--lang", "ja", "--key-file", pool.kept("system-1000001100200001.curve"),
       "--asker", "1000001100200001", "--provider", "1000001202500001", "--affair", "48",
       "--procedure", "JT00000000000001", "--kind", "地方税関係情報", "--person", "42"});
  CHECK(asked.status == 1);
  CAPTURE(asked.output);
  CHECK_THAT(asked.output, Catch::Matchers::ContainsSubstring("提供不可") &&
                               Catch::Matchers::ContainsSubstring("符号"));
  CHECK(pool.run({"db", "wipe-erased", "--login", "host=/nowhere"}).status == 1);
}

}  // namespace
}  // namespace nakadachi::apps
