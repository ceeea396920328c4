#include "nakadachi/copies/load_csv.hpp"

#include "tests/unit/copies/copies_helpers.hpp"

namespace nakadachi::copies::test {
namespace {

const std::string kHeader = "団体内統合宛名番号,year,5,note\r\n";

Error load_error_of(const std::string& text) {
  const auto rows = read_load_csv(text, layout());
  REQUIRE_FALSE(rows.ok());
  return rows.error();
}

}  // namespace

TEST_CASE("rows are read by the header's names and numbers", "[copies]") {
  const auto rows = read_load_csv(
      "団体内統合宛名番号,note,5,year\r\n"
      "000000000000042,\"a, b\",0,2026\r\n"
      "43,,1,2025\r\n",
      layout());
  REQUIRE(rows.ok());
  CHECK(rows->findings.empty());
  REQUIRE(rows->rows.size() == 2);
  CHECK(rows->rows[0].line == 2);
  CHECK(rows->rows[0].person == person(42));
  CHECK(rows->rows[0].items == std::vector<CopyItem>{{1, "2026"}, {2, "a, b"}, {5, "0"}});
  CHECK(rows->rows[1].items == std::vector<CopyItem>{{1, "2025"}, {5, "1"}});
  CHECK_FALSE(rows->rows[1].removal);
}

TEST_CASE("rows may be removals where there is a column for it", "[copies]") {
  const auto rows =
      read_load_csv("団体内統合宛名番号,削除,year\n1,1,\n2,0,2026\n3,,2026\n4,x,2026\n", layout());
  REQUIRE(rows.ok());
  REQUIRE(rows->rows.size() == 3);
  CHECK(rows->rows[0].removal);
  CHECK_FALSE(rows->rows[1].removal);
  CHECK_FALSE(rows->rows[2].removal);
  CHECK(rows->findings == std::vector<RowFinding>{{5, {0, "削除", Fault::kNotAFlag}}});
}

TEST_CASE("a row without an address number is a finding, not the end", "[copies]") {
  const auto rows = read_load_csv(
      kHeader + ",2026,0,\r\nabc,2026,0,\r\n1234567890123456,2026,0,\r\n7,2026,0,\r\n", layout());
  REQUIRE(rows.ok());
  REQUIRE(rows->rows.size() == 1);
  CHECK(rows->rows[0].person == person(7));
  const Finding no_number{0, "団体内統合宛名番号", Fault::kWrongAddressNumber};
  CHECK(rows->findings == std::vector<RowFinding>{{2, no_number}, {3, no_number}, {4, no_number}});
}

TEST_CASE("a header that does not fit the layout is refused, naming the column", "[copies]") {
  CHECK(load_error_of("").field == "csv_header");
  CHECK(load_error_of("").position == 1);
  const Error person = load_error_of("\n宛名番号,year\n");
  CHECK(person.field == "csv_header");
  CHECK(person.position == 2);
  CHECK_THAT(person.detail, Catch::Matchers::ContainsSubstring("団体内統合宛名番号"));
  for (const std::string column : {"secret name", "4", "99999", ""}) {
    const Error unknown = load_error_of("団体内統合宛名番号,year," + column + "\n");
    CHECK(unknown.code == ErrorCode::kWrongFormat);
    CHECK(unknown.field == "csv_header");
    CHECK_THAT(unknown.detail, Catch::Matchers::ContainsSubstring("column 3"));
    CHECK(unknown.detail.find("secret") == std::string::npos);
  }
  for (const std::string columns : {"year,1", "year,year", "削除,削除"}) {
    CHECK_THAT(load_error_of("団体内統合宛名番号," + columns + "\n").detail,
               Catch::Matchers::ContainsSubstring("comes twice"));
  }
}

TEST_CASE("what is no CSV is refused with line and name of the column", "[copies]") {
  const Error note = load_error_of(kHeader + "1,2026,0,x\r\n2,2026,0,\"x");
  CHECK(note.field == "csv");
  CHECK(note.position == 3);
  CHECK(note.detail == "note: a quote that is never closed");
  CHECK(load_error_of(kHeader + "1\"").detail == "団体内統合宛名番号: a quote inside a field");
  CHECK(load_error_of(kHeader + "1,2,3,4,5,6\"").detail == "a quote inside a field");
  const Error fewer = load_error_of(kHeader + "1,2026,0\r\n");
  CHECK(fewer.position == 2);
  CHECK(fewer.detail == "3 fields for 4 columns");
  CHECK(load_error_of(kHeader + "1,2026,0,,\r\n").detail == "5 fields for 4 columns");
}

TEST_CASE("a report tells line, item and fault, and nobody's data", "[copies]") {
  const std::vector<RowFinding> findings = {{3, {1, "year", Fault::kTooLong}},
                                            {4, {0, "", Fault::kTooLarge}}};
  CHECK(report_csv(findings) ==
        "行,項目番号,項目名,誤り,説明\r\n"
        "3,1,year,too_long,最大桁数を超えています。\r\n"
        "4,,,too_large,副本全体の大きさが上限を超えています。\r\n");
}

}  // namespace nakadachi::copies::test
