#include "nakadachi/rules/importer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>

#include "apps/common/embedded_facts.hpp"
#include "apps/common/text_table.hpp"
#include "nakadachi/rules/legal_table.hpp"
#include "tests/support/catch.hpp"

using namespace nakadachi;
using rules::Import;
using rules::InstitutionClass;
using rules::Undecided;

namespace {

constexpr std::string_view kHeading = "item\titem_kanji\tinquirer\taffair\tprovider\tinformation\n";
constexpr std::string_view kAffair =
    "架空手当法による手当の支給に関する事務であって第九条で定めるもの";
constexpr std::string_view kKind = "地方税関係情報であって第九条で定めるもの";

/// Facts that the texts below, which are made up, can be read with.
rules::LegalFacts vocabulary() {
  return rules::LegalFacts::parse(
             "class\t1\tbody\t市町村長\t4,5\t-\n"
             "class\t3\tbody\t都道府県知事\t-\t-\n"
             "class\t4\tbody\t市長\t-\t-\n"
             "class\t5\tbody\t支所を置く町村長\t-\t-\n"
             "class\t10\tbody\t国民健康保険組合\t-\t-\n"
             "class\t41\tbody\t全国健康保険協会\t-\t-\n"
             "class\t100\tgroup\t都道府県知事等\t3,4,5\t-\n"
             "class\t101\tgroup\t医療保険者\t41,1,10\t-\n"
             "class\t200\trole\t住宅の事業主体である都道府県知事又は市町村長\t3,1\t"
             "架空住宅法2条16号の事業主体である都道府県知事又は市町村長\n"
             "class\t300\topen\t医療の給付者\t101\t"
             "医療保険者その他の法令による給付の支給を行うこととされている者\n"
             "class\t301\topen\t表の下欄に掲げる者\t-\t-\n"
             "law\t架空手当法\t令和1年法律1号\n"
             "law\t架空の手当及び給付に関する法律\t令和2年法律3号\n"
             "kind\tTM00000000000002\tpublic\t地方税関係情報\n")
      .value();
}

std::string line(std::string_view item, std::string_view inquirer, std::string_view affair,
                 std::string_view provider, std::string_view information) {
  return fmt::format("{}\t項\t{}\t{}\t{}\t{}\n", item, inquirer, affair, provider, information);
}

Import import(const std::string& lines) {
  auto made = rules::import_ordinance(std::string(kHeading) + lines, vocabulary());
  REQUIRE(made.ok());
  return std::move(made).value();
}

std::vector<std::uint16_t> numbers(const std::vector<InstitutionClass>& classes) {
  std::vector<std::uint16_t> all;
  for (const InstitutionClass one : classes) all.push_back(static_cast<std::uint16_t>(one));
  return all;
}

/// The inquirers of a single row.
std::vector<std::uint16_t> classes_in(std::string_view text) {
  const Import made = import(line("1", text, kAffair, "市町村長", kKind));
  CAPTURE(text);
  REQUIRE(made.report.rows.size() == 1);
  REQUIRE(made.report.rows[0].decided());
  return numbers(made.facts.rows[0].inquirers);
}

std::vector<std::string> kinds_in(std::string_view text) {
  const Import made = import(line("1", "市町村長", kAffair, "市町村長",
                                  fmt::format("{}であって第九条で定めるもの", text)));
  REQUIRE(made.report.rows[0].decided());
  std::vector<std::string> names;
  for (const InformationKind code : made.facts.rows[0].kinds) {
    names.push_back(made.facts.name_of(code));
  }
  return names;
}

rules::AffairFact affair_in(std::string_view text) {
  const Import made =
      import(line("1", "市町村長", fmt::format("{}に関する事務であって第九条で定めるもの", text),
                  "市町村長", kKind));
  CAPTURE(text);
  REQUIRE(made.report.rows[0].decided());
  return made.facts.affairs[0];
}

Undecided undecided(const std::string& row) {
  const Import made = import(row);
  REQUIRE(made.report.rows.size() == 1);
  REQUIRE(made.report.rows[0].reasons.size() == 1);
  CHECK(made.facts.rows.empty());
  const rules::Reason& reason = made.report.rows[0].reasons[0];
  CHECK_FALSE(describe(reason, Language::kJapanese).empty());
  CHECK(describe(reason, Language::kEnglish) != describe(reason, Language::kJapanese));
  return reason.why;
}

using Numbers = std::vector<std::uint16_t>;
using Names = std::vector<std::string>;

/// Rows of an item.
struct RowCount {
  std::size_t all = 0;
  std::size_t municipal = 0;  ///< with a municipal institution on either side
  friend bool operator==(const RowCount&, const RowCount&) = default;
};

/// Of every item of the table, as published.
std::map<std::string, RowCount> published_rows() {
  std::map<std::string, RowCount> counts;
  const auto read = apps::read_rows(
      std::string(NAKADACHI_SOURCE_DIR) + "/tests/data/legal_row_counts.tsv", 3,
      [&](const std::vector<std::string_view>& fields) -> Result<void> {
        counts[std::string(fields[0])] = {*apps::parse_decimal<std::size_t>(fields[1]),
                                          *apps::parse_decimal<std::size_t>(fields[2])};
        return {};
      });
  REQUIRE(read);
  return counts;
}

bool is_municipal(const rules::LegalFacts& facts, const rules::RuleRow& row) {
  for (const auto* const side : {&row.inquirers, &row.providers}) {
    for (const InstitutionClass written : *side) {
      for (const InstitutionClass member : facts.classes.members_of(written)) {
        if (facts.classes.includes(InstitutionClass::kMayor, member)) return true;
        if (member == InstitutionClass::kEducationBoard) return true;
      }
    }
  }
  return false;
}

}  // namespace

