// The compiled rules on a real kernel: what a model says is open is open, and nothing else.

#include <fmt/format.h>

#include <algorithm>

#include "tests/net/walls/matrix.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/walls_models.hpp"

using namespace nakadachi;
using namespace nakadachi::walls;
using namespace nakadachi::walls::testing;

namespace {

constexpr std::uint32_t kSeed = 20261122;
constexpr int kRandomPorts = 20;

const std::vector<Address>& world_outside() {
  static const std::vector<Address> addresses = {*Address::parse("198.51.100.1"),
                                                 *Address::parse("2001:db8:ffff::1")};
  return addresses;
}

Lab lab_of(const World& world) {
  std::vector<int> towns;
  for (std::size_t town = 0; town < world.model().towns.size(); ++town) {
    towns.push_back(static_cast<int>(town));
  }
  auto lab = Lab::build(Layout(world, towns, world_outside()));
  if (!lab) FAIL(describe(lab.error()));
  return *std::move(lab);
}

void load(Lab& lab, const std::vector<RuleSet>& sets) {
  const auto loaded = lab.load(rule_texts(lab.layout().world(), sets));
  if (!loaded) FAIL(describe(loaded.error()));
}

/// Without rules everything gets everywhere: what is missing later was stopped by rules.
void check_open(Lab& lab, std::vector<Cell> cells) {
  std::erase_if(cells, [&](const Cell& cell) {
    const Layout& layout = lab.layout();
    const ProbePacket& packet = cell.probe.packet;
    const int from = layout.boxes()[static_cast<std::size_t>(cell.probe.box)].ports[0].network;
    const bool is_machine = layout.box_at(packet.to) != kNobody;
    return !is_machine || !layout.joined(from, layout.network_of(packet.to));
  });
  for (Cell& cell : cells) cell.expected = lab.layout().box_at(cell.probe.packet.to);
  check_same(observe(lab, std::move(cells)));
}

void check_matrix(const World& world) {
  std::mt19937 random(kSeed);
  const auto services = services_to_probe(world.model(), kRandomPorts, random);
  const auto few = services_to_probe(world.model(), 0, random);
  Lab lab = lab_of(world);
  const auto pairs = every_pair(lab.layout(), services);
  check_open(lab, pairs);
  load(lab, compile(world, {}));
  const Outcome seen = observe(lab, pairs);
  check_same(seen);
  const Outcome forged = observe_forgeries(lab, services, few);
  check_same(forged);
  fmt::print("{}: {} pairs with ports, {} arrived; {} forgeries, {} arrived\n", world.model().name,
             seen.probes, seen.arrived, forged.probes, forged.arrived);
}

/// What the kernel shows differently from the model when rule sets are not what was compiled.
std::size_t differences(Lab& lab, const std::vector<Cell>& cells,
                        const std::vector<RuleSet>& sets) {
  load(lab, sets);
  return observe(lab, cells).differences.size();
}

RuleSet& set_named(std::vector<RuleSet>& sets, const std::string& name) {
  const auto found = std::find_if(sets.begin(), sets.end(),
                                  [&](const RuleSet& rules) { return rules.name == name; });
  REQUIRE(found != sets.end());
  return *found;
}

}  // namespace

TEST_CASE("the shared centre is on the kernel what the model says", "[walls]") {
  if (labs_possible()) check_matrix(world_of_preset("shared_centre", 2));
}

TEST_CASE("the figures are on the kernel what their models say", "[walls]") {
  const auto* const figure = GENERATE("fig3_5", "fig3_6", "fig3_7", "fig3_8");
  CAPTURE(figure);
  if (labs_possible()) check_matrix(world_of_preset(figure, 1));
}

TEST_CASE("the matrix shows every rule that is taken away", "[walls]") {
  if (!labs_possible()) return;
  const World world = world_of_preset("fig3_6", 1);
  Lab lab = lab_of(world);
  std::mt19937 random(kSeed);
  const auto cells = every_pair(lab.layout(), services_to_probe(world.model(), 0, random));
  const auto whole = compile(world, {});
  CHECK(differences(lab, cells, whole) == 0);
  std::size_t taken = 0;
  for (std::size_t set = 0; set < whole.size(); ++set) {
    for (const Hook hook : kHooks) {
      const auto place = static_cast<std::size_t>(hook);
      for (std::size_t element = 0; element < whole[set].elements[place].size(); ++element) {
        auto broken = whole;
        auto& elements = broken[set].elements[place];
        CAPTURE(broken[set].name, place, element);
        elements.erase(elements.begin() + static_cast<std::ptrdiff_t>(element));
        CHECK(differences(lab, cells, broken) == 1);
        ++taken;
      }
    }
  }
  CHECK(taken >= 8);
}

TEST_CASE("the matrix shows rules that are too many", "[walls]") {
  if (!labs_possible()) return;
  const World world = world_of_preset("fig3_6", 1);
  Lab lab = lab_of(world);
  std::mt19937 random(kSeed);
  const auto services = services_to_probe(world.model(), 0, random);
  const auto cells = every_pair(lab.layout(), services);
  const auto whole = compile(world, {});

  auto broken = whole;  // one port more, by one wall
  auto& elements = set_named(broken, "national_wall").elements[0];
  RuleElement more = elements.front();
  more.ports = {Protocol::kUdp, 5702, 5702};
  elements.push_back(more);
  CHECK(differences(lab, cells, broken) == 1);

  broken = whole;  // the other way round, to and from everybody
  more.from = {*Address::parse("10.10.9.0"), *Address::parse("10.10.9.255")};
  more.to = {*Address::parse("10.10.3.0"), *Address::parse("10.10.3.255")};
  set_named(broken, "national_wall").elements[0].push_back(more);
  CHECK(differences(lab, cells, broken) == 9);
}

TEST_CASE("the matrix shows guards that are missing", "[walls]") {
  if (!labs_possible()) return;
  const World world = world_of_preset("shared_centre", 2);
  Lab lab = lab_of(world);
  std::mt19937 random(kSeed);
  const auto services = services_to_probe(world.model(), 0, random);
  const auto cells = every_pair(lab.layout(), services);
  const std::vector<std::uint32_t> open = {22, 5432, 5701};
  const auto whole = compile(world, {});
  load(lab, whole);
  CHECK(observe_forgeries(lab, open, {}).differences.empty());

  auto broken = whole;  // MACs are not looked at
  for (RuleSet& rules : broken) rules.bindings.clear();
  CHECK(differences(lab, cells, broken) == 0);
  CHECK_FALSE(observe_forgeries(lab, open, {}).differences.empty());

  auto texts = rule_texts(world, whole);  // nor where an address comes from
  for (auto& [name, text] : texts) {
    const std::string guard = "fib saddr . iif oif missing goto drop_forged";
    if (const auto at = text.find(guard); at != std::string::npos) text.erase(at, guard.size());
  }
  REQUIRE(lab.load(texts).ok());
  CHECK(observe(lab, cells).differences.empty());
  CHECK_FALSE(observe_forgeries(lab, open, {}).differences.empty());
}
