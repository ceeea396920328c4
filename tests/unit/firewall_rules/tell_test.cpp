#include <algorithm>
#include <fstream>
#include <sstream>

#include "apps/common/walls_file.hpp"
#include "nakadachi/firewall_rules/diff.hpp"
#include "nakadachi/firewall_rules/draw.hpp"
#include "nakadachi/firewall_rules/explain.hpp"
#include "nakadachi/firewall_rules/tables.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/walls_models.hpp"

using namespace nakadachi;
using namespace nakadachi::walls;
using Catch::Matchers::ContainsSubstring;
using nakadachi::walls::testing::kTranslatedWalls;
using nakadachi::walls::testing::world_of;

namespace {

Model preset(const std::string& name) {
  auto model = apps::load_walls("preset:" + name);
  REQUIRE(model.ok());
  return *std::move(model);
}

Flow& flow_of(Model& model, const std::string& id) {
  for (Flow& flow : model.flows) {
    if (flow.id == id) return flow;
  }
  FAIL("no flow " + id);
  return model.flows.front();
}

std::vector<std::string> told(const Model& before, const Model& after) {
  std::vector<std::string> lines;
  for (const Change& change : diff(*World::build(before), *World::build(after))) {
    std::string line = std::string(name_of(change.kind)) + " " + change.subject;
    for (const std::string& field : change.fields) line += " " + field;
    for (const Region& region : change.regions) {
      line += " " + short_text(region.from) + ">" + short_text(region.to) + ":" +
              walls::text_of(region.services);
    }
    lines.push_back(line);
  }
  return lines;
}

}  // namespace

TEST_CASE("a change is told by what it opens and closes", "[walls]") {
  const Model before = preset("fig3_6");
  CHECK(told(before, before).empty());

  Model after = before;
  flow_of(after, "link").services = *parse_service("tcp/22");
  flow_of(after, "link").owner = "someone else";
  CHECK(told(before, after) ==
        std::vector<std::string>{"widens link 10.10.2.10>10.10.3.10:tcp/22 "
                                 "fd6e:616b:10:2::10>fd6e:616b:10:3::10:tcp/22",
                                 "edits link owner"});
  CHECK(told(after, before).front().starts_with("narrows link 10.10.2.10>10.10.3.10:tcp/22"));

  after = before;
  after.flows.push_back({.id = "debug",
                         .from = {"national"},
                         .to = {"10.10.2.10"},
                         .services = *parse_service("tcp/22")});
  after.segments[1].open_inside = true;
  after.invariants.pop_back();
  const auto lines = told(before, after);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "opens debug 10.10.9.0/24>10.10.2.10:tcp/22");
  CHECK(lines[1].starts_with("opens inside server 10.10.2.0/24>10.10.2.0/24:any"));
  CHECK(lines[2] == "edits invariant only_server_to_interface gone");
  const auto back = told(after, before);
  REQUIRE(back.size() == 3);
  CHECK(back[0].starts_with("closes debug"));
  CHECK(back[1].starts_with("closes inside server"));
  CHECK(back[2] == "edits invariant only_server_to_interface new");
}

TEST_CASE("a flow under another name opens nothing", "[walls]") {
  const Model before = preset("fig3_6");
  Model after = before;
  flow_of(after, "link").id = "bridge";
  CHECK(told(before, after) == std::vector<std::string>{"edits bridge new", "edits link gone"});
}

TEST_CASE("what no flow says is told of hosts, walls and translations", "[walls]") {
  const Model before = world_of(kTranslatedWalls).model();
  Model after = before;
  after.log = before.log == LogLevel::kAll ? LogLevel::kNone : LogLevel::kAll;
  REQUIRE(after.nats.size() >= 2);
  after.nats[0].shown_service = *parse_service("tcp/4444");
  const std::string changed = after.nats[0].id;
  const std::string gone = after.nats.back().id;
  after.nats.pop_back();
  after.hosts[0].mac = *Mac::parse("02:00:00:00:00:77");
  after.walls.push_back({.name = "spare", .title = {}, .joins = before.walls[0].joins});
  const auto lines = told(before, after);
  const auto holds = [&](const std::string& line) {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  };
  CAPTURE(lines);
  CHECK(holds("edits model log"));
  CHECK(holds("edits nat " + changed + " shown"));
  CHECK(holds("edits nat " + gone + " gone"));
  CHECK(holds("edits host " + before.hosts[0].name + " mac"));
  CHECK(holds("edits wall spare new"));
  const auto back = told(after, before);
  CHECK(std::find(back.begin(), back.end(), "edits nat " + gone + " new") != back.end());
  CHECK(std::find(back.begin(), back.end(), "edits wall spare gone") != back.end());
}

