#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/day.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/copies/answer_mode.hpp"
#include "nakadachi/copies/flags.hpp"
#include "nakadachi/rules/legal_facts.hpp"
#include "nakadachi/symbol_mapping/person.hpp"

/// What people write on a command line or in a file for the admin door. Errors name the
/// option, never what was written: it may be about a person.
namespace nakadachi::apps {

/// `male`, `female`, `unknown`, `not_applicable`; 男, 女, 不明, 適用不能; or the number of
/// ISO/IEC 5218. Errors: `kUnknownEnumValue`.
Result<symbols::Sex> parse_sex(std::string_view text);
std::string_view word_of(symbols::Sex sex, bool japanese);

/// `SYSTEM:NUMBER`, as in 3:00012345. Errors: `kWrongFormat`, those of
/// `symbols::BusinessNumber::parse`.
Result<symbols::BusinessNumber> parse_business_number(std::string_view text);

/// Days as in 2026-06-14; an empty text leaves that end open. Errors: `kWrongFormat`
/// (not a day, or the end is before the beginning).
Result<Period> parse_period(std::string_view from, std::string_view until);

/// `hold` or `non-disclosure`. Errors: `kUnknownEnumValue`.
Result<copies::FlagSort> parse_flag_sort(std::string_view text);
std::string_view word_of(copies::FlagSort sort) noexcept;

/// `copy`, `live` or `approval`. Errors: `kUnknownEnumValue`.
Result<copies::AnswerMode> parse_answer_mode(std::string_view text);
std::string_view word_of(copies::AnswerMode mode) noexcept;

/// A kind by TM code (also one without a name), or by name. Errors: `kUnknownEnumValue`.
Result<InformationKind> parse_kind(const rules::LegalFacts& facts, const std::string& text);

/// The first column of a CSV file, which is headed 団体内統合宛名番号. Errors:
/// `kWrongFormat` with the line as position.
Result<std::vector<AddressNumber>> read_person_numbers(std::string_view csv);

/// A symbol an institution acquired before, and whose it is.
struct FormerSymbol {
  AddressNumber person;
  Symbol symbol;
};
/// CSV headed 団体内統合宛名番号, 符号; or the same, without a header, in tab-separated lines,
/// where # begins a comment. A symbol has 32 hexadecimal digits. Errors: `kFileProblem`;
/// `kConfigInvalid` with the line as position and field "person", "symbol" or, where one of them
/// stands in an earlier line too, "twice"; those of copies::CsvReader, and `kWrongFormat` with
/// field "csv_header".
Result<std::vector<FormerSymbol>> read_former_symbols(const std::string& path);

}  // namespace nakadachi::apps
