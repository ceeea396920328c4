#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/error.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/rules/legal_facts.hpp"

namespace nakadachi::rules {

/// Why a row could not be decided.
enum class Undecided : std::uint8_t {
  kItemNumber,     ///< the item is no number, or has another affair than before
  kUnknownClass,   ///< a class that is neither declared nor of the open form
  kOtherMembers,   ///< the text means other members by a class than was declared
  kNarrowed,       ///< only some of what is named are meant (に限る, を除く)
  kNoLaw,          ///< no law, order or guideline is named in the affair
  kNoSubject,      ///< what the affair is about cannot be told
  kNoArticle,      ///< the article with the conditions is not named
  kOtherArticle,   ///< affair and information point to different articles
  kNotInformation  ///< a part of the list does not end as a kind of information does
};

struct Reason {
  Undecided why = Undecided::kItemNumber;
  std::string text;  ///< the words at fault
};

/// One sentence for people.
std::string describe(const Reason& reason, Language language);

/// What became of one row of the source.
struct RowReport {
  std::int32_t line = 0;  ///< in the source, from 1
  std::string item;
  bool municipal = false;  ///< names a municipal institution on either side, in whatever term
  std::vector<Reason> reasons;
  bool decided() const noexcept { return reasons.empty(); }
};

struct Share {
  std::size_t decided = 0;
  std::size_t all = 0;
};

struct ImportReport {
  std::vector<RowReport> rows;           ///< every row of the source, in its order
  std::vector<std::string> new_laws;     ///< names taken from the text; to be looked at
  std::vector<std::string> new_kinds;    ///< given the next unofficial codes
  std::vector<std::string> new_classes;  ///< open classes, given the next numbers
  Share all() const;
  Share municipal() const;
};

struct Import {
  LegalFacts facts;  ///< the decided rows and the vocabulary, grown by what was new
  ImportReport report;
};

/// Whether `text` is a table of the form that `import_ordinance` reads.
bool looks_like_ordinance(std::string_view text) noexcept;

/// Compiles the table's wording (tab-separated: item, item_kanji, inquirer,
/// affair, provider, information; the first line is a heading) to facts. Classes,
/// laws and kinds get the codes they have in `vocabulary`; its affairs and rows
/// are not used, but for the origin of codes. A row is decided as a whole or not
/// at all; one that is not allows nothing. How a row is read: docs/rules.md.
/// Errors: `kConfigInvalid` with field `ordinance_table` and the line when a line
/// has other than six columns or there is no heading.
Result<Import> import_ordinance(std::string_view tsv, const LegalFacts& vocabulary);

}  // namespace nakadachi::rules
