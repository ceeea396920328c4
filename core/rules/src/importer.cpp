#include "nakadachi/rules/importer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "tsv.hpp"
#include "wording.hpp"

namespace nakadachi::rules {
namespace {

using wording::Flat;
using wording::Note;
using wording::NoteSort;

constexpr std::string_view kHeading = "item\titem_kanji\tinquirer\taffair\tprovider\tinformation";
constexpr std::size_t kColumns = 6;
constexpr std::string_view kInformation = "情報";
constexpr std::string_view kAffairEnd = "に関する事務であって";
constexpr std::string_view kWhichArticle = "であって";
constexpr std::string_view kArticleEnd = "で定めるもの";
constexpr std::string_view kOpenClassEnd = "こととされている者";
/// By these an undecided row is known to touch a municipal institution.
constexpr std::array<std::string_view, 4> kMunicipalWords = {"市町村", "市長", "都道府県知事等",
                                                             "医療保険者"};
constexpr std::uint16_t kFirstNewClass = 1000;
constexpr std::uint64_t kFirstNewKind = 90'000'000'000'001;

/// What reading a cell gives: a value, or why there is none.
template <class Value>
struct Read {
  std::optional<Value> value;
  std::optional<Reason> reason;
};

template <class Value>
Read<Value> failed(Undecided why, std::string_view text) {
  return {std::nullopt, Reason{why, std::string(text)}};
}

/// The article that the end of a cell points to; the table stands in Article 2.
std::string article_in(std::string_view end, const std::string& same_article) {
  if (!end.ends_with(kArticleEnd)) return {};
  end.remove_suffix(kArticleEnd.size());
  if (end == "次条") return "3条";
  if (end == "同条") return same_article;
  const bool is_article = !end.empty() && end.front() >= '1' && end.front() <= '9';
  return is_article ? std::string(end) : std::string();
}

// Kinds -----------------------------------------------------------------------

struct KindNames {
  std::vector<std::string> names;
  std::string article;
};

/// A short name given at the end of what is named so.
const Note* term_at(const Flat& flat, std::size_t at) {
  for (const Note& note : flat.notes) {
    if (note.sort == NoteSort::kTerm && note.at == at && note.text.ends_with(kInformation)) {
      return &note;
    }
  }
  return nullptr;
}

/// Begin and end of each member of the list. Connectors inside a member do not part
/// it: one ends where 情報 or a short name does.
std::vector<std::pair<std::size_t, std::size_t>> members_of(const Flat& flat, std::size_t end) {
  const std::string_view text = std::string_view(flat.text).substr(0, end);
  std::vector<std::pair<std::size_t, std::size_t>> members;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < end; ++at) {
    const std::size_t length = wording::connector_length(text.substr(at));
    if (length == 0 || at == begin) continue;
    const bool ends = text.substr(begin, at - begin).ends_with(kInformation);
    if (!ends && term_at(flat, at) == nullptr) continue;
    members.emplace_back(begin, at);
    begin = at + length;
    at = begin - 1;
  }
  members.emplace_back(begin, end);
  return members;
}

/// Only a part is meant of what has a name, and no name tells the part from the whole.
std::optional<Reason> narrowed(const Flat& flat) {
  for (const Note& note : flat.notes) {
    if (note.sort == NoteSort::kNarrows) return Reason{Undecided::kNarrowed, note.text};
  }
  return std::nullopt;
}

Read<KindNames> read_kinds(wording::Reader& reader, std::string_view cell) {
  const Flat flat = reader.flatten(cell, true);
  if (auto reason = narrowed(flat)) return {std::nullopt, std::move(reason)};
  const std::size_t end = flat.text.rfind(kWhichArticle);
  KindNames read;
  if (end != std::string::npos) {
    read.article = article_in(std::string_view(flat.text).substr(end + kWhichArticle.size()),
                              flat.same_article);
  }
  if (read.article.empty()) return failed<KindNames>(Undecided::kNoArticle, flat.text);
  for (const auto& [begin, stop] : members_of(flat, end)) {
    if (const Note* const term = term_at(flat, stop)) {
      read.names.push_back(term->text);
      continue;
    }
    std::string_view words = std::string_view(flat.text).substr(begin, stop - begin);
    if (!words.ends_with(kInformation)) {
      return failed<KindNames>(Undecided::kNotInformation, words);
    }
    if (constexpr std::string_view kAbout = "に関する情報"; words.ends_with(kAbout)) {
      words.remove_suffix(kAbout.size());
      read.names.push_back(wording::in_short(reader.chunks_of(words)));
    } else {
      read.names.emplace_back(words);
    }
  }
  return {std::move(read), std::nullopt};
}

// Affairs ---------------------------------------------------------------------

struct AffairWords {
  std::vector<std::string> laws;
  std::string about;
  std::string article;
};

/// An affair under a guideline (要綱) of a ministry instead of a law.
std::optional<AffairWords> read_guideline(std::string_view body) {
  constexpr std::string_view kGuideline = "要綱";
  constexpr std::string_view kQuoteEnd = "」の";
  const std::size_t at = body.find(kGuideline);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view name = body.substr(0, at + kGuideline.size());
  if (const std::size_t quote = name.find(kQuoteEnd); quote != std::string_view::npos) {
    name.remove_prefix(quote + kQuoteEnd.size());
  }
  std::string_view about = body.substr(at + kGuideline.size());
  for (const std::string_view joint : {"に基づく", "に規定する"}) {
    if (about.starts_with(joint)) about.remove_prefix(joint.size());
  }
  return AffairWords{{std::string(name)}, std::string(about), {}};
}

AffairWords read_laws(const wording::Reader& reader, std::string_view body) {
  const auto chunks = reader.chunks_of(body);
  AffairWords words;
  bool shared = true;  // what the last law gives is what all of them give
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const wording::Chunk& chunk = chunks[i];
    const bool last = i + 1 == chunks.size();
    const bool others = chunk.where.starts_with("その他の");
    const std::string law = others ? chunk.law + chunk.where : chunk.law;
    if (!law.empty() && std::find(words.laws.begin(), words.laws.end(), law) == words.laws.end()) {
      words.laws.push_back(law);
    }
    if ((!chunk.where.empty() && !others) || chunk.subject.empty() == last) shared = false;
    if (chunks.size() > 1 && goes_on(chunk)) shared = false;
  }
  if (chunks.empty() || chunks.back().subject.empty()) return words;
  words.about = shared ? chunks.back().subject : wording::in_short(chunks);
  return words;
}

