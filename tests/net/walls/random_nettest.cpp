// Random small networks, and translations: the prover, `explain` and plain enumeration say what the
// kernel does.

#include "nakadachi/firewall_rules/explain.hpp"
#include "nakadachi/firewall_rules/prove.hpp"
#include "tests/net/walls/matrix.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/walls_models.hpp"
#include "tests/unit/firewall_rules/enumerator.hpp"

using namespace nakadachi;
using namespace nakadachi::walls;
using namespace nakadachi::walls::testing;

namespace {

constexpr std::uint32_t kModels = 15;

std::vector<Address> outside_of(const Enumerator& naive) {
  std::vector<Address> addresses;
  for (const Address& address : naive.addresses()) {
    if (naive.machine(address) == "outside") addresses.push_back(address);
  }
  return addresses;
}

/// What the prover and `explain`, which users ask, say against the enumerator of one connection.
std::string objections(const World& world, const Prover& prover, const Address& from,
                       const Address& to, std::uint32_t service, bool arrives) {
  const auto only = [](const Address& one) { return AddressSet(Interval<Address>{one, one}); };
  const ServiceSet wanted = Interval<std::uint32_t>{service, service};
  const auto told = explain(world, from, to, wanted);
  std::string words;
  if (!told || told->allowed != arrives) words += " explain";
  if (prover.opening(only(from), only(to), wanted).reachable != arrives) words += " prover";
  if (words.empty()) return {};
  return from.text() + " -> " + to.text() + " " + walls::text_of(wanted) +
         (arrives ? " arrives, not by" : " does not arrive, but by") + words;
}

/// Cells whose expectation is the enumerator's, none of the model's own answers; those must agree.
std::vector<Cell> cells_by_enumeration(const Layout& layout, const Enumerator& naive) {
  std::vector<Cell> cells;
  std::vector<std::string> objected;
  const Prover prover(layout.world());
  const auto& addresses = naive.addresses();
  for (std::size_t from = 0; from < addresses.size(); ++from) {
    for (std::size_t to = 0; to < addresses.size(); ++to) {
      const int sender = layout.box_at(addresses[from]);
      const int target = layout.box_at(addresses[to]);
      if (sender == target || addresses[from].family() != addresses[to].family()) continue;
      for (std::size_t place = 0; place < naive.services().size(); ++place) {
        const bool arrives = naive.arrives(from, to, place);
        const std::string objection = objections(layout.world(), prover, addresses[from],
                                                 addresses[to], naive.services()[place], arrives);
        if (!objection.empty()) objected.push_back(objection);
        cells.push_back({{sender, {0, addresses[from], addresses[to], naive.services()[place]}, {}},
                         arrives ? target : kNobody});
      }
    }
  }
  CAPTURE(objected.size(), objected.empty() ? "" : objected.front());
  CHECK(objected.empty());
  return cells;
}

}  // namespace

TEST_CASE("random networks are on the kernel what enumeration and prover say", "[walls]") {
  if (!labs_possible()) return;
  std::size_t arrived = 0;
  for (std::uint32_t seed = 1; seed <= kModels; ++seed) {
    CAPTURE(seed);
    Model model = ModelMaker(seed).make();
    model.nats.clear();
    rearrange(model, seed);
    const auto world = World::build(model);
    REQUIRE(world.ok());
    const Enumerator naive(world->model());
    auto lab = Lab::build(Layout(*world, {0, 1}, outside_of(naive)));
    if (!lab) FAIL(describe(lab.error()));
    REQUIRE(lab->load(rule_texts(*world, compile(*world, {}))).ok());
    const Outcome outcome = observe(*lab, cells_by_enumeration(lab->layout(), naive));
    check_same(outcome);
    arrived += outcome.arrived;
  }
  CHECK(arrived > 1000);
}

TEST_CASE("translations are on the kernel what the model says", "[walls]") {
  if (!labs_possible()) return;
  Model model = world_of(kTranslatedWalls).model();
  for (Flow& flow : model.flows) flow.valid_until.reset();  // the kernel knows what day it is
  const World world = *World::build(std::move(model));
  auto lab = Lab::build(Layout(world, {0, 1}, {}));
  if (!lab) FAIL(describe(lab.error()));
  REQUIRE(lab->load(rule_texts(world, compile(world, {}))).ok());
  std::mt19937 random(1);
  const auto services = services_to_probe(world.model(), 5, random);
  const Outcome outcome = observe(*lab, every_pair(lab->layout(), services));
  check_same(outcome);
  CHECK(outcome.arrived > 0);
}
