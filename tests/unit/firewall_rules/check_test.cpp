#include "nakadachi/firewall_rules/check.hpp"

#include <algorithm>
#include <ctime>

#include "apps/common/walls_file.hpp"
#include "nakadachi/firewall_rules/prove.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/walls_models.hpp"

using namespace nakadachi;
using namespace nakadachi::walls;
using Catch::Matchers::ContainsSubstring;
using nakadachi::walls::testing::kSoundWalls;
using nakadachi::walls::testing::world_of;
using std::chrono::year_month_day;

namespace {

const year_month_day kToday{std::chrono::year{2026}, std::chrono::June, std::chrono::day{1}};

std::vector<Finding> findings_of(const std::string& toml) { return check(world_of(toml), kToday); }

/// `kSoundWalls` with one piece of text replaced.
std::string with(const std::string& old_text, const std::string& new_text) {
  std::string toml = kSoundWalls;
  const std::size_t at = toml.find(old_text);
  REQUIRE(at != std::string::npos);
  return toml.replace(at, old_text.size(), new_text);
}

struct Case {
  FindingKind kind;
  std::string toml;
  std::string subject;
};

std::string flow(const std::string& text) {
  return kSoundWalls + "[[flow]]\nid = \"more\"\nwhy_en = \"x\"\nowner = \"y\"\n" + text;
}

std::vector<Case> cases() {
  using enum FindingKind;
  const std::string& sound = kSoundWalls;
  return {
      {kSegmentsOverlap,
       sound + "[[segment]]\nname = \"wide\"\nkind = \"ops\"\nipv4 = \"10.0.0.0/9\"\n", "wide"},
      {kAddressTwice, with("\"10.1.0.6\"", "\"10.1.0.5\""), "database"},
      {kAddressTwice, with("\"fd00:1::6\"]", "\"fd00:1::6\"]\nmac = \"02:00:00:00:00:05\""),
       "database"},
      {kAddressOutsideSegment, with("\"10.1.0.6\"", "\"10.2.0.6\""), "database"},
      {kWalledHostWithoutMac, with("mac = \"02:00:00:00:00:05\"\n", ""), "node"},
      {kRoleInTwoSegments,
       sound + "[[segment]]\nname = \"ops\"\nkind = \"ops\"\nipv4 = \"10.2.0.0/24\"\n"
               "inside = \"walled\"\n[[host]]\nname = \"node2\"\nsegment = \"ops\"\n"
               "address = \"10.2.0.5\"\nrole = \"node\"\n",
       "node2"},
      {kFlowExpired, with("2027-03-31", "2026-05-31"), "oltp"},
      {kFlowWithoutEnd, flow("from = \"10.1.0.9\"\nto = \"fd00:1::9\"\nservice = \"tcp/1\"\n"),
       "more"},
      {kFlowShadowed, flow("from = \"10.1.0.5\"\nto = \"10.1.0.6\"\nservice = \"tcp/5432\"\n"),
       "more"},
      {kFlowUnused, flow("from = \"node\"\nto = \"database\"\nservice = \"tcp/22\"\n"), "more"},
      {kFlowWithoutReason, with("owner = \"centre\"\nvalid", "valid"), "oltp"},
      {kFlowOpenToOutside, flow("from = \"outside\"\nto = \"node:oltp\"\n"), "more"},
      {kFlowOpenToOutside, flow("from = \"0.0.0.0/0\"\nto = \"node:oltp\"\n"), "more"},
      {kFlowOpenToOutside, flow("from = \"::/0\"\nto = \"node:oltp\"\n"), "more"},
      {kNoWay, flow("from = \"outside\"\nto = \"node:oltp\"\n"), "more"},
      {kNotSpecific, with("specific = true", "specific = false"), "oltp"},
      {kSpecificIncomplete, with("from = \"systems\"", "from = \"business\""), "oltp"},
      {kSpecificIncomplete, with("application = \"CURVE\"", ""), "oltp"},
      {kProtocolForbidden,
       flow("from = \"systems\"\nto = \"node\"\nservice = \"tcp/23\"\nspecific = true\n"), "more"},
      {kProtocolForbidden, flow("from = \"systems\"\nto = \"node\"\nservice = \"tcp/7000-7100\"\n"),
       "more"},
      {kIpv6Wider, flow("from = \"fd00:1::6\"\nto = \"fd00:1::5\"\nservice = \"tcp/22\"\n"),
       "more"},
      {kNatLoop,
       sound +
           "[[nat]]\nid = \"a\"\nwall = \"wall\"\nkind = \"destination\"\nshown = \"192.0.2.1\"\n"
           "shown_service = \"tcp/1\"\nhidden = \"192.0.2.2\"\nhidden_service = \"tcp/1\"\n"
           "[[nat]]\nid = \"b\"\nwall = \"wall\"\nkind = \"destination\"\nshown = \"192.0.2.2\"\n"
           "shown_service = \"tcp/1\"\nhidden = \"192.0.2.1\"\nhidden_service = \"tcp/1\"\n",
       "a"},
      {kNatAddressTaken,
       sound +
           "[[nat]]\nid = \"a\"\nwall = \"wall\"\nkind = \"destination\"\nshown = \"10.1.0.6\"\n"
           "shown_service = \"tcp/1\"\nhidden = \"10.1.0.5\"\nhidden_service = \"tcp/5701\"\n",
       "a"},
      {kNatNotOnWay,
       sound +
           "[[nat]]\nid = \"a\"\nwall = \"wall\"\nkind = \"destination\"\nshown = \"192.0.2.1\"\n"
           "shown_service = \"tcp/1\"\nhidden = \"10.1.0.5\"\nhidden_service = \"tcp/5701\"\n",
       "a"},
      {kInvariantBroken, flow("from = \"node\"\nto = \"systems\"\nservice = \"tcp/9\"\n"), "apart"},
      {kInvariantAboutNobody,
       sound + "[[invariant]]\nid = \"none\"\nkind = \"no_path\"\nfrom = \"core\"\nto = \"core\"\n",
       "none"},
      {kNoInvariants, sound.substr(0, sound.find("[[invariant]]")), "sound"},
      {kServiceWithoutFlow,
       with("from = \"node\"\nto = \"database:sql\"",
            "from = \"node\"\nto = \"systems\"\nservice = \"tcp/1\""),
       "database:sql"},
      {kLineTooSmall, with("users = 50", "users = 5000"), "business"},
  };
}

}  // namespace