TEST_CASE("classes are read one by one, in lists and in roles", "[rules]") {
  CHECK(classes_in("市町村長") == Numbers{1});
  CHECK(classes_in("市町村長（特別区の区長を含む。以下この条において同じ。）") == Numbers{1});
  CHECK(classes_in("全国健康保険協会、都道府県知事若しくは市長又は国民健康保険組合") ==
        Numbers{41, 3, 4, 10});
  CHECK(classes_in("市町村長（表の下欄に掲げる者を含む。）") == Numbers{1, 301});
  CHECK(classes_in("架空住宅法（令和三年法律第十号）第二条第十六号に規定する事業主体である"
                   "都道府県知事又は市町村長") == Numbers{200});
}

TEST_CASE("terms that the text defines are checked against the declared members", "[rules]") {
  CHECK(classes_in(
            "都道府県知事、市長（特別区の区長を含む。）又は支所を置く町村長（以下この条において"
            "「都道府県知事等」という。）") == Numbers{100});
  CHECK(classes_in(
            "医療保険者（架空手当法により医療に関する給付の支給を行う全国健康保険協会、市町村長又は"
            "国民健康保険組合をいう。以下この条において同じ。）") == Numbers{101});
  const auto with = [](std::string_view inquirer) {
    return undecided(line("1", inquirer, kAffair, "市町村長", kKind));
  };
  CHECK(with("都道府県知事又は市長（以下「都道府県知事等」という。）") == Undecided::kOtherMembers);
  CHECK(with("医療保険者（全国健康保険協会又は市町村長をいう。）") == Undecided::kOtherMembers);
  CHECK(with("架空住宅法第二条第十六号に規定する事業主体である都道府県知事") ==
        Undecided::kUnknownClass);
  CHECK(with("都道府県知事又は市長（以下「新しい等」という。）") == Undecided::kUnknownClass);
  CHECK(with("市町村長（名もない者を含む。）") == Undecided::kUnknownClass);
  CHECK(with("都道府県知事又は名もない大臣") == Undecided::kUnknownClass);
}

TEST_CASE("a class that the text narrows is never read as the whole class", "[rules]") {
  const auto with = [](std::string_view inquirer) {
    CAPTURE(inquirer);
    return undecided(line("1", inquirer, kAffair, "市町村長", kKind));
  };
  for (const std::string_view narrowed :
       {"市長（支所を置く市の長に限る。）", "市町村長（市長又は支所を置く町村長に限る。）",
        "市町村長（市長を除く。）", "市町村長（市長を除き、以下この条において同じ。）",
        "医療保険者（国民健康保険法により給付を行う市町村長に限る。）",
        "市町村長（特別区の区長を含み、市長を除くものをいう。）",
        "都道府県知事（市町村長（市長を除く。）を含む。）",
        "都道府県知事等（都道府県知事、市長（支所を置く市の長を除く。）及び町村長をいう。）",
        "市町村長（市長に限り、以下「市町村長」という。）",
        "市町村長（市長に限る。以下「市町村長」という。）"}) {
    CHECK(with(narrowed) == Undecided::kNarrowed);
  }
  CHECK(with("市町村長（特別区の区長及び名もない者を含む。）") == Undecided::kUnknownClass);
  CHECK(with("市町村長（名もない者を含み、以下同じ。）") == Undecided::kUnknownClass);
}

