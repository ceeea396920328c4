#include "apps/common/demo_residents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "apps/common/embedded_facts.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::size_t kTowns = 4;

std::vector<InstitutionCode> institutions() {
  std::vector<InstitutionCode> codes;
  for (std::size_t town = 0; town < kTowns; ++town) {
    for (const int number : {1, 2}) {
      codes.push_back(InstitutionCode::parse(
                          fmt::format("10000{}{:05}", municipalities()[town].code.text(), number))
                          .value());
    }
  }
  return codes;
}

/// The first towns' residents by real population.
struct Scene {
  explicit Scene(std::uint64_t scale, std::uint64_t seed = 0)
      : layouts(load_layouts().value()),
        of_town(persons_by_population(std::span(municipalities().data(), kTowns), scale)),
        residents({.towns = kTowns, .persons = 0, .persons_of_town = of_town, .seed = seed},
                  institutions(), layouts) {}
  std::size_t persons() const {
    return std::accumulate(of_town.begin(), of_town.end(), std::size_t{0});
  }

  copies::LayoutBook layouts;
  std::vector<std::size_t> of_town;
  DemoResidents residents;
};

}  // namespace

TEST_CASE("residents are in proportion to the towns' population, at least one of each", "[apps]") {
  const auto towns = std::span(municipalities().data(), kTowns);
  CHECK(persons_by_population(towns, 0).empty());
  const auto persons = persons_by_population(towns, 10'000);
  REQUIRE(persons.size() == kTowns);
  for (std::size_t town = 0; town < kTowns; ++town) {
    CHECK(persons[town] == std::max<std::size_t>(1, towns[town].population / 10'000));
  }
  CHECK(persons_by_population(towns, 1'000'000'000) == std::vector<std::size_t>(kTowns, 1));
}

TEST_CASE("each town asks about as many persons as live there, in its order", "[apps]") {
  const Scene scene(10'000);
  REQUIRE(scene.persons() > 200);
  std::vector<std::set<std::uint64_t>> numbers(kTowns);  // of the persons an institution asks about
  std::size_t last = 0;
  for (std::uint64_t i = 0; i < scene.persons(); ++i) {
    const auto planned = scene.residents.query(i);
    const bool at_home = planned.subject.affair == DemoResidents::own_affair();
    if (at_home) continue;  // the providing town's board asks
    const std::size_t town = planned.system / 2;
    CHECK(town >= last);
    last = town;
    numbers[town].insert(planned.person.reveal());
  }
  for (std::size_t town = 0; town < kTowns; ++town) {
    INFO(town);
    CHECK_FALSE(numbers[town].empty());
    CHECK(numbers[town].size() <= scene.of_town[town]);
    CHECK(2 * numbers[town].size() >= scene.of_town[town]);
  }
  // After everybody it begins again, with the same persons.
  CHECK(scene.residents.query(scene.persons()).person == scene.residents.query(0).person);
}

TEST_CASE("nobody is asked about at the town that asks, but by its board in its own affair",
          "[apps]") {
  const Scene scene(10'000, GENERATE(std::uint64_t{0}, std::uint64_t{3}));
  const auto codes = institutions();
  std::size_t at_home = 0;
  for (std::uint64_t i = 0; i < 3 * scene.persons(); ++i) {
    const auto planned = scene.residents.query(i);
    CHECK(codes[planned.system] == planned.subject.asker);
    const auto provider = std::ranges::find(codes, planned.subject.provider) - codes.begin();
    const bool same_town = static_cast<std::size_t>(provider) / 2 == planned.system / 2;
    CHECK(same_town == (planned.subject.affair == DemoResidents::own_affair()));
    if (same_town) ++at_home;
  }
  CHECK(at_home > 0);
}

TEST_CASE("another seed has other persons, and another fate for each", "[apps]") {
  const Scene one(100'000, 1);
  const Scene same(100'000, 1);
  const Scene other(100'000, 3);
  const auto outcomes = [](const Scene& scene) {
    std::vector<exchange::Outcome> all;
    for (std::uint64_t i = 0; i < 10 * scene.persons(); ++i) {
      all.push_back(scene.residents.query(i).expected);
    }
    return all;
  };
  const auto numbers = [](const Scene& scene) {
    std::set<std::uint64_t> all;
    for (const auto& known : scene.residents.known()) all.insert(known.personal_number);
    return all;
  };
  CHECK(outcomes(one) == outcomes(same));
  CHECK(outcomes(one) != outcomes(other));
  CHECK(numbers(one) == numbers(same));
  std::vector<std::uint64_t> both;
  std::ranges::set_intersection(numbers(one), numbers(other), std::back_inserter(both));
  CHECK(both.empty());
}

}  // namespace nakadachi::apps
