#include "nakadachi/rules/law_book.hpp"

#include <fmt/format.h>

#include <utility>

#include "apps/common/embedded_facts.hpp"
#include "tests/support/allocations.hpp"
#include "tests/support/catch.hpp"

using namespace nakadachi;
using rules::Denial;
using rules::InstitutionClass;
using rules::LawBook;
using rules::LegalTable;
using rules::Source;

namespace {

Day day(std::string_view text) { return Day::parse(text).value(); }

LegalTable table(std::string_view tsv) { return LegalTable::parse(tsv).value(); }

const std::string kOld = "48\t1\tJM01000000048000\t1\tTM00000000000002\n";
const std::string kNew = kOld + "49\t3\tJM01000000049000\t1\tTM00000000000002\n";

/// A question between two towns, 札幌市 and 小樽市.
rules::Question question() {
  return {.inquirer = {InstitutionClass::kMayor, *MunicipalityCode::parse("011002")},
          .affair = *AffairCode::parse("JM01000000048000"),
          .procedure = {},
          .provider = {InstitutionClass::kMayor, *MunicipalityCode::parse("012033")},
          .kind = *InformationKind::parse("TM00000000000002")};
}

Result<LawBook> book_with(std::string_view ordinances) {
  NAKADACHI_TRY(auto parsed, rules::parse_ordinances(ordinances));
  const auto facts = apps::embedded_facts().value();
  return LawBook::make(facts.classes, {{{day("2026-04-01"), std::nullopt}, LegalTable(facts)}},
                       std::move(parsed));
}

}  // namespace

TEST_CASE("days are those of Japan", "[rules]") {
  CHECK(day("1970-01-01").number == 0);
  CHECK(day("2026-06-14").text() == "2026-06-14");
  // 15:00 UTC is midnight in Japan.
  CHECK(Day::of(Timestamp{0}) == day("1970-01-01"));
  CHECK(Day::of(Timestamp{15 * 3600 * 1000 - 1}) == day("1970-01-01"));
  CHECK(Day::of(Timestamp{15 * 3600 * 1000}) == day("1970-01-02"));
  CHECK(Day::of(Timestamp{-9 * 3600 * 1000}) == day("1970-01-01"));
  CHECK(Day::of(Timestamp{-9 * 3600 * 1000 - 1}) == day("1969-12-31"));
  for (const std::string_view bad :
       {"", "2026-6-14", "2026-02-29", "2026-13-01", "2026/06/14", "2026-06-140", "20 6-06-14"}) {
    CAPTURE(bad);
    CHECK_FALSE(Day::parse(bad).has_value());
  }
}

TEST_CASE("a query is judged by the table in force on its day", "[rules]") {
  const auto book = LawBook::make({},
                                  {{{day("2026-04-01"), std::nullopt}, table(kNew)},
                                   {{day("2024-05-27"), day("2026-03-31")}, table(kOld)}},
                                  {});
  REQUIRE(book.ok());
  auto asked = question();
  CHECK(book->judge(asked, day("2024-05-26")).denial == Denial::kNoTableInForce);
  CHECK(book->fingerprint_on(day("2024-05-26")) == 0);
  CHECK(book->judge(asked, day("2024-05-27")).allowed);
  asked.inquirer = {InstitutionClass::kGovernor, std::nullopt};
  asked.affair = *AffairCode::parse("JM01000000049000");
  CHECK(book->judge(asked, day("2026-03-31")).denial == Denial::kUnknownAffair);
  CHECK(book->judge(asked, day("2026-04-01")).allowed);
  CHECK(book->judge(asked, day("2026-03-31")).fingerprint == table(kOld).fingerprint());
  CHECK(book->fingerprint_on(day("2026-04-01")) == table(kNew).fingerprint());
  // The last minute of March in Japan, and the first of April.
  const Timestamp april{(std::int64_t{day("2026-04-01").number} * 24 - 9) * 3600 * 1000};
  CHECK_FALSE(book->judge(asked, april - 1).allowed);
  CHECK(book->judge(asked, april).allowed);
}

TEST_CASE("tables that overlap or end before they begin are refused", "[rules]") {
  const auto refused = [](std::vector<rules::DatedTable> tables) {
    const auto book = LawBook::make({}, std::move(tables), {});
    REQUIRE_FALSE(book.ok());
    CHECK(book.error().field == "legal_table");
    return book.error().position;
  };
  CHECK(refused({{{day("2026-04-01"), day("2026-03-31")}, table(kOld)}}) == 0);
  CHECK(refused({{{day("2026-04-01"), std::nullopt}, table(kOld)},
                 {{day("2027-04-01"), std::nullopt}, table(kNew)}}) == 1);
  CHECK(refused({{{day("2026-04-01"), day("2027-04-01")}, table(kOld)},
                 {{day("2027-04-01"), std::nullopt}, table(kNew)}}) == 1);
}

