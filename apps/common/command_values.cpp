#include "apps/common/command_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <span>

#include "apps/common/text_table.hpp"
#include "nakadachi/copies/csv.hpp"
#include "nakadachi/copies/layout.hpp"

namespace nakadachi::apps {
namespace {

struct SexWord {
  symbols::Sex sex;
  std::string_view number;
  std::string_view english;
  std::string_view japanese;
};
constexpr std::array<SexWord, 4> kSexWords = {{
    {symbols::Sex::kUnknown, "0", "unknown", "不明"},
    {symbols::Sex::kMale, "1", "male", "男"},
    {symbols::Sex::kFemale, "2", "female", "女"},
    {symbols::Sex::kNotApplicable, "9", "not_applicable", "適用不能"},
}};

Result<std::optional<Day>> parse_day(std::string_view field, std::string_view text) {
  if (text.empty()) return std::optional<Day>();
  const std::optional<Day> day = Day::parse(text);
  if (!day) return Error{.code = ErrorCode::kWrongFormat, .field = field};
  return day;
}

}  // namespace

Result<symbols::Sex> parse_sex(std::string_view text) {
  for (const SexWord& word : kSexWords) {
    if (text == word.number || text == word.english || text == word.japanese) return word.sex;
  }
  return Error{.code = ErrorCode::kUnknownEnumValue, .field = "sex"};
}

std::string_view word_of(symbols::Sex sex, bool japanese) {
  for (const SexWord& word : kSexWords) {
    if (word.sex == sex) return japanese ? word.japanese : word.english;
  }
  return {};
}

Result<symbols::BusinessNumber> parse_business_number(std::string_view text) {
  const Error wrong{.code = ErrorCode::kWrongFormat, .field = "business"};
  const auto parts = split(text, ':');
  if (parts.size() != 2) return wrong;
  const auto system = parse_decimal<std::uint32_t>(parts[0]);
  if (!system) return wrong;
  return symbols::BusinessNumber::parse(symbols::BusinessSystem{*system}, parts[1]);
}

Result<Period> parse_period(std::string_view from, std::string_view until) {
  Period period;
  NAKADACHI_TRY(period.from, parse_day("from", from));
  NAKADACHI_TRY(period.until, parse_day("until", until));
  if (period.is_reversed()) return Error{.code = ErrorCode::kWrongFormat, .field = "until"};
  return period;
}

Result<copies::FlagSort> parse_flag_sort(std::string_view text) {
  if (text == "hold") return copies::FlagSort::kHeld;
  if (text == "non-disclosure") return copies::FlagSort::kNonDisclosure;
  return Error{.code = ErrorCode::kUnknownEnumValue, .field = "flag"};
}

std::string_view word_of(copies::FlagSort sort) noexcept {
  return sort == copies::FlagSort::kHeld ? "hold" : "non-disclosure";
}

Result<copies::AnswerMode> parse_answer_mode(std::string_view text) {
  for (const auto mode :
       {copies::AnswerMode::kCopy, copies::AnswerMode::kLive, copies::AnswerMode::kApproval}) {
    if (text == word_of(mode)) return mode;
  }
  return Error{.code = ErrorCode::kUnknownEnumValue, .field = "mode"};
}

std::string_view word_of(copies::AnswerMode mode) noexcept {
  switch (mode) {
    case copies::AnswerMode::kCopy:
      break;
    case copies::AnswerMode::kLive:
      return "live";
    case copies::AnswerMode::kApproval:
      return "approval";
  }
  return "copy";
}

Result<InformationKind> parse_kind(const rules::LegalFacts& facts, const std::string& text) {
  if (const rules::KindFact* const kind = facts.find_kind(text)) return kind->code;
  const auto code = InformationKind::parse(text);
  if (!code) return Error{.code = ErrorCode::kUnknownEnumValue, .field = "kind"};
  return *code;
}

Result<std::vector<AddressNumber>> read_person_numbers(std::string_view csv) {
  copies::CsvReader reader(csv);
  NAKADACHI_TRY(const auto header, reader.next());
  if (!header || header->fields.front() != copies::kPersonColumn) {
    return Error{.code = ErrorCode::kWrongFormat, .field = "csv_header", .position = 1};
  }
  std::vector<AddressNumber> persons;
  while (true) {
    NAKADACHI_TRY(const auto record, reader.next());
    if (!record) return persons;
    const auto person = AddressNumber::parse(record->fields.front());
    if (!person) {
      return Error{.code = ErrorCode::kWrongFormat,
                   .field = "person",
                   .position = static_cast<std::int32_t>(record->line)};
    }
    persons.push_back(*person);
  }
}

namespace {

/// The records of a CSV file with these columns, one call each. False when the text does not
/// begin with the heading of a person: it is no CSV.
template <class Take>
Result<bool> read_as_csv(std::string_view text, std::span<const std::string_view> columns,
                         Take take) {
  copies::CsvReader reader(text);
  const auto header = reader.next();
  const bool headed = header && *header && (*header)->fields.front() == copies::kPersonColumn;
  if (!headed) return false;
  if (!std::ranges::equal((*header)->fields, columns)) {
    return Error{.code = ErrorCode::kWrongFormat, .field = "csv_header", .position = 1};
  }
  while (true) {
    NAKADACHI_TRY(const auto record, reader.next());
    if (!record) return true;
    const std::vector<std::string_view> fields(record->fields.begin(), record->fields.end());
    Result<void> taken = fields.size() == columns.size()
                             ? take(fields)
                             : Error{.code = ErrorCode::kWrongFormat, .field = "csv"};
    if (taken) continue;
    Error error = taken.error();
    error.code = ErrorCode::kConfigInvalid;
    error.position = static_cast<std::int32_t>(record->line);
    return error;
  }
}

}  // namespace

Result<std::vector<FormerSymbol>> read_former_symbols(const std::string& path) {
  std::vector<FormerSymbol> read;
  std::set<AddressNumber> persons;
  std::set<Symbol> symbols;
  const auto take = [&](const std::vector<std::string_view>& fields) -> Result<void> {
    const auto person = AddressNumber::parse(fields[0]);
    if (!person) return Error{.code = ErrorCode::kWrongFormat, .field = "person"};
    const auto bytes = from_hex(fields[1]);
    const Error wrong{.code = ErrorCode::kWrongFormat, .field = "symbol"};
    if (!bytes) return wrong;
    const auto symbol = Symbol::from(*bytes);
    if (!symbol) return wrong;
    const bool is_new = persons.insert(*person).second && symbols.insert(*symbol).second;
    if (!is_new) return Error{.code = ErrorCode::kRowConflict, .field = "twice"};
    read.push_back({*person, *symbol});
    return {};
  };
  constexpr std::array<std::string_view, 2> kColumns = {copies::kPersonColumn, "符号"};
  NAKADACHI_TRY(const std::string text, read_file(path));
  NAKADACHI_TRY(const bool is_csv, read_as_csv(text, kColumns, take));
  if (is_csv) return read;
  NAKADACHI_CHECK(read_rows(path, 2, take));
  return read;
}

}  // namespace nakadachi::apps
