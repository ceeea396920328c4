#include "symbol_mapping/src/folding.hpp"

#include <string>

#include "tests/support/catch.hpp"

using namespace nakadachi;
using symbols::differ_by_one;
using symbols::fold;

TEST_CASE("spellings that mean the same are folded to one", "[symbol_mapping]") {
  struct Case {
    std::string text;
    std::string same_as;
  };
  const auto given = GENERATE(values<Case>({
      {"甲野　花子", "甲野花子"},
      {" 甲野\u00A0 花子 ", "甲野花子"},
      {"ＳＭＩＴＨ Ｊｏｈｎ", "smithjohn"},
      {"１２３−４", "123-4"},
      {"１２３－４‐５", "123-4-5"},
      {"１丁目２ー３", "1丁目2-3"},
      {"ｺｳﾉ ﾊﾅｺ", "コウノハナコ"},
      {"ﾜﾀﾞ ﾀﾞｲｷﾁ", "ワダダイキチ"},
      {"ﾊﾟｸ ｼﾞｭﾝ", "パクジュン"},
      {"ｳﾞｨｵﾗ ｰ｡｢｣､･", "ヴィオラー。「」、・"},
      {"わだ　だいきち", "ワダダイキチ"},
      {"ハ\u3099ハ\u309A", "バパ"},
      {"すゞ", "スヾ"},
      {"葛\U000E0100城", "葛城"},
      {"花\uFE00子", "花子"},
  }));
  CAPTURE(given.text);
  CHECK((fold(given.text) == fold(given.same_as)));
}

TEST_CASE("what is another text stays another", "[symbol_mapping]") {
  CHECK((fold("髙橋") != fold("高橋")));
  CHECK((fold("ハハ") != fold("ババ")));
  CHECK((fold("ビー") != fold("ビ-")));
  CHECK((fold("゛") == U"゛"));  // nothing to join it to
  CHECK((fold("ア゛") == U"ア゛"));
}

TEST_CASE("texts differ by one character or not", "[symbol_mapping]") {
  CHECK(differ_by_one(U"甲野花子", U"甲野花"));
  CHECK(differ_by_one(U"甲野花", U"甲野花子"));
  CHECK(differ_by_one(U"野花子", U"甲野花子"));
  CHECK(differ_by_one(U"甲野花子", U"甲野華子"));
  CHECK(differ_by_one(U"甲", U""));
  CHECK_FALSE(differ_by_one(U"甲野花子", U"甲野花子"));
  CHECK_FALSE(differ_by_one(U"甲野花子", U"甲野子花"));
  CHECK_FALSE(differ_by_one(U"甲野花子", U"乙野華子"));
  CHECK_FALSE(differ_by_one(U"甲野花子", U"甲野"));
  CHECK_FALSE(differ_by_one(U"", U""));
}
