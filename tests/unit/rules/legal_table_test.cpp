#include "nakadachi/rules/legal_table.hpp"

#include "tests/support/catch.hpp"

using namespace nakadachi;
using rules::InstitutionClass;
using rules::LegalTable;

namespace {

constexpr std::string_view kTable =
    "# item\tinquirer\taffair\tprovider\tkind\n"
    "48\t1\tJM01000000048000\t1\tTM00000000000002\tunofficial\t地方税\n"
    "\n"
    "63\t2\tJM01000000063000\t1\tTM00000000000002\n";

AffairCode affair(std::string_view text) { return *AffairCode::parse(text); }
InformationKind kind(std::string_view text) { return *InformationKind::parse(text); }

}  // namespace

TEST_CASE("the table allows what it names and nothing else", "[rules]") {
  const auto table = LegalTable::parse(kTable);
  REQUIRE(table.ok());
  REQUIRE(table->rows().size() == 2);
  const auto tax = kind("TM00000000000002");
  const auto mayor = InstitutionClass::kMayor;
  const auto board = InstitutionClass::kEducationBoard;

  const auto allowed = table->judge(mayor, affair("JM01000000048000"), mayor, tax);
  CHECK(allowed.allowed);
  CHECK(allowed.item == 48);
  CHECK(table->judge(board, affair("JM01000000063000"), mayor, tax).item == 63);

  CHECK_FALSE(table->judge(board, affair("JM01000000048000"), mayor, tax).allowed);
  CHECK_FALSE(table->judge(mayor, affair("JM01000000048000"), board, tax).allowed);
  CHECK_FALSE(table->judge(mayor, affair("JM01000000063000"), mayor, tax).allowed);
  CHECK_FALSE(
      table->judge(mayor, affair("JM01000000048000"), mayor, kind("TM00000000000001")).allowed);
}

TEST_CASE("a table with a row that cannot be read is refused, naming the line", "[rules]") {
  const auto bad = GENERATE(values<std::string>(
      {"48\t1\tJM01000000048000\t1", "x\t1\tJM01000000048000\t1\tTM00000000000002",
       "48\t9\tJM01000000048000\t1\tTM00000000000002", "48\t1\tJM0100\t1\tTM00000000000002",
       "48\t1\tJM01000000048000\t0\tTM00000000000002", "48\t1\tJM01000000048000\t1\tXX"}));
  CAPTURE(bad);
  const auto table = LegalTable::parse("# head\n" + bad + "\n");
  REQUIRE_FALSE(table.ok());
  CHECK(table.error().code == ErrorCode::kConfigInvalid);
  CHECK(table.error().position == 2);
}