TEST_CASE("an ordinance through the network follows the affair it is treated as", "[rules]") {
  // 札幌市's own medical subsidy, treated as 児童手当 (106), from July on.
  const auto book = book_with(
      "# sort\tmunicipality\taffair\ttreated as\tinquirer\tprovider\tkind\tfrom\tuntil\tname\n"
      "network\t011002\tJM99000000000001\tJM01000000106000\t1\t1\tTM00000000000002\t2026-07-01\t"
      "2027-03-31\t医療費助成条例\n"
      "network\t011002\tJM99000000000001\tJM01000000106000\t1\t1\tTM00000000000003\t2026-07-01\t"
      "-\t医療費助成条例\n");
  REQUIRE(book.ok());
  auto asked = question();
  asked.affair = *AffairCode::parse("JM99000000000001");
  const auto verdict = book->judge(asked, day("2026-07-01"));
  CHECK(verdict.allowed);
  CHECK(verdict.source == Source::kNetworkOrdinance);
  CHECK(verdict.item.text() == "106");
  REQUIRE(verdict.ordinance != nullptr);
  CHECK(verdict.ordinance->name == "医療費助成条例");

  CHECK(book->judge(asked, day("2026-06-30")).denial == Denial::kUnknownAffair);
  CHECK(book->judge(asked, day("2027-04-01")).denial == Denial::kUnknownAffair);
  auto another = asked;
  another.inquirer.municipality = asked.provider.municipality;
  CHECK(book->judge(another, day("2026-07-01")).denial == Denial::kUnknownAffair);
  // 介護保険給付等関係情報 is not in item 106, so the ordinance cannot open it.
  asked.kind = *InformationKind::parse("TM00000000000003");
  const auto beyond = book->judge(asked, day("2026-07-01"));
  CHECK_FALSE(beyond.allowed);
  CHECK(beyond.denial == Denial::kOrdinanceBeyondTable);
  CHECK(beyond.ordinance != nullptr);
}

TEST_CASE("an ordinance within a body serves its two institutions only", "[rules]") {
  const auto book = book_with(
      "within\t011002\tJM01000000063000\t-\t2\t1\tTM00000000000002\t2026-04-01\t-\t番号条例\n");
  REQUIRE(book.ok());
  auto asked = question();
  asked.affair = *AffairCode::parse("JM01000000063000");
  asked.inquirer.institution_class = InstitutionClass::kEducationBoard;
  asked.provider = {InstitutionClass::kMayor, asked.inquirer.municipality};
  const auto local = book->judge(asked, day("2026-06-14"));
  CHECK(local.allowed);
  CHECK(local.source == Source::kWithinBodyOrdinance);
  CHECK(local.ordinance->name == "番号条例");
  // To another town the same question goes by the table.
  asked.provider.municipality = *MunicipalityCode::parse("012033");
  const auto other = book->judge(asked, day("2026-06-14"));
  CHECK(other.allowed);
  CHECK(other.source == Source::kTable);
  CHECK(other.ordinance == nullptr);
}

TEST_CASE("ordinances that cannot be read, or contradict themselves, are refused", "[rules]") {
  const std::string good =
      "network\t011002\tJM99000000000001\tJM01000000106000\t1\t1\tTM00000000000002\t2026-07-01\t-"
      "\t条例\n";
  REQUIRE(book_with(good).ok());
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return book_with(text.replace(at, from.size(), to)).error();
  };
  CHECK(with("network", "nowhere").position == 1);
  CHECK(with("011002", "011003").position == 1);
  CHECK(with("JM01000000106000", "106").position == 1);
  CHECK(with("2026-07-01", "2026-07-32").position == 1);
  CHECK(with("\t条例", "").position == 1);
  CHECK(with("\t-\t", "\t2026-06-30\t").field == "ordinance");
  CHECK(with("JM01000000106000", "-").field == "ordinance");
  CHECK(with("network", "within").field == "ordinance");
  CHECK(with("\t1\t1\t", "\t1\t999\t").field == "ordinance");
}

TEST_CASE("the class of the registry is narrowed by the municipality", "[rules]") {
  const auto book = LawBook::of(apps::embedded_facts().value());
  auto asked = question();
  asked.affair = *AffairCode::parse("JM01000000081000");  // 児童扶養手当, of 都道府県知事等
  CHECK(book.judge(asked, day("2026-06-14")).item.text() == "81");
  CHECK(book.judge(asked, day("2026-06-14")).allowed);
  asked.inquirer.municipality = *MunicipalityCode::parse("013030");  // a town without an office
  CHECK(book.judge(asked, day("2026-06-14")).denial == Denial::kInquirerNotNamed);
  asked.inquirer.institution_class = InstitutionClass::kWelfareOfficeMayor;
  CHECK(book.judge(asked, day("2026-06-14")).allowed);
}