TEST_CASE("a sound model has no findings", "[walls]") {
  for (const Finding& finding : findings_of(kSoundWalls)) {
    FAIL_CHECK(describe(finding, Language::kEnglish));
  }
}

TEST_CASE("each kind of finding is found, with subject and line", "[walls]") {
  std::vector<FindingKind> seen;
  for (const Case& one : cases()) {
    const auto findings = findings_of(one.toml);
    const auto found = std::find_if(findings.begin(), findings.end(), [&](const Finding& finding) {
      return finding.kind == one.kind && std::find(finding.subjects.begin(), finding.subjects.end(),
                                                   one.subject) != finding.subjects.end();
    });
    CAPTURE(text_of(one.kind).name, one.toml);
    REQUIRE(found != findings.end());
    if (one.kind != FindingKind::kNoInvariants) CHECK(found->line > 0);
    CHECK_THAT(describe(*found, Language::kJapanese), ContainsSubstring(one.subject));
    seen.push_back(one.kind);
  }
  for (const FindingText& text : finding_texts()) {
    CAPTURE(text.name);
    CHECK(std::find(seen.begin(), seen.end(), text.kind) != seen.end());
  }
}

TEST_CASE("a flow is no wider by IPv6 than by IPv4, unless it says so", "[walls]") {
  struct Ends {
    const char* from;
    bool is_wider;
  };
  const Ends cases[] = {
      {"[\"192.0.2.7\", \"2001:db8::7\"]", false},
      {"[\"192.0.2.7\", \"2001:db8::6/127\"]", true},
      {"[\"192.0.2.6/31\", \"2001:db8::/64\"]", false},
      {"[\"192.0.2.0/24\", \"2001:db8::/48\"]", false},
      {"[\"192.0.2.0/24\", \"2001:db8::/47\"]", true},
      {"[\"172.16.0.0/17\", \"2001:db8::/32\"]", true},
      {"[\"172.16.0.0/16\", \"2001:db8::/32\"]", false},
      {"\"2001:db8::7\"", true},  // outside has IPv4, and it is closed
      {"[\"only_six\"]", true},
      {"[\"database\"]", false},  // all of its addresses, of either family
      {"[\"10.1.0.9\", \"database\", \"fd00:1::a\"]", false},
  };
  const std::string six =
      "[[segment]]\nname = \"only_six\"\nkind = \"ops\"\nipv6 = \"fd00:99::/64\"\n";
  const auto finds = [&](const Ends& ends, const char* also) {
    const auto findings = findings_of(
        flow(std::string("to = \"node:oltp\"\nfrom = ") + ends.from + "\n" + also + six));
    return std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
      return finding.kind == FindingKind::kIpv6Wider;
    });
  };
  for (const Ends& ends : cases) {
    CAPTURE(ends.from);
    CHECK(finds(ends, "") == ends.is_wider);
    CHECK_FALSE(finds(ends, "ipv6_alone = true\n"));
  }
}

