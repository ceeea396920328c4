#include "apps/common/demo_load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/copies/csv.hpp"
#include "nakadachi/copies/load_csv.hpp"

namespace nakadachi::apps {
namespace {

// One row in so many has the mistake, each its own.
constexpr std::size_t kMissingOneIn = 7;
constexpr std::size_t kTooLongOneIn = 11;
constexpr std::size_t kWordOneIn = 13;

/// The record of a copy: its person, then the layout's items in their order.
std::vector<std::string> fields_of(const DemoResidents::Copy& copy, const copies::Layout& layout) {
  std::vector<std::string> fields = {fmt::format("{:015}", copy.person.reveal())};
  for (const copies::LayoutItem& item : layout.items) {
    const auto found =
        std::ranges::find(copy.content.items, item.number, &copies::CopyItem::number);
    fields.push_back(found == copy.content.items.end() ? std::string() : found->value);
  }
  return fields;
}

/// In the first item that may not be absent: one is enough.
void make_mistake(std::size_t row, const copies::Layout& layout, std::vector<std::string>& fields) {
  const auto item = std::ranges::find(layout.items, true, &copies::LayoutItem::required);
  NAKADACHI_ASSERT(item != layout.items.end());
  std::string& value = fields[static_cast<std::size_t>(item - layout.items.begin()) + 1];
  if (row % kMissingOneIn == kMissingOneIn - 1) {
    value.clear();
  } else if (row % kTooLongOneIn == kTooLongOneIn - 1) {
    value = std::string(item->max_length + 1, '1');
  } else if (row % kWordOneIn == kWordOneIn - 1) {
    value = "X";
  }
}

/// The first row comes a second time at the end.
std::string csv_of(const std::vector<DemoResidents::Copy>& copies, const copies::Layout& layout) {
  std::vector<std::string> heading = {"団体内統合宛名番号"};
  for (const copies::LayoutItem& item : layout.items)
    heading.push_back(std::to_string(item.number));
  std::string csv = copies::csv_line(heading);
  for (std::size_t row = 0; row < copies.size(); ++row) {
    std::vector<std::string> fields = fields_of(copies[row], layout);
    make_mistake(row, layout, fields);
    csv += copies::csv_line(fields);
  }
  return csv + copies::csv_line(fields_of(copies.front(), layout));
}

}  // namespace

Result<DemoLoadCheck> check_demo_load(const DemoResidents& residents,
                                      const copies::LayoutBook& layouts, std::size_t most) {
  std::vector<DemoResidents::Copy> copies = residents.copies();
  std::erase_if(copies, [](const auto& one) { return one.kind != DemoResidents::own_kind(); });
  if (copies.size() > most)
    copies.erase(copies.begin() + static_cast<std::ptrdiff_t>(most), copies.end());
  DemoLoadCheck check;
  if (copies.empty()) return check;
  const std::uint16_t version = copies.front().content.layout_version;
  const copies::Layout* const layout = layouts.find(DemoResidents::own_kind(), version);
  NAKADACHI_ASSERT(layout != nullptr);
  const std::string csv = csv_of(copies, *layout);
  NAKADACHI_TRY(const copies::LoadRows rows, copies::read_load_csv(csv, *layout));
  const copies::Load load{
      .kind = DemoResidents::own_kind(), .layout_version = version, .dataset = 1, .validity = {}};
  check.rows = copies.size() + 1;
  std::set<std::uint32_t> wrong;
  for (const copies::RowFinding& one : copies::check_rows(load, rows, *layout)) {
    wrong.insert(one.line);
    ++check.faults[one.finding.fault];
  }
  check.wrong_rows = wrong.size();
  return check;
}

}  // namespace nakadachi::apps
