#include "nakadachi/rules/explain.hpp"

#include <algorithm>

#include "apps/common/embedded_facts.hpp"
#include "tests/support/catch.hpp"

using namespace nakadachi;
using rules::InstitutionClass;
using rules::LawBook;

namespace {

rules::Question question(std::string_view affair, std::string_view kind) {
  return {.inquirer = {InstitutionClass::kMayor, *MunicipalityCode::parse("011002")},
          .affair = *AffairCode::parse(affair),
          .procedure = *ProcedureCode::parse("JT00000000000001"),
          .provider = {InstitutionClass::kMayor, std::nullopt},
          .kind = *InformationKind::parse(kind)};
}

bool has(const std::vector<std::string>& lines, std::string_view words) {
  return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
    return line.find(words) != std::string::npos;
  });
}

const Day kDay = Day::parse("2026-06-14").value();

}  // namespace

TEST_CASE("what is allowed is explained by item, law and kinds", "[rules]") {
  const auto facts = apps::embedded_facts().value();
  const auto book = LawBook::of(facts);
  const auto asked = question("JM01000000081000", "TM00000000000002");
  const auto lines = rules::explain(book, facts, asked, kDay, Language::kJapanese);
  CHECK(lines.at(0) == "認められます: 番号法19条8号、同号に基づく命令2条の表");
  CHECK(has(lines, "項: 81 JM01000000081000"));
  CHECK(has(lines, "法令: 児童扶養手当法"));
  CHECK(has(lines, "事務: 児童扶養手当の支給（83条）"));
  CHECK(has(lines, "情報照会者: 保健所を設置する市の長 (011002)"));
  CHECK(has(lines, "都道府県知事等"));
  CHECK(has(lines, "情報: 地方税関係情報"));
  CHECK(has(lines, "  法務大臣: 戸籍関係情報"));
  CHECK(has(lines, "段階: 表のみ"));
  CHECK(has(lines, "2026-06-14"));
  const auto english = rules::explain(book, facts, asked, kDay, Language::kEnglish);
  CHECK(english.at(0) == "allowed: Act 19(viii), table of Article 2 of the Order");
  CHECK(has(english, "level: row only"));
}

TEST_CASE("what is not allowed is explained by the first thing that failed", "[rules]") {
  const auto facts = apps::embedded_facts().value();
  const auto book = LawBook::of(facts);
  const auto lines = rules::explain(book, facts, question("JM01000000106000", "TM00000000000003"),
                                    kDay, Language::kJapanese);
  CHECK(lines.at(0) == "認められません: この情報提供者から提供を受けられる情報ではありません");
  CHECK(has(lines, "  市町村長: 地方税関係情報、住民票関係情報"));
  const auto unknown = rules::explain(book, facts, question("JM01000000999000", "TM00000000000003"),
                                      kDay, Language::kEnglish);
  CHECK(unknown.at(0) == "not allowed: the table has no such affair");
  CHECK_FALSE(has(unknown, "item:"));
}

TEST_CASE("the ordinance and the procedure's conditions are named where they decided", "[rules]") {
  const auto facts = apps::embedded_facts().value();
  const auto table =
      rules::LegalTable(facts).with_conditions("48\tJT00000000000001\tTM00000000000002\t1,3\n");
  REQUIRE(table.ok());
  auto ordinances = rules::parse_ordinances(
      "within\t011002\tJM99000000000001\t-\t2\t1\tTM00000000000002\t2026-04-01\t-\t番号条例\n");
  REQUIRE(ordinances.ok());
  const auto book =
      LawBook::make(facts.classes, {{{kDay, std::nullopt}, *table}}, std::move(ordinances).value());
  REQUIRE(book.ok());
  const auto lines = rules::explain(*book, facts, question("JM01000000048000", "TM00000000000002"),
                                    kDay, Language::kJapanese);
  CHECK(has(lines, "段階: 事務手続ごとの条件まで、項目 1,3"));

  auto local = question("JM99000000000001", "TM00000000000002");
  local.inquirer.institution_class = InstitutionClass::kEducationBoard;
  local.provider.municipality = local.inquirer.municipality;
  const auto within = rules::explain(*book, facts, local, kDay, Language::kJapanese);
  CHECK(within.at(0) == "認められます: 番号法19条11号、条例（同一団体内）");
  CHECK(has(within, "条例: 番号条例"));
  CHECK_FALSE(has(within, "段階"));
}