Read<AffairWords> read_affair(wording::Reader& reader, std::string_view cell) {
  const Flat flat = reader.flatten(cell, true);
  if (auto reason = narrowed(flat)) return {std::nullopt, std::move(reason)};
  const std::string_view text = flat.text;
  const std::size_t end = text.rfind(kAffairEnd);
  if (end == std::string_view::npos) return failed<AffairWords>(Undecided::kNoSubject, text);
  const std::string_view body = text.substr(0, end);
  AffairWords words = read_laws(reader, body);
  if (words.laws.empty()) words = read_guideline(body).value_or(AffairWords{});
  if (words.laws.empty()) return failed<AffairWords>(Undecided::kNoLaw, body);
  if (words.about.empty()) return failed<AffairWords>(Undecided::kNoSubject, body);
  words.article = article_in(text.substr(end + kAffairEnd.size()), flat.same_article);
  if (words.article.empty()) return failed<AffairWords>(Undecided::kNoArticle, text.substr(end));
  return {std::move(words), std::nullopt};
}

// Classes ---------------------------------------------------------------------

using Classes = std::vector<InstitutionClass>;

/// The wording in which classes are declared.
std::string class_key(std::string_view text) {
  std::string key(text);
  wording::replace_all(key, "に規定する", "の");
  return key;
}

class ClassReader {
 public:
  explicit ClassReader(const ClassCatalogue& declared)
      : catalogue_(declared), places_(declared.places()) {}

