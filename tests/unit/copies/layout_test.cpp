#include "nakadachi/copies/layout.hpp"

#include "nakadachi_embedded/data.hpp"
#include "tests/unit/copies/copies_helpers.hpp"

namespace nakadachi::copies::test {
namespace {

std::string_view built_in() {
  for (const EmbeddedFile& file : embedded::data()) {
    if (file.name == "layouts.tsv") return file.content;
  }
  FAIL("no layouts are built in");
  return {};
}

/// What is wrong with the last line of `text`, as it is written in kBook's language.
Error error_of(const std::string& text) {
  const auto parsed = LayoutBook::parse(text);
  REQUIRE_FALSE(parsed.ok());
  return parsed.error();
}

}  // namespace

TEST_CASE("the built-in layouts are read, and each day has one of each kind", "[copies]") {
  const auto parsed = LayoutBook::parse(built_in());
  REQUIRE(parsed.ok());
  for (const std::uint64_t number : {1ULL, 2ULL, 3ULL, 90'000'000'000'044ULL}) {
    CHECK(parsed->in_force(kind(number), day("2026-06-14")) != nullptr);
    CHECK(parsed->in_force(kind(number), day("2017-07-17")) == nullptr);
  }
  const Layout* const before = parsed->in_force(kind(2), day("2024-05-31"));
  const Layout* const after = parsed->in_force(kind(2), day("2024-06-01"));
  REQUIRE(before != nullptr);
  REQUIRE(after != nullptr);
  CHECK(before->version == 1);
  CHECK(after->version == 2);
  CHECK(after == parsed->find(kind(2), 2));
  CHECK(after->kind_name == "地方税関係情報");
  CHECK(before->find("森林環境税額") == nullptr);
  REQUIRE(after->find("森林環境税額") != nullptr);
  CHECK(after->find("森林環境税額")->number == 24);
  REQUIRE(after->find(13) != nullptr);
  CHECK(after->find(13)->has_code("1"));
  CHECK_FALSE(after->find(13)->has_code("2"));
}

TEST_CASE("a layout is found by its version and by the day it holds on", "[copies]") {
  CHECK(book().layouts().size() == 2);
  CHECK(book().find(kind(), 1)->items.size() == 1);
  CHECK(book().find(kind(), 3) == nullptr);
  CHECK(book().find(kind(3), 1) == nullptr);
  CHECK(book().in_force(kind(), day("2024-03-31")) == nullptr);
  CHECK(book().in_force(kind(), day("2025-03-31"))->version == 1);
  CHECK(book().in_force(kind(), day("2025-04-01"))->version == 2);
  CHECK(book().in_force(kind(), day("9999-12-31"))->version == 2);
  CHECK(book().in_force(kind(1), day("2025-04-01")) == nullptr);

  const LayoutItem* const state = layout().find("state");
  REQUIRE(state != nullptr);
  CHECK(state == layout().find(8));
  CHECK(state->type == ItemType::kCode);
  CHECK(state->codes.size() == 2);
  CHECK_FALSE(state->required);
  CHECK(layout().find(5)->required);
  CHECK(layout().find(4) == nullptr);
  CHECK(layout().find("taxes") == nullptr);
}

TEST_CASE("a book with a line that cannot be right is refused, naming the line", "[copies]") {
  const std::string layout = "layout\tTM00000000000002\t1\t2024-04-01\t2025-03-31\ttax\n";
  const std::string item = "item\t5\tyear\tnumber\t4\trequired\t-\n";
  const auto wrong_layout = GENERATE_COPY(values<std::string>({
      "something\telse",
      "layout\tTM0000000000000\t2\t2025-04-01\t-\ttax",
      "layout\tTM00000000000002\t0\t2025-04-01\t-\ttax",
      "layout\tTM00000000000002\tx\t2025-04-01\t-\ttax",
      "layout\tTM00000000000002\t65536\t2025-04-01\t-\ttax",
      "layout\tTM00000000000002\t2\t-\t-\ttax",
      "layout\tTM00000000000002\t2\t2025-04-01\t2025-02-30\ttax",
      "layout\tTM00000000000002\t2\t2025-04-02\t2025-04-01\ttax",
      "layout\tTM00000000000002\t2\t2025-04-01\t-",
      "layout\tTM00000000000002\t1\t2025-04-01\t-\ttax",
      "layout\tTM00000000000002\t2\t2025-03-31\t-\ttax",
      "layout\tTM00000000000002\t2\t2020-01-01\t2024-04-01\ttax",
      "item\t5\tother\tnumber\t4\trequired\t-",
      "item\t4\tother\tnumber\t4\trequired\t-",
      "item\t0\tother\tnumber\t4\trequired\t-",
      "item\t6\tyear\tnumber\t4\trequired\t-",
      "item\t6\t\tnumber\t4\trequired\t-",
      "item\t6\t17\tnumber\t4\trequired\t-",
      "item\t6\t削除\tnumber\t4\trequired\t-",
      "item\t6\t団体内統合宛名番号\tnumber\t4\trequired\t-",
      "item\t6\tother\tthing\t4\trequired\t-",
      "item\t6\tother\tnumber\t12\trequired\t-",
      "item\t6\tother\tnumber\t0\trequired\t-",
      "item\t6\tother\ttext\t1001\trequired\t-",
      "item\t6\tother\ttext\t-\trequired\t-",
      "item\t6\tother\tdate\t10\trequired\t-",
      "item\t6\tother\tflag\t1\trequired\t-",
      "item\t6\tother\tnumber\t4\tyes\t-",
      "item\t6\tother\tnumber\t4\trequired",
      "item\t6\tother\tnumber\t4\trequired\t0=no",
      "item\t6\tother\tcode\t4\trequired\t@unknown",
      "item\t6\tother\tcode\t4\trequired\t0=no|0=yes",
      "item\t6\tother\tcode\t4\trequired\t0",
      "item\t6\tother\tcode\t1\trequired\t10=no",
      "codes\tname",
      "codes\t\t0=no",
      "codes\tname\t0=",
  }));
  CAPTURE(wrong_layout);
  const Error error = error_of("# head\n" + layout + item + wrong_layout + "\n");
  CHECK(error.code == ErrorCode::kConfigInvalid);
  CHECK(error.field == "layouts");
  CHECK(error.position == 4);
  CHECK_FALSE(error.detail.empty());
}

TEST_CASE("a book is refused for what only the lines together make wrong", "[copies]") {
  const std::string layout = "layout\tTM00000000000002\t1\t2024-04-01\t2025-03-31\ttax\n";
  CHECK(error_of("item\t5\tyear\tnumber\t4\trequired\t-\n").position == 1);
  CHECK(error_of(layout).position == 1);
  CHECK(error_of(layout + "layout\tTM00000000000003\t1\t2024-04-01\t-\tcare\n").position == 2);
  CHECK(error_of("codes\ta\t0=no\ncodes\ta\t0=no\n").position == 2);
  std::string many = layout;
  for (int i = 1; i <= 257; ++i) {
    many +=
        "item\t" + std::to_string(i) + "\titem " + std::to_string(i) + "\tflag\t-\toptional\t-\n";
  }
  CHECK(error_of(many).position == 258);
  CHECK(LayoutBook::parse("")->layouts().empty());
}

}  // namespace nakadachi::copies::test