TEST_CASE("judging by the book allocates nothing", "[rules]") {
  const auto book = book_with(
      "network\t011002\tJM99000000000001\tJM01000000106000\t1\t1\tTM00000000000002\t2026-07-01\t-"
      "\t条例\n");
  REQUIRE(book.ok());
  auto asked = question();
  const auto before = testing::allocations_of_this_thread();
  const bool by_table = book->judge(asked, day("2026-07-01")).allowed;
  asked.affair = AffairCode::from_number(99000000000001).value();
  const bool by_ordinance = book->judge(asked, day("2026-07-01")).allowed;
  CHECK(testing::allocations_of_this_thread() == before);
  CHECK(by_table);
  CHECK(by_ordinance);
}

TEST_CASE("the fingerprint of a book follows ordinances through the network and places",
          "[rules]") {
  const auto sum_on = [](std::string_view ordinances, std::string_view date) {
    return book_with(ordinances).value().fingerprint_on(day(date));
  };
  const std::string first =
      "network\t011002\tJM99000000000001\tJM01000000048000\t1\t1\tTM00000000000002\t"
      "2026-07-01\t2027-03-31\t条例\n";
  const std::string second =
      "network\t011002\tJM99000000000001\tJM01000000048000\t1\t1\tTM00000000000003\t"
      "2026-07-01\t-\t条例\n";
  const std::string within =
      "within\t011002\tJM99000000000002\t-\t1\t2\tTM00000000000002\t2026-07-01\t-\t条例\n";
  const auto none = sum_on("", "2026-08-01");
  CHECK(sum_on(first, "2026-06-30") == none);
  CHECK(sum_on(first, "2026-07-01") != none);
  CHECK(sum_on(first, "2027-03-31") != none);
  CHECK(sum_on(first, "2027-04-01") == none);
  CHECK(sum_on(first, "2026-03-31") == 0);  // no table yet
  CHECK(sum_on(first + second, "2026-08-01") == sum_on(second + first, "2026-08-01"));
  CHECK(sum_on(first + second, "2026-08-01") != sum_on(first, "2026-08-01"));
  CHECK(sum_on(first + second, "2027-04-01") == sum_on(second, "2027-04-01"));
  CHECK(sum_on(within, "2026-08-01") == none);
  CHECK(sum_on(first + within, "2026-08-01") == sum_on(first, "2026-08-01"));

  const auto facts = apps::embedded_facts().value();
  auto places = facts.classes.places();
  REQUIRE_FALSE(places.empty());
  places.pop_back();
  auto classes = rules::ClassCatalogue::make(facts.classes.classes(), std::move(places));
  REQUIRE(classes.ok());
  const auto book = LawBook::make(*std::move(classes), {{{}, LegalTable(facts)}}, {});
  CHECK(book->fingerprint_on(day("2026-08-01")) != none);
  CHECK(LawBook::of(facts).fingerprint_on(day("2026-08-01")) == none);
}

TEST_CASE("the fingerprint of a book follows who belongs to the classes of an ordinance",
          "[rules]") {
  const auto classes = [](std::vector<InstitutionClass> included) {
    const rules::ClassFact group{.number = InstitutionClass{900},
                                 .sort = rules::ClassSort::kGroup,
                                 .name = "group",
                                 .includes = std::move(included),
                                 .written = ""};
    const rules::ClassFact mayor{.number = InstitutionClass::kMayor,
                                 .sort = rules::ClassSort::kBody,
                                 .name = "mayor",
                                 .includes = {},
                                 .written = ""};
    return rules::ClassCatalogue::make({group, mayor}, {}).value();
  };
  const auto sum_of = [&](std::vector<InstitutionClass> included, std::string_view parties) {
    auto ordinances = rules::parse_ordinances(
        fmt::format("network\t011002\tJM99000000000001\tJM01000000048000\t{}\t"
                    "TM00000000000002\t2026-07-01\t-\t条例\n",
                    parties));
    return LawBook::make(classes(std::move(included)), {{{}, table(kOld)}}, *std::move(ordinances))
        .value()
        .fingerprint_on(day("2026-08-01"));
  };
  const std::vector<InstitutionClass> mayors = {InstitutionClass::kMayor};
  CHECK(sum_of({}, "900\t1") != sum_of(mayors, "900\t1"));
  CHECK(sum_of({}, "1\t900") != sum_of(mayors, "1\t900"));
  CHECK(sum_of({}, "1\t1") == sum_of(mayors, "1\t1"));
  CHECK(sum_of(mayors, "900\t1") != sum_of(mayors, "1\t900"));
}
