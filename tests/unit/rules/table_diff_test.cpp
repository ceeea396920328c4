#include "nakadachi/rules/table_diff.hpp"

#include "tests/support/catch.hpp"

using namespace nakadachi;
using rules::Change;
using rules::LegalFacts;

namespace {

constexpr std::string_view kBefore =
    "class\t1\tbody\t市町村長\t-\t-\n"
    "class\t4\tbody\t市長\t-\t-\n"
    "class\t101\tgroup\t医療保険者\t1\t-\n"
    "place\t4\t??2???\n"
    "kind\tTM00000000000002\tpublic\t地方税関係情報\n"
    "kind\tTM00000000000003\tpublic\t住民票関係情報\n"
    "affair\t48\tJM01000000048000\tunofficial\t50条\t地方税法\t賦課徴収\n"
    "affair\t69\tJM01000000069000\tunofficial\t71条\t国民健康保険法\t給付\n"
    "48\t1\tJM01000000048000\t1\tTM00000000000002\n"
    "69\t1\tJM01000000069000\t1,101\tTM00000000000002\n";

LegalFacts facts(std::string_view tsv) { return LegalFacts::parse(tsv).value(); }

LegalFacts changed(std::string_view from, std::string_view to) {
  std::string text(kBefore);
  text.replace(text.find(from), from.size(), to);
  return facts(text);
}

}  // namespace

TEST_CASE("the same facts have no difference", "[rules]") {
  CHECK(difference(facts(kBefore), facts(kBefore)).empty());
}

TEST_CASE("what opens and closes is named with its parties and kind", "[rules]") {
  const auto after = changed("\t1,101\tTM00000000000002", "\t1\tTM00000000000002,TM00000000000003");
  const auto found = difference(facts(kBefore), after);
  REQUIRE(found.size() == 2);
  CHECK(found[0].change == Change::kCloses);
  CHECK(found[0].item.text() == "69");
  CHECK(found[0].subject == "国民健康保険法：給付");
  CHECK(found[0].before == "市町村長 ← 医療保険者：地方税関係情報");
  CHECK(found[0].after.empty());
  CHECK(found[1].change == Change::kOpens);
  CHECK(found[1].after == "市町村長 ← 市町村長：住民票関係情報");
  CHECK(found[1].before.empty());
  const auto back = difference(after, facts(kBefore));
  CHECK(back.size() == 2);
}

TEST_CASE("a changed article, law or subject is a change", "[rules]") {
  const auto found = difference(facts(kBefore), changed("50条", "51条"));
  REQUIRE(found.size() == 1);
  CHECK(found[0].change == Change::kChanges);
  CHECK(found[0].item.text() == "48");
  CHECK(found[0].before == "地方税法：賦課徴収（50条）");
  CHECK(found[0].after == "地方税法：賦課徴収（51条）");
}

TEST_CASE("members that a class gains are a change", "[rules]") {
  const auto found = difference(facts(kBefore), changed("医療保険者\t1", "医療保険者\t1,4"));
  REQUIRE(found.size() == 1);
  CHECK(found[0].change == Change::kChanges);
  CHECK(found[0].subject == "医療保険者");
  CHECK(found[0].before == "市町村長");
  CHECK(found[0].after == "市町村長、市長");
}

TEST_CASE("a class with members that only one table has is a change", "[rules]") {
  const auto after =
      changed("class\t101", "class\t105\tgroup\t地方公共団体の機関\t1\t-\nclass\t101");
  const auto opened = difference(facts(kBefore), after);
  REQUIRE(opened.size() == 1);
  CHECK(opened[0].subject == "地方公共団体の機関");
  CHECK(opened[0].before.empty());
  CHECK(opened[0].after == "市町村長");
  CHECK(difference(after, facts(kBefore)).size() == 1);
}

TEST_CASE("which municipalities belong to a class, and what a kind is called, are changes",
          "[rules]") {
  const auto places = difference(facts(kBefore), changed("??2???", "??????"));
  REQUIRE(places.size() == 1);
  CHECK(places[0].before == "市長 ??2???");
  CHECK(places[0].after == "市長 ??????");
  const auto kinds = difference(facts(kBefore), changed("住民票関係情報", "納税証明情報"));
  REQUIRE(kinds.size() == 1);
  CHECK(kinds[0].subject == "TM00000000000003");
  CHECK(kinds[0].after == "納税証明情報");
}
