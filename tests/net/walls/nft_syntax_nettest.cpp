// What the compiler writes is what nft and the kernel read: checked, not loaded, in a network
// namespace of its own.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "apps/common/text_table.hpp"
#include "apps/common/walls_file.hpp"
#include "nakadachi/firewall_rules/compile.hpp"
#include "tests/support/catch.hpp"

using namespace nakadachi;
using namespace nakadachi::walls;

namespace {

/// Everything a rule set can hold: both families, translations, echo, ranges,
/// limits of towns, MACs, logs.
constexpr const char* kEverything = R"(
[model]
name = "everything"
log = "all"
[towns]
codes = ["011002", "012025", "012033"]
[[segment]]
name = "towns"
kind = "internal"
per_town = true
ipv4 = "10.64.0.0/16"
ipv6 = "fd00:64::/48"
[[segment]]
name = "core"
kind = "core"
ipv4 = "10.1.0.0/24"
ipv6 = "fd00:1::/64"
inside = "walled"
[[host]]
name = "node"
segment = "core"
address = ["10.1.0.5", "fd00:1::5"]
mac = "02:00:00:00:00:05"
[[host]]
name = "database"
segment = "core"
address = ["10.1.0.6", "fd00:1::6"]
mac = "02:00:00:00:00:06"
[[wall]]
name = "wall"
joins = ["towns", "core", "outside"]
[[flow]]
id = "oltp"
from = "towns"
to = ["node", "192.0.2.1", "2001:db8::1"]
service = "tcp/5701"
new_per_second = 20
connections = 50
valid_until = 2030-03-31
why_ja = "情報照会"
[[flow]]
id = "ping"
from = "any"
to = "core"
service = "echo"
[[flow]]
id = "wide"
from = "core"
to = ["any", "10.3.0.7-10.3.0.99"]
service = ["tcp/1024-65535", "udp/53"]
log = "none"
[[flow]]
id = "sql"
from = "node"
to = "database"
service = "tcp/5432"
[[limit]]
flow = "oltp"
towns = ["011002"]
new_per_second = 200
connections = 500
[[nat]]
id = "published4"
wall = "wall"
kind = "destination"
shown = "192.0.2.1"
shown_service = "tcp/5701"
hidden = "10.1.0.5"
hidden_service = "tcp/5701"
[[nat]]
id = "published6"
wall = "wall"
kind = "destination"
shown = "2001:db8::1"
shown_service = "tcp/5701"
hidden = "fd00:1::5"
hidden_service = "tcp/5702"
[[nat]]
id = "masked4"
wall = "wall"
kind = "source"
hidden = "10.1.0.0/24"
towards = "towns"
shown = "10.2.0.9"
[[nat]]
id = "masked6"
wall = "wall"
kind = "source"
hidden = "fd00:1::5-fd00:1::6"
towards = "towns"
shown = "fd00:2::9"
)";

std::string temporary_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "walls-XXXXXX").string();
  REQUIRE(mkdtemp(name.data()) != nullptr);
  return name;
}

int run(const std::string& command) {
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Root in a user namespace is enough where there is no other.
std::string in_own_network() {
  return geteuid() == 0 ? "unshare --net" : "unshare --map-root-user --net";
}

bool can_check() { return run(in_own_network() + " nft list ruleset >/dev/null 2>&1") == 0; }

/// The complaint of nft about a rule set; empty when it has none.
std::string complaint(const std::string& text) {
  const std::string folder = temporary_folder();
  std::ofstream(folder + "/rules.nft") << text;
  const int status =
      run(in_own_network() + " nft -c -f " + folder + "/rules.nft >" + folder + "/out 2>&1");
  std::string words = apps::read_file(folder + "/out").value();
  if (status != 0 && words.empty()) words = "no words, status " + std::to_string(status);
  std::filesystem::remove_all(folder);
  return words;
}

void check_all(const Model& model) {
  const auto world = World::build(model);
  REQUIRE(world.ok());
  const auto sets = compile(*world, {});
  REQUIRE_FALSE(sets.empty());
  for (const RuleSet& rules : sets) {
    CAPTURE(model.name, rules.name);
    CHECK(complaint(to_nft(*world, rules)).empty());
  }
}

}  // namespace

TEST_CASE("nft accepts every rule set of the layouts", "[walls]") {
  if (!can_check()) {
    WARN("no network namespace with nft here: not checked");
    return;
  }
  CHECK_FALSE(complaint("table inet x { chain y { no such words } }").empty());
  for (const apps::WallsPreset& preset : apps::walls_presets()) {
    const auto model = apps::parse_walls(preset.toml, std::string(preset.name));
    REQUIRE(model.ok());
    check_all(*model);
  }
}

TEST_CASE("nft accepts everything a rule set can hold", "[walls]") {
  if (!can_check()) {
    WARN("no network namespace with nft here: not checked");
    return;
  }
  const auto model = apps::parse_walls(kEverything, "everything");
  REQUIRE(model.ok());
  check_all(*model);
}