  Read<Classes> read(wording::Reader& reader, std::string_view cell);

  const ClassCatalogue& catalogue() const noexcept { return catalogue_; }
  const std::vector<std::string>& new_classes() const noexcept { return new_classes_; }

 private:
  /// Classes of a list without notes; nothing when one of them is not declared.
  std::optional<Classes> known_list(std::string_view text) const;
  /// A class at the end of words that say in what role it is meant.
  std::optional<Classes> known_list_at_end(std::string_view text) const;
  std::optional<Reason> check_members(const ClassFact& declared, const Classes& members) const;
  std::optional<Reason> check_wording(const ClassFact& declared, std::string_view text) const;
  std::optional<Reason> check_notes(const Flat& flat) const;
  std::optional<Reason> check_term(const Flat& flat, const Note& note) const;
  std::optional<Reason> check_meaning(const Flat& flat, const Note& note) const;
  InstitutionClass open_class(const std::string& name);
  Read<Classes> read_flat(const std::string& text);

  ClassCatalogue catalogue_;
  std::vector<PlaceFact> places_;
  std::vector<std::string> new_classes_;
};

std::optional<Classes> ClassReader::known_list(std::string_view text) const {
  if (const ClassFact* const whole = catalogue_.find(class_key(text))) return {{whole->number}};
  Classes classes;
  for (const std::string& member : wording::split_list(text)) {
    const ClassFact* const fact = catalogue_.find(class_key(member));
    if (fact == nullptr) return std::nullopt;
    classes.push_back(fact->number);
  }
  return classes;
}

std::optional<Classes> ClassReader::known_list_at_end(std::string_view text) const {
  for (const std::string_view joint :
       {"である", "を行う", "により医療に関する給付の支給を行う", "福祉に関する事務所を管理する"}) {
    const std::size_t at = text.rfind(joint);
    if (at == std::string_view::npos) continue;
    if (auto classes = known_list(text.substr(at + joint.size()))) return classes;
  }
  return std::nullopt;
}

std::optional<Reason> ClassReader::check_members(const ClassFact& declared,
                                                 const Classes& members) const {
  Classes expected = declared.includes;
  Classes found = members;
  std::sort(expected.begin(), expected.end());
  std::sort(found.begin(), found.end());
  if (expected == found) return std::nullopt;
  return Reason{Undecided::kOtherMembers, declared.name};
}

/// A名（以下「T」という。）: a longer name of the last class, or a term for the whole list.
std::optional<Reason> ClassReader::check_term(const Flat& flat, const Note& note) const {
  const std::string_view before = std::string_view(flat.text).substr(0, note.at);
  if (before.ends_with(note.text)) return std::nullopt;
  const ClassFact* const term = catalogue_.find(note.text);
  if (term == nullptr) return Reason{Undecided::kUnknownClass, note.text};
  const auto members = known_list(before);
  if (!members) return Reason{Undecided::kUnknownClass, std::string(before)};
  return check_members(*term, *members);
}

/// A（M又はNをいう。）: the members of the class named just before.
std::optional<Reason> ClassReader::check_meaning(const Flat& flat, const Note& note) const {
  const std::string_view before = std::string_view(flat.text).substr(0, note.at);
  const ClassFact* term = catalogue_.find(class_key(before));
  if (term == nullptr) term = catalogue_.find(class_key(wording::split_list(before).back()));
  if (term == nullptr) return Reason{Undecided::kUnknownClass, std::string(before)};
  auto members = known_list(note.text);
  if (!members) members = known_list_at_end(note.text);
  if (!members) return Reason{Undecided::kUnknownClass, note.text};
  return check_members(*term, *members);
}

std::optional<Reason> ClassReader::check_notes(const Flat& flat) const {
  if (auto reason = narrowed(flat)) return reason;
  for (const Note& note : flat.notes) {
    std::optional<Reason> problem;
    if (note.sort == NoteSort::kTerm) problem = check_term(flat, note);
    if (note.sort == NoteSort::kMeans) problem = check_meaning(flat, note);
    if (problem) return problem;
  }
  return std::nullopt;
}