TEST_CASE("a flow that is over neither closes IPv6 nor stands for another flow", "[walls]") {
  const std::string ends[] = {"from = \"10.1.0.6\"\nto = \"10.1.0.5\"\n",
                              "from = \"fd00:1::6\"\nto = \"fd00:1::5\"\n"};
  const auto model = [&](const std::string& old_until, const std::string& new_until) {
    return kSoundWalls +
           "[[flow]]\nid = \"old\"\nwhy_en = \"x\"\nowner = \"y\"\nservice = \"tcp/22\"\n" +
           ends[0] + "valid_until = " + old_until + "\n" +
           "[[flow]]\nid = \"new\"\nwhy_en = \"x\"\nowner = \"y\"\nservice = \"tcp/22\"\n" +
           ends[1] + "valid_until = " + new_until + "\n";
  };
  const auto finds = [&](FindingKind kind, const std::string& toml) {
    const auto findings = findings_of(toml);
    return std::any_of(findings.begin(), findings.end(),
                       [&](const Finding& finding) { return finding.kind == kind; });
  };
  constexpr const char* kOver = "2026-05-31";
  constexpr const char* kLastDay = "2026-06-01";
  CHECK_FALSE(finds(FindingKind::kIpv6Wider, model(kLastDay, kLastDay)));
  CHECK(finds(FindingKind::kIpv6Wider, model(kOver, kLastDay)));
  CHECK_FALSE(finds(FindingKind::kIpv6Wider, model(kOver, kOver)));

  const auto twice = [&](const std::string& until) {
    return kSoundWalls +
           "[[flow]]\nid = \"old\"\nwhy_en = \"x\"\nowner = \"y\"\nservice = \"tcp/22\"\n" +
           ends[0] + "valid_until = " + until + "\n" +
           "[[flow]]\nid = \"new\"\nwhy_en = \"x\"\nowner = \"y\"\nservice = \"tcp/22\"\n" +
           ends[0];
  };
  CHECK(finds(FindingKind::kFlowShadowed, twice(kLastDay)));
  CHECK_FALSE(finds(FindingKind::kFlowShadowed, twice(kOver)));
}