TEST_CASE("whoever other laws oblige is a class of its own, never a mayor", "[rules]") {
  CHECK(classes_in("医療保険者その他の法令による給付の支給を行うこととされている者") ==
        Numbers{300});
  const Import made =
      import(line("1", "市町村長", kAffair,
                  "架空手当法その他の法令による給付の支給を行うこととされている者", kKind) +
             line("1", "市町村長", kAffair,
                  "架空手当法その他の法令による給付の支給を行うこととされている者", kKind));
  CHECK(made.report.all().decided == 2);
  CHECK(made.report.new_classes.size() == 1);
  const auto number = made.facts.rows[0].providers.at(0);
  CHECK(made.facts.rows[1].providers.at(0) == number);
  CHECK(made.facts.classes.find(number)->sort == rules::ClassSort::kOpen);
  CHECK_FALSE(made.facts.classes.includes(number, InstitutionClass::kMayor));
}

TEST_CASE("lists of kinds are parted where a kind ends", "[rules]") {
  CHECK(kinds_in("地方税関係情報") == Names{"地方税関係情報"});
  CHECK(kinds_in("戸籍関係情報、地方税関係情報又は住民票関係情報") ==
        Names{"戸籍関係情報", "地方税関係情報", "住民票関係情報"});
  CHECK(kinds_in(
            "架空手当法（令和元年法律第一号）による甲又は乙の支給に関する情報（以下この条において"
            "「手当関係情報」という。）又は帳簿の第三号に規定する事項（以下「帳簿関係情報」という。"
            "）") == Names{"手当関係情報", "帳簿関係情報"});
  CHECK(kinds_in("架空手当法による甲若しくは乙の支給に関する情報、地方税関係情報又は同法による丙に"
                 "関する情報") ==
        Names{"架空手当法：甲、乙の支給", "地方税関係情報", "架空手当法：丙"});
  CHECK(kinds_in(
            "架空手当法による甲、架空の手当及び給付に関する法律による乙又は丙の支給に関する情報") ==
        Names{"架空手当法：甲＋架空の手当及び給付に関する法律：乙、丙の支給"});
  CHECK(kinds_in("架空手当法による措置（同法第二十七条第一項第三号又は第二項の措置をいう。）に関す"
                 "る情報") == Names{"架空手当法：措置（架空手当法27条1項3号、2項）"});
  CHECK(kinds_in("架空手当法による措置（同法第二十七条第一項第三号の措置、第二項の措置を除く。）に"
                 "関する情報") ==
        Names{"架空手当法：措置（架空手当法27条1項3号の措置、2項の措置を除く）"});
  CHECK(kinds_in("架空手当法による措置（同法第二十七条第一項第三号の措置のうち養護施設に係るものに"
                 "限る。）に関する情報") ==
        Names{"架空手当法：措置（架空手当法27条1項3号の措置のうち養護施設）"});
  CHECK(kinds_in("架空手当法第五十五条に規定する他の法令による給付の支給に関する情報") ==
        Names{"架空手当法55条の他の法令：給付の支給"});
  CHECK(kinds_in("架空の手当及び給付に関する法律第三十条の二第一項の給付に関する情報") ==
        Names{"架空の手当及び給付に関する法律30条の2第1項の給付"});
}

