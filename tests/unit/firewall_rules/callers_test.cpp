#include "nakadachi/firewall_rules/callers.hpp"

#include "apps/common/walls_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/walls_models.hpp"

using namespace nakadachi;
using namespace nakadachi::walls;
using testing::kTranslatedWalls;
using testing::world_of;

namespace {

Address address(std::string_view text) { return *Address::parse(text); }

std::string callers(const World& world, std::string_view to, std::string_view service) {
  const AddressSet callers = callers_of(world, address(to), *parse_service(service));
  std::string text;
  for (const auto& piece : callers.intervals()) {
    text += (text.empty() ? "" : " ") + walls::text_of(piece);
  }
  return text;
}

}  // namespace

TEST_CASE("who may call is seen behind translations, both of goals and of sources", "[walls]") {
  const World world = world_of(kTranslatedWalls);
  // Towns call the shown address; the server sees them as they are.
  CHECK(callers(world, "10.1.0.5", "tcp/8443") == "10.64.0.0/23");
  CHECK(callers(world, "10.1.0.5", "tcp/443").empty());
  CHECK(callers(world, "10.1.0.6", "tcp/8443").empty());
  // The client is masked; in the town's open segment neighbours call each other.
  CHECK(callers(world, "10.64.1.7", "tcp/443") == "10.2.0.9 10.64.1.0/24");
  CHECK(callers(world, "10.64.1.7", "tcp/80") == "10.64.1.0/24");
}

TEST_CASE("senders that no translation concerns are seen as they are", "[walls]") {
  const World world = world_of(kTranslatedWalls);
  const AddressSet client = Interval<Address>{address("10.1.0.6"), address("10.1.0.6")};
  const AddressSet masked = Interval<Address>{address("10.2.0.9"), address("10.2.0.9")};
  CHECK(seen_at(world, client, address("10.64.0.7")) == masked);
  CHECK(seen_at(world, client, address("10.2.0.1")) == client);
  CHECK(seen_at(world, client, address("8.8.8.8")) == client);
  CHECK(seen_at(world, client, address("fd00::1")).empty());
}

TEST_CASE("what is over is left out with its limits, and lets nobody in", "[walls]") {
  using std::chrono::year_month_day;
  auto model = apps::parse_walls(kTranslatedWalls, "test");
  REQUIRE(model.ok());
  const year_month_day last{std::chrono::year{2026}, std::chrono::month{3}, std::chrono::day{31}};
  const year_month_day after{std::chrono::sys_days(last) + std::chrono::days(1)};
  for (Flow& flow : model->flows) flow.valid_until = last;
  const auto still = World::build(in_force(*model, last));
  REQUIRE(still.ok());
  CHECK(callers(*still, "10.1.0.5", "tcp/8443") == "10.64.0.0/23");
  const auto over = World::build(in_force(*model, after));
  REQUIRE(over.ok());
  CHECK(callers(*over, "10.1.0.5", "tcp/8443").empty());
  CHECK(callers(*over, "10.64.1.7", "tcp/443") == "10.64.1.0/24");
}
