#include "wording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tsv.hpp"

namespace nakadachi::rules::wording {
namespace {

constexpr std::string_view kOpen = "（";
constexpr std::string_view kClose = "）";
constexpr std::array<std::string_view, 4> kConnectors = {"、", "又は", "若しくは", "及び"};
constexpr std::array<std::string_view, 5> kEras = {"明治", "大正", "昭和", "平成", "令和"};
constexpr std::array<std::string_view, 3> kParts = {"条", "項", "号"};
constexpr std::string_view kAmending = "改正する法律";
constexpr std::string_view kOtherLaws = "その他の";
/// Turns of phrase of transitional provisions.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kShortened = {
    {{"の規定によりなお従前の例によるものとされた", "で従前の例に従う"},
     {"の規定によりなおその効力を有するものとされた", "で効力を残す"},
     {"の規定により厚生年金保険の実施者たる政府が支給するものとされた", "で政府が支給する"},
     {"の規定により厚生労働大臣が行うこととされた", "で厚生労働大臣が行う"},
     {"の規定により独立行政法人農業者年金基金が行うものとされた", "で基金が行う"},
     {"の規定による改正前の", "による改正前の"}}};
constexpr std::string_view kSameLaw = "同法";

/// Takes a numeral such as 百二十三 from the front of `text`; 0 when there is none.
unsigned take_kanji_number(std::string_view& text) {
  constexpr std::array<std::string_view, 10> kDigits = {"〇", "一", "二", "三", "四",
                                                        "五", "六", "七", "八", "九"};
  unsigned number = 0;
  unsigned digit = 0;
  while (true) {
    const std::string_view character = text.substr(0, 3);
    const auto* const found = std::find(kDigits.begin(), kDigits.end(), character);
    if (found != kDigits.end()) {
      digit = 10 * digit + static_cast<unsigned>(found - kDigits.begin());
    } else if (character == "十" || character == "百") {
      number += std::max(1U, digit) * (character == "十" ? 10 : 100);
      digit = 0;
    } else {
      return number + digit;
    }
    text.remove_prefix(character.size());
  }
}

/// 第N条, 第N項, 第N号, with の and further numbers; empty when `text` does not begin so.
std::string take_article(std::string_view& text) {
  std::string_view rest = text;
  if (!rest.starts_with("第")) return {};
  rest.remove_prefix(std::string_view("第").size());
  const unsigned number = take_kanji_number(rest);
  const auto* const part = std::find_if(
      kParts.begin(), kParts.end(), [&](std::string_view one) { return rest.starts_with(one); });
  if (number == 0 || part == kParts.end()) return {};
  std::string article = fmt::format("{}{}", number, *part);
  rest.remove_prefix(part->size());
  constexpr std::string_view kOf = "の";
  while (rest.starts_with(kOf)) {
    std::string_view further = rest.substr(kOf.size());
    const unsigned branch = take_kanji_number(further);
    if (branch == 0) break;
    article += fmt::format("の{}", branch);
    rest = further;
    if (rest.starts_with("第")) article += "第";  // 27条の2第1項, not 27条の21項
  }
  text = rest;
  return article;
}

/// 昭和N年; empty when `text` does not begin so.
std::string take_year(std::string_view& text) {
  for (const std::string_view era : kEras) {
    if (!text.starts_with(era)) continue;
    std::string_view rest = text.substr(era.size());
    const unsigned year = take_kanji_number(rest);
    if (year == 0 || !rest.starts_with("年")) return {};
    text = rest.substr(std::string_view("年").size());
    return fmt::format("{}{}年", era, year);
  }
  return {};
}

/// 法律第N号; empty when `text` does not begin so (法律第三条 is an article of a law).
std::string take_number_of_law(std::string_view& text) {
  for (const std::string_view sort : {"法律", "政令", "社発"}) {
    if (!text.starts_with(sort)) continue;
    std::string_view rest = text.substr(sort.size());
    if (!rest.starts_with("第")) return {};
    rest.remove_prefix(std::string_view("第").size());
    const unsigned number = take_kanji_number(rest);
    if (number == 0 || !rest.starts_with("号")) return {};
    text = rest;
    return fmt::format("{}{}", sort, number);
  }
  return {};
}

bool begins_with_era(std::string_view text) {
  return std::any_of(kEras.begin(), kEras.end(),
                     [&](std::string_view era) { return text.starts_with(era); });
}

/// Where what the law gives begins: behind による and the like. The length of the joint
/// is put into `length`.
std::size_t joint_in(std::string_view text, std::size_t& length) {
  for (const std::string_view joint : {"に基づく", "に規定する"}) {
    length = joint.size();
    if (text.starts_with(joint)) return 0;
  }
  for (const std::string_view joint : {"による", "にいう"}) {
    const std::size_t at = text.find(joint);
    const std::string_view behind = text.substr(std::min(text.size(), at + joint.size()));
    length = joint.size();
    const bool transitional = behind.starts_with("改正前") || behind.starts_with("廃止前");
    if (at != std::string_view::npos && !transitional) return at;
  }
  return std::string_view::npos;
}

/// Takes the words behind a law apart, which stand in `subject` so far.
void part(Chunk& chunk) {
  std::string& text = chunk.subject;
  for (const auto& [words, in_short] : kShortened) replace_all(text, words, in_short);
  while (text.ends_with(kComma)) text.resize(text.size() - kComma.size());
  std::size_t length = 0;
  if (const std::size_t at = joint_in(text, length); at != std::string::npos) {
    chunk.where = text.substr(0, at);
    text.erase(0, at + length);
  } else if (text.starts_with(kOtherLaws)) {
    chunk.where = std::exchange(text, {});
  }
  replace_all(chunk.where, "に規定する", "の");
  replace_all(text, "に規定する", "の");
}

/// Where the parenthesis that opens at `open` closes; the end of the text when it does not.
std::size_t closing_of(std::string_view text, std::size_t open) {
  int depth = 0;
  for (std::size_t at = open; at < text.size(); ++at) {
    if (text.substr(at).starts_with(kOpen)) ++depth;
    if (text.substr(at).starts_with(kClose) && --depth == 0) return at;
  }
  return text.size();
}

/// What stands between `before` and `after`, the last time they do; empty when they do not.
std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t end = text.rfind(after);
  if (end == std::string_view::npos) return {};
  const std::size_t begin = text.rfind(before, end);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin + before.size(), end - begin - before.size());
}