TEST_CASE("a kind is told from what is left of it", "[rules]") {
  const auto of_measures = [](std::string_view qualifier) {
    return kinds_in(fmt::format("架空手当法による措置（{}）に関する情報", qualifier));
  };
  const Names whole = of_measures("第三号の措置に限る。");
  CHECK(whole == Names{"架空手当法：措置（3号）"});
  const Names nested = of_measures("第三号の措置（養護施設に係るものを除く。）に限る。");
  CHECK(nested == Names{"架空手当法：措置（3号の措置（養護施設に係るものを除く））"});
  for (const std::string_view named_as_the_whole :
       {"地方税関係情報（所得に係るものに限り、以下「地方税関係情報」という。）",
        "地方税関係情報（所得に係るものに限る。以下「地方税関係情報」という。）",
        "架空手当法による給付（甲を除く。）に関する情報（乙に限り、以下「地方税関係情報」という。"
        "）"}) {
    CAPTURE(named_as_the_whole);
    CHECK(undecided(line("1", "市町村長", kAffair, "市町村長",
                         fmt::format("{}であって第九条で定めるもの", named_as_the_whole))) ==
          Undecided::kNarrowed);
  }
  CHECK(kinds_in("架空手当法による給付に関する情報（以下「除籍に限る情報」という。）") ==
        Names{"除籍に限る情報"});
}

TEST_CASE("new kinds get the next unofficial codes and are reported", "[rules]") {
  const Import made = import(line("1", "市町村長", kAffair, "市町村長",
                                  "戸籍関係情報又は地方税関係情報であって第九条で定めるもの") +
                             line("1", "市町村長", kAffair, "都道府県知事",
                                  "住民票関係情報又は戸籍関係情報であって第九条で定めるもの"));
  CHECK(made.report.new_kinds == Names{"戸籍関係情報", "住民票関係情報"});
  const auto* const register_kind = made.facts.find_kind("戸籍関係情報");
  REQUIRE(register_kind != nullptr);
  CHECK(register_kind->code.text() == "TM90000000000001");
  CHECK(register_kind->origin == rules::Origin::kUnofficial);
  CHECK(made.facts.find_kind("住民票関係情報")->code.text() == "TM90000000000002");
  CHECK(made.facts.find_kind("地方税関係情報")->code.text() == "TM00000000000002");
}

TEST_CASE("an affair is its laws, what it is about, and its article", "[rules]") {
  const auto plain = affair_in("架空手当法（令和元年法律第一号）による甲又は乙の支給");
  CHECK(plain.laws == Names{"架空手当法"});
  CHECK(plain.about == "甲、乙の支給");
  CHECK(plain.article == "9条");
  CHECK(plain.code.text() == "JM01000000001000");

  const auto two = affair_in("架空手当法又は架空の手当及び給付に関する法律による甲の支給");
  CHECK(two.laws == Names{"架空手当法", "架空の手当及び給付に関する法律"});
  CHECK(two.about == "甲の支給");

  const auto others = affair_in("架空手当法その他の手当に関する法律による甲の支給");
  CHECK(others.laws == Names{"架空手当法その他の手当に関する法律"});
  CHECK(others.about == "甲の支給");

  const auto apart =
      affair_in("架空手当法による甲又は架空の手当及び給付に関する法律による乙の支給");
  CHECK(apart.about == "架空手当法：甲＋架空の手当及び給付に関する法律：乙の支給");

  const auto guideline = affair_in(
      "「事業について」（令和二年四月一日付け第一号局長通知）の架空事業実施要綱に基づく事業の実施");
  CHECK(guideline.laws == Names{"架空事業実施要綱"});
  CHECK(guideline.about == "事業の実施");

  const auto narrowed =
      affair_in("架空手当法による給付（同法第十五条第一項の疾病に係るものに限る。）の支給");
  CHECK(narrowed.about == "給付（架空手当法15条1項の疾病）の支給");
}

TEST_CASE("laws and their short names are learned from the text", "[rules]") {
  const Import made =
      import(line("1", "市町村長",
                  "未知の法律（令和四年法律第二号。以下「令和四年法律第二号」という。）による甲に関"
                  "する事務であって次条で定めるもの",
                  "市町村長", "地方税関係情報であって次条で定めるもの") +
             line("2_2", "市町村長",
                  "令和四年法律第二号による乙に関する事務であって第四条の二で定めるもの",
                  "市町村長", "地方税関係情報であって第四条の二で定めるもの"));
  CHECK(made.report.new_laws == Names{"未知の法律"});
  REQUIRE(made.facts.affairs.size() == 2);
  CHECK(made.facts.affairs[0].article == "3条");
  CHECK(made.facts.affairs[1].laws == Names{"未知の法律"});
  CHECK(made.facts.affairs[1].article == "4条の2");
  CHECK(made.facts.affairs[1].code.text() == "JM01000000002002");
  CHECK(made.facts.laws.back() == rules::LawFact{"未知の法律", "令和4年法律2号"});
}

