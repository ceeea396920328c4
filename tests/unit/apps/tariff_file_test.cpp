#include "apps/common/tariff_file.hpp"

#include <string>

#include "tests/support/catch.hpp"

using namespace nakadachi;

namespace {

std::string shipped() {
  const auto file = apps::load_tariff("shipped");
  REQUIRE(file);
  return file->text;
}

/// The shipped tariff with one thing written otherwise.
std::string with(std::string_view what, std::string_view instead) {
  std::string text = shipped();
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), instead);
}

struct Wrong {
  std::string_view what;
  std::string_view instead;
  std::string_view says;
};

TEST_CASE("the tariff that is shipped is read as it is written") {
  const auto file = apps::load_tariff("shipped");
  REQUIRE(file);
  CHECK(file->pool == "中間サーバ共通費");
  CHECK(file->tariff.name == "人口割3割・利用割7割");
  CHECK(file->tariff.base_ppm == 300'000);
  CHECK(file->tariff.asker_pays);
  CHECK(file->tariff.outside == billing::OutsideRule::kByPopulation);
  CHECK((file->tariff.of(Cause::kOwnQuery) == billing::Weights{10, 1, 1}));
  CHECK((file->tariff.of(Cause::kAnswered) == billing::Weights{10, 1, 1}));
  CHECK((file->tariff.of(Cause::kApproval) == billing::Weights{0, 2, 0}));
  CHECK((file->tariff.of(Cause::kSymbols) == billing::Weights{5, 1, 0}));
  CHECK((file->tariff.of(Cause::kHoldings) == billing::Weights{0, 0, 1}));
  CHECK((file->tariff.of(Cause::kOutside) == billing::Weights{10, 1, 1}));

  const auto other = apps::parse_tariff(with("\"by_population\"", "\"where_it_fell\""), "x");
  REQUIRE(other);
  CHECK(other->tariff.outside == billing::OutsideRule::kWhereItFell);
}

TEST_CASE("a tariff with anything missing, misspelt or out of range is refused by its name") {
  const Wrong wrong = GENERATE(
      Wrong{"method = 1", "method = 0", "method: must be 1"},
      Wrong{"method = 1", "", "method: is missing"}, Wrong{"pool =", "pol =", "pool: is missing"},
      Wrong{"\"中間サーバ共通費\"", "\"\"", "pool: must not be empty"},
      Wrong{"base_ppm = 300_000", "", "base_ppm: is missing"},
      Wrong{"300_000", "1_000_001", "base_ppm: must be a whole number from 0 to 1000000"},
      Wrong{"300_000", "0.3", "base_ppm: must be a whole number"},
      Wrong{"asker_pays = true", "", "asker_pays: is missing"},
      Wrong{"asker_pays = true", "asker_pays = 1", "asker_pays: must be true or false"},
      Wrong{"\"by_population\"", "\"evenly\"", "outside: must be by_population or where_it_fell"},
      Wrong{"[weights.symbols]", "[weights.symbol]", "weights.symbols: is missing"},
      Wrong{"[weights.symbols]", "[weights.x]\n[weights.symbols]", "x: means nothing here"},
      Wrong{"person = 5", "persons = 5", "person: is missing"},
      Wrong{"person = 5", "person = 5\nday = 1", "day: means nothing here"},
      Wrong{"person = 5", "person = 1_000_001", "person: must be a whole number"},
      Wrong{"person = 5", "person = -1", "person: must be a whole number"},
      Wrong{"method = 1", "method = 1\nprice = 3", "price: means nothing here"},
      Wrong{"method = 1", "method = ", "tariff.toml: "});
  const auto file = apps::parse_tariff(with(wrong.what, wrong.instead), "tariff.toml");
  REQUIRE_FALSE(file);
  CHECK(file.error().code == ErrorCode::kConfigInvalid);
  CHECK_THAT(file.error().detail, Catch::Matchers::ContainsSubstring(std::string(wrong.says)));
  CHECK_THAT(file.error().detail, Catch::Matchers::ContainsSubstring("tariff.toml"));
}

TEST_CASE("a tariff without a name, or whose file is not there, is refused") {
  const auto nameless = apps::parse_tariff(with("\"人口割3割・利用割7割\"", "\"\""), "t");
  REQUIRE_FALSE(nameless);
  CHECK(nameless.error().field == "name");
  CHECK(apps::load_tariff("/nonexistent/tariff.toml").error().code == ErrorCode::kFileProblem);
}

}  // namespace
