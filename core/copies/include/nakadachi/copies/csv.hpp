#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/result.hpp"

namespace nakadachi::copies {

/// One record of a CSV file.
struct CsvRecord {
  std::uint32_t line = 0;  ///< where it begins, from 1
  std::vector<std::string> fields;
};

/// Reads CSV (RFC 4180) of UTF-8, record by record. Lines end with CR LF or LF, the
/// last perhaps with nothing; empty lines are passed over, a byte order mark too.
/// The text outlives the reader.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text);

  /// The next record; nothing at the end. Errors: `kWrongFormat` with field "csv" and
  /// the line as position (not UTF-8, a quote or CR where none may be, a quote that
  /// is never closed). No record follows an error.
  Result<std::optional<CsvRecord>> next();

  /// Place, from 0, of the field last read, to name the column at fault.
  std::size_t field() const noexcept { return field_; }

 private:
  Result<std::string> read_field();
  Result<std::string> read_quoted();
  Result<void> end_line();
  bool at_end_of_field() const noexcept;
  Error wrong(std::string_view what);

  std::string_view left_;
  std::uint32_t line_ = 1;
  std::size_t field_ = 0;
};

/// One record with CR LF; fields are quoted where they have to be.
std::string csv_line(std::span<const std::string> fields);

}  // namespace nakadachi::copies