TEST_CASE("an article named as the same is the one a parenthesis announced", "[rules]") {
  const Import made = import(line("1", "市町村長",
                                  "架空手当法による甲（同法第二条に規定する甲をいう。第五十五条にお"
                                  "いて同じ。）の支給に関する事務であって同条で定めるもの",
                                  "市町村長", "地方税関係情報であって第五十五条で定めるもの"));
  REQUIRE(made.report.rows[0].decided());
  CHECK(made.facts.affairs[0].article == "55条");
  CHECK(made.facts.affairs[0].about == "甲（架空手当法2条）の支給");
}

TEST_CASE("what cannot be decided is reported with its reason and allows nothing", "[rules]") {
  const auto row = [](std::string_view item, std::string_view affair, std::string_view kind) {
    return undecided(line(item, "市町村長", affair, "市町村長", kind));
  };
  CHECK(row("x", kAffair, kKind) == Undecided::kItemNumber);
  CHECK(row("1", "手当の支給に関する事務であって第九条で定めるもの", kKind) == Undecided::kNoLaw);
  CHECK(row("1", "架空手当法による手当の支給", kKind) == Undecided::kNoSubject);
  CHECK(row("1", "架空手当法に関する事務であって第九条で定めるもの", kKind) ==
        Undecided::kNoSubject);
  CHECK(row("1", "架空手当法による手当に関する事務であって別に定めるもの", kKind) ==
        Undecided::kNoArticle);
  CHECK(row("1", kAffair, "地方税関係情報") == Undecided::kNoArticle);
  CHECK(row("1", kAffair, "地方税関係情報であって第八条で定めるもの") == Undecided::kOtherArticle);
  CHECK(row("1", kAffair, "税額であって第九条で定めるもの") == Undecided::kNotInformation);
}

TEST_CASE("every row of the source stands in the report", "[rules]") {
  const Import made =
      import(line("1", "市町村長", kAffair, "市町村長", kKind) +
             line("1", "市町村長", "架空手当法による別の手当に関する事務であって第九条で定めるもの",
                  "市町村長", kKind) +
             line("2", "名もない大臣", "手当", "全国健康保険協会", "税額") +
             line("3", "国民健康保険組合", kAffair, "都道府県知事", kKind) +
             line("4", "名もない大臣", kAffair, "市町村長", kKind) +
             line("5", "国民健康保険組合", kAffair, "都道府県知事等", kKind));
  const auto& rows = made.report.rows;
  REQUIRE(rows.size() == 6);
  CHECK(rows[0].line == 2);
  CHECK(rows[1].reasons.at(0).why == Undecided::kItemNumber);  // item 1 has another affair
  CHECK(rows[2].reasons.size() == 3);
  const std::vector<bool> municipal = {true, true, false, false, true, true};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(i);
    CHECK(rows[i].municipal == municipal[i]);
  }
  CHECK(made.report.all().decided == 3);
  CHECK(made.report.all().all == 6);
  CHECK(made.report.municipal().decided == 2);
  CHECK(made.report.municipal().all == 4);
  CHECK(made.facts.rows.size() == 3);
}

TEST_CASE("a source of another form is refused", "[rules]") {
  CHECK(rules::import_ordinance("", vocabulary()).error().position == 1);
  CHECK(rules::import_ordinance("48\t1\n", vocabulary()).error().field == "ordinance_table");
  CHECK(rules::import_ordinance(fmt::format("{}1\t一\t市町村長\n", kHeading), vocabulary())
            .error()
            .position == 2);
  CHECK(rules::looks_like_ordinance(kHeading));
  CHECK_FALSE(rules::looks_like_ordinance(vocabulary().write()));
}

