#include "nakadachi/rules/legal_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "apps/common/embedded_facts.hpp"
#include "apps/common/municipalities.hpp"
#include "tests/support/allocations.hpp"
#include "tests/support/catch.hpp"

using namespace nakadachi;
using rules::Denial;
using rules::InstitutionClass;
using rules::ItemNumber;
using rules::LegalTable;
using rules::Level;

namespace {

constexpr std::string_view kTable =
    "# item\tinquirer\taffair\tprovider\tkind\n"
    "48\t1\tJM01000000048000\t1\tTM00000000000002\tunofficial\t地方税\n"
    "\n"
    "63\t2\tJM01000000063000\t1,2\tTM00000000000002\n"
    "20-2\t3\tJM01000000020002\t2\tTM00000000000001,TM00000000000002\n";

AffairCode affair(std::string_view text) { return *AffairCode::parse(text); }
InformationKind kind(std::string_view text) { return *InformationKind::parse(text); }
ProcedureCode procedure(std::string_view text) { return *ProcedureCode::parse(text); }

constexpr auto kMayor = InstitutionClass::kMayor;
constexpr auto kBoard = InstitutionClass::kEducationBoard;
constexpr auto kGovernor = InstitutionClass::kGovernor;

}  // namespace

TEST_CASE("the table allows what it names and nothing else", "[rules]") {
  const auto table = LegalTable::parse(kTable);
  REQUIRE(table.ok());
  CHECK(table->size() == 5);
  const auto tax = kind("TM00000000000002");

  const auto allowed = table->judge(kMayor, affair("JM01000000048000"), kMayor, tax);
  CHECK(allowed.allowed);
  CHECK(allowed.source == rules::Source::kTable);
  CHECK(allowed.level == Level::kRow);
  CHECK(allowed.item == ItemNumber::parse("48"));
  CHECK(allowed.fingerprint == table->fingerprint());
  CHECK(allowed.covers(7));
  CHECK(table->judge(kBoard, affair("JM01000000063000"), kBoard, tax).item.text() == "63");
  CHECK(table->judge(kGovernor, affair("JM01000000020002"), kBoard, tax).item.text() == "20-2");
}

TEST_CASE("a refusal names the first thing that failed", "[rules]") {
  const auto table = LegalTable::parse(kTable).value();
  const auto tax = kind("TM00000000000002");
  const auto denial = [&](InstitutionClass inquirer, std::string_view code,
                          InstitutionClass provider, InformationKind wanted) {
    const auto verdict = table.judge(inquirer, affair(code), provider, wanted);
    CHECK_FALSE(verdict.allowed);
    CHECK_FALSE(verdict.covers(1));
    return verdict.denial;
  };
  CHECK(denial(kMayor, "JM01000000049000", kMayor, tax) == Denial::kUnknownAffair);
  CHECK(denial(kBoard, "JM01000000048000", kMayor, tax) == Denial::kInquirerNotNamed);
  CHECK(denial(kMayor, "JM01000000063000", kMayor, tax) == Denial::kInquirerNotNamed);
  CHECK(denial(kMayor, "JM01000000048000", kBoard, tax) == Denial::kProviderNotNamed);
  CHECK(denial(kMayor, "JM01000000048000", kMayor, kind("TM00000000000001")) ==
        Denial::kKindNotNamed);
  CHECK(denial(kMayor, "JM01000000048000", kMayor, kind("TM00000000000077")) ==
        Denial::kKindNotNamed);
}

TEST_CASE("a table with a row that cannot be read is refused, naming the line", "[rules]") {
  const auto bad = GENERATE(values<std::string>(
      {"48\t1\tJM01000000048000\t1", "x\t1\tJM01000000048000\t1\tTM00000000000002",
       "48\t99\tJM01000000048000\t1\tTM00000000000002", "48\t1\tJM0100\t1\tTM00000000000002",
       "48\t1\tJM01000000048000\t0\tTM00000000000002", "48\t1\tJM01000000048000\t1\tXX",
       "48\t1,\tJM01000000048000\t1\tTM00000000000002", "1000\t1\tJM01000000048000\t1\tXX",
       "class\t1\tking\t市町村長\t-\t-", "kind\tTM1\tpublic\t地方税関係情報",
       "affair\t48\tJM01000000048000\tpublic\t50条"}));
  CAPTURE(bad);
  const auto table = LegalTable::parse("# head\n" + bad + "\n");
  REQUIRE_FALSE(table.ok());
  CHECK(table.error().code == ErrorCode::kConfigInvalid);
  CHECK(table.error().position == 2);
}

