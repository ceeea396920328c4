#include "nakadachi/copies/csv.hpp"

#include "tests/unit/copies/copies_helpers.hpp"

namespace nakadachi::copies::test {
namespace {

using Fields = std::vector<std::string>;

struct Reading {
  std::vector<Fields> records;
  std::vector<std::uint32_t> lines;
  Error error;
  std::size_t field = 0;
};

Reading read_all(std::string_view text) {
  CsvReader reader(text);
  Reading reading;
  while (true) {
    auto record = reader.next();
    if (!record) {
      reading.error = record.error();
      reading.field = reader.field();
      CHECK_FALSE(reader.next().value().has_value());
      return reading;
    }
    if (!*record) return reading;
    reading.records.push_back((*record)->fields);
    reading.lines.push_back((*record)->line);
  }
}

}  // namespace

TEST_CASE("CSV is read as RFC 4180 has it", "[copies]") {
  CHECK(read_all("").records.empty());
  CHECK(read_all("a").records == std::vector<Fields>{{"a"}});
  CHECK(read_all("a,b,\r\n,,c").records == std::vector<Fields>{{"a", "b", ""}, {"", "", "c"}});
  CHECK(read_all("a\nb\n").records == std::vector<Fields>{{"a"}, {"b"}});
  CHECK(read_all("\xEF\xBB\xBF\"漢\",x").records == std::vector<Fields>{{"漢", "x"}});
  CHECK(read_all("\"\"").records == std::vector<Fields>{{""}});
  CHECK(read_all("\"a,\"\"b\"\"\",\" \"\r\n").records == std::vector<Fields>{{"a,\"b\"", " "}});

  const Reading lines = read_all("a\r\n\r\n\"b\nc\r\nd\"\r\ne\r\n\n\n");
  CHECK(lines.records == std::vector<Fields>{{"a"}, {"b\nc\r\nd"}, {"e"}});
  CHECK(lines.lines == std::vector<std::uint32_t>{1, 3, 6});
}

TEST_CASE("what is no CSV is refused with its line and field", "[copies]") {
  struct Case {
    std::string_view text;
    std::int32_t line;
    std::size_t field;
  };
  for (const Case& wrong :
       {Case{"a,b\"c", 1, 1}, Case{"a\r\n\"b\"c", 2, 0}, Case{"a\r\nb,c,\"d", 2, 2},
        Case{"a\rb", 1, 0}, Case{"a,b\r", 1, 1}, Case{"\r", 1, 0}, Case{"a\n\"\n\n\"\n\xFF", 5, 0},
        Case{"a,\"\xE6\xBC\"", 1, 1}}) {
    CAPTURE(wrong.text);
    const Reading reading = read_all(wrong.text);
    CHECK(reading.error.code == ErrorCode::kWrongFormat);
    CHECK(reading.error.field == "csv");
    CHECK(reading.error.position == wrong.line);
    CHECK(reading.field == wrong.field);
  }
}

TEST_CASE("what is written as CSV is read as it was", "[copies]") {
  CHECK(csv_line(Fields{"a", "b c", ""}) == "a,b c,\r\n");
  CHECK(csv_line(Fields{"a,b", "\"", "\r", "\n"}) == "\"a,b\",\"\"\"\",\"\r\",\"\n\"\r\n");
  SeededRandom random(1);
  std::string text;
  std::vector<Fields> written;
  for (int i = 0; i < 500; ++i) {
    Fields fields(2 + random.below(4));
    for (std::string& field : fields) {
      for (std::uint64_t c = random.below(6); c > 0; --c) {
        constexpr std::string_view kCharacters = "ab,\"\r\n ";
        field += kCharacters[static_cast<std::size_t>(random.below(kCharacters.size()))];
      }
    }
    text += csv_line(fields);
    written.push_back(fields);
  }
  CHECK(read_all(text).records == written);
}

TEST_CASE("no bytes bring the CSV reader down or make it read on for ever", "[copies]") {
  SeededRandom random(2);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::uint64_t c = random.below(24); c > 0; --c) {
      constexpr std::string_view kCharacters = "a,\"\r\n\xE6\xBC\xA2";
      text += kCharacters[static_cast<std::size_t>(random.below(kCharacters.size()))];
    }
    REQUIRE(read_all(text).records.size() <= text.size());
  }
}

}  // namespace nakadachi::copies::test
