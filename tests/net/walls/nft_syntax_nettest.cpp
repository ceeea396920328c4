// What the compiler writes is what nft and the kernel read: checked, not loaded, in a network
// namespace of its own.

#include "apps/common/network_namespace.hpp"
#include "apps/common/run_program.hpp"
#include "apps/common/walls_file.hpp"
#include "nakadachi/firewall_rules/compile.hpp"
#include "tests/net/walls/matrix.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/walls_models.hpp"

using namespace nakadachi;
using namespace nakadachi::walls;
using namespace nakadachi::walls::testing;

namespace {

/// The complaint of nft about a rule set; empty when it has none.
std::string complaint(const apps::NetworkNamespace& space, const std::string& text) {
  const auto end =
      space.inside([&] { return apps::run_program({"/usr/sbin/nft", "-c", "-f", "-"}, text); });
  REQUIRE(end.ok());
  if (end->status != 0 && end->complaint.empty()) return "no words";
  return end->complaint;
}

void check_all(const World& world) {
  const auto space = apps::NetworkNamespace::create();
  REQUIRE(space.ok());
  const auto texts = rule_texts(world, compile(world, {}));
  REQUIRE_FALSE(texts.empty());
  for (const auto& [name, text] : texts) {
    CAPTURE(world.model().name, name);
    CHECK(complaint(*space, text).empty());
  }
}

}  // namespace

TEST_CASE("nft accepts every rule set of the layouts", "[walls]") {
  if (!labs_possible()) return;
  const auto space = apps::NetworkNamespace::create();
  REQUIRE(space.ok());
  CHECK_FALSE(complaint(*space, "table inet x { chain y { no such words } }").empty());
  for (const apps::WallsPreset& preset : apps::walls_presets()) {
    check_all(world_of(std::string(preset.toml)));
  }
}

TEST_CASE("nft accepts everything a rule set can hold", "[walls]") {
  if (labs_possible()) check_all(world_of(kEverythingWalls));
}
