#include "nakadachi/copies/load_csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "nakadachi/copies/csv.hpp"
#include "text.hpp"

namespace nakadachi::copies {
namespace {

/// A column behind the first: an item, or the mark of removal.
struct Column {
  std::uint16_t item = 0;  // 0: the mark of removal
  std::string name;
};

Error wrong_header(const CsvRecord& header, std::size_t place, std::string_view what) {
  // The column's name is left out: without a header it would be somebody's data.
  return {.code = ErrorCode::kWrongFormat,
          .field = "csv_header",
          .position = static_cast<std::int32_t>(header.line),
          .detail = fmt::format("column {}: {}", place + 1, what)};
}

Error no_header() {
  return {.code = ErrorCode::kWrongFormat,
          .field = "csv_header",
          .position = 1,
          .detail = "the file is empty"};
}

std::optional<Column> column_of(std::string_view text, const Layout& layout) {
  if (text == kRemovalColumn) return Column{.item = 0, .name = std::string(text)};
  const LayoutItem* item = nullptr;
  if (is_digits(text)) {
    std::uint16_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem == std::errc()) item = layout.find(number);
  } else {
    item = layout.find(text);
  }
  if (item == nullptr) return std::nullopt;
  return Column{.item = item->number, .name = item->name};
}

Result<std::vector<Column>> read_header(const CsvRecord& header, const Layout& layout) {
  if (header.fields[0] != kPersonColumn) {
    return wrong_header(header, 0, fmt::format("{} is expected", kPersonColumn));
  }
  std::vector<Column> columns;
  for (std::size_t place = 1; place < header.fields.size(); ++place) {
    auto column = column_of(header.fields[place], layout);
    if (!column) return wrong_header(header, place, "the layout has no such item");
    const auto is_same = [&](const Column& other) { return other.item == column->item; };
    if (std::any_of(columns.begin(), columns.end(), is_same)) {
      return wrong_header(header, place, fmt::format("{} comes twice", column->name));
    }
    columns.push_back(std::move(*column));
  }
  return columns;
}

/// Names the column in an error of the reader, where there is one of that place.
Error name_column(Error error, std::size_t place, const std::vector<Column>& columns) {
  if (place == 0) {
    error.detail = fmt::format("{}: {}", kPersonColumn, error.detail);
  } else if (place <= columns.size()) {
    error.detail = fmt::format("{}: {}", columns[place - 1].name, error.detail);
  }
  return error;
}

void read_row(CsvRecord record, const std::vector<Column>& columns, LoadRows& into) {
  const auto person = AddressNumber::parse(record.fields[0]);
  if (!person) {
    into.findings.push_back(
        {record.line, {.name = std::string(kPersonColumn), .fault = Fault::kWrongAddressNumber}});
  }
  std::vector<CopyItem> items;
  bool removal = false;
  bool mark_is_wrong = false;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::string& value = record.fields[i + 1];
    if (columns[i].item != 0) {
      if (!value.empty()) items.push_back({columns[i].item, std::move(value)});
    } else {
      removal = value == "1";
      mark_is_wrong = !removal && !value.empty() && value != "0";
    }
  }
  if (mark_is_wrong) {
    into.findings.push_back(
        {record.line, {.name = std::string(kRemovalColumn), .fault = Fault::kNotAFlag}});
  }
  if (!person || mark_is_wrong) return;
  std::sort(items.begin(), items.end(),
            [](const CopyItem& a, const CopyItem& b) { return a.number < b.number; });
  into.rows.push_back(
      {.line = record.line, .person = *person, .removal = removal, .items = std::move(items)});
}

}  // namespace

Result<LoadRows> read_load_csv(std::string_view text, const Layout& layout) {
  CsvReader reader(text);
  NAKADACHI_TRY(const auto header, reader.next());
  if (!header) return no_header();
  NAKADACHI_TRY(const std::vector<Column> columns, read_header(*header, layout));
  LoadRows rows;
  while (true) {
    auto record = reader.next();
    if (!record) return name_column(record.error(), reader.field(), columns);
    if (!*record) return rows;
    const std::size_t fields = (*record)->fields.size();
    if (fields != columns.size() + 1) {
      return Error{.code = ErrorCode::kWrongFormat,
                   .field = "csv",
                   .position = static_cast<std::int32_t>((*record)->line),
                   .detail = fmt::format("{} fields for {} columns", fields, columns.size() + 1)};
    }
    read_row(std::move(**record), columns, rows);
  }
}

std::string report_csv(std::span<const RowFinding> findings) {
  std::string report =
      csv_line(std::vector<std::string>{"行", "項目番号", "項目名", "誤り", "説明"});
  for (const RowFinding& row : findings) {
    const FaultText text = text_of(row.finding.fault);
    const bool is_item = row.finding.item != 0;
    report += csv_line(std::vector<std::string>{
        std::to_string(row.line), is_item ? std::to_string(row.finding.item) : "", row.finding.name,
        std::string(text.name), std::string(text.japanese)});
  }
  return report;
}

}  // namespace nakadachi::copies