TEST_CASE("conditions of a procedure deny it or restrict its items", "[rules]") {
  const auto plain = LegalTable::parse(kTable).value();
  const auto loaded = plain.with_conditions(
      "# affair or item, procedure, kind, items of data\n"
      "48\tJT00000000000001\tTM00000000000002\t1,4,7-9\n"
      "JM01000000048000\tJT00000000000002\tTM00000000000002\t*\n");
  REQUIRE(loaded.ok());
  const auto judge = [&](std::string_view one_procedure) {
    return loaded->judge(kMayor, affair("JM01000000048000"), procedure(one_procedure), kMayor,
                         kind("TM00000000000002"));
  };
  const auto some = judge("JT00000000000001");
  CHECK(some.allowed);
  CHECK(some.level == Level::kProcedure);
  CHECK(some.covers(8));
  CHECK_FALSE(some.covers(2));
  const auto all = judge("JT00000000000002");
  CHECK(all.covers(2));
  const auto none = judge("JT00000000000003");
  CHECK_FALSE(none.allowed);
  CHECK(none.denial == Denial::kProcedureNotNamed);
  CHECK(none.item.text() == "48");
  CHECK_FALSE(none.covers(1));

  // The first level alone, and affairs without conditions, are judged as before.
  CHECK(loaded->judge(kMayor, affair("JM01000000048000"), kMayor, kind("TM00000000000002")).level ==
        Level::kRow);
  const auto other = loaded->judge(kBoard, affair("JM01000000063000"),
                                   procedure("JT00000000000003"), kMayor, kind("TM00000000000002"));
  CHECK(other.allowed);
  CHECK(other.level == Level::kRow);
  CHECK(loaded->fingerprint() != plain.fingerprint());
}

TEST_CASE("conditions that cannot be read or mean no row are refused", "[rules]") {
  const auto table = LegalTable::parse(kTable).value();
  const auto bad = GENERATE(values<std::string>(
      {"48\tJT00000000000001\tTM00000000000002", "49\tJT00000000000001\tTM00000000000002\t*",
       "48\tJT1\tTM00000000000002\t*", "48\tJT00000000000001\tTM00000000000077\t*",
       "48\tJT00000000000001\tTM00000000000002\t9-7", "48\tJT00000000000001\tTM00000000000002\t0",
       "48\tJT00000000000001\tTM00000000000002\t"}));
  CAPTURE(bad);
  const auto loaded = table.with_conditions(bad + "\n");
  REQUIRE_FALSE(loaded.ok());
  CHECK(loaded.error().field == "conditions");
  CHECK(loaded.error().position == 1);
  const std::string twice = "48\tJT00000000000001\tTM00000000000002\t*\n";
  CHECK(table.with_conditions(twice + twice).error().position == 2);
}

TEST_CASE("the fingerprint follows what is decided, not how it is written", "[rules]") {
  const auto fingerprint = [](std::string_view tsv) {
    return LegalTable::parse(tsv).value().fingerprint();
  };
  const auto table = fingerprint(kTable);
  CHECK(table == fingerprint("20-2\t3\tJM01000000020002\t2\tTM00000000000002\n"
                             "63\t2\tJM01000000063000\t2\tTM00000000000002\n"
                             "48\t1\tJM01000000048000\t1\tTM00000000000002\n"
                             "63\t2\tJM01000000063000\t1\tTM00000000000002\n"
                             "20-2\t3\tJM01000000020002\t2\tTM00000000000001\n"));
  CHECK(table != fingerprint("48\t1\tJM01000000048000\t1\tTM00000000000002\n"));
  CHECK(fingerprint("48\t1\tJM01000000048000\t1\tTM00000000000002\n") !=
        fingerprint("49\t1\tJM01000000048000\t1\tTM00000000000002\n"));
  // Frozen: nodes of different versions compare it.
  CHECK(fingerprint("48\t1\tJM01000000048000\t1\tTM00000000000002\n") == 0x37DC3250CCD5DC8B);
}

TEST_CASE("judging allocates nothing", "[rules]") {
  const LegalTable table(apps::embedded_facts().value());
  const auto loaded = table.with_conditions("48\tJT00000000000001\tTM00000000000002\t1-9\n");
  const auto before = testing::allocations_of_this_thread();
  std::size_t allowed = 0;
  for (std::uint16_t provider = 1; provider < 30; ++provider) {
    const auto verdict =
        loaded->judge(kMayor, affair("JM01000000048000"), procedure("JT00000000000001"),
                      static_cast<InstitutionClass>(provider), kind("TM00000000000002"));
    if (verdict.allowed) ++allowed;
  }
  CHECK(testing::allocations_of_this_thread() == before);
  CHECK(allowed == 6);  // 市町村長 and what it includes
  const auto memory = std::make_unique<int>(1);
  CHECK(testing::allocations_of_this_thread() > before);  // the counter counts
}

TEST_CASE("items are read, written and ordered as in the table", "[rules]") {
  CHECK(ItemNumber::parse("20_2") == ItemNumber::parse("20-2"));
  CHECK(ItemNumber::parse("20-2")->value() == 2020);
  CHECK(ItemNumber::parse("48")->value() == 48);
  CHECK(*ItemNumber::parse("20") < *ItemNumber::parse("20-2"));
  CHECK(*ItemNumber::parse("20-2") < *ItemNumber::parse("21"));
  CHECK(ItemNumber().text().empty());
  for (const std::string_view bad : {"", "0", "1000", "20-", "20-1", "20-65", "-2", "2a"}) {
    CAPTURE(bad);
    CHECK_FALSE(ItemNumber::parse(bad).has_value());
  }
}