TEST_CASE("any text ends in a report, never in a crash", "[rules]") {
  const auto cell = GENERATE(values<std::string>({"",
                                                  "（",
                                                  "）",
                                                  "（（",
                                                  "市町村長（",
                                                  "市町村長）又は",
                                                  "又は",
                                                  "、、",
                                                  "第",
                                                  "第条",
                                                  "第百",
                                                  "「」という",
                                                  "（以下「」という。）",
                                                  "（をいう。）",
                                                  "（を含む。）",
                                                  "であって",
                                                  "情報",
                                                  "に関する情報",
                                                  "法律第",
                                                  "昭和年",
                                                  "（昭和二十年法律第二号。以下「」という。）",
                                                  "同法同法",
                                                  "\xe3\x80",
                                                  "。）。（"}));
  CAPTURE(cell);
  for (std::size_t column = 0; column < 4; ++column) {
    std::array<std::string, 4> cells = {"市町村長", std::string(kAffair), "市町村長",
                                        std::string(kKind)};
    cells.at(column) = cell;
    const Import made = import(line("1", cells[0], cells[1], cells[2], cells[3]));
    CHECK(made.report.rows.size() == 1);
    CHECK(made.facts.rows.size() == made.report.all().decided);
  }
}

TEST_CASE("the shipped facts have every row the table has of each item", "[rules]") {
  const auto shipped = apps::embedded_facts().value();
  const std::map<std::string, RowCount> published = published_rows();
  std::map<std::string, RowCount> decided;
  for (const rules::RuleRow& row : shipped.rows) {
    RowCount& count = decided[row.item.text()];
    ++count.all;
    if (is_municipal(shipped, row)) ++count.municipal;
  }
  for (const auto& [item, count] : decided) {
    INFO(item);
    CHECK(published.contains(item));
  }
  rules::Share all;
  rules::Share municipal;
  for (const auto& [item, count] : published) {
    INFO(item);
    CHECK(decided[item] == count);
    all = {all.decided + std::min(decided[item].all, count.all), all.all + count.all};
    municipal = {municipal.decided + std::min(decided[item].municipal, count.municipal),
                 municipal.all + count.municipal};
  }
  CHECK(published.size() == 186);
  CHECK(all.all == 481);
  CHECK(municipal.all == 271);
  CHECK(municipal.decided == municipal.all);  // 100 %
  CHECK(100 * all.decided >= 95 * all.all);   // 95 %
}

TEST_CASE("the shipped facts are what the importer makes of the law text", "[rules]") {
  const auto path = std::filesystem::path(NAKADACHI_SOURCE_DIR).parent_path() / "shared" / "data" /
                    "ordinance_table_20260614.tsv";
  if (!std::filesystem::exists(path)) {
    WARN("the wording is not beside the source; the shipped rows are counted, not compared");
    return;
  }
  const auto shipped = apps::embedded_facts().value();
  const auto text = apps::read_file(path.string());
  REQUIRE(text.ok());
  // Only the vocabulary is handed in: rows and affairs must come from the text.
  rules::LegalFacts words = shipped;
  words.rows.clear();
  std::erase_if(words.affairs, [](const rules::AffairFact& affair) {
    return affair.origin == rules::Origin::kUnofficial;
  });
  const auto made = rules::import_ordinance(*text, words);
  REQUIRE(made.ok());
  std::map<std::string, RowCount> published;
  for (const rules::RowReport& row : made->report.rows) {
    RowCount& count = published[rules::ItemNumber::parse(row.item).value().text()];
    ++count.all;
    if (row.municipal) ++count.municipal;
  }
  CHECK(published == published_rows());
  CHECK(made->report.all().decided == 481);
  CHECK(made->report.municipal().decided == made->report.municipal().all);
  CHECK(made->report.municipal().all == 271);
  CHECK(made->report.new_laws.empty());
  CHECK(made->report.new_kinds.empty());
  CHECK(made->report.new_classes.empty());
  CHECK(made->facts.write() == shipped.write());
  CHECK(rules::LegalTable(made->facts).fingerprint() == rules::LegalTable(shipped).fingerprint());

  // Without the declared open classes and kinds it decides the same rows.
  const auto bare = rules::import_ordinance(*text, [&] {
    rules::LegalFacts less = words;
    less.kinds.clear();
    auto classes = less.classes.classes();
    std::erase_if(classes, [](const rules::ClassFact& fact) {
      return fact.sort == rules::ClassSort::kOpen && fact.written.ends_with("こととされている者") &&
             fact.includes.empty();
    });
    less.classes = rules::ClassCatalogue::make(classes, less.classes.places()).value();
    return less;
  }());
  REQUIRE(bare.ok());
  CHECK(bare->report.all().decided == 481);
  CHECK(bare->report.new_kinds.size() == shipped.kinds.size());
  CHECK(bare->report.new_classes.size() == 20);
}
