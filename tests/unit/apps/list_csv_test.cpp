#include "apps/common/list_csv.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "tests/support/catch.hpp"

using namespace nakadachi::apps;

TEST_CASE("a list is CSV with a column of each field that is named, in their order", "[apps]") {
  constexpr std::array<ListColumn, 4> kColumns = {
      {{"name", "名称"}, {"count", "件数"}, {"done", "済"}, {"parts", "内訳"}}};
  const nlohmann::json rows = {
      {{"count", 3}, {"name", "a, \"b\""}, {"done", true}, {"parts", {"x", "y"}}, {"else", 1}},
      {{"count", nullptr}, {"name", "市"}, {"parts", nlohmann::json::array()}}};
  CHECK(list_csv(rows, kColumns, false) ==
        "name,count,done,parts\r\n\"a, \"\"b\"\"\",3,true,x; y\r\n市,,,\r\n");
  CHECK(list_csv(nlohmann::json::array(), kColumns, true) == "名称,件数,済,内訳\r\n");
}
