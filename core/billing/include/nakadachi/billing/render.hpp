#pragma once

#include <string>

#include "nakadachi/base/error.hpp"
#include "nakadachi/billing/bill.hpp"

/// Bills for people and for spreadsheets.
namespace nakadachi::billing {

/// All members of a pool, a line each: base, use, outside, total, share of the cost.
std::string overview_table(const Bill& bill, Language language = Language::kJapanese);

/// One member's statement: the lines that have units or yen, then as subtotals base, use
/// (all lines between) and outside, and the total.
std::string statement_table(const Bill& bill, const Statement& statement,
                            Language language = Language::kJapanese);

/// Every line of every statement as CSV (RFC 4180, UTF-8, CR LF) under one header line,
/// without sums. A name that a spreadsheet would take for a formula (it begins with
/// `=`, `+`, `-`, `@`, a tab or CR) stands behind an apostrophe.
std::string lines_csv(const Bill& bill, Language language = Language::kJapanese);

}  // namespace nakadachi::billing
