#include "nakadachi/firewall_rules/compile.hpp"

#include <algorithm>
#include <map>

#include "apps/common/walls_file.hpp"
#include "nakadachi/firewall_rules/callers.hpp"
#include "nakadachi/firewall_rules/explain.hpp"
#include "nakadachi/firewall_rules/prove.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/walls_models.hpp"
#include "tests/unit/firewall_rules/enumerator.hpp"

using namespace nakadachi;
using namespace nakadachi::walls;
using Catch::Matchers::ContainsSubstring;
using nakadachi::walls::testing::Enumerator;
using nakadachi::walls::testing::kSoundWalls;
using nakadachi::walls::testing::kTranslatedWalls;
using nakadachi::walls::testing::ModelMaker;
using nakadachi::walls::testing::rearrange;
using nakadachi::walls::testing::world_of;

namespace {

bool holds(const RuleElement& element, Address from, Address to, const ServiceSet& wanted) {
  return element.from.first <= from && from <= element.from.last && element.to.first <= to &&
         to <= element.to.last &&
         service(element.ports.protocol, element.ports.first, element.ports.last).covers(wanted);
}

/// How many elements of a hook let a connection through.
std::ptrdiff_t matches(const RuleSet& rules, Hook hook, Address from, Address to,
                       std::uint32_t wanted) {
  const auto& elements = rules.elements[static_cast<std::size_t>(hook)];
  const ServiceSet set = Interval<std::uint32_t>{wanted, wanted};
  return std::count_if(elements.begin(), elements.end(),
                       [&](const RuleElement& element) { return holds(element, from, to, set); });
}

/// Whether every rule set on the way lets a connection through, each by one element. Walls
/// translate what they see first.
bool passes_all(const std::map<std::string, RuleSet>& sets, const Explanation& way, Address from,
                Address to, std::uint32_t wanted, const World& world, bool& twice) {
  bool passes = true;
  for (std::size_t i = 0; i < way.passes.size(); ++i) {
    const RuleSet& rules = sets.at(way.passes[i]);
    for (const int place : rules.nats) {
      const Nat& nat = world.model().nats[static_cast<std::size_t>(place)];
      if (nat.shown != to || !nat.shown_service.contains(wanted)) continue;
      to = nat.hidden;
      wanted = nat.hidden_service.intervals().front().first;
    }
    Hook hook = Hook::kForward;
    const Machine& source = world.machines()[static_cast<std::size_t>(way.from)];
    if (!rules.is_wall)
      hook = i == 0 && source.host != kNobody &&
                     world.model().hosts[static_cast<std::size_t>(source.host)].name == rules.name
                 ? Hook::kOutput
                 : Hook::kInput;
    const auto count = matches(rules, hook, from, to, wanted);
    twice = twice || count > 1;
    passes = passes && count > 0;
  }
  return passes;
}

std::map<std::string, RuleSet> by_name(const World& world) {
  std::map<std::string, RuleSet> sets;
  for (RuleSet& rules : compile(world, {})) sets[rules.name] = std::move(rules);
  return sets;
}

}  // namespace

TEST_CASE("rule sets let through what the model allows and nothing else", "[walls]") {
  for (std::uint32_t seed = 1; seed <= 150; ++seed) {
    Model model = ModelMaker(seed).make();
    model.nats.clear();  // the rule sets on the way would see different addresses
    const auto world = World::build(model);
    REQUIRE(world.ok());
    const Enumerator naive(world->model());
    const auto sets = by_name(*world);
    int wrong = 0;
    bool twice = false;
    for (std::size_t from = 0; from < naive.addresses().size(); ++from) {
      for (std::size_t to = 0; to < naive.addresses().size(); ++to) {
        const Address source = naive.addresses()[from];
        const Address target = naive.addresses()[to];
        if (source.family() != target.family()) continue;
        for (std::size_t place = 0; place < naive.services().size(); ++place) {
          const std::uint32_t wanted = naive.services()[place];
          const auto way = explain(*world, source, target, Interval<std::uint32_t>{wanted, wanted});
          wrong += way->allowed != naive.arrives(from, to, place);
          if (way->passes.empty()) continue;
          wrong += passes_all(sets, *way, source, target, wanted, *world, twice) != way->allowed;
        }
      }
    }
    CAPTURE(seed);
    REQUIRE(wrong == 0);
    REQUIRE_FALSE(twice);
  }
}