TEST_CASE("what opens nothing is told as the field that was edited", "[walls]") {
  const Model before = preset("fig3_6");
  Model after = before;
  flow_of(after, "link").to = {"10.10.3.10", "fd6e:616b:10:3::10"};  // the same ends by address
  flow_of(after, "link").services = *parse_service("tcp/5702");
  flow_of(after, "oltp").traffic = "page";
  CHECK(told(before, after) ==
        std::vector<std::string>{"edits link to services", "edits oltp traffic"});
}

TEST_CASE("one connection is explained", "[walls]") {
  const World world = *World::build(preset("shared_centre"));
  const auto ask = [&](const std::string& from, const std::string& to, const std::string& port) {
    return *explain(world, *Address::parse(from), *Address::parse(to), *parse_service(port));
  };
  const auto allowed = ask("10.64.0.10", "10.1.1.12", "tcp/5701");
  CHECK(allowed.allowed);
  CHECK(world.name_of_machine(allowed.from) == "business_systems@011002");
  CHECK(world.name_of_opening(world.openings()[static_cast<std::size_t>(allowed.opening)]) ==
        "oltp");
  CHECK(allowed.passes == std::vector<std::string>{"towns_wall", "node"});

  const auto other_port = ask("10.64.0.10", "10.1.1.12", "tcp/22");
  CHECK_FALSE(other_port.allowed);
  REQUIRE(other_port.near.size() == 3);
  CHECK(world.model().flows[static_cast<std::size_t>(other_port.near[0].flow)].id == "oltp");
  CHECK(other_port.near[0].differs == "service");
  CHECK(world.model().flows[static_cast<std::size_t>(other_port.near[1].flow)].id == "town_admin");
  CHECK(other_port.near[1].differs == "service");
  CHECK(world.model().flows[static_cast<std::size_t>(other_port.near[2].flow)].id == "ssh");
  CHECK(other_port.near[2].differs == "from");
  CHECK_FALSE(ask("10.64.0.11", "10.1.1.12", "tcp/5701").allowed);
  CHECK(ask("fd6e:616b:1::11", "fd6e:616b:2::11", "tcp/5432").allowed);

  CHECK_FALSE(explain(world, *Address::parse("10.64.0.10"), *Address::parse("fd00::1"),
                      *parse_service("tcp/1"))
                  .ok());
  CHECK_FALSE(explain(world, *Address::parse("10.64.0.10"), *Address::parse("10.1.1.12"),
                      *parse_service("tcp/1-2"))
                  .ok());
}

TEST_CASE("tables hold every flow, quoted for spreadsheets", "[walls]") {
  Model model = preset("shared_centre");
  flow_of(model, "sql").why.en = "rows, \"sealed\"";
  const auto refused = World::build(model);
  CHECK_FALSE(refused.ok());  // a quote could end a comment of a rule set
  flow_of(model, "sql").why.en = "rows, sealed";
  const World world = *World::build(model);
  const std::string table = csv(world, Language::kEnglish);
  CHECK(std::count(table.begin(), table.end(), '\n') == 10);
  CHECK_THAT(table, ContainsSubstring("\"rows, sealed\""));
  CHECK_THAT(table, ContainsSubstring("… (3482)"));
  const std::string text = markdown(world, Language::kJapanese);
  for (const Flow& flow : model.flows) CHECK_THAT(text, ContainsSubstring("| " + flow.id + " |"));
  CHECK_THAT(text, ContainsSubstring("10.64.0.0/13 (/24 × 1741)"));
}

TEST_CASE("pictures in the documents are those of the layouts", "[walls]") {
  for (const apps::WallsPreset& one : apps::walls_presets()) {
    const std::string path = std::string(NAKADACHI_SOURCE_DIR) + "/docs/pictures/walls_" +
                             std::string(one.name) + ".svg";
    CAPTURE(path);
    std::ifstream file(path);
    REQUIRE(file.good());
    std::ostringstream kept;
    kept << file.rdbuf();
    // `nakadachi firewall draw preset:NAME --out …` writes them anew.
    CHECK(kept.str() == draw(*World::build(preset(std::string(one.name)))));
  }
}
