#include "apps/common/law_files.hpp"

#include <algorithm>
#include <string>

#include "apps/common/embedded_facts.hpp"
#include "apps/common/text_table.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_folder.hpp"

using namespace nakadachi;
using apps::LawConfig;
using apps::load_law;
using Catch::Matchers::ContainsSubstring;

namespace {

const std::string kClasses = "class\t1\tbody\t市町村長\t-\t-\n";
const std::string kOld = kClasses + "48\t1\tJM01000000048000\t1\tTM00000000000002\n";
/// One item more, and a class that the old table does not know.
const std::string kNew = kOld + "class\t1000\tbody\t新しい機関\t-\t-\n" +
                         "49\t1\tJM01000000049000\t1\tTM00000000000002\n";
const std::string kOldConditions = "48\tJT00000000000001\tTM00000000000002\t*\n";
const std::string kNewConditions = "49\tJT00000000000002\tTM00000000000002\t1-3\n";
const std::string kOrdinances =
    "within\t011002\tJM99000000000002\t-\t1000\t1\tTM00000000000002\t2026-04-01\t-\t条例\n";

Day day(std::string_view text) { return Day::parse(text).value(); }

rules::Question question(std::string_view affair, std::string_view procedure) {
  return {.inquirer = {rules::InstitutionClass::kMayor, *MunicipalityCode::parse("011002")},
          .affair = *AffairCode::parse(affair),
          .procedure = *ProcedureCode::parse(procedure),
          .provider = {rules::InstitutionClass::kMayor, *MunicipalityCode::parse("012033")},
          .kind = *InformationKind::parse("TM00000000000002")};
}

/// Two versions of the table in files of their own, each with its conditions.
struct Files {
  testing::TempFolder folder;

  std::string write(const std::string& name, const std::string& content) const {
    REQUIRE(apps::write_private_file(folder.file(name), content));
    return folder.file(name);
  }
  LawConfig config() const {
    return {.tables = {{.file = write("old.tsv", kOld),
                        .in_force = {day("2024-05-27"), day("2026-03-31")},
                        .conditions_file = write("old_conditions.tsv", kOldConditions)},
                       {.file = write("new.tsv", kNew),
                        .in_force = {day("2026-04-01"), std::nullopt},
                        .conditions_file = write("new_conditions.tsv", kNewConditions)}},
            .conditions_file = {},
            .ordinances_file = write("ordinances.tsv", kOrdinances)};
  }
};

}  // namespace

TEST_CASE("each table has its own conditions, in whatever order the tables stand", "[apps]") {
  const Files files;
  LawConfig config = files.config();
  if (GENERATE(false, true)) std::reverse(config.tables.begin(), config.tables.end());
  const auto law = load_law(config);
  REQUIRE(law);
  const Day before = day("2026-03-31");
  const Day after = day("2026-04-01");
  const auto judge = [&](std::string_view affair, std::string_view procedure, Day on) {
    return law->judge(question(affair, procedure), on);
  };
  const rules::Verdict narrowed = judge("JM01000000048000", "JT00000000000001", before);
  CHECK(narrowed.allowed);
  CHECK(narrowed.level == rules::Level::kProcedure);
  CHECK(judge("JM01000000048000", "JT00000000000002", before).denial ==
        rules::Denial::kProcedureNotNamed);
  CHECK(judge("JM01000000048000", "JT00000000000002", after).level == rules::Level::kRow);
  CHECK(judge("JM01000000049000", "JT00000000000002", before).denial ==
        rules::Denial::kUnknownAffair);
  const rules::Verdict fresh = judge("JM01000000049000", "JT00000000000002", after);
  CHECK(fresh.allowed);
  CHECK(fresh.covers(3));
  CHECK_FALSE(fresh.covers(4));
  CHECK(judge("JM01000000049000", "JT00000000000001", after).denial ==
        rules::Denial::kProcedureNotNamed);
}

