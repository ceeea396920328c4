#include "apps/common/config.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/catch.hpp"

using namespace nakadachi;

namespace {

constexpr std::string_view kNode = R"(
[node]
name = "node 1"
[database]
train = "host=/run/postgresql user=nakadachi_train"
node = "host=/run/postgresql user=nakadachi_node"
[keys]
root_key_file = "root.key"
passphrase_file = "/run/secrets/passphrase"
[trust]
core_key = "00000000000000000000000000000000000000000000000000000000000000aa"
registry_key = "00000000000000000000000000000000000000000000000000000000000000bb"
simulated = false
registry = "registry.bin"
[oltp]
endpoint = "tcp://10.0.0.1:5701"
key_file = "oltp.curve"
systems = "systems.tsv"
[gateway]
endpoint = "tcp://10.0.1.1:5702"
public_key = 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7'
key_file = "link.curve"
[admin]
endpoint = "tcp://10.0.0.1:5703"
staff = "staff.tsv"
)";

/// A configuration file in a directory of its own.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    directory_ = (std::filesystem::temp_directory_path() / "nakadachi-config-XXXXXX").string();
    REQUIRE(mkdtemp(directory_.data()) != nullptr);
    std::ofstream(path()) << text;
  }
  ~TemporaryFile() { std::filesystem::remove_all(directory_); }
  std::string path() const { return directory_ + "/node.toml"; }
  const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
};

Result<apps::NodeConfig> load(const std::string& more) {
  const TemporaryFile file(std::string(kNode) + more);
  return apps::load_node_config(file.path());
}

}  // namespace