namespace {

/// How often what is explained differs from what rule sets on the way do with the packet, and from
/// what the prover says of who is reached. A model of one translation.
struct Differences {
  int from_rules = 0;
  int from_proof = 0;
};
Differences explained_wrongly(const World& world, const Enumerator& naive,
                              std::chrono::year_month_day today) {
  std::map<std::string, RuleSet> sets;
  for (RuleSet& rules : compile(world, today)) sets[rules.name] = std::move(rules);
  const World now = *World::build(in_force(world.model(), today));
  const Prover prover(now);
  const auto asked = [&](Address from, Address to, std::uint32_t wanted) {
    return *explain(now, from, to, Interval<std::uint32_t>{wanted, wanted});
  };
  Differences found;
  bool twice = false;
  for (const Address from : naive.addresses()) {
    for (const Address to : naive.addresses()) {
      for (const std::uint32_t wanted : naive.services()) {
        if (from.family() != to.family()) continue;
        const Explanation told = asked(from, to, wanted);
        Explanation way = told;
        bool through_nat = true;
        bool by_shown = false;
        for (const Nat& nat : world.model().nats) {
          if (nat.shown == to && nat.shown_service.contains(wanted)) {
            way = asked(from, nat.hidden, nat.hidden_service.intervals().front().first);
            through_nat =
                std::find(way.passes.begin(), way.passes.end(), nat.wall) != way.passes.end();
          }
          by_shown = by_shown ||
                     (nat.hidden == to && nat.hidden_service.contains(wanted) &&
                      asked(from, nat.shown, nat.shown_service.intervals().front().first).allowed);
        }
        const bool passes = through_nat && passes_all(sets, way, from, to, wanted, now, twice);
        if (!through_nat || !way.passes.empty()) found.from_rules += told.allowed != passes;
        const AddressSet goal = now.machines()[static_cast<std::size_t>(told.to)].addresses;
        const Answer proof =
            prover.opening(Interval<Address>{from, from}, Interval<Address>{to, to},
                           Interval<std::uint32_t>{wanted, wanted});
        const bool shown = told.allowed && !goal.contains(to);
        if (from != to && !shown) found.from_proof += proof.reachable != (told.allowed || by_shown);
      }
    }
  }
  return found;
}

}  // namespace

TEST_CASE("translated and over, what is explained is what rules and proofs say", "[walls]") {
  const auto day = [](int year) {
    return std::chrono::year_month_day{std::chrono::year{year}, std::chrono::March,
                                       std::chrono::day{31}};
  };
  for (std::uint32_t seed = 1; seed <= 150; ++seed) {
    Model model = ModelMaker(seed).make();
    rearrange(model, seed);
    for (std::size_t flow = 0; flow < model.flows.size(); flow += 2) {
      model.flows[flow].valid_until = day(flow % 4 == 0 ? 2030 : 2026);
    }
    const auto world = World::build(model);
    REQUIRE(world.ok());
    const Differences found = explained_wrongly(*world, Enumerator(world->model()), day(2027));
    CAPTURE(seed, found.from_rules, found.from_proof);
    CHECK((found.from_rules == 0 && found.from_proof == 0));
  }
}

TEST_CASE("translations are followed on the way", "[walls]") {
  const World world = world_of(kTranslatedWalls);
  const auto sets = by_name(world);
  const Address town = *Address::parse("10.64.0.7");
  const Address shown = *Address::parse("192.0.2.1");
  const Address server = *Address::parse("10.1.0.5");
  const Address client = *Address::parse("10.1.0.6");
  const Address mask = *Address::parse("10.2.0.9");
  constexpr std::uint32_t kHttps = 443;
  // The wall before the translation sees what the caller names, those behind it the server.
  CHECK(matches(sets.at("near"), Hook::kForward, town, shown, kHttps) == 1);
  CHECK(matches(sets.at("near"), Hook::kForward, town, server, 8443) == 0);
  CHECK(matches(sets.at("far"), Hook::kForward, town, server, 8443) == 1);
  CHECK(matches(sets.at("server"), Hook::kInput, town, server, 8443) == 1);
  // The source is the client's own until the far wall has masked it.
  CHECK(matches(sets.at("client"), Hook::kOutput, client, town, kHttps) == 1);
  CHECK(matches(sets.at("far"), Hook::kForward, client, town, kHttps) == 1);
  CHECK(matches(sets.at("near"), Hook::kForward, mask, town, kHttps) == 1);
  CHECK(matches(sets.at("near"), Hook::kForward, client, town, kHttps) == 0);

  const auto explained = explain(world, town, shown, *parse_service("tcp/443"));
  REQUIRE(explained.ok());
  CHECK(explained->allowed);
  CHECK(world.name_of_machine(explained->to) == "server");
  CHECK(explained->passes == std::vector<std::string>{"near", "far", "server"});
  // Who names the server itself is stopped by the wall before the translation.
  CHECK_FALSE(explain(world, town, server, *parse_service("tcp/8443"))->allowed);
}

