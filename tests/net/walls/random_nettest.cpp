// Random small networks, and translations: the prover and plain enumeration say what the kernel
// does.

#include "tests/net/walls/matrix.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/walls_models.hpp"
#include "tests/unit/firewall_rules/enumerator.hpp"

using namespace nakadachi;
using namespace nakadachi::walls;
using namespace nakadachi::walls::testing;

namespace {

constexpr std::uint32_t kModels = 30;

/// Other shapes than a star: one wall between all, or a chain of walls.
void rearrange(Model& model, std::uint32_t seed) {
  if (seed % 3 == 0) return;
  model.walls.clear();
  if (seed % 3 == 1) {
    Wall all{.name = "w0", .joins = {"outside"}};
    for (const Segment& segment : model.segments) all.joins.push_back(segment.name);
    model.walls.push_back(all);
    return;
  }
  std::string former = "outside";
  for (std::size_t place = 0; place < model.segments.size(); ++place) {
    const std::string& name = model.segments[place].name;
    model.walls.push_back({.name = "w" + std::to_string(place), .joins = {former, name}});
    former = name;
  }
}

std::vector<Address> outside_of(const Enumerator& naive) {
  std::vector<Address> addresses;
  for (const Address& address : naive.addresses()) {
    if (naive.machine(address) == "outside") addresses.push_back(address);
  }
  return addresses;
}

/// Cells whose expectation is the enumerator's, none of the model's own answers.
std::vector<Cell> cells_by_enumeration(const Layout& layout, const Enumerator& naive) {
  std::vector<Cell> cells;
  const auto& addresses = naive.addresses();
  for (std::size_t from = 0; from < addresses.size(); ++from) {
    for (std::size_t to = 0; to < addresses.size(); ++to) {
      const int sender = layout.box_at(addresses[from]);
      const int target = layout.box_at(addresses[to]);
      if (sender == target || addresses[from].family() != addresses[to].family()) continue;
      for (std::size_t place = 0; place < naive.services().size(); ++place) {
        const bool arrives = naive.arrives(from, to, place);
        cells.push_back({{sender, {0, addresses[from], addresses[to], naive.services()[place]}, {}},
                         arrives ? target : kNobody});
      }
    }
  }
  return cells;
}

}  // namespace

TEST_CASE("random networks are on the kernel what enumeration says", "[walls]") {
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
  const World world = world_of(kTranslatedWalls);
  auto lab = Lab::build(Layout(world, {0, 1}, {}));
  if (!lab) FAIL(describe(lab.error()));
  REQUIRE(lab->load(rule_texts(world, compile(world, {}))).ok());
  std::mt19937 random(1);
  const auto services = services_to_probe(world.model(), 5, random);
  const Outcome outcome = observe(*lab, every_pair(lab->layout(), services));
  check_same(outcome);
  CHECK(outcome.arrived > 0);
}