/// What the wording itself tells of the members: Xである市町村長 is a mayor in a role,
/// and 医療保険者その他の…者 includes 医療保険者, while 国民年金法その他の… includes nobody.
std::optional<Reason> ClassReader::check_wording(const ClassFact& declared,
                                                 std::string_view text) const {
  std::optional<Classes> meant;
  if (declared.sort == ClassSort::kRole) meant = known_list_at_end(text);
  if (declared.sort == ClassSort::kOpen) {
    const std::size_t other = text.find("その他の");
    meant = Classes{};
    if (other != std::string_view::npos) {
      meant = known_list(text.substr(0, other)).value_or(Classes{});
    }
  }
  return meant ? check_members(declared, *meant) : std::nullopt;
}

InstitutionClass ClassReader::open_class(const std::string& name) {
  std::vector<ClassFact> classes = catalogue_.classes();
  std::uint16_t number = kFirstNewClass;
  for (const ClassFact& fact : classes) {
    number = std::max(number, static_cast<std::uint16_t>(static_cast<unsigned>(fact.number) + 1));
  }
  classes.push_back({.number = static_cast<InstitutionClass>(number),
                     .sort = ClassSort::kOpen,
                     .name = name,
                     .includes = {},
                     .written = {}});
  catalogue_ = ClassCatalogue::make(std::move(classes), places_).value();
  new_classes_.push_back(name);
  return static_cast<InstitutionClass>(number);
}

Read<Classes> ClassReader::read_flat(const std::string& text) {
  if (auto known = known_list(text)) {
    const ClassFact* const whole = catalogue_.find(class_key(text));
    if (auto problem = whole != nullptr ? check_wording(*whole, text) : std::nullopt) {
      return {std::nullopt, std::move(problem)};
    }
    return {std::move(known), std::nullopt};
  }
  if (text.ends_with(kOpenClassEnd)) return {Classes{open_class(class_key(text))}, std::nullopt};
  for (const std::string& member : wording::split_list(text)) {
    if (catalogue_.find(class_key(member)) == nullptr) {
      return failed<Classes>(Undecided::kUnknownClass, member);
    }
  }
  return failed<Classes>(Undecided::kUnknownClass, text);
}

Read<Classes> ClassReader::read(wording::Reader& reader, std::string_view cell) {
  const Flat flat = reader.flatten(cell, false);
  if (const auto problem = check_notes(flat)) return {std::nullopt, problem};
  for (const Note& note : flat.notes) {
    const bool whole = note.sort == NoteSort::kTerm && note.at == flat.text.size();
    if (whole && !flat.text.ends_with(note.text)) return read_flat(note.text);
  }
  Read<Classes> classes = read_flat(flat.text);
  if (!classes.value) return classes;
  for (const Note& note : flat.notes) {
    if (note.sort != NoteSort::kIncludes) continue;
    if (note.text == "特別区" || note.text == "特別区の区長") continue;  // 市町村長 means them too
    const ClassFact* const also = catalogue_.find(class_key(note.text));
    if (also == nullptr) return failed<Classes>(Undecided::kUnknownClass, note.text);
    classes.value->push_back(also->number);
  }
  return classes;
}

// The table -------------------------------------------------------------------

class Importer {
 public:
  explicit Importer(const LegalFacts& vocabulary)
      : vocabulary_(vocabulary),
        kinds_(vocabulary.kinds),
        reader_(vocabulary.laws),
        classes_(vocabulary.classes) {}

  void take_row(std::int32_t line, const std::vector<std::string_view>& fields);
  Import finish();

 private:
  std::vector<Reason> decide(const std::vector<std::string_view>& fields, RuleRow& row);
  std::optional<Reason> decide_affair(ItemNumber item, AffairWords words, RuleRow& row);
  InformationKind code_of(const std::string& kind);
  bool is_municipal(const std::vector<std::string_view>& fields, const RuleRow* row) const;