TEST_CASE("rule sets say in nft's language what they must", "[walls]") {
  const World world = world_of(kTranslatedWalls);
  const auto sets = by_name(world);
  const std::string far = to_nft(world, sets.at("far"));
  CHECK_THAT(far,
             ContainsSubstring("table inet nakadachi_walls\ndelete table inet nakadachi_walls"));
  CHECK_THAT(far, ContainsSubstring("type filter hook forward priority filter; policy drop;"));
  CHECK_THAT(far, ContainsSubstring("type filter hook input priority filter; policy drop;"));
  CHECK_THAT(far, ContainsSubstring("type filter hook output priority filter; policy drop;"));
  CHECK_THAT(far, ContainsSubstring("ip daddr 192.0.2.1 tcp dport 443 dnat ip to 10.1.0.5:8443"));
  CHECK_THAT(far, ContainsSubstring("snat ip to 10.2.0.9"));
  CHECK_THAT(far, ContainsSubstring("10.1.0.5 . 02:00:00:00:00:05"));
  CHECK_THAT(far, ContainsSubstring("chain forward_web.limit1"));
  CHECK_THAT(far,
             ContainsSubstring("10.64.1.0/24 . 10.1.0.5 . tcp . 8443 : goto forward_web.limit1"));
  CHECK_THAT(far, ContainsSubstring("limit rate over 50/second"));
  CHECK_THAT(far, ContainsSubstring("ip saddr and 255.255.255.0 limit rate over 5/second"));
  CHECK_THAT(far, ContainsSubstring("ct count over 9"));
  CHECK_THAT(far, ContainsSubstring("icmp type echo-request"));
  CHECK_THAT(far, ContainsSubstring("log prefix \"nakadachi far web: \""));
  // Neighbour discovery with hop limit 255 (RFC 4890 4.4.1); errors of known connections only.
  CHECK_THAT(far, ContainsSubstring("135, 136"));
  CHECK_THAT(far, ContainsSubstring("ip6 hoplimit 255 accept"));
  CHECK_THAT(far, ContainsSubstring("ct state related icmp type { destination-unreachable, "
                                    "time-exceeded, parameter-problem }"));
  CHECK_THAT(far, ContainsSubstring("ct state related icmpv6 type { destination-unreachable, "
                                    "packet-too-big, time-exceeded, parameter-problem }"));
  CHECK(far.find("ct state related meta") == std::string::npos);  // redirects are related too
  // What is over is left out, and the same model and date give the same text.
  const auto later =
      compile(world, std::chrono::year_month_day{std::chrono::year{2026}, std::chrono::April,
                                                 std::chrono::day{1}});
  const std::string without = to_nft(world, later[1]);
  CHECK(later[1].name == "far");
  CHECK_THAT(without, ContainsSubstring("# Left out, its date is over: out (2026-03-31)"));
  CHECK(without.find("goto forward_out") == std::string::npos);
  CHECK(to_nft(world, by_name(world).at("far")) == far);
}

