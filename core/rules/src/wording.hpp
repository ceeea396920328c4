#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/rules/legal_facts.hpp"

/// How Japanese legal wording is taken apart. Texts are UTF-8; each function
/// works on whole characters because it only cuts at whole words it looked for.
namespace nakadachi::rules::wording {

inline constexpr std::string_view kComma = "、";

/// Article numbers and years in digits: 第十四条の二第三項 is 14条の2第3項,
/// 昭和二十二年法律第百六十四号 is 昭和22年法律164号.
std::string with_digits(std::string_view text);

inline bool contains(std::string_view text, std::string_view words) noexcept {
  return text.find(words) != std::string_view::npos;
}

void replace_all(std::string& text, std::string_view from, std::string_view to);

/// The length of the list connector (、 又は 若しくは 及び) that `text` begins with; 0 for none.
std::size_t connector_length(std::string_view text) noexcept;

/// The members of a list.
std::vector<std::string> split_list(std::string_view text);

/// What a parenthesis said of the words before it.
enum class NoteSort : std::uint8_t {
  kTerm,      ///< 以下「T」という: they are called T from here on
  kIncludes,  ///< Xを含む
  kMeans,     ///< Xをいう, or the members of a group
  kNarrows    ///< Xに限る, Xを除く: fewer than the words before it say
};
struct Note {
  NoteSort sort = NoteSort::kTerm;
  std::size_t at = 0;  ///< offset in the flat text
  std::string text;
};

/// Wording without its parentheses, with digits, and with 同法 and numbers of laws
/// replaced by names.
struct Flat {
  std::string text;
  std::vector<Note> notes;
  std::string same_article;  ///< the last 第N条において同じ, for a 同条 that follows
};

/// One law with what the list says of it.
struct Chunk {
  std::string law;      ///< own name, empty when none is named
  std::string where;    ///< 55条, その他の法令
  std::string subject;  ///< empty for a law that shares the next one's subject
};

/// Reads texts in the order of the source, learning the laws and short names that
/// it introduces.
class Reader {
 public:
  explicit Reader(std::vector<LawFact> laws);

  /// Takes parentheses out. `keep_qualifiers`: a parenthesis that narrows a word
  /// (児童福祉法第27条第1項第3号の措置をいう) stays, in short.
  Flat flatten(std::string_view text, bool keep_qualifiers);

  /// Takes a list apart where a law begins.
  std::vector<Chunk> chunks_of(std::string_view flat) const;

  const std::vector<LawFact>& laws() const noexcept { return laws_; }
  /// Laws that were not known at the start.
  const std::vector<std::string>& new_laws() const noexcept { return new_laws_; }

 private:
  /// The law whose name `text` begins with, the longest; empty for none.
  std::string_view law_at(std::string_view text) const noexcept;
  std::string_view law_at_end_of(std::string_view text) const noexcept;
  std::string_view last_law_in(std::string_view text) const noexcept;
  void append(Flat& flat, std::string_view piece, bool inside) const;
  void take_parenthesis(Flat& flat, std::string_view content, bool keep_qualifiers);
  void take_sentence(Flat& flat, std::string_view sentence, bool keep_qualifiers);
  void take_law_number(Flat& flat, std::string_view number);

  std::vector<LawFact> laws_;
  std::map<std::string, std::string, std::less<>> short_names_;  // of laws
  std::vector<std::string> new_laws_;
  bool after_law_number_ = false;  // a short name in the same parenthesis is the law's
};

/// Whether law and subject are one phrase (法附則97条1項の手当), so that no colon parts them.
bool goes_on(const Chunk& chunk);

/// One line for a list of chunks: `law：subject＋law：subject`.
std::string in_short(const std::vector<Chunk>& chunks);

}  // namespace nakadachi::rules::wording
