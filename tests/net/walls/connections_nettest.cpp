// Real connections through compiled rules: those that are open when rules are loaded.

#include "tests/net/walls/connections.hpp"

#include <algorithm>

#include "apps/common/live_walls.hpp"
#include "nakadachi/firewall_rules/compile.hpp"
#include "tests/net/walls/matrix.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/support/walls_models.hpp"

using namespace nakadachi;
using namespace nakadachi::walls;
using namespace nakadachi::walls::testing;

namespace {

Address address(const char* text) { return *Address::parse(text); }

Lab lab_of(const World& world, const std::vector<int>& towns) {
  auto lab = Lab::build(Layout(world, towns, {}));
  if (!lab) FAIL(describe(lab.error()));
  return *std::move(lab);
}

int box_named(const Lab& lab, const std::string& name) {
  const auto& boxes = lab.layout().boxes();
  const auto found =
      std::find_if(boxes.begin(), boxes.end(), [&](const Box& box) { return box.name == name; });
  REQUIRE(found != boxes.end());
  return static_cast<int>(found - boxes.begin());
}

/// As an officer does it on every wall and host, one after another.
void apply_and_confirm(const Lab& lab, const World& world,
                       const nakadachi::testing::TempFolder& folder) {
  const auto texts = rule_texts(world, compile(world, {}));
  const auto& boxes = lab.layout().boxes();
  for (std::size_t box = 0; box < boxes.size(); ++box) {
    if (boxes[box].rules.empty()) continue;
    const apps::RuleChange change(folder.file("state-" + boxes[box].name));
    lab.inside(static_cast<int>(box), [&] {
      CAPTURE(boxes[box].name);
      const auto applied = change.apply(texts.at(boxes[box].rules), std::chrono::seconds(60));
      INFO((applied ? "" : describe(applied.error())));
      REQUIRE(applied.ok());
      REQUIRE(change.confirm().ok());
    });
  }
}

}  // namespace

TEST_CASE("connections that the model allows go on when rules are loaded, first and later",
          "[walls]") {
  if (!labs_possible()) return;
  const World world = world_of_preset("shared_centre", 1);
  Model louder = world.model();
  louder.log = LogLevel::kAll;
  const World later = *World::build(louder);
  const Lab lab = lab_of(world, {0});
  struct Way {
    const char* from;
    const char* to;
    std::uint16_t port;
  };
  const std::vector<Way> allowed = {
      {"10.1.5.21", "10.1.1.11", 5704},              // an operator, through one wall
      {"10.64.0.10", "10.1.1.11", 5701},             // a town
      {"fd6e:616b:1::11", "fd6e:616b:2::11", 5432},  // the node's with the database
  };
  std::vector<Conversation> conversations;
  for (const Way& way : allowed) {
    auto one = converse(lab, address(way.from), address(way.to), way.port);
    REQUIRE(one.has_value());
    REQUIRE(one->goes_on());
    conversations.push_back(*std::move(one));
  }
  const auto stray = converse(lab, address("10.1.5.21"), address("10.1.1.11"), 9999);
  REQUIRE(stray.has_value());
  REQUIRE(stray->goes_on());

  const nakadachi::testing::TempFolder folder;
  for (const World* const model : {&world, &later}) {
    apply_and_confirm(lab, *model, folder);
    for (std::size_t i = 0; i < allowed.size(); ++i) {
      CAPTURE(model == &later, allowed[i].from, allowed[i].port);
      CHECK(conversations[i].goes_on());
    }
  }
  CHECK_FALSE(stray->goes_on());
  CHECK(counters_in(lab, box_named(lab, "operator1")).at("invalid") > 0);
}
