#include "nakadachi/rules/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace nakadachi::rules {
namespace {

struct Words {
  std::string_view japanese;
  std::string_view english;
  std::string_view in(Language language) const {
    return language == Language::kJapanese ? japanese : english;
  }
};

struct DenialText {
  Denial denial;
  Words words;
};
constexpr std::array kDenials = {
    DenialText{Denial::kNone, {"", ""}},
    DenialText{Denial::kNoTableInForce,
               {"その日に施行されている表がありません", "no table is in force on that day"}},
    DenialText{Denial::kUnknownAffair, {"表にない事務です", "the table has no such affair"}},
    DenialText{Denial::kInquirerNotNamed,
               {"この事務の情報照会者ではありません", "the item does not name this inquirer"}},
    DenialText{Denial::kProviderNotNamed,
               {"この事務の情報提供者ではありません", "the item does not name this provider"}},
    DenialText{Denial::kKindNotNamed,
               {"この情報提供者から提供を受けられる情報ではありません",
                "the item does not name this kind of information from this provider"}},
    DenialText{Denial::kProcedureNotNamed,
               {"この事務手続には認められていない情報です",
                "the conditions of this procedure do not name the information"}},
    DenialText{Denial::kOrdinanceBeyondTable,
               {"条例の定めが、準ずる法定事務の範囲を超えています",
                "the ordinance goes beyond the affair of the table it is modelled on"}}};

const Words& words_of(Denial denial) {
  const auto* const found =
      std::find_if(kDenials.begin(), kDenials.end(),
                   [&](const DenialText& one) { return one.denial == denial; });
  NAKADACHI_ASSERT(found != kDenials.end());
  return found->words;
}

Words words_of(Source source) {
  switch (source) {
    case Source::kTable:
      return {"番号法19条8号、同号に基づく命令2条の表",
              "Act 19(viii), table of Article 2 of the Order"};
    case Source::kNetworkOrdinance:
      return {"番号法19条9号、条例", "Act 19(ix), local ordinance"};
    case Source::kWithinBodyOrdinance:
      return {"番号法19条11号、条例（同一団体内）", "Act 19(xi), local ordinance within the body"};
    case Source::kNone:
      break;
  }
  return {"なし", "none"};
}

std::string party_line(const LawBook& book, const Words& role, const Party& party,
                       Language language) {
  const InstitutionClass number =
      book.classes().refine(party.institution_class, party.municipality);
  std::vector<std::string> wider;
  for (const ClassFact& fact : book.classes().classes()) {
    const bool term = fact.sort == ClassSort::kBody || fact.sort == ClassSort::kGroup;
    if (term && fact.number != number && book.classes().includes(fact.number, number)) {
      wider.push_back(fact.name);
    }
  }
  std::string line = fmt::format("{}: {}", role.in(language), book.classes().name_of(number));
  if (party.municipality) line += fmt::format(" ({})", party.municipality->text());
  if (!wider.empty()) {
    line += fmt::format(fmt::runtime(Words{"（{}を兼ねる）", " (also {})"}.in(language)),
                        fmt::join(wider, "、"));
  }
  return line;
}

/// What the item gives this inquirer, a line a provider.
std::vector<std::string> offered(const LawBook& book, const LegalFacts& facts,
                                 const Question& question, ItemNumber item) {
  const InstitutionClass inquirer =
      book.classes().refine(question.inquirer.institution_class, question.inquirer.municipality);
  std::vector<std::string> lines;
  for (const RuleRow& row : facts.rows) {
    const bool named = std::any_of(
        row.inquirers.begin(), row.inquirers.end(),
        [&](InstitutionClass written) { return facts.classes.includes(written, inquirer); });
    if (row.item != item || !named) continue;
    std::vector<std::string> providers;
    std::vector<std::string> kinds;
    providers.reserve(row.providers.size());
    kinds.reserve(row.kinds.size());
    for (const InstitutionClass one : row.providers)
      providers.push_back(facts.classes.name_of(one));
    for (const InformationKind one : row.kinds) kinds.push_back(facts.name_of(one));
    lines.push_back(fmt::format("  {}: {}", fmt::join(providers, "・"), fmt::join(kinds, "、")));
  }
  return lines;
}

std::string level_line(const Verdict& verdict, Language language) {
  if (verdict.level == Level::kRow) {
    return std::string(Words{"段階: 表のみ（条ごとの条件は読み込まれていません）",
                             "level: row only (the procedure's conditions are not loaded)"}
                           .in(language));
  }
  std::string line(Words{"段階: 事務手続ごとの条件まで", "level: procedure"}.in(language));
  if (!verdict.data_items.empty()) {
    line += fmt::format(fmt::runtime(Words{"、項目 {}", ", items {}"}.in(language)),
                        fmt::join(verdict.data_items, ","));
  }
  return line;
}

}  // namespace

std::string describe(const Verdict& verdict, Language language) {
  const bool japanese = language == Language::kJapanese;
  if (!verdict.allowed) {
    return fmt::format("{}: {}", japanese ? "認められません" : "not allowed",
                       words_of(verdict.denial).in(language));
  }
  return fmt::format("{}: {}", japanese ? "認められます" : "allowed",
                     words_of(verdict.source).in(language));
}

std::vector<std::string> explain(const LawBook& book, const LegalFacts& facts,
                                 const Question& question, Day day, Language language) {
  const bool japanese = language == Language::kJapanese;
  const Verdict verdict = book.judge(question, day);
  std::vector<std::string> lines = {describe(verdict, language)};
  if (verdict.ordinance != nullptr) {
    lines.push_back(
        fmt::format("{}: {}", japanese ? "条例" : "ordinance", verdict.ordinance->name));
  }
  const auto affair = std::find_if(facts.affairs.begin(), facts.affairs.end(),
                                   [&](const AffairFact& one) { return one.item == verdict.item; });
  if (affair != facts.affairs.end()) {
    lines.push_back(fmt::format("{}: {} {}", japanese ? "項" : "item", affair->item.text(),
                                affair->code.text()));
    lines.push_back(
        fmt::format("{}: {}", japanese ? "法令" : "law", fmt::join(affair->laws, "、")));
    lines.push_back(
        fmt::format("{}: {}（{}）", japanese ? "事務" : "affair", affair->about, affair->article));
  }
  lines.push_back(party_line(book, {"情報照会者", "inquirer"}, question.inquirer, language));
  lines.push_back(party_line(book, {"情報提供者", "provider"}, question.provider, language));
  lines.push_back(
      fmt::format("{}: {}", japanese ? "情報" : "information", facts.name_of(question.kind)));
  if (const auto list = offered(book, facts, question, verdict.item); !list.empty()) {
    lines.emplace_back(japanese ? "この項で照会できる情報:" : "what this inquirer may ask for:");
    lines.insert(lines.end(), list.begin(), list.end());
  }
  if (verdict.source == Source::kTable || verdict.denial == Denial::kProcedureNotNamed) {
    lines.push_back(level_line(verdict, language));
  }
  lines.push_back(fmt::format("{}: {} ({:016x})", japanese ? "基準日と表" : "day and table",
                              day.text(), verdict.fingerprint));
  return lines;
}

}  // namespace nakadachi::rules
