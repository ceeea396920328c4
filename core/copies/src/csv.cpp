#include "nakadachi/copies/csv.hpp"

#include <utility>

#include "nakadachi/base/utf8.hpp"

namespace nakadachi::copies {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

CsvReader::CsvReader(std::string_view text) : left_(text) {
  if (left_.starts_with(kByteOrderMark)) left_.remove_prefix(kByteOrderMark.size());
}

Result<std::optional<CsvRecord>> CsvReader::next() {
  while (left_.starts_with('\n') || left_.starts_with("\r\n")) NAKADACHI_CHECK(end_line());
  if (left_.empty()) return std::optional<CsvRecord>();
  CsvRecord record{.line = line_, .fields = {}};
  for (field_ = 0;; ++field_) {
    NAKADACHI_TRY(std::string field, read_field());
    record.fields.push_back(std::move(field));
    if (!left_.starts_with(',')) break;
    left_.remove_prefix(1);
  }
  NAKADACHI_CHECK(end_line());
  return std::optional(std::move(record));
}

Result<std::string> CsvReader::read_field() {
  if (left_.starts_with('"')) return read_quoted();
  const std::string_view field = left_.substr(0, left_.find_first_of(",\"\r\n"));
  left_.remove_prefix(field.size());
  if (!is_utf8(field)) return wrong("not UTF-8");
  if (!at_end_of_field()) return wrong("a quote inside a field");
  return std::string(field);
}

Result<std::string> CsvReader::read_quoted() {
  std::string field;
  std::uint32_t lines = 0;
  std::string_view rest = left_.substr(1);
  while (true) {
    const std::size_t quote = rest.find('"');
    if (quote == std::string_view::npos) return wrong("a quote that is never closed");
    for (const char c : rest.substr(0, quote)) lines += c == '\n' ? 1 : 0;
    field += rest.substr(0, quote);
    rest.remove_prefix(quote + 1);
    if (!rest.starts_with('"')) break;
    field += '"';
    rest.remove_prefix(1);
  }
  left_ = rest;
  if (!is_utf8(field)) return wrong("not UTF-8");
  if (!at_end_of_field()) return wrong("text after a closing quote");
  line_ += lines;
  return field;
}

Result<void> CsvReader::end_line() {
  if (left_.empty()) return {};
  if (left_.starts_with("\r\n")) left_.remove_prefix(1);
  if (!left_.starts_with('\n')) return wrong("a carriage return without a line feed");
  left_.remove_prefix(1);
  ++line_;
  return {};
}

bool CsvReader::at_end_of_field() const noexcept {
  return left_.empty() || left_.front() == ',' || left_.front() == '\n' || left_.front() == '\r';
}

/// The error, and the end of reading.
Error CsvReader::wrong(std::string_view what) {
  left_ = {};
  return {.code = ErrorCode::kWrongFormat,
          .field = "csv",
          .position = static_cast<std::int32_t>(line_),
          .detail = std::string(what)};
}

std::string csv_line(std::span<const std::string> fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += ',';
    if (fields[i].find_first_of(",\"\r\n") == std::string::npos) {
      line += fields[i];
      continue;
    }
    line += '"';
    for (const char c : fields[i]) {
      if (c == '"') line += '"';
      line += c;
    }
    line += '"';
  }
  line += "\r\n";
  return line;
}

}  // namespace nakadachi::copies