TEST_CASE("what a specific flow lacks is named", "[walls]") {
  const auto lacks = [](const std::string& toml) {
    for (const Finding& finding : findings_of(toml)) {
      if (finding.kind == FindingKind::kSpecificIncomplete) return finding.detail;
    }
    return std::string();
  };
  const std::string specific = "specific = true\napplication = \"ssh\"\n";
  CHECK(lacks(kSoundWalls).empty());
  // A machine at the centre whose MAC nobody wrote down; a town's own is behind routers.
  CHECK(lacks(flow("from = \"database\"\nto = \"node\"\nservice = \"tcp/22\"\n" + specific)) ==
        "mac: database");
  CHECK(
      lacks(flow("from = \"node\"\nto = \"database\"\nservice = \"tcp/22\"\n" + specific)).empty());
  CHECK(lacks(flow("from = \"10.1.0.9\"\nto = \"node\"\nservice = \"tcp/22\"\n" + specific)) ==
        "mac: 10.1.0.9");
  CHECK(lacks(flow("from = \"systems\"\nto = \"node\"\nservice = \"tcp/5701-5702\"\n" +
                   specific)) == "port: tcp/5701-5702");
  CHECK(lacks(flow("from = \"systems\"\nto = \"core\"\nservice = \"tcp/22\"\n" + specific)) ==
        "ip: core");
  CHECK(lacks(flow("from = \"systems\"\nto = \"node\"\nservice = \"tcp/22\"\n"
                   "specific = true\n")) == "application");
}

TEST_CASE("every service that bodies may not offer each other is refused", "[walls]") {
  const auto refusal = [](const std::string& service) {
    for (const Finding& finding :
         findings_of(flow("from = \"systems\"\nto = \"node\"\nspecific = true\n"
                          "application = \"x\"\nservice = \"" +
                          service + "\"\n"))) {
      if (finding.kind == FindingKind::kProtocolForbidden) return finding.detail;
    }
    return std::string();
  };
  const auto text = [](Protocol protocol, int port) {
    return std::string(name_of(protocol)) + "/" + std::to_string(port);
  };
  const auto forbidden = [](Protocol protocol, int port) {
    return std::any_of(forbidden_services().begin(), forbidden_services().end(),
                       [&](const ForbiddenService& one) {
                         return one.ports.protocol == protocol && one.ports.first <= port &&
                                port <= one.ports.last;
                       });
  };
  for (const ForbiddenService& one : forbidden_services()) {
    const Protocol protocol = one.ports.protocol;
    for (const int port : {int{one.ports.first}, int{one.ports.last}}) {
      CAPTURE(one.name, port);
      CHECK(refusal(text(protocol, port)) ==
            text(protocol, port) + " (" + std::string(one.name) + ")");
    }
    for (const int port : {one.ports.first - 1, one.ports.last + 1}) {
      if (port < 0 || port > 65535 || forbidden(protocol, port)) continue;
      CAPTURE(one.name, port);
      CHECK(refusal(text(protocol, port)).empty());
    }
  }
  // As docs/network.md names them.
  std::string all;
  for (const ForbiddenService& one : forbidden_services()) {
    all += walls::text_of(service(one.ports.protocol, one.ports.first, one.ports.last)) + " ";
  }
  CHECK(all ==
        "tcp/20-21 tcp/23 tcp/79 tcp/110-111 tcp/135-139 tcp/143 tcp/445 tcp/512-514 tcp/2049 "
        "tcp/3389 tcp/5900-5909 tcp/6000-6063 udp/0-52 udp/54-122 udp/124-65535 ");
  // DNS and NTP, and no other UDP.
  CHECK(refusal("udp/53").empty());
  CHECK(refusal("udp/123").empty());
  CHECK(refusal("udp/161") == "udp/161 (udp other than dns and ntp)");
  // Sixteen ports in one flow and no more.
  CHECK(refusal("tcp/7000-7015").empty());
  CHECK(refusal("tcp/7000-7016") == "tcp/7000-7016 > 16");
}

TEST_CASE("a broken invariant names the flows that form the way", "[walls]") {
  const auto findings =
      findings_of(flow("from = \"node\"\nto = \"systems\"\nservice = \"tcp/9\"\n"));
  const auto found = std::find_if(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.kind == FindingKind::kInvariantBroken;
  });
  REQUIRE(found != findings.end());
  CHECK(found->subjects == std::vector<std::string>{"apart", "oltp", "more"});
  CHECK(found->detail == "systems@011002 -(oltp tcp/5701)-> node -(more tcp/9)-> systems@012025");
}

