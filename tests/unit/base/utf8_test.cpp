#include "nakadachi/base/utf8.hpp"

#include <string>
#include <vector>

#include "tests/support/catch.hpp"

using namespace nakadachi;

TEST_CASE("code points are taken one by one", "[base]") {
  std::string_view text = "aé漢𠮷";
  for (const char32_t expected : {U'a', U'é', U'漢', U'𠮷'}) {
    CHECK(take_code_point(text) == expected);
  }
  CHECK(text.empty());
  CHECK_FALSE(take_code_point(text).has_value());
}

TEST_CASE("what is not UTF-8 is not taken", "[base]") {
  const std::vector<std::string> wrong = {"\x80",
                                          "\xC0\xAF",
                                          "\xE0\x9F\xBF",
                                          "\xED\xA0\x80",
                                          "\xF0\x8F\xBF\xBF",
                                          "\xF4\x90\x80\x80",
                                          "\xF5\x80\x80\x80",
                                          "\xE6\xBC",
                                          "\xE6\x41\x41",
                                          "\xFF"};
  for (const std::string& bytes : wrong) {
    std::string_view text = bytes;
    CHECK_FALSE(take_code_point(text).has_value());
    CHECK(text == bytes);
    CHECK_FALSE(is_utf8("a" + bytes));
  }
  CHECK(is_utf8(""));
  CHECK(is_utf8("個人番号\xF4\x8F\xBF\xBF"));
}
