#include "nakadachi/billing/render.hpp"

#include <limits>
#include <string>

#include "tests/unit/billing/billing_helpers.hpp"

namespace nakadachi::billing::test {
namespace {

Bill example_bill() {
  auto bill = make_bill(example_pool(), example_tariff(), example_members(), example_usage());
  REQUIRE(bill.ok());
  return *std::move(bill);
}

TEST_CASE("the overview of a pool, in both languages") {
  CHECK(overview_table(example_bill()) ==
        R"(共通費  2026-06  総額 1,000,000 円
按分方法 利用割7割
           基本            利用      構成団体外    負担額（円）     割合  団体
          5,882          17,074               0          22,956    2.29%  小町
        294,118         682,926               0         977,044   97.70%  大市
                                                      1,000,000           合計
)");
  CHECK(overview_table(example_bill(), Language::kEnglish) ==
        R"(共通費  2026-06  cost 1,000,000 yen
method 利用割7割
           base             use         outside     total (yen)    share  body
          5,882          17,074               0          22,956    2.29%  小町
        294,118         682,926               0         977,044   97.70%  大市
                                                      1,000,000           sum
)");
}

TEST_CASE("a statement leaves out lines without units and yen") {
  const Bill bill = example_bill();
  CHECK(statement_table(bill, bill.statements[0]) ==
        R"(共通費  2026-06  総額 1,000,000 円
按分方法 利用割7割
小町  人口 8,000
         人数          通数          バイト数              円  費目
          500         1,500         1,024,000           8,537  自団体の照会
          500         1,500         1,024,000           8,537  照会への提供（照会側負担）
        2,000         4,000         6,144,000               0  他団体への提供
                                                        5,882  小計（基本・人口割）
                                                       17,074  小計（利用）
                                                            0  小計（構成団体外）
                                                       22,956  合計
)");
  CHECK(statement_table(bill, bill.statements[0], Language::kEnglish) ==
        R"(共通費  2026-06  cost 1,000,000 yen
method 利用割7割
小町  population 8,000
      persons      messages             bytes             yen  item
          500         1,500         1,024,000           8,537  own questions
          500         1,500         1,024,000           8,537  answering own questions (asker pays)
        2,000         4,000         6,144,000               0  answering others' questions
                                                        5,882  subtotal: base, by population
                                                       17,074  subtotal: use
                                                            0  subtotal: outside the pool
                                                       22,956  total
)");
}

TEST_CASE("a month without use is said to be shared by population") {
  const auto bill = make_bill(example_pool(), example_tariff(), example_members(), {}).value();
  CHECK(overview_table(bill).find("当月の利用がないため、全額を人口で按分した。\n") !=
        std::string::npos);
  CHECK(overview_table(bill, Language::kEnglish).find("Nothing was used in this month") !=
        std::string::npos);
  CHECK(overview_table(example_bill()).find("当月の利用がない") == std::string::npos);
}

TEST_CASE("a cost of nothing has no shares, and the largest figures are written whole") {
  Pool pool = example_pool();
  pool.cost_yen = 0;
  const auto free = make_bill(pool, example_tariff(), example_members(), {}).value();
  CHECK(overview_table(free).find("        -  小町\n") != std::string::npos);

  Bill bill = example_bill();
  constexpr std::uint64_t kHighest = std::numeric_limits<std::uint64_t>::max();
  bill.statements[0].lines[1].units = {.rows = 1, .bytes_in = kHighest, .bytes_out = kHighest};
  CHECK(statement_table(bill, bill.statements[0]).find("36,893,488,147,419,103,230") !=
        std::string::npos);
}

TEST_CASE("every line of every statement stands in the CSV, with a header") {
  const std::string csv = lines_csv(example_bill());
  std::size_t lines = 0;
  for (const char c : csv) lines += c == '\n' ? 1 : 0;
  CHECK(lines == 1 + 2 * kLineCount);
  CHECK(
      csv.starts_with("月,費用,団体コード,団体名,人口,費目コード,費目,件数,人数,"
                      "受信通数,送信通数,受信バイト数,送信バイト数,円\r\n"
                      "2026-06,共通費,013307,小町,8000,base,基本（人口割）,0,0,0,0,0,0,5882\r\n"
                      "2026-06,共通費,013307,小町,8000,own_query,自団体の照会,2000,500,1500,0,0,"
                      "1024000,8537\r\n"));
  CHECK(csv.ends_with(
      "2026-06,共通費,132012,大市,400000,outside,構成団体外からの照会,0,0,0,0,0,0,0\r\n"));
  const std::string english = lines_csv(example_bill(), Language::kEnglish);
  CHECK(
      english.starts_with("month,pool,tenant,name,population,line,item,rows,persons,"
                          "messages_in,messages_out,bytes_in,bytes_out,yen\r\n"
                          "2026-06,共通費,013307,小町,8000,base,\"common base, by population\","));
}

TEST_CASE("names are quoted where they have to be, and are no formulas") {
  struct Case {
    std::string name;
    std::string field;
  };
  const Case cases[] = {{"小,町", "\"小,町\""},
                        {"小\"町", "\"小\"\"町\""},
                        {"小\r\n町", "\"小\r\n町\""},
                        {"=1+1", "'=1+1"},
                        {"+1", "'+1"},
                        {"-1", "'-1"},
                        {"@a", "'@a"},
                        {"\t=", "'\t="},
                        {"=\"a\"", "\"'=\"\"a\"\"\""},
                        {"", ""},
                        {"小町-1", "小町-1"}};
  for (const Case& each : cases) {
    Bill bill = example_bill();
    bill.statements[0].member.name = each.name;
    CHECK(lines_csv(bill).find(",013307," + each.field + ",8000,base,") != std::string::npos);
  }
}

}  // namespace
}  // namespace nakadachi::billing::test