TEST_CASE("what is written wrongly is refused with line and cure", "[walls]") {
  const auto refusal = [](const std::string& toml) {
    const auto model = apps::parse_walls(toml, "test");
    if (!model) return model.error();
    const auto world = World::build(*model);
    REQUIRE_FALSE(world.ok());
    return world.error();
  };
  const Error misspelt = refusal(with("owner = \"centre\"", "ownr = \"centre\""));
  CHECK(misspelt.code == ErrorCode::kConfigInvalid);
  CHECK(misspelt.position == 52);
  CHECK_THAT(misspelt.detail, ContainsSubstring("ownr"));
  CHECK_THAT(refusal(with("from = \"systems\"", "from = \"sistems\"")).detail,
             ContainsSubstring("'sistems' is no host"));
  CHECK_THAT(refusal(with("node:oltp", "node:nothing")).detail,
             ContainsSubstring("host node has no service 'nothing'"));
  CHECK_THAT(refusal(with("\"10.64.0.0/16\"", "\"10.64.0.0/24\"")).detail,
             ContainsSubstring("holds 1 networks of /24, and there are 2 towns"));
  CHECK_THAT(refusal(with("10.1.0.0/24", "10.1.0.1/24")).detail,
             ContainsSubstring("the network is 10.1.0.0/24"));
  CHECK_THAT(refusal(with("kind = \"core\"", "kind = \"cor\"")).detail,
             ContainsSubstring("must be business"));
  CHECK_THAT(refusal(with("\"012025\"", "\"012026\"")).detail, ContainsSubstring("団体コード"));
  CHECK_THAT(refusal(with("name = \"database\"", "name = \"node\"")).detail,
             ContainsSubstring("there twice"));
  CHECK_THAT(refusal(with("\"systems\"", "\"core\"")).detail,
             ContainsSubstring("is a segment and a host"));
  CHECK_THAT(refusal(with("why_en = \"queries\"", "why_en = \"a\\nb\"")).detail,
             ContainsSubstring("one line"));
  CHECK(refusal("[model\n").position == 1);
}

TEST_CASE("the layouts that are built in are sound", "[walls]") {
  std::vector<std::string> names;
  for (const apps::WallsPreset& preset : apps::walls_presets()) {
    names.emplace_back(preset.name);
    CAPTURE(preset.name);
    const auto model = apps::parse_walls(preset.toml, "preset");
    REQUIRE(model.ok());
    CHECK(model->name == preset.name);
    for (const Text* text : {&model->title, &model->protects, &model->leaves}) {
      CHECK_FALSE(text->en.empty());
      CHECK_FALSE(text->ja.empty());
    }
    const World world = *World::build(*model);
    for (const Finding& finding : check(world, kToday)) {
      // Mail comes from anywhere.
      CHECK(finding.kind == FindingKind::kFlowOpenToOutside);
    }
  }
  // data/walls/fig3_5.toml, fig3_6.toml, fig3_7.toml, fig3_8.toml, shared_centre.toml
  CHECK(names == std::vector<std::string>{"fig3_5", "fig3_6", "fig3_7", "fig3_8", "shared_centre"});
}

TEST_CASE("the figures differ in what they say they differ in", "[walls]") {
  const auto reachable = [](const std::string& preset, const std::string& from,
                            const std::string& to) {
    const World world = *World::build(*apps::load_walls("preset:" + preset));
    const auto addresses = [&](const std::string& name) {
      return world.resolve(std::vector<std::string>{name})->all();
    };
    return Prover(world).path(addresses(from), addresses(to), all_services()).reachable;
  };
  CHECK(reachable("fig3_5", "interface_system", "middle_server"));
  CHECK_FALSE(reachable("fig3_6", "interface_system", "middle_server"));
  CHECK(reachable("fig3_7", "outside", "middle_server"));
  CHECK_FALSE(reachable("fig3_8", "outside", "middle_server"));
  CHECK_FALSE(reachable("fig3_7", "outside", "business"));
}

TEST_CASE("1741 towns are checked and proven in seconds", "[walls]") {
  const auto model = apps::load_walls("preset:shared_centre");
  REQUIRE(model.ok());
  const std::clock_t began = std::clock();
  const World world = *World::build(*model);
  CHECK(world.model().towns.size() == 1741);
  CHECK(check(world, kToday).empty());
  const double seconds = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
  CHECK(seconds < 5);
}
