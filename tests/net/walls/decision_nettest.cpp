// Whether a test of the walls may be left out.

#include "tests/net/walls/matrix.hpp"
#include "tests/support/catch.hpp"

using nakadachi::walls::testing::decide_on_lab;
using nakadachi::walls::testing::LabDecision;

TEST_CASE("walls that must be tested fail where they cannot be, and are not left out", "[walls]") {
  CHECK(decide_on_lab(false, nullptr, nullptr) == LabDecision::kLeaveOut);
  CHECK(decide_on_lab(false, nullptr, "1") == LabDecision::kFail);
  CHECK(decide_on_lab(false, "true", nullptr) == LabDecision::kFail);
  CHECK(decide_on_lab(false, "", nullptr) == LabDecision::kFail);  // that it is set counts
  for (const char* ci : {static_cast<const char*>(nullptr), "true"}) {
    for (const char* required : {static_cast<const char*>(nullptr), "1"}) {
      CHECK(decide_on_lab(true, ci, required) == LabDecision::kRun);
    }
  }
}
