#include "tests/support/walls_models.hpp"

#include <algorithm>
#include <stdexcept>

#include "apps/common/walls_file.hpp"

namespace nakadachi::walls::testing {
namespace {

/// An exception of a helper fails the test that called it.
template <class T>
T value_of(Result<T> result) {
  if (!result) throw std::runtime_error(describe(result.error()));
  return *std::move(result);
}

constexpr const char* kCentre = R"([[segment]]
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
)";

}  // namespace

const std::string kSoundWalls = std::string(R"(
[model]
name = "sound"
[towns]
codes = ["011002", "012025"]
[[segment]]
name = "business"
kind = "business"
per_town = true
ipv4 = "10.64.0.0/16"
ipv6 = "fd00:64::/48"
line = "B"
users = 50
)") + kCentre + R"([[host]]
name = "systems"
segment = "business"
offset = 10
[[service]]
host = "node"
name = "oltp"
listens = "tcp/5701"
[[service]]
host = "database"
name = "sql"
listens = "tcp/5432"
[[wall]]
name = "wall"
joins = ["business", "core"]
[[flow]]
id = "oltp"
from = "systems"
to = "node:oltp"
application = "CURVE"
specific = true
traffic = "transaction"
why_en = "queries"
owner = "centre"
valid_until = 2027-03-31
[[flow]]
id = "sql"
from = "node"
to = "database:sql"
why_en = "rows"
owner = "centre"
[[invariant]]
id = "apart"
kind = "towns_apart"
from = "business"
to = "business"
)";

const std::string kTranslatedWalls = R"(
[model]
name = "translated"
log = "all"
[towns]
codes = ["011002", "012025"]
[[segment]]
name = "towns"
kind = "internal"
per_town = true
ipv4 = "10.64.0.0/16"
[[segment]]
name = "inside"
kind = "core"
ipv4 = "10.1.0.0/24"
inside = "walled"
[[host]]
name = "server"
segment = "inside"
address = "10.1.0.5"
mac = "02:00:00:00:00:05"
[[host]]
name = "client"
segment = "inside"
address = "10.1.0.6"
[[service]]
host = "server"
name = "web"
listens = "tcp/8443"
[[wall]]
name = "near"
joins = ["towns", "middle"]
[[wall]]
name = "far"
joins = ["middle", "inside"]
[[segment]]
name = "middle"
kind = "link"
ipv4 = "10.2.0.0/24"
[[flow]]
id = "web"
from = "towns"
to = "192.0.2.1"
service = "tcp/443"
new_per_second = 5
connections = 9
[[flow]]
id = "out"
from = "client"
to = "towns"
service = ["tcp/443", "echo"]
valid_until = 2026-03-31
[[limit]]
flow = "web"
towns = ["012025"]
new_per_second = 50
[[nat]]
id = "published"
wall = "far"
kind = "destination"
shown = "192.0.2.1"
shown_service = "tcp/443"
hidden = "10.1.0.5"
hidden_service = "tcp/8443"
[[nat]]
id = "masked"
wall = "far"
kind = "source"
hidden = "10.1.0.0/24"
towards = "towns"
shown = "10.2.0.9"
)";

const std::string kEverythingWalls = std::string(R"(
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
)") + kCentre + R"([[wall]]
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

const std::string kLoopbackWalls = R"(
[model]
name = "loopback"
[towns]
codes = ["011002", "012025"]
[[segment]]
name = "core"
kind = "core"
ipv4 = "127.0.0.0/30"
inside = "walled"
[[segment]]
name = "business"
kind = "business"
per_town = true
ipv4 = "127.0.64.0/22"
[[host]]
name = "node"
segment = "core"
address = "127.0.0.1"
[[host]]
name = "gateway"
segment = "core"
address = "127.0.0.2"
[[host]]
name = "business_systems"
segment = "business"
offset = 10
[[service]]
host = "node"
name = "oltp"
listens = "tcp/5701"
[[service]]
host = "gateway"
name = "link"
listens = "tcp/5702"
[[wall]]
name = "wall"
joins = ["core", "business"]
[[flow]]
id = "oltp"
from = "business_systems"
to = "node:oltp"
[[flow]]
id = "link"
from = "node"
to = "gateway:link"
valid_until = 2020-03-31
)";

World world_of(const std::string& toml) {
  return value_of(World::build(value_of(apps::parse_walls(toml, "test"))));
}

World world_of_preset(const std::string& name, std::size_t towns) {
  Model model = value_of(apps::load_walls("preset:" + name));
  model.towns.resize(std::min(towns, model.towns.size()));
  return value_of(World::build(std::move(model)));
}

}  // namespace nakadachi::walls::testing