TEST_CASE("the shipped facts are complete and consistent", "[rules]") {
  const auto facts = apps::embedded_facts();
  REQUIRE(facts.ok());
  CHECK(facts->affairs.size() == 186);
  CHECK(facts->rows.size() == 481);
  for (const rules::RuleRow& row : facts->rows) {
    CAPTURE(row.item.text());
    const rules::AffairFact* const one = facts->find_affair(row.affair);
    REQUIRE(one != nullptr);
    CHECK(one->item == row.item);
    CHECK_FALSE(one->laws.empty());
    CHECK_FALSE(one->about.empty());
    for (const InformationKind code : row.kinds) CHECK(facts->find_kind(code) != nullptr);
  }
  for (const auto& affair : facts->affairs) {
    CHECK((affair.origin == rules::Origin::kPublic) == (affair.item.text() == "121"));
  }
  CHECK(facts->find_kind("地方税関係情報")->code.text() == "TM00000000000002");
  CHECK(facts->find_kind("地方税関係情報")->origin == rules::Origin::kPublic);
  CHECK(facts->find_kind("TM00000000000003")->name == "介護保険給付等関係情報");
  CHECK(facts->find_affair("106")->laws == std::vector<std::string>{"児童手当法"});
  CHECK(facts->find_affair("保険給付の支給") == nullptr);  // said of several
  CHECK(facts->find_affair("医師の免許")->item.text() == "30");
  CHECK(std::find(facts->laws.begin(), facts->laws.end(),
                  rules::LawFact{"児童手当法", "昭和46年法律73号"}) != facts->laws.end());
}

TEST_CASE("the shipped facts write themselves again", "[rules]") {
  const auto facts = apps::embedded_facts().value();
  const auto again = rules::LegalFacts::parse(facts.write());
  REQUIRE(again.ok());
  CHECK(again->write() == facts.write());
  CHECK(LegalTable(*again).fingerprint() == LegalTable(facts).fingerprint());
}

TEST_CASE("every city is one by its code, and every town is not", "[rules]") {
  const auto facts = apps::embedded_facts().value();
  for (const apps::Municipality& town : apps::municipalities()) {
    CAPTURE(town.name);
    const bool city = town.name.ends_with("市") || town.name.ends_with("区");
    const auto refined = facts.classes.refine(kMayor, town.code);
    CHECK(facts.classes.includes(InstitutionClass::kCityMayor, refined) == city);
    CHECK(facts.classes.refine(kBoard, town.code) == kBoard);
  }
  const auto at = [&](std::string_view code) {
    return facts.classes.refine(kMayor, *MunicipalityCode::parse(code));
  };
  CHECK(at("341002") == InstitutionClass::kHiroshimaMayor);
  CHECK(at("422011") == InstitutionClass::kNagasakiMayor);
  CHECK(at("131016") == InstitutionClass::kHealthCentreMayor);
  CHECK(at("012025") == InstitutionClass::kCityMayor);
  CHECK(at("013030") == kMayor);
}

TEST_CASE("facts that contradict themselves are refused with the code at fault", "[rules]") {
  const std::string head =
      "class\t1\tbody\t市町村長\t-\t-\n"
      "kind\tTM00000000000002\tpublic\t地方税関係情報\n"
      "affair\t48\tJM01000000048000\tunofficial\t50条\t地方税法\t賦課徴収\n"
      "affair\t49\tJM01000000049000\tunofficial\t51条\t予防接種法\t予防接種\n";
  CHECK(rules::LegalFacts::parse(head + "48\t1\tJM01000000048000\t1\tTM00000000000002\n"));
  const auto refused = [&](const std::string& more, std::string_view field, std::string_view code) {
    const auto facts = rules::LegalFacts::parse(head + more);
    REQUIRE_FALSE(facts);
    CHECK(facts.error().code == ErrorCode::kConfigInvalid);
    CHECK(facts.error().field == field);
    CHECK(facts.error().detail == code);
  };
  refused("49\t1\tJM01000000048000\t1\tTM00000000000002\n", "affair", "JM01000000048000");
  refused("50\t1\tJM01000000050000\t1\tTM00000000000002\n", "affair", "JM01000000050000");
  refused("48\t1\tJM01000000048000\t1\tTM00000000000003\n", "kind", "TM00000000000003");
  refused("kind\tTM00000000000002\tpublic\t別の名\n", "kind", "TM00000000000002");
  refused("affair\t50\tJM01000000048000\tunofficial\t1条\t法\t事務\n", "affair",
          "JM01000000048000");
}