TEST_CASE("who belongs to which class is what the latest table says", "[apps]") {
  const Files files;
  LawConfig config = files.config();
  if (GENERATE(false, true)) std::reverse(config.tables.begin(), config.tables.end());
  const auto law = load_law(config);
  REQUIRE(law);
  CHECK(law->classes().find("新しい機関") != nullptr);
  rules::Question within = question("JM99000000000002", "JT00000000000001");
  within.inquirer.institution_class = static_cast<rules::InstitutionClass>(1000);
  within.provider.municipality = within.inquirer.municipality;
  CHECK(law->judge(within, day("2026-04-01")).source == rules::Source::kWithinBodyOrdinance);
}

TEST_CASE("what is wrong in a file of the law is told with the file", "[apps]") {
  const Files files;
  const auto problem_of = [](const LawConfig& config) {
    const auto law = load_law(config);
    REQUIRE_FALSE(law);
    CHECK(law.error().code == ErrorCode::kConfigInvalid);
    return law.error().detail;
  };
  LawConfig config = files.config();
  std::swap(config.tables[0].conditions_file, config.tables[1].conditions_file);
  CHECK_THAT(problem_of(config), ContainsSubstring("new_conditions.tsv"));  // for the old table
  config = files.config();
  config.tables[1].in_force.from = day("2026-03-31");
  CHECK_THAT(problem_of(config), ContainsSubstring("new.tsv"));  // one day with two tables
  config = files.config();
  config.tables.pop_back();
  CHECK_THAT(problem_of(config), ContainsSubstring("ordinances.tsv"));  // of an unknown class
  config = files.config();
  files.write("old.tsv", "48\tnobody\n");
  CHECK_THAT(problem_of({.tables = {{.file = files.folder.file("old.tsv"),
                                     .in_force = {},
                                     .conditions_file = {}}},
                         .conditions_file = {},
                         .ordinances_file = {}}),
             ContainsSubstring("old.tsv"));
  config.tables[0].file = files.folder.file("none.tsv");
  CHECK(load_law(config).error().code == ErrorCode::kFileProblem);
}

TEST_CASE("who goes on with another law has a table today; who begins need not", "[apps]") {
  const Files files;
  LawConfig config = files.config();
  CHECK(apps::load_law_to_go_on(config, day("2026-03-31")));
  config.tables.erase(config.tables.begin());
  CHECK(apps::load_law_to_go_on(config, day("2026-04-01")));
  const auto none = apps::load_law_to_go_on(config, day("2026-03-31"));
  REQUIRE_FALSE(none);
  CHECK(none.error().code == ErrorCode::kConfigInvalid);
  CHECK_THAT(none.error().detail, ContainsSubstring("2026-03-31"));
  config.tables[0].in_force.from = day("2999-01-01");
  CHECK(apps::load_law_at_start(config));
}

TEST_CASE("a file of law whose last line has no end is refused: it may have been cut", "[apps]") {
  const Files files;
  for (const std::string name : {"old.tsv", "ordinances.tsv", "old_conditions.tsv"}) {
    CAPTURE(name);
    const LawConfig config = files.config();
    const std::string whole = apps::read_file(files.folder.file(name)).value();
    REQUIRE(load_law(config));
    files.write(name, whole.substr(0, whole.size() - 1));
    const auto cut = load_law(config);
    REQUIRE_FALSE(cut);
    CHECK_THAT(cut.error().detail, ContainsSubstring(name));
    files.write(name, whole);
  }
}

TEST_CASE("without tables the built-in one is law on all days, with conditions if given",
          "[apps]") {
  const Files files;
  const rules::LawBook built_in = rules::LawBook::of(apps::embedded_facts().value());
  const Day some_day = day("1999-12-31");
  const auto bare = load_law({});
  REQUIRE(bare);
  CHECK(bare->fingerprint_on(some_day) == built_in.fingerprint_on(some_day));
  const auto narrowed = load_law({.tables = {},
                                  .conditions_file = files.write("conditions.tsv", kOldConditions),
                                  .ordinances_file = {}});
  REQUIRE(narrowed);
  CHECK(narrowed->judge(question("JM01000000048000", "JT00000000000001"), some_day).level ==
        rules::Level::kProcedure);
  CHECK(narrowed->fingerprint_on(some_day) != built_in.fingerprint_on(some_day));
}
