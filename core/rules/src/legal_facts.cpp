#include "nakadachi/rules/legal_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "tsv.hpp"

namespace nakadachi::rules {
namespace {

using Fields = std::vector<std::string_view>;

constexpr std::string_view kHead =
    "# The table of Article 2 of 令和6年デジタル庁・総務省令第9号 (the successor of "
    "番号法別表第二)\n"
    "# as facts; columns in docs/rules.md. Codes marked unofficial were made for this project.\n"
    "# Written by `nakadachi rules import`.\n";

constexpr std::array<std::pair<std::string_view, ClassSort>, 4> kSorts = {
    {{"body", ClassSort::kBody},
     {"group", ClassSort::kGroup},
     {"role", ClassSort::kRole},
     {"open", ClassSort::kOpen}}};

Error invalid(std::string_view field) {
  return {.code = ErrorCode::kConfigInvalid, .field = field};
}

/// Of the file as a whole; the code is public.
Error at_fault(std::string_view field, std::string code) {
  return {.code = ErrorCode::kConfigInvalid, .field = field, .detail = std::move(code)};
}

std::optional<ClassSort> parse_sort(std::string_view text) {
  for (const auto& [name, sort] : kSorts) {
    if (name == text) return sort;
  }
  return std::nullopt;
}

std::string_view name_of(ClassSort sort) {
  for (const auto& [name, value] : kSorts) {
    if (value == sort) return name;
  }
  return {};
}

std::optional<Origin> parse_origin(std::string_view text) {
  if (text == "public") return Origin::kPublic;
  if (text == "unofficial") return Origin::kUnofficial;
  return std::nullopt;
}

std::string_view name_of(Origin origin) {
  return origin == Origin::kPublic ? "public" : "unofficial";
}

/// `-` stands for nothing.
std::string_view or_empty(std::string_view text) { return text == "-" ? std::string_view() : text; }
std::string_view or_dash(std::string_view text) { return text.empty() ? "-" : text; }

std::optional<std::vector<InstitutionClass>> parse_classes(std::string_view text) {
  std::vector<InstitutionClass> classes;
  if (or_empty(text).empty()) return classes;
  for (const std::string_view part : split(text, ",")) {
    const auto number = parse_number<std::uint16_t>(part);
    if (!number || *number == 0) return std::nullopt;
    classes.push_back(static_cast<InstitutionClass>(*number));
  }
  return classes;
}

std::string write_classes(const std::vector<InstitutionClass>& classes) {
  std::vector<std::uint16_t> numbers;
  numbers.reserve(classes.size());
  for (const InstitutionClass one : classes) numbers.push_back(static_cast<std::uint16_t>(one));
  return numbers.empty() ? "-" : fmt::format("{}", fmt::join(numbers, ","));
}

Result<ClassFact> parse_class(const Fields& fields) {
  if (fields.size() < 6) return invalid("class");
  const auto number = parse_number<std::uint16_t>(fields[1]);
  const auto sort = parse_sort(fields[2]);
  const auto includes = parse_classes(fields[4]);
  if (!number || !sort || !includes) return invalid("class");
  return ClassFact{.number = static_cast<InstitutionClass>(*number),
                   .sort = *sort,
                   .name = std::string(fields[3]),
                   .includes = *includes,
                   .written = std::string(or_empty(fields[5]))};
}

Result<PlaceFact> parse_place(const Fields& fields) {
  if (fields.size() < 3) return invalid("place");
  const auto number = parse_number<std::uint16_t>(fields[1]);
  if (!number) return invalid("place");
  return PlaceFact{static_cast<InstitutionClass>(*number), std::string(fields[2])};
}

Result<LawFact> parse_law(const Fields& fields) {
  if (fields.size() < 3 || fields[1].empty()) return invalid("law");
  return LawFact{std::string(fields[1]), std::string(or_empty(fields[2]))};
}

Result<KindFact> parse_kind(const Fields& fields) {
  if (fields.size() < 4) return invalid("kind");
  const auto code = InformationKind::parse(fields[1]);
  const auto origin = parse_origin(fields[2]);
  if (!code || !origin || fields[3].empty()) return invalid("kind");
  return KindFact{*code, *origin, std::string(fields[3])};
}

Result<AffairFact> parse_affair(const Fields& fields) {
  if (fields.size() < 7) return invalid("affair");
  const auto item = ItemNumber::parse(fields[1]);
  const auto code = AffairCode::parse(fields[2]);
  const auto origin = parse_origin(fields[3]);
  if (!item || !code || !origin) return invalid("affair");
  AffairFact fact{.item = *item,
                  .code = *code,
                  .origin = *origin,
                  .article = std::string(or_empty(fields[4])),
                  .laws = {},
                  .about = std::string(fields[6])};
  if (!or_empty(fields[5]).empty()) {
    for (const std::string_view law : split(fields[5], ";")) fact.laws.emplace_back(law);
  }
  return fact;
}

Result<RuleRow> parse_row(const Fields& fields, const ClassCatalogue& classes) {
  if (fields.size() < 5) return invalid("legal_table");
  const auto item = ItemNumber::parse(fields[0]);
  const auto inquirers = parse_classes(fields[1]);
  const auto affair = AffairCode::parse(fields[2]);
  const auto providers = parse_classes(fields[3]);
  if (!item || !inquirers || !affair || !providers) return invalid("legal_table");
  RuleRow row{*item, *inquirers, *affair, *providers, {}};
  for (const auto* const side : {&row.inquirers, &row.providers}) {
    const bool all_known = std::all_of(
        side->begin(), side->end(), [&](InstitutionClass number) { return classes.known(number); });
    if (side->empty() || !all_known) return invalid("legal_table");
  }
  for (const std::string_view part : split(fields[4], ",")) {
    const auto kind = InformationKind::parse(part);
    if (!kind) return invalid("legal_table");
    row.kinds.push_back(*kind);
  }
  return row;
}

/// Classes and places first: rows are checked against them.
Result<ClassCatalogue> parse_catalogue(std::string_view tsv) {
  std::vector<ClassFact> classes;
  std::vector<PlaceFact> places;
  NAKADACHI_CHECK(for_each_line(tsv, [&](const Fields& fields) -> Result<void> {
    if (fields[0] == "class") {
      NAKADACHI_TRY(ClassFact fact, parse_class(fields));
      classes.push_back(std::move(fact));
    } else if (fields[0] == "place") {
      NAKADACHI_TRY(PlaceFact fact, parse_place(fields));
      places.push_back(std::move(fact));
    }
    return {};
  }));
  return ClassCatalogue::make(std::move(classes), std::move(places));
}

/// Tables without declarations name codes only. Where affairs or kinds are declared, each is once,
/// and a row names none that is not, nor an affair of another item.
Result<void> check(const LegalFacts& facts) {
  std::map<AffairCode, ItemNumber> affairs;
  for (const AffairFact& fact : facts.affairs) {
    if (!affairs.emplace(fact.code, fact.item).second) return at_fault("affair", fact.code.text());
  }
  std::set<InformationKind> kinds;
  for (const KindFact& fact : facts.kinds) {
    if (!kinds.insert(fact.code).second) return at_fault("kind", fact.code.text());
  }
  for (const RuleRow& row : facts.rows) {
    const auto affair = affairs.find(row.affair);
    const bool is_its_own = affair != affairs.end() && affair->second == row.item;
    if (!affairs.empty() && !is_its_own) return at_fault("affair", row.affair.text());
    for (const InformationKind& kind : row.kinds) {
      if (!kinds.empty() && !kinds.contains(kind)) return at_fault("kind", kind.text());
    }
  }
  return {};
}

template <class Fact>
Result<void> add(std::vector<Fact>& to, Result<Fact> parsed) {
  if (!parsed) return parsed.error();
  to.push_back(std::move(parsed).value());
  return {};
}

}  // namespace

Result<LegalFacts> LegalFacts::parse(std::string_view tsv) {
  LegalFacts facts;
  NAKADACHI_TRY(facts.classes, parse_catalogue(tsv));
  NAKADACHI_CHECK(for_each_line(tsv, [&](const Fields& fields) -> Result<void> {
    if (fields[0] == "class" || fields[0] == "place") return {};
    if (fields[0] == "law") return add(facts.laws, parse_law(fields));
    if (fields[0] == "kind") return add(facts.kinds, parse_kind(fields));
    if (fields[0] == "affair") return add(facts.affairs, parse_affair(fields));
    return add(facts.rows, parse_row(fields, facts.classes));
  }));
  NAKADACHI_CHECK(check(facts));
  return facts;
}

std::string LegalFacts::write() const {
  std::string text(kHead);
  text += "#\n# class\tnumber\tsort\tname\tincludes\twritten in the table\n";
  for (const ClassFact& one : classes.classes()) {
    text += fmt::format("class\t{}\t{}\t{}\t{}\t{}\n", static_cast<unsigned>(one.number),
                        rules::name_of(one.sort), one.name, write_classes(one.includes),
                        or_dash(one.written));
  }
  text += "#\n# place\tnarrower class\tpattern of the municipality's code\n";
  for (const PlaceFact& one : classes.places()) {
    text += fmt::format("place\t{}\t{}\n", static_cast<unsigned>(one.narrower), one.pattern);
  }
  text += "#\n# law\tname\tnumber\n";
  for (const LawFact& one : laws) {
    text += fmt::format("law\t{}\t{}\n", one.name, or_dash(one.number));
  }
  text += "#\n# kind\tcode\torigin\tname\n";
  for (const KindFact& one : kinds) {
    text +=
        fmt::format("kind\t{}\t{}\t{}\n", one.code.text(), rules::name_of(one.origin), one.name);
  }
  text += "#\n# affair\titem\tcode\torigin\tarticle\tlaws\tabout\n";
  for (const AffairFact& one : affairs) {
    text += fmt::format("affair\t{}\t{}\t{}\t{}\t{}\t{}\n", one.item.text(), one.code.text(),
                        rules::name_of(one.origin), or_dash(one.article),
                        or_dash(fmt::format("{}", fmt::join(one.laws, ";"))), one.about);
  }
  text += "#\n# item\tinquirers\taffair\tproviders\tkinds\n";
  for (const RuleRow& one : rows) {
    std::vector<std::string> codes;
    codes.reserve(one.kinds.size());
    for (const InformationKind kind : one.kinds) codes.push_back(kind.text());
    text += fmt::format("{}\t{}\t{}\t{}\t{}\n", one.item.text(), write_classes(one.inquirers),
                        one.affair.text(), write_classes(one.providers), fmt::join(codes, ","));
  }
  return text;
}

const KindFact* LegalFacts::find_kind(InformationKind code) const noexcept {
  const auto found = std::find_if(kinds.begin(), kinds.end(),
                                  [&](const KindFact& fact) { return fact.code == code; });
  return found != kinds.end() ? &*found : nullptr;
}

const KindFact* LegalFacts::find_kind(std::string_view code_or_name) const noexcept {
  const auto found = std::find_if(kinds.begin(), kinds.end(),
                                  [&](const KindFact& fact) { return fact.name == code_or_name; });
  if (found != kinds.end()) return &*found;
  const auto code = InformationKind::parse(code_or_name);
  return code ? find_kind(*code) : nullptr;
}

const AffairFact* LegalFacts::find_affair(AffairCode code) const noexcept {
  const auto found = std::find_if(affairs.begin(), affairs.end(),
                                  [&](const AffairFact& fact) { return fact.code == code; });
  return found != affairs.end() ? &*found : nullptr;
}

const AffairFact* LegalFacts::find_affair(std::string_view text) const noexcept {
  if (const auto code = AffairCode::parse(text)) return find_affair(*code);
  const auto item = ItemNumber::parse(text);
  const AffairFact* only = nullptr;
  for (const AffairFact& fact : affairs) {
    if (item ? fact.item != *item : fact.about != text && title_of(fact) != text) continue;
    if (only != nullptr) return nullptr;
    only = &fact;
  }
  return only;
}

std::string LegalFacts::name_of(InformationKind code) const {
  const KindFact* const fact = find_kind(code);
  return fact != nullptr ? fact->name : code.text();
}

std::string title_of(const AffairFact& affair) {
  return fmt::format("{}：{}", fmt::join(affair.laws, "、"), affair.about);
}

}  // namespace nakadachi::rules
