#include <fmt/format.h>

// Reads tests/data/legal_cases.tsv: cases that were decided by hand.

#include <array>
#include <utility>

#include "apps/common/embedded_facts.hpp"
#include "apps/common/text_table.hpp"
#include "nakadachi/rules/law_book.hpp"
#include "tests/support/catch.hpp"

using namespace nakadachi;
using rules::Denial;
using rules::LawBook;
using rules::LegalFacts;
using rules::Source;

namespace {

std::string data_file(std::string_view name) {
  return fmt::format("{}/tests/data/{}", NAKADACHI_SOURCE_DIR, name);
}

LawBook law_book(const LegalFacts& facts) {
  const std::string conditions = apps::read_file(data_file("legal_conditions.tsv")).value();
  const std::string ordinances = apps::read_file(data_file("legal_ordinances.tsv")).value();
  return LawBook::make(facts.classes,
                       {{{Day::parse("2024-05-27"), std::nullopt},
                         rules::LegalTable(facts).with_conditions(conditions).value()}},
                       rules::parse_ordinances(ordinances).value())
      .value();
}

rules::Party party(const LegalFacts& facts, std::string_view name, std::string_view municipality) {
  const rules::ClassFact* const fact = facts.classes.find(name);
  REQUIRE(fact != nullptr);
  if (municipality == "-") return {fact->number, std::nullopt};
  return {fact->number, *MunicipalityCode::parse(municipality)};
}

AffairCode affair(const LegalFacts& facts, std::string_view text) {
  if (const auto code = AffairCode::parse(text)) return *code;
  return facts.find_affair(text)->code;
}

/// The word by which the cases call what decided.
std::string_view word_of(const rules::Verdict& verdict) {
  constexpr std::array<std::pair<Source, std::string_view>, 3> kSources = {
      {{Source::kTable, "table"},
       {Source::kNetworkOrdinance, "network"},
       {Source::kWithinBodyOrdinance, "within"}}};
  constexpr std::array<std::pair<Denial, std::string_view>, 7> kDenials = {
      {{Denial::kNoTableInForce, "no table"},
       {Denial::kUnknownAffair, "affair"},
       {Denial::kInquirerNotNamed, "inquirer"},
       {Denial::kProviderNotNamed, "provider"},
       {Denial::kKindNotNamed, "kind"},
       {Denial::kProcedureNotNamed, "procedure"},
       {Denial::kOrdinanceBeyondTable, "beyond"}}};
  for (const auto& [source, word] : kSources) {
    if (verdict.allowed && verdict.source == source) return word;
  }
  for (const auto& [denial, word] : kDenials) {
    if (!verdict.allowed && verdict.denial == denial) return word;
  }
  return "nothing";
}

}  // namespace

TEST_CASE("the law is applied as cases decided by hand say", "[rules]") {
  const LegalFacts facts = apps::embedded_facts().value();
  const LawBook book = law_book(facts);
  std::size_t cases = 0;
  const auto read = apps::read_rows(
      data_file("legal_cases.tsv"), 12,
      [&](const std::vector<std::string_view>& fields) -> Result<void> {
        const std::string why(fields[11]);
        CAPTURE(why);
        rules::Question question;
        question.inquirer = party(facts, fields[0], fields[1]);
        question.affair = affair(facts, fields[2]);
        if (fields[3] != "-") question.procedure = *ProcedureCode::parse(fields[3]);
        question.provider = party(facts, fields[4], fields[5]);
        const rules::KindFact* const kind = facts.find_kind(fields[6]);
        REQUIRE(kind != nullptr);
        question.kind = kind->code;
        const rules::Verdict verdict = book.judge(question, Day::parse(fields[7]).value());
        CHECK(verdict.allowed == (fields[8] == "allow"));
        const std::string item = verdict.item.text();
        CHECK((item.empty() ? "-" : item) == fields[9]);
        CHECK(word_of(verdict) == fields[10]);
        ++cases;
        return {};
      });
  REQUIRE(read.ok());
  CHECK(cases >= 40);
}