namespace {

/// The words of all lines that a rule set logs.
std::vector<std::string> logged(const std::string& rules) {
  constexpr std::string_view kBefore =
      "\t\tlimit rate 5/second burst 20 packets log prefix \"nakadachi wall ";
  std::vector<std::string> words;
  for (std::size_t at = rules.find("log prefix"); at != std::string::npos;
       at = rules.find("log prefix", at + 1)) {
    const std::size_t begin = rules.rfind('\n', at) + 1;
    const std::string line = rules.substr(begin, rules.find('\n', at) - begin);
    REQUIRE(line.starts_with(kBefore));
    REQUIRE(line.ends_with(": \""));
    words.push_back(line.substr(kBefore.size(), line.size() - kBefore.size() - 3));
  }
  return words;
}

std::string chain_in(const std::string& rules, const std::string& name) {
  const std::size_t at = rules.find("\tchain " + name + " {\n");
  REQUIRE(at != std::string::npos);
  return rules.substr(at, rules.find("\t}\n", at) - at);
}

std::size_t count_of(const std::string& text, std::string_view piece) {
  std::size_t count = 0;
  for (std::size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1)) {
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("what is dropped is counted and, by the level, logged under its name", "[walls]") {
  Model model = world_of(kSoundWalls).model();
  model.flows[0].limit = {.new_per_second = 20, .connections = 50};
  const auto rules = [&](LogLevel level, std::optional<LogLevel> of_flow) {
    model.log = level;
    model.flows[0].log = of_flow;
    const World world = *World::build(model);
    for (const RuleSet& set : compile(world, {})) {
      if (set.name == "wall") return to_nft(world, set);
    }
    return std::string();
  };
  using Words = std::vector<std::string>;
  const Words refusals = {"denied", "forged", "invalid"};
  const auto with = [&](const Words& more) {
    Words all = refusals;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  CHECK(logged(rules(LogLevel::kNone, {})).empty());
  CHECK(logged(rules(LogLevel::kDenied, {})) == with({"oltp over"}));
  CHECK(logged(rules(LogLevel::kAll, {})) == with({"oltp over", "oltp"}));
  // A flow may say otherwise of itself.
  CHECK(logged(rules(LogLevel::kDenied, LogLevel::kNone)) == refusals);
  CHECK(logged(rules(LogLevel::kNone, LogLevel::kDenied)) == Words{"oltp over"});
  CHECK(logged(rules(LogLevel::kDenied, LogLevel::kAll)) == with({"oltp over", "oltp"}));

  // Whatever is logged, each drop is counted, and by these chains alone.
  for (const LogLevel level : {LogLevel::kNone, LogLevel::kDenied, LogLevel::kAll}) {
    const std::string text = rules(level, {});
    CHECK_THAT(chain_in(text, "deny"), ContainsSubstring("counter name denied drop"));
    CHECK_THAT(chain_in(text, "drop_forged"), ContainsSubstring("counter name forged drop"));
    CHECK_THAT(chain_in(text, "drop_invalid"), ContainsSubstring("counter name invalid drop"));
    CHECK_THAT(chain_in(text, "over_oltp"), ContainsSubstring("counter name over_oltp drop"));
    CHECK(count_of(text, " drop\n") == 4);
    CHECK_THAT(chain_in(text, "from_where"), ContainsSubstring("oif missing goto drop_forged"));
    CHECK_THAT(chain_in(text, "forward"), ContainsSubstring("!= @mac4 goto drop_forged") &&
                                              ContainsSubstring("ct state invalid goto drop_in"));
    CHECK_THAT(chain_in(text, "callers_forward"), ContainsSubstring("!= syn goto drop_invalid"));
    CHECK(count_of(chain_in(text, "forward_oltp"), "} goto over_oltp\n") == 4);
  }
}

TEST_CASE("a flow with a last day ends in the rules themselves, known connections with it",
          "[walls]") {
  Model model = world_of(kSoundWalls).model();
  const auto chain = [&] {
    const World world = *World::build(model);
    return chain_in(to_nft(world, by_name(world).at("wall")), "forward_oltp");
  };
  model.flows[0].valid_until.reset();
  CHECK_THAT(chain(), ContainsSubstring("{\n\t\tct state established accept\n"));
  model.flows[0].valid_until = std::chrono::year_month_day{
      std::chrono::year{2027}, std::chrono::March, std::chrono::day{31}};
  // 2027-04-01 00:00 in Japan, before anything is accepted.
  CHECK_THAT(chain(), ContainsSubstring("{\n\t\tmeta time >= 1806505200 goto deny\n"
                                        "\t\tct state established accept\n"));
}

TEST_CASE("look-ups do not grow with the towns", "[walls]") {
  const auto model = apps::load_walls("preset:shared_centre");
  REQUIRE(model.ok());
  const World all = *World::build(*model);
  Model few = *model;
  few.towns.resize(2);
  const World two = *World::build(few);
  const auto rules = [](const World& world) {
    std::vector<std::string> lines;
    for (const RuleSet& set : compile(world, {})) {
      const std::string text = to_nft(world, set);
      // All but the elements of maps.
      std::size_t at = 0;
      while (at < text.size()) {
        const std::size_t end = text.find('\n', at);
        const std::string line = text.substr(at, end - at);
        if (line.find(" : goto ") == std::string::npos) lines.push_back(line);
        at = end + 1;
      }
    }
    return lines;
  };
  CHECK(rules(all) == rules(two));
  // Elements of single addresses are found by hash; none of a town is a range.
  for (const RuleSet& set : compile(all, {})) {
    for (const auto& elements : set.elements) {
      CHECK(std::all_of(elements.begin(), elements.end(), [](const RuleElement& element) {
        return element.from.first == element.from.last && element.to.first == element.to.last;
      }));
    }
  }
}