  const LegalFacts& vocabulary_;
  std::vector<KindFact> kinds_;
  std::vector<AffairFact> affairs_;
  std::vector<RuleRow> rows_;
  wording::Reader reader_;
  ClassReader classes_;
  ImportReport report_;
};

InformationKind Importer::code_of(const std::string& kind) {
  std::uint64_t next = kFirstNewKind;
  for (const KindFact& fact : kinds_) {
    if (fact.name == kind) return fact.code;
    next = std::max(next, fact.code.number() + 1);
  }
  const InformationKind code = *InformationKind::from_number(next);
  kinds_.push_back({code, Origin::kUnofficial, kind});
  report_.new_kinds.push_back(kind);
  return code;
}

/// The code of an item: JM01, six zeros, the number, the branch. Item 121 was seen so in
/// public; that a branch stands in the last three digits is assumed.
AffairCode affair_code(ItemNumber item) {
  return *AffairCode::parse(fmt::format("JM01000000{:03}{:03}", item.number(), item.branch()));
}

std::optional<Reason> Importer::decide_affair(ItemNumber item, AffairWords words, RuleRow& row) {
  const AffairFact* const former = vocabulary_.find_affair(affair_code(item));
  AffairFact affair{.item = item,
                    .code = affair_code(item),
                    .origin = former != nullptr ? former->origin : Origin::kUnofficial,
                    .article = std::move(words.article),
                    .laws = std::move(words.laws),
                    .about = std::move(words.about)};
  row.item = item;
  row.affair = affair.code;
  const auto found = std::find_if(affairs_.begin(), affairs_.end(),
                                  [&](const AffairFact& one) { return one.item == item; });
  if (found == affairs_.end()) {
    affairs_.push_back(std::move(affair));
  } else if (*found != affair) {
    return Reason{Undecided::kItemNumber, affair.about};
  }
  return std::nullopt;
}

std::vector<Reason> Importer::decide(const std::vector<std::string_view>& fields, RuleRow& row) {
  // In the order of the text: a short name is introduced where it is first used.
  const auto item = ItemNumber::parse(fields[0]);
  auto inquirers = classes_.read(reader_, fields[2]);
  auto affair = read_affair(reader_, fields[3]);
  auto providers = classes_.read(reader_, fields[4]);
  auto kinds = read_kinds(reader_, fields[5]);
  std::vector<Reason> reasons;
  if (!item) reasons.push_back({Undecided::kItemNumber, std::string(fields[0])});
  for (const auto* const reason :
       {&inquirers.reason, &affair.reason, &providers.reason, &kinds.reason}) {
    if (*reason) reasons.push_back(**reason);
  }
  if (!reasons.empty()) return reasons;
  if (kinds.value->article != affair.value->article) {
    return {{Undecided::kOtherArticle, kinds.value->article}};
  }
  if (auto reason = decide_affair(*item, std::move(*affair.value), row)) return {*reason};
  row.inquirers = std::move(*inquirers.value);
  row.providers = std::move(*providers.value);
  for (const std::string& name : kinds.value->names) row.kinds.push_back(code_of(name));
  return {};
}

bool Importer::is_municipal(const std::vector<std::string_view>& fields, const RuleRow* row) const {
  if (row == nullptr) {
    return std::any_of(fields.begin(), fields.end(), [](std::string_view field) {
      return std::any_of(kMunicipalWords.begin(), kMunicipalWords.end(),
                         [&](std::string_view word) { return wording::contains(field, word); });
    });
  }
  const ClassCatalogue& catalogue = classes_.catalogue();
  for (const auto* const side : {&row->inquirers, &row->providers}) {
    for (const InstitutionClass written : *side) {
      for (const InstitutionClass member : catalogue.members_of(written)) {
        if (catalogue.includes(InstitutionClass::kMayor, member) ||
            member == InstitutionClass::kEducationBoard) {
          return true;
        }
      }
    }
  }
  return false;
}