TEST_CASE("a node's configuration is read, with paths relative to the file", "[apps]") {
  const TemporaryFile file{std::string(kNode)};
  const auto config = apps::load_node_config(file.path());
  REQUIRE(config.ok());
  CHECK(config->name == "node 1");
  CHECK(config->profile == "production");
  CHECK(config->root_key_file == file.directory() + "/root.key");
  CHECK(config->passphrase_file == "/run/secrets/passphrase");
  CHECK(config->validity_ms == 60'000);
  CHECK(config->quota.weight == 1);
  CHECK(config->own_quotas.empty());
}

TEST_CASE("towns have a common quota and may have one of their own", "[apps]") {
  const auto config = load(R"(
[quota]
rate_per_s = 200
burst = 400
opens_at = "07:00"
closes_at = "22:00"
[[town]]
code = "011002"
weight = 5
rate_per_s = 900
closes_at = "24:00"
)");
  REQUIRE(config.ok());
  CHECK(config->quota.rate_per_s == 200);
  CHECK(config->quota.hours.opens_at_min == 7 * 60);
  REQUIRE(config->own_quotas.contains(TenantId{11002}));
  const tenant_vm::Quota& own = config->own_quotas.at(TenantId{11002});
  CHECK(own.weight == 5);
  CHECK(own.rate_per_s == 900);
  CHECK(own.burst == 400);
  CHECK(own.hours.opens_at_min == 7 * 60);
  CHECK(own.hours.closes_at_min == 24 * 60);
}

TEST_CASE("what is wrong in a quota is named with its key", "[apps]") {
  const auto [text, key] = GENERATE(table<std::string, std::string>(
      {{"[quota]\nweight = 0\n", "quota.weight"},
       {"[quota]\nburst = -1\n", "quota.burst"},
       {"[quota]\nrate_per_s = 1000001\n", "quota.rate_per_s"},
       {"[quota]\nopens_at = \"7:00\"\n", "quota.opens_at"},
       {"[quota]\nopens_at = 700\n", "quota.opens_at"},
       {"[quota]\ncloses_at = \"24:01\"\n", "quota.closes_at"},
       {"[quota]\ncloses_at = \"12:60\"\n", "quota.closes_at"},
       {"[quota]\nrate = 5\n", "quota.rate"},
       {"[quotas]\nweight = 5\n", "quotas"},
       {"[[town]]\ncode = \"011002\"\nname = \"札幌市\"\n", "town[0].name"},
       {"[[town]]\ncode = \"011003\"\n", "town[0].code"},
       {"[[town]]\ncode = \"011002\"\n[[town]]\ncode = \"011002\"\n", "town[1].code"}}));
  const auto config = load(text);
  REQUIRE_FALSE(config.ok());
  CHECK(config.error().code == ErrorCode::kConfigInvalid);
  CAPTURE(config.error().detail);
  CHECK(config.error().detail.find(": " + key + ":") != std::string::npos);
}

TEST_CASE("a request is valid for an hour at most", "[apps]") {
  CHECK(load("[exchange]\nvalidity_s = 3600\n")->validity_ms == limits::kMaxValidityMs);
  const auto config = load("[exchange]\nvalidity_s = 3601\n");
  REQUIRE_FALSE(config.ok());
  CHECK_THAT(config.error().detail, Catch::Matchers::ContainsSubstring("exchange.validity_s"));
}

TEST_CASE("versions of the law are read with their days and conditions", "[apps]") {
  CHECK(load("")->law.tables.empty());
  const TemporaryFile file(std::string(kNode) + R"(
[law]
ordinances = "ordinances.tsv"
[[law.table]]
file = "law/2026.tsv"
from = "2026-04-01"
conditions = "law/2026_conditions.tsv"
[[law.table]]
file = "/etc/law/2024.tsv"
from = "2024-05-27"
until = "2026-03-31"
)");
  const auto config = apps::load_node_config(file.path());
  REQUIRE(config.ok());
  const apps::LawConfig& law = config->law;
  CHECK(law.ordinances_file == file.directory() + "/ordinances.tsv");
  CHECK(law.conditions_file.empty());
  REQUIRE(law.tables.size() == 2);
  CHECK(law.tables[0].file == file.directory() + "/law/2026.tsv");
  CHECK(law.tables[0].conditions_file == file.directory() + "/law/2026_conditions.tsv");
  CHECK(law.tables[0].in_force == Period{Day::parse("2026-04-01"), std::nullopt});
  CHECK(law.tables[1].file == "/etc/law/2024.tsv");
  CHECK(law.tables[1].conditions_file.empty());
  CHECK(law.tables[1].in_force == Period{Day::parse("2024-05-27"), Day::parse("2026-03-31")});
  const std::string one = "[[law.table]]\nfile = \"a.tsv\"\n";
  const auto [text, key] = GENERATE_COPY(table<std::string, std::string>(
      {{one, "law.table[0].from"},
       {one + "from = \"2026-02-29\"\n", "law.table[0].from"},
       {one + "from = \"2026-04-01\"\nuntil = \"never\"\n", "law.table[0].until"},
       {"[[law.table]]\nfrom = \"2026-04-01\"\n", "law.table[0].file"},
       {"[law]\nconditions = \"c.tsv\"\n" + one + "from = \"2026-04-01\"\n", "law.conditions"}}));
  const auto wrong = load(text);
  REQUIRE_FALSE(wrong.ok());
  CAPTURE(wrong.error().detail);
  CHECK(wrong.error().detail.find(": " + key + ":") != std::string::npos);
}

TEST_CASE("layouts may come from a file beside the configuration", "[apps]") {
  CHECK(load("")->layouts_file.empty());
  const TemporaryFile file(std::string(kNode) + "[copies]\nlayouts = \"layouts.tsv\"\n");
  const auto config = apps::load_node_config(file.path());
  REQUIRE(config.ok());
  CHECK(config->layouts_file == file.directory() + "/layouts.tsv");
  CHECK(load("[copies]\nlayout = \"layouts.tsv\"\n").error().detail.find(": copies.layout:") !=
        std::string::npos);
}

TEST_CASE("the pool of 取得番号 and how long a symbol is waited for are configured", "[apps]") {
  constexpr std::int64_t kDayMs = std::int64_t{24} * 3600 * 1000;
  const auto usual = load("");
  REQUIRE(usual.ok());
  CHECK(usual->acquisition_pool.at(0).reveal() == 1'000'000'000'000'000);
  CHECK(usual->acquisition_ms == 30 * kDayMs);
  const auto config = load("[acquisition]\nprefix = \"123\"\ndigits = 14\nperiod_days = 45\n");
  REQUIRE(config.ok());
  CHECK(config->acquisition_pool.at(0).reveal() == 12'300'000'000'000);
  CHECK(config->acquisition_pool.size() == 100'000'000'000);
  CHECK(config->acquisition_ms == 45 * kDayMs);
  const auto [text, key] = GENERATE(
      table<std::string, std::string>({{"digits = 12", "digits"},
                                       {"digits = 19", "digits"},
                                       {"prefix = \"01\"", "prefix"},
                                       {"prefix = \"9x\"", "prefix"},
                                       {"prefix = \"1234567890123\"\ndigits = 13", "prefix"},
                                       {"period_days = 0", "period_days"},
                                       {"period_days = 367", "period_days"},
                                       {"period = 30", "period"}}));
  const auto wrong = load("[acquisition]\n" + text + "\n");
  REQUIRE_FALSE(wrong.ok());
  CAPTURE(wrong.error().detail);
  CHECK(wrong.error().detail.find(": acquisition." + key + ":") != std::string::npos);
}

TEST_CASE("the model of the network is a file beside the configuration, or a built-in one",
          "[apps]") {
  CHECK(load("")->walls.model.empty());
  const TemporaryFile file(std::string(kNode) +
                           "[walls]\nmodel = \"town.toml\"\nhost = \"node@011002\"\n");
  const auto config = apps::load_node_config(file.path());
  REQUIRE(config.ok());
  CHECK(config->walls.model == file.directory() + "/town.toml");
  CHECK(config->walls.host == "node@011002");
  const auto preset = load("[walls]\nmodel = \"preset:fig3_6\"\nhost = \"node\"\n");
  REQUIRE(preset.ok());
  CHECK(preset->walls.model == "preset:fig3_6");
  for (const char* incomplete :
       {"[walls]\n", "[walls]\nmodel = \"town.toml\"\n", "[walls]\nhost = \"node\"\n"}) {
    INFO(incomplete);
    CHECK(load(incomplete).error().code == ErrorCode::kConfigInvalid);
  }
}

TEST_CASE("the least serial of a registry is read, kept and bounded", "[apps]") {
  const auto with = [](const std::string& serial) {
    std::string text(kNode);
    text.insert(text.find("registry = "), "least_serial = " + serial + "\n");
    const TemporaryFile file(text);
    return apps::load_node_config(file.path());
  };
  CHECK(load("")->trust.least_serial == 0);
  const auto config = with("1795382400000");  // more than 32 bits
  REQUIRE(config.ok());
  CHECK(config->trust.least_serial == 1'795'382'400'000);
  for (const char* const wrong : {"-1", "1.5", "\"7\"", "9223372036854775808"}) {
    INFO(wrong);
    CHECK(with(wrong).error().code == ErrorCode::kConfigInvalid);
  }
  const TemporaryFile trust(apps::write_trust(config->trust));
  const auto again = apps::load_trust(trust.path());
  REQUIRE(again.ok());
  CHECK(again->least_serial == config->trust.least_serial);
  CHECK(again->roots.registry_key == config->trust.roots.registry_key);
}

TEST_CASE("a configuration with two ways to the root key, or none, is refused", "[apps]") {
  const std::string both = "credential_file = \"/run/credentials/root\"\n";
  std::string text(kNode);
  text.insert(text.find("[trust]"), both);
  const TemporaryFile file(text);
  CHECK(apps::load_node_config(file.path()).error().code == ErrorCode::kConfigInvalid);
}
