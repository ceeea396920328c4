#include "nakadachi/rules/institution_class.hpp"

#include "apps/common/embedded_facts.hpp"
#include "tests/support/catch.hpp"

using namespace nakadachi;
using rules::ClassCatalogue;
using rules::ClassFact;
using rules::ClassSort;
using rules::InstitutionClass;

namespace {

constexpr InstitutionClass number(std::uint16_t value) {
  return static_cast<InstitutionClass>(value);
}

ClassFact fact(std::uint16_t value, std::string name, std::vector<InstitutionClass> includes = {}) {
  return {number(value), ClassSort::kBody, std::move(name), std::move(includes), {}};
}

}  // namespace

TEST_CASE("a class has the members of the classes it includes", "[rules]") {
  const auto made =
      ClassCatalogue::make({fact(30, "group", {number(20)}), fact(20, "middle", {number(10)}),
                            fact(10, "leaf"), fact(40, "other")},
                           {{number(10), "??2???"}});
  REQUIRE(made.ok());
  CHECK(made->members_of(number(30)) == std::vector{number(10), number(20), number(30)});
  CHECK(made->includes(number(30), number(10)));
  CHECK_FALSE(made->includes(number(10), number(30)));
  CHECK_FALSE(made->includes(number(30), number(40)));
  CHECK(made->name_of(number(40)) == "other");
  CHECK(made->name_of(number(41)) == "41");

  const auto city = *MunicipalityCode::parse("012025");
  CHECK(made->refine(number(30), city) == number(10));
  CHECK(made->refine(number(40), city) == number(40));
  CHECK(made->refine(number(30), std::nullopt) == number(30));
  CHECK(made->refine(number(30), *MunicipalityCode::parse("013030")) == number(30));
}

TEST_CASE("only a body is narrowed by its municipality", "[rules]") {
  const auto facts = apps::embedded_facts().value();
  const auto city = *MunicipalityCode::parse("012025");
  CHECK(facts.classes.refine(InstitutionClass::kMayor, city) == InstitutionClass::kCityMayor);
  std::size_t wider = 0;
  for (const ClassFact& fact : facts.classes.classes()) {
    if (fact.sort == ClassSort::kBody) continue;
    wider += facts.classes.includes(fact.number, InstitutionClass::kCityMayor) ? 1U : 0U;
    CHECK(facts.classes.refine(fact.number, city) == fact.number);
  }
  CHECK(wider >= 6);
}

TEST_CASE("a catalogue that contradicts itself is refused", "[rules]") {
  const auto refused = [](std::vector<ClassFact> classes, std::vector<rules::PlaceFact> places,
                          std::string_view field, std::int32_t place) {
    const auto made = ClassCatalogue::make(std::move(classes), std::move(places));
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().code == ErrorCode::kConfigInvalid);
    CHECK(made.error().field == field);
    CHECK(made.error().position == place);
  };
  refused({fact(1, "a"), fact(0, "b")}, {}, "class", 1);
  refused({fact(1, "a"), fact(1, "b")}, {}, "class", 1);
  refused({fact(1, "a"), fact(2, "a")}, {}, "class", 1);
  refused({fact(1, "")}, {}, "class", 0);
  refused({fact(1, "a", {number(2)})}, {}, "class", 0);
  refused({fact(1, "a", {number(1)})}, {}, "class", 0);
  refused({fact(1, "a", {number(2)}), fact(2, "b", {number(1)})}, {}, "class", 0);
  refused({fact(1, "a")}, {{number(2), "??2???"}}, "place", 0);
  refused({fact(1, "a")}, {{number(1), "??2??"}}, "place", 0);
  refused({fact(1, "a")}, {{number(1), "??x???"}}, "place", 0);
}

TEST_CASE("without declarations only the named classes are known", "[rules]") {
  const ClassCatalogue none;
  CHECK(none.known(InstitutionClass::kMayor));
  CHECK(none.known(InstitutionClass::kLatterStageMedicalUnion));
  CHECK_FALSE(none.known(number(12)));
  CHECK_FALSE(none.known(number(0)));
  CHECK(none.includes(InstitutionClass::kMayor, InstitutionClass::kMayor));
  CHECK_FALSE(none.includes(InstitutionClass::kMayor, InstitutionClass::kCityMayor));
}

TEST_CASE("the named classes are those of the shipped catalogue", "[rules]") {
  const auto facts = apps::embedded_facts().value();
  const auto name = [&](InstitutionClass one) { return facts.classes.name_of(one); };
  CHECK(name(InstitutionClass::kMayor) == "市町村長");
  CHECK(name(InstitutionClass::kEducationBoard) == "市町村教育委員会");
  CHECK(name(InstitutionClass::kGovernor) == "都道府県知事");
  CHECK(name(InstitutionClass::kCityMayor) == "市長");
  CHECK(name(InstitutionClass::kWelfareOfficeMayor) == "福祉事務所を管理する町村長");
  CHECK(name(InstitutionClass::kHealthCentreMayor) == "保健所を設置する市の長");
  CHECK(name(InstitutionClass::kHiroshimaMayor) == "広島市長");
  CHECK(name(InstitutionClass::kNagasakiMayor) == "長崎市長");
  CHECK(name(InstitutionClass::kPrefectureEducationBoard) == "都道府県教育委員会");
  CHECK(name(InstitutionClass::kHealthInsuranceSociety) == "国民健康保険組合");
  CHECK(name(InstitutionClass::kLatterStageMedicalUnion) == "後期高齢者医療広域連合");
  CHECK(facts.classes.known(number(rules::kLastNamedClass)));
  CHECK_FALSE(facts.classes.known(number(rules::kLastNamedClass + 1)));
}

TEST_CASE("a mayor is what the law says a mayor is, and no more", "[rules]") {
  const auto facts = apps::embedded_facts().value();
  const auto is_one = [&](std::string_view group, InstitutionClass member) {
    const ClassFact* const found = facts.classes.find(group);
    REQUIRE(found != nullptr);
    return facts.classes.includes(found->number, member);
  };
  CHECK(is_one("医療保険者", InstitutionClass::kMayor));
  CHECK(is_one("医療保険者", InstitutionClass::kHealthInsuranceSociety));
  CHECK_FALSE(is_one("医療保険者", InstitutionClass::kLatterStageMedicalUnion));
  CHECK(is_one("都道府県知事等", InstitutionClass::kCityMayor));
  CHECK(is_one("都道府県知事等", InstitutionClass::kWelfareOfficeMayor));
  CHECK(is_one("都道府県知事等", InstitutionClass::kHiroshimaMayor));
  CHECK_FALSE(is_one("都道府県知事等", InstitutionClass::kMayor));
  CHECK_FALSE(is_one("都道府県知事等", InstitutionClass::kEducationBoard));

  // Whoever other laws oblige is not widened to mayors, but where the text counts
  // 医療保険者 among them.
  for (const ClassFact& one : facts.classes.classes()) {
    if (one.sort != ClassSort::kOpen) continue;
    CAPTURE(one.name);
    CHECK(is_one(one.name, InstitutionClass::kMayor) == one.name.starts_with("医療保険者その他"));
  }
}