void Importer::take_row(std::int32_t line, const std::vector<std::string_view>& fields) {
  RuleRow row;
  RowReport report{.line = line,
                   .item = std::string(fields[0]),
                   .municipal = false,
                   .reasons = decide(fields, row)};
  report.municipal = is_municipal(fields, report.decided() ? &row : nullptr);
  if (report.decided()) rows_.push_back(std::move(row));
  report_.rows.push_back(std::move(report));
}

Import Importer::finish() {
  std::stable_sort(rows_.begin(), rows_.end(),
                   [](const RuleRow& a, const RuleRow& b) { return a.item < b.item; });
  std::stable_sort(affairs_.begin(), affairs_.end(),
                   [](const AffairFact& a, const AffairFact& b) { return a.item < b.item; });
  report_.new_laws = reader_.new_laws();
  report_.new_classes = classes_.new_classes();
  return {.facts = {.classes = classes_.catalogue(),
                    .laws = reader_.laws(),
                    .kinds = std::move(kinds_),
                    .affairs = std::move(affairs_),
                    .rows = std::move(rows_)},
          .report = std::move(report_)};
}

struct ReasonText {
  Undecided why;
  std::string_view japanese;
  std::string_view english;
};
constexpr std::array kReasonTexts = {
    ReasonText{Undecided::kItemNumber, "項番号を読めないか、同じ項に別の事務があります",
               "the item cannot be read, or has another affair elsewhere"},
    ReasonText{Undecided::kUnknownClass, "未登録の機関の区分です", "a class that is not declared"},
    ReasonText{Undecided::kOtherMembers, "区分に含まれる機関が登録内容と異なります",
               "the text gives the class other members than were declared"},
    ReasonText{Undecided::kNarrowed, "一部に限る、又は一部を除く定めがあります",
               "the text means only some of what it names"},
    ReasonText{Undecided::kNoLaw, "事務の根拠となる法令名を読み取れません",
               "no law can be found in the affair"},
    ReasonText{Undecided::kNoSubject, "事務の内容を読み取れません",
               "what the affair is about cannot be told"},
    ReasonText{Undecided::kNoArticle, "条件を定める条を読み取れません",
               "the article with the conditions cannot be found"},
    ReasonText{Undecided::kOtherArticle, "事務と情報とで指す条が異なります",
               "affair and information point to different articles"},
    ReasonText{Undecided::kNotInformation, "情報の名称として読み取れません",
               "this does not end as a kind of information does"}};

}  // namespace

std::string describe(const Reason& reason, Language language) {
  const auto* const found =
      std::find_if(kReasonTexts.begin(), kReasonTexts.end(),
                   [&](const ReasonText& text) { return text.why == reason.why; });
  NAKADACHI_ASSERT(found != kReasonTexts.end());
  return language == Language::kJapanese ? fmt::format("{}：「{}」", found->japanese, reason.text)
                                         : fmt::format("{}: {}", found->english, reason.text);
}

Share ImportReport::all() const {
  const auto decided =
      std::count_if(rows.begin(), rows.end(), [](const RowReport& row) { return row.decided(); });
  return {static_cast<std::size_t>(decided), rows.size()};
}

Share ImportReport::municipal() const {
  Share share;
  for (const RowReport& row : rows) {
    if (!row.municipal) continue;
    ++share.all;
    if (row.decided()) ++share.decided;
  }
  return share;
}

bool looks_like_ordinance(std::string_view text) noexcept { return text.starts_with(kHeading); }

Result<Import> import_ordinance(std::string_view tsv, const LegalFacts& vocabulary) {
  const Error problem{.code = ErrorCode::kConfigInvalid, .field = "ordinance_table", .position = 1};
  if (!looks_like_ordinance(tsv)) return problem;
  Importer importer(vocabulary);
  bool heading = true;
  NAKADACHI_CHECK(for_each_line(tsv, [&](const auto& fields, std::int32_t line) -> Result<void> {
    if (std::exchange(heading, false)) return {};
    if (fields.size() != kColumns) return problem;
    importer.take_row(line, fields);
    return {};
  }));
  return importer.finish();
}

}  // namespace nakadachi::rules
