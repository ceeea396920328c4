#include "apps/common/walls_policy.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

#include "apps/common/text_table.hpp"
#include "apps/common/walls_file.hpp"
#include "nakadachi/base/log.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

namespace nakadachi::apps {
namespace {

using Catch::Matchers::ContainsSubstring;

constexpr std::chrono::year_month_day kToday{std::chrono::year{2026}, std::chrono::month{11},
                                             std::chrono::day{22}};

walls::Model centre() {
  auto model = load_walls("preset:shared_centre");
  REQUIRE(model.ok());
  model->towns.resize(3);
  return *std::move(model);
}

walls::Flow& flow_of(walls::Model& model, std::string_view id) {
  const auto found = std::find_if(model.flows.begin(), model.flows.end(),
                                  [&](const walls::Flow& flow) { return flow.id == id; });
  REQUIRE(found != model.flows.end());
  return *found;
}

WallsPolicy policy_of(walls::Model model, const std::string& host = "node1") {
  auto policy = WallsPolicy::make(std::move(model), host, kToday);
  INFO((policy ? "" : policy.error().detail));
  REQUIRE(policy.ok());
  return *std::move(policy);
}

WallsEnd door(std::string endpoint) { return {"oltp.endpoint", std::move(endpoint), true}; }
WallsEnd link(std::string endpoint) { return {"gateway.endpoint", std::move(endpoint), false}; }

std::vector<WallsEnd> good_ends() {
  return {door("tcp://10.1.1.11:5701"),
          {"admin.endpoint", "tcp://10.1.1.11:5704", true},
          link("tcp://10.1.3.11:5702"),
          {"database.train", "tcp://10.1.2.11:5432", false}};
}

/// What the policy says against one end; empty: nothing.
std::string against(const WallsPolicy& policy, const WallsEnd& end) {
  const auto found = policy.contradictions(std::array{end});
  if (found.empty()) return {};
  CHECK(found.size() == 1);
  CHECK(found.front().key == end.key);
  CHECK(found.front().endpoint == end.endpoint);
  return found.front().says;
}

}  // namespace

TEST_CASE("walls policy: a node at its place has nothing said against it") {
  CHECK(policy_of(centre()).contradictions(good_ends()).empty());
  CHECK(against(policy_of(centre(), "node2"), door("tcp://[fd6e:616b:1::12]:5701")).empty());
  CHECK(policy_of(centre(), "gateway")
            .contradictions(
                std::vector<WallsEnd>{{"nodes.endpoint", "tcp://10.1.3.11:5702", true},
                                      {"national.endpoint", "tcp://10.1.4.11:5703", false}})
            .empty());
}

TEST_CASE("walls policy: each contradiction names what the model says") {
  const WallsPolicy node = policy_of(centre());
  CHECK_THAT(against(node, door("tcp://10.1.3.11:5701")),
             ContainsSubstring("10.1.3.11 is no address of host node1, which has 10.1.1.11"));
  CHECK_THAT(against(node, door("tcp://10.1.1.11:5702")),
             ContainsSubstring("no service of host node1 listens at tcp/5702; it has oltp "
                               "tcp/5701, admin tcp/5704"));
  for (const char* vague : {"tcp://*:5701", "tcp://eth0:5701", "tcp://node.example:5701"}) {
    CHECK_THAT(against(node, door(vague)), ContainsSubstring("one IP address"));
  }
  CHECK_THAT(against(node, door("tcp://0.0.0.0:5701")),
             ContainsSubstring("0.0.0.0 is no address of host node1"));
  for (const char* vague : {"tcp://10.1.1.11:*", "tcp://10.1.1.11:0", "tcp://10.1.1.11:65536"}) {
    CHECK_THAT(against(node, door(vague)), ContainsSubstring("one port"));
  }
  CHECK_THAT(against(node, door("ipc:///tmp/oltp")), ContainsSubstring("tcp:// only"));

  CHECK_THAT(against(node, link("tcp://10.1.4.11:5703")),
             ContainsSubstring("no flow leads from 10.1.1.11 to tcp/5703 of national_system; "
                               "flow national has another source"));
  CHECK_THAT(against(node, link("tcp://10.1.3.11:5703")),
             ContainsSubstring("flow link has another port"));
  CHECK_THAT(against(policy_of(centre(), "gateway"), link("tcp://10.1.2.11:5432")),
             ContainsSubstring("no flow leads from 10.1.3.11 to tcp/5432 of postgres"));
}

TEST_CASE("walls policy: a flow counts to its last day, and what is over is named") {
  using std::chrono::days;
  using std::chrono::sys_days;
  for (const bool over : {false, true}) {
    walls::Model model = centre();
    for (const char* id : {"link", "oltp"}) {
      flow_of(model, id).valid_until = over ? sys_days(kToday) - days(1) : sys_days(kToday);
    }
    const WallsPolicy node = policy_of(std::move(model));
    const auto found = node.contradictions(good_ends());
    if (!over) {
      CHECK(found.empty());
      continue;
    }
    REQUIRE(found.size() == 2);
    CHECK(found[0].says ==
          "no flow leads to tcp/5701 of host node1; flow oltp was good until 2026-11-21");
    CHECK_THAT(found[1].says, ContainsSubstring("; flow link was good until 2026-11-21"));
  }
}

TEST_CASE("walls policy: of a host with several machines the one counts that is at work") {
  walls::Model model = centre();
  const auto host = std::find_if(model.hosts.begin(), model.hosts.end(),
                                 [](const walls::Host& one) { return one.name == "node1"; });
  REQUIRE(host != model.hosts.end());
  host->addresses.push_back(*walls::Address::parse("10.1.1.13"));
  flow_of(model, "link").from = {"10.1.1.13"};
  const WallsPolicy node = policy_of(std::move(model));
  const WallsEnd gateway = link("tcp://10.1.3.11:5702");
  const auto together = [&](const char* endpoint) {
    return node.contradictions(std::vector<WallsEnd>{door(endpoint), gateway}).empty();
  };
  CHECK_FALSE(together("tcp://10.1.1.11:5701"));
  CHECK(together("tcp://10.1.1.13:5701"));
  CHECK_FALSE(against(node, gateway).empty());  // it may be any of them
  CHECK(against(node, link("tcp://10.1.1.13:0;10.1.3.11:5702")).empty());
  CHECK_FALSE(against(node, link("tcp://10.1.1.11:0;10.1.3.11:5702")).empty());
  CHECK_THAT(against(node, link("tcp://10.1.9.9:0;10.1.3.11:5702")),
             ContainsSubstring("10.1.9.9 is no address of host node1"));
}

TEST_CASE("walls policy: a door is for whom the model lets reach it") {
  const WallsPolicy node = policy_of(centre());
  const socket::AddressCheck oltp = node.door(door("tcp://10.1.1.11:5701")).callers();
  for (const char* system : {"10.64.0.10", "10.64.1.10", "10.64.2.10"}) CHECK(oltp(system));
  for (const char* other : {"10.64.0.11", "10.64.3.10", "10.1.5.21", "10.1.1.12", "127.0.0.1",
                            "fd6e:616b:1000::a", "", "::ffff:10.64.0.10", "10.64.0.10 "}) {
    INFO(other);
    CHECK_FALSE(oltp(other));
  }
  const socket::AddressCheck by_ipv6 = node.door(door("tcp://[fd6e:616b:1::11]:5701")).callers();
  CHECK(by_ipv6("fd6e:616b:1000::a"));
  CHECK_FALSE(by_ipv6("10.64.0.10"));
  const auto admin = node.door({"admin.endpoint", "tcp://10.1.1.11:5704", true}).callers();
  for (const char* who : {"10.1.5.21", "10.64.0.10", "10.64.0.20"}) CHECK(admin(who));
  CHECK_FALSE(admin("10.64.0.11"));
}

TEST_CASE("walls policy: a key is tied to a place from which its door is reached") {
  const walls::Model model = centre();
  const std::string second = model.towns[1].code;
  const WallsPolicy node = policy_of(model);
  const WallsDoor oltp = node.door(door("tcp://10.1.1.11:5701"));
  for (const std::string& place : {"business_systems@" + second, "business@" + second,
                                   std::string("10.64.1.10"), std::string("10.64.1.0/24")}) {
    INFO(place);
    const auto check = oltp.callers_at(place);
    REQUIRE(check.ok());
    CHECK((*check)("10.64.1.10"));
    CHECK_FALSE((*check)("10.64.0.10"));
    CHECK_FALSE((*check)("10.64.1.11"));  // of the town, but nothing may come from there
  }
  for (const char* place : {"nowhere", "business@999999", "ops", "10.64.0.11", "kind:nothing"}) {
    const auto check = oltp.callers_at(place);
    REQUIRE_FALSE(check.ok());
    CHECK(check.error().code == ErrorCode::kConfigInvalid);
    CHECK(check.error().field == "place");
  }
}

TEST_CASE("walls policy: a key is tied to no place that shares its address with others") {
  const auto door_behind = [](const char* hidden) {
    walls::Model model = centre();
    walls::Nat nat;
    nat.id = "masked";
    nat.kind = walls::Nat::Kind::kSource;
    nat.wall = "towns_wall";
    nat.towards = "core";
    nat.hidden_range = walls::Prefix::parse(hidden)->interval();
    nat.shown = *walls::Address::parse("10.1.1.200");
    model.nats.push_back(nat);
    return policy_of(std::move(model)).door(door("tcp://10.1.1.11:5701"));
  };
  const std::string first = "business@" + centre().towns[0].code;
  const std::string third = "business@" + centre().towns[2].code;

  const WallsDoor two_towns = door_behind("10.64.0.0/23");
  const auto shared = two_towns.callers_at(first);
  REQUIRE_FALSE(shared.ok());
  CHECK(shared.error().field == "place");
  CHECK_THAT(shared.error().detail, ContainsSubstring("others come to the door with the same"));
  CHECK_FALSE(two_towns.callers_at("10.1.1.200").ok());
  CHECK(two_towns.callers_at(third).ok());
  REQUIRE(two_towns.callers_at("business").ok());  // all who share it
  CHECK((*two_towns.callers_at("business"))("10.1.1.200"));

  const auto alone = door_behind("10.64.0.0/24").callers_at(first);
  REQUIRE(alone.ok());
  CHECK((*alone)("10.1.1.200"));
  CHECK_FALSE((*alone)("10.64.0.10"));
}

TEST_CASE("walls policy: what stays in the machine is no matter of walls") {
  const WallsPolicy node = policy_of(centre());
  for (const char* server : {"tcp://127.0.0.1:5432", "tcp://127.9.9.9:5432", "tcp://[::1]:5432"}) {
    CHECK(against(node, {"database.node", server, false}).empty());
  }
  CHECK_FALSE(against(node, {"database.node", "tcp://128.0.0.0:5432", false}).empty());
  CHECK_FALSE(against(node, door("tcp://127.0.0.1:5701")).empty());  // nobody could come
}

TEST_CASE("walls policy: the host must be in the model") {
  for (const char* host : {"nobody", "", "node@011002x", "core"}) {
    const auto policy = WallsPolicy::make(centre(), host, kToday);
    REQUIRE_FALSE(policy.ok());
    CHECK(policy.error().field == "walls.host");
  }
  // Where each town has one, the town's own.
  const walls::Model model = centre();
  const auto system = policy_of(model, "business_systems@" + model.towns[1].code);
  CHECK(against(system, link("tcp://10.64.1.10:0;10.1.1.11:5701")).empty());
  CHECK_FALSE(against(system, link("tcp://10.64.0.10:0;10.1.1.11:5701")).empty());
}

TEST_CASE("walls policy: a configuration is refused with every contradiction in it") {
  NodeConfig config;
  config.walls = {.model = "preset:shared_centre", .host = "node1"};
  config.oltp_endpoint = "tcp://10.1.1.11:5701";
  config.gateway_endpoint = "tcp://10.1.3.11:5702";
  config.train_login = "host=/run/postgresql user=nakadachi_train";
  config.node_login = "host=10.1.2.11 user=nakadachi_node";
  REQUIRE(load_policy(config).ok());
  CHECK(load_policy(config)->has_value());

  config.oltp_endpoint = "tcp://10.1.1.11:5710";
  config.admin_endpoint = "tcp://10.1.1.99:5704";
  config.node_login = "host=db.example,10.1.2.11 port=5432,5433 user=nakadachi_node";
  const auto refused = load_policy(config);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kConfigInvalid);
  CHECK(refused.error().field == "walls");
  for (const char* line :
       {"oltp.endpoint = tcp://10.1.1.11:5710: no service of host node1 listens at tcp/5710",
        "admin.endpoint = tcp://10.1.1.99:5704: 10.1.1.99 is no address of host node1",
        "database.node = tcp://db.example:5432: must name one IP address",
        "database.node = tcp://10.1.2.11:5433: no flow leads from 10.1.1.11 to tcp/5433"}) {
    CHECK_THAT(refused.error().detail, ContainsSubstring(line));
  }
  GatewayConfig gateway;
  gateway.walls = {.model = "preset:shared_centre", .host = "gateway"};
  gateway.nodes_endpoint = "tcp://10.1.3.11:5702";
  gateway.national_endpoint = "tcp://10.1.4.11:5703";
  CHECK(load_policy(gateway).ok());
  gateway.national_endpoint = "tcp://10.1.4.11:5704";
  CHECK_FALSE(load_policy(gateway).ok());
}

TEST_CASE("walls policy: who is started without one is told, but for a demo") {
  const testing::TempFolder folder;
  const auto warned = [&](const auto& config) {
    const std::string path = folder.file("log");
    std::filesystem::remove(path);
    REQUIRE(log::open(path, log::Level::kInfo).ok());
    const auto policy = load_policy(config);
    REQUIRE(log::open("", log::Level::kError).ok());
    REQUIRE(policy.ok());
    CHECK(policy->has_value() == !config.walls.model.empty());
    const auto text = read_file(path);
    REQUIRE(text);
    return text->find(R"("level":"warning","event":"walls_not_given")") != std::string::npos;
  };
  NodeConfig node;
  node.profile = "production";
  CHECK(warned(node));
  node.profile = "demo";
  CHECK_FALSE(warned(node));
  CHECK(warned(GatewayConfig{}));  // has no profile
  GatewayConfig walled;
  walled.walls = {.model = "preset:shared_centre", .host = "gateway"};
  walled.nodes_endpoint = "tcp://10.1.3.11:5702";
  walled.national_endpoint = "tcp://10.1.4.11:5703";
  CHECK_FALSE(warned(walled));
}

}  // namespace nakadachi::apps
