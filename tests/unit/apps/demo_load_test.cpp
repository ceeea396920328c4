#include "apps/common/demo_load.hpp"

#include <fmt/format.h>

#include "apps/common/embedded_facts.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::apps {

TEST_CASE("the demo's load of copies has rows that are wrong, each by one rule", "[apps]") {
  const auto layouts = load_layouts().value();
  std::vector<InstitutionCode> codes;
  for (const char* code :
       {"1000001100200001", "1000001100200002", "1000001202500001", "1000001202500002"}) {
    codes.push_back(InstitutionCode::parse(code).value());
  }
  const DemoResidents residents({.towns = 2, .persons = 200}, codes, layouts);
  const auto check = check_demo_load(residents, layouts, 70);
  REQUIRE(check);
  CHECK(check->rows == 71);
  // Every seventh row without an item, and so on; and the first person again.
  CHECK(check->faults == std::map<copies::Fault, std::uint64_t>{{copies::Fault::kMissing, 10},
                                                                {copies::Fault::kTooLong, 6},
                                                                {copies::Fault::kNotANumber, 5},
                                                                {copies::Fault::kPersonTwice, 1}});
  CHECK(check->wrong_rows == 22);
  const auto fewer = check_demo_load(residents, layouts, 1);
  REQUIRE(fewer);
  CHECK(fewer->rows == 2);
  CHECK(fewer->wrong_rows == 1);
}

}  // namespace nakadachi::apps