/// Whether words say that only some of those before them are meant. Not those between quotation
/// marks, which are a name.
bool narrows(std::string_view sentence) {
  std::string words(sentence);
  for (std::size_t open = words.find("「"); open != std::string::npos;
       open = words.find("「", open)) {
    words.erase(open, words.find("」", open) - open);
  }
  return contains(words, "限") || contains(words, "除");
}

/// Removes an ending; whether it was there.
bool take_ending(std::string_view& text, std::string_view ending) {
  if (!text.ends_with(ending)) return false;
  text.remove_suffix(ending.size());
  return true;
}

}  // namespace

std::string with_digits(std::string_view text) {
  std::string made;
  while (!text.empty()) {
    if (const std::string article = take_article(text); !article.empty()) {
      made += article;
    } else if (const std::string year = take_year(text); !year.empty()) {
      made += year;
    } else if (const std::string number = take_number_of_law(text); !number.empty()) {
      made += number;
    } else {
      made += text.front();
      text.remove_prefix(1);
    }
  }
  return made;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::size_t connector_length(std::string_view text) noexcept {
  for (const std::string_view connector : kConnectors) {
    if (text.starts_with(connector)) return connector.size();
  }
  return 0;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> members(1);
  while (!text.empty()) {
    if (const std::size_t length = connector_length(text); length != 0) {
      members.emplace_back();
      text.remove_prefix(length);
    } else {
      members.back() += text.front();
      text.remove_prefix(1);
    }
  }
  return members;
}

// Reader ----------------------------------------------------------------------

Reader::Reader(std::vector<LawFact> laws) : laws_(std::move(laws)) {}

std::string_view Reader::law_at(std::string_view text) const noexcept {
  std::string_view longest;
  for (const LawFact& law : laws_) {
    if (text.starts_with(law.name) && law.name.size() > longest.size()) longest = law.name;
  }
  return longest;
}

std::string_view Reader::law_at_end_of(std::string_view text) const noexcept {
  std::string_view longest;
  for (const LawFact& law : laws_) {
    if (text.ends_with(law.name) && law.name.size() > longest.size()) longest = law.name;
  }
  return longest;
}

std::string_view Reader::last_law_in(std::string_view text) const noexcept {
  std::string_view last;
  std::size_t last_end = 0;
  for (const LawFact& law : laws_) {
    const std::size_t at = text.rfind(law.name);
    if (at == std::string_view::npos) continue;
    const std::size_t end = at + law.name.size();
    if (end > last_end || (end == last_end && law.name.size() > last.size())) {
      last = law.name;
      last_end = end;
    }
  }
  return last;
}

void Reader::append(Flat& flat, std::string_view piece, bool inside) const {
  std::string text = with_digits(piece);
  // A parenthesis may be the very place that introduces the short name.
  if (!inside) {
    for (const auto& [short_name, name] : short_names_) replace_all(text, short_name, name);
  }
  for (std::size_t at = text.find(kSameLaw); at != std::string::npos;
       at = text.find(kSameLaw, at + kSameLaw.size())) {
    const std::string before = flat.text + text.substr(0, at);
    const std::string_view law = last_law_in(before);
    if (!law.empty()) text.replace(at, kSameLaw.size(), law);
  }
  flat.text += text;
}

Flat Reader::flatten(std::string_view text, bool keep_qualifiers) {
  Flat flat;
  while (!text.empty()) {
    const std::size_t open = text.find(kOpen);
    append(flat, text.substr(0, open), false);
    if (open == std::string_view::npos) break;
    const std::size_t close = closing_of(text, open);
    const std::size_t begin = open + kOpen.size();
    take_parenthesis(flat, text.substr(begin, std::max(close, begin) - begin), keep_qualifiers);
    text.remove_prefix(std::min(text.size(), close + kClose.size()));
  }
  return flat;
}

void Reader::take_parenthesis(Flat& flat, std::string_view content, bool keep_qualifiers) {
  // 同法 inside means the law before the parenthesis.
  Flat inner;
  inner.text = flat.text;
  const std::size_t begin = inner.text.size();
  while (!content.empty()) {
    const std::size_t open = content.find(kOpen);
    append(inner, content.substr(0, open), true);
    if (open == std::string_view::npos) break;
    const std::size_t close = closing_of(content, open);
    const std::size_t from = open + kOpen.size();
    const std::size_t known = inner.notes.size();
    take_parenthesis(inner, content.substr(from, std::max(close, from) - from), false);
    for (std::size_t i = known; i < inner.notes.size(); ++i) {
      if (inner.notes[i].sort != NoteSort::kNarrows) continue;
      if (keep_qualifiers) {
        inner.text += fmt::format("（{}）", inner.notes[i].text);
      } else {  // narrower here is narrower outside
        flat.notes.push_back({NoteSort::kNarrows, flat.text.size(), inner.notes[i].text});
      }
    }
    content.remove_prefix(std::min(content.size(), close + kClose.size()));
  }
  after_law_number_ = false;
  bool narrowed = false;
  for (const std::string_view sentence : split(std::string_view(inner.text).substr(begin), "。")) {
    if (sentence.empty()) continue;
    narrowed = narrowed || narrows(sentence);
    const std::size_t notes = flat.notes.size();
    take_sentence(flat, sentence, keep_qualifiers);
    // A name given to the part that is meant is not that of the whole.
    if (narrowed && flat.notes.size() > notes && flat.notes.back().sort == NoteSort::kTerm) {
      flat.notes.back() = {NoteSort::kNarrows, flat.text.size(), std::string(sentence)};
    }
  }
}

namespace {

/// 以下この条及び第84条において同じ: says of which articles the words before it are meant, and
/// nothing of the words.
bool names_articles_only(std::string_view sentence) {
  if (!sentence.ends_with("同じ")) return false;
  static constexpr std::array<std::string_view, 12> kWords = {
      "において", "以下", "この", "同じ", "第", "条", "項", "の", "及び", "並びに", "、", "号"};
  while (!sentence.empty()) {
    std::size_t length = sentence.front() >= '0' && sentence.front() <= '9' ? 1 : 0;
    for (const std::string_view word : kWords) {
      if (sentence.starts_with(word)) length = word.size();
    }
    if (length == 0) return false;
    sentence.remove_prefix(length);
  }
  return true;
}

/// A qualifier without the noun of `before` that it repeats (公営住宅（…2条2号に規定する公営住宅）)
/// and without に係るもの at its end. One that excludes something stays whole.
std::string shortened(std::string_view qualifier, std::string_view before) {
  if (contains(qualifier, "除")) return std::string(qualifier);
  if (take_ending(qualifier, "に係るもの")) return std::string(qualifier);
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kBeforeNouns = {
      {{"に規定する", ""}, {"号の", "号"}, {"項の", "項"}}};
  for (const auto& [word, kept] : kBeforeNouns) {
    const std::size_t at = qualifier.rfind(word);
    if (at == std::string_view::npos) continue;
    const std::string_view noun = qualifier.substr(at + word.size());
    if (noun.empty() || !before.ends_with(noun)) continue;
    return std::string(qualifier.substr(0, at + kept.size()));
  }
  return std::string(qualifier);
}

}  // namespace

void Reader::take_sentence(Flat& flat, std::string_view sentence, bool keep_qualifiers) {
  if (begins_with_era(sentence) && !sentence.ends_with("という")) {
    return take_law_number(flat, sentence);
  }
  if (names_articles_only(sentence)) {
    const std::string_view article = between(sentence, "以下この条及び", "において同じ");
    flat.same_article =
        article.empty() ? sentence.substr(0, sentence.rfind("において同じ")) : std::string(article);
    return;
  }
  if (const std::string_view term = between(sentence, "「", "」という"); !term.empty()) {
    if (after_law_number_) {
      const std::string_view law = law_at_end_of(flat.text);
      if (!law.empty()) short_names_.emplace(term, law);
    } else {
      flat.notes.push_back({NoteSort::kTerm, flat.text.size(), std::string(term)});
    }
    return;
  }
  if (take_ending(sentence, "を含む")) {
    if (after_law_number_) return;  // the law as applied by others: still that law
    flat.notes.push_back({NoteSort::kIncludes, flat.text.size(), std::string(sentence)});
    return;
  }
  if (!keep_qualifiers && narrows(sentence)) {
    flat.notes.push_back({NoteSort::kNarrows, flat.text.size(), std::string(sentence)});
    return;
  }
  const bool restricts = take_ending(sentence, "に限る");
  const bool means = take_ending(sentence, "をいう") || contains(sentence, kComma);
  if (!restricts && !means) {
    flat.text += fmt::format("（{}）", sentence);  // part of the name
  } else if (!keep_qualifiers) {
    flat.notes.push_back({NoteSort::kMeans, flat.text.size(), std::string(sentence)});
  } else {
    flat.text += fmt::format("（{}）", shortened(sentence, flat.text));
  }
}

void Reader::take_law_number(Flat& flat, std::string_view number) {
  after_law_number_ = true;
  const bool is_law = contains(number, "年法律") || contains(number, "年政令");
  if (!is_law) return;  // the date of a notice
  if (flat.text.ends_with(kAmending)) flat.text += fmt::format("({})", number);
  if (!law_at_end_of(flat.text).empty()) return;
  std::string name;
  for (const std::string& member : split_list(flat.text)) name = member;
  new_laws_.push_back(name);
  laws_.push_back({std::move(name), std::string(number)});
}

std::vector<Chunk> Reader::chunks_of(std::string_view flat) const {
  std::vector<Chunk> chunks;
  bool at_start = true;
  while (!flat.empty()) {
    if (const std::string_view law = at_start ? law_at(flat) : ""; !law.empty()) {
      chunks.push_back({std::string(law), "", ""});
      flat.remove_prefix(law.size());
      at_start = false;
      continue;
    }
    if (chunks.empty()) chunks.emplace_back();
    const std::size_t length = connector_length(flat);
    at_start = length != 0;
    const std::size_t step = std::max<std::size_t>(1, length);
    const bool lists = length != 0 && !flat.starts_with("及び");
    chunks.back().subject += lists ? kComma : flat.substr(0, step);
    flat.remove_prefix(step);
  }
  for (Chunk& chunk : chunks) part(chunk);
  return chunks;
}

bool goes_on(const Chunk& chunk) {
  const std::string& text = chunk.subject;
  const bool digit = !text.empty() && text.front() >= '0' && text.front() <= '9';
  return chunk.where.empty() && (digit || text.starts_with("附則") || text.starts_with("による"));
}

std::string in_short(const std::vector<Chunk>& chunks) {
  std::string text;
  bool bare = false;
  for (const Chunk& chunk : chunks) {
    if (!text.empty()) text += bare ? "、" : "＋";
    text += chunk.law + chunk.where;
    bare = chunk.subject.empty();
    if (!bare && !chunk.law.empty() && !goes_on(chunk)) text += "：";
    text += chunk.subject;
  }
  return text;
}

}  // namespace nakadachi::rules::wording
