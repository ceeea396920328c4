#pragma once

#include <span>
#include <string>
#include <string_view>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/copies/content.hpp"
#include "nakadachi/copies/layout.hpp"
#include "nakadachi/copies/load.hpp"

namespace nakadachi::copies {

/// Reads the rows of a load (docs/copies.md). The first line names the columns: first
/// 団体内統合宛名番号, then items by number or name in any order, each once, and 削除
/// where rows may delete. An empty field is an item that is not there. A row that
/// cannot be one becomes a finding.
/// Errors: `kWrongFormat` with the line as position and, as detail, what is wrong and
/// in which column: field "csv" (not CSV, or a line with more or fewer fields than
/// columns), field "csv_header" (no header, an unknown column, a column twice).
Result<LoadRows> read_load_csv(std::string_view text, const Layout& layout);

/// The report on a load's rows, with header: line, number and name of the item, what
/// is wrong by name and in Japanese. It holds no value and nobody's number.
std::string report_csv(std::span<const RowFinding> findings);

}  // namespace nakadachi::copies
