#include "nakadachi/copies/layout.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include "nakadachi/base/limits.hpp"
#include "text.hpp"

namespace nakadachi::copies {
namespace {

constexpr std::size_t kMaxNumberDigits = 11;
constexpr std::size_t kDateCharacters = 10;
constexpr std::size_t kFlagCharacters = 1;

/// What is wrong with a line: a literal, for the error's detail.
using Complaint = std::string_view;

std::optional<std::uint16_t> parse_small(std::string_view text) {
  std::uint16_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || number == 0) {
    return std::nullopt;
  }
  return number;
}

std::optional<ItemType> parse_type(std::string_view text) {
  if (text == "text") return ItemType::kText;
  if (text == "number") return ItemType::kNumber;
  if (text == "date") return ItemType::kDate;
  if (text == "flag") return ItemType::kFlag;
  if (text == "code") return ItemType::kCode;
  return std::nullopt;
}

/// Whether a column of a file can bear the name and be told from item numbers and
/// from the columns that every load has.
bool is_item_column(std::string_view name) {
  return !name.empty() && characters_of_line(name) && !is_digits(name) && name != kPersonColumn &&
         name != kRemovalColumn;
}

/// `0=no|1=yes`; nothing for anything else, an empty list and a code that comes twice.
std::optional<std::vector<CodeValue>> parse_codes(std::string_view text) {
  std::vector<CodeValue> codes;
  while (!text.empty()) {
    std::string_view meaning = cut(text, '|');
    const std::string_view code = cut(meaning, '=');
    if (code.empty() || meaning.empty()) return std::nullopt;
    const auto is_same = [&](const CodeValue& other) { return other.code == code; };
    if (std::any_of(codes.begin(), codes.end(), is_same)) return std::nullopt;
    codes.push_back({std::string(code), std::string(meaning)});
  }
  if (codes.empty()) return std::nullopt;
  return codes;
}

/// Reads the lines of a book one after another; stops at the first that is wrong.
class BookParser {
 public:
  Complaint read_line(std::string_view line) {
    const std::string_view sort = cut(line, '\t');
    if (sort == "codes") return read_codes(line);
    if (sort == "layout") return read_layout(line);
    if (sort == "item") return read_item(line);
    return "a line begins with codes, layout or item";
  }

  Complaint finish() const {
    return !layouts.empty() && layouts.back().items.empty() ? "the last layout has no items" : "";
  }

  std::vector<Layout> layouts;

 private:
  Complaint read_codes(std::string_view line) {
    const std::string_view name = cut(line, '\t');
    auto codes = parse_codes(cut(line, '\t'));
    if (name.empty() || !codes) return "a name and codes like 0=no|1=yes are expected";
    if (!shared_codes_.emplace(name, std::move(*codes)).second) return "the name is taken";
    return "";
  }

  Complaint read_layout(std::string_view line) {
    if (const Complaint complaint = finish(); !complaint.empty()) return complaint;
    const auto kind = InformationKind::parse(cut(line, '\t'));
    if (!kind) return "the kind of information is no code";
    const auto version = parse_small(cut(line, '\t'));
    if (!version) return "the version is no number from 1 to 65535";
    const auto from = Day::parse(cut(line, '\t'));
    if (!from) return "the first day is no date";
    const std::string_view until_text = cut(line, '\t');
    const auto until = Day::parse(until_text);
    if (!until && until_text != "-") return "the last day is neither a date nor -";
    Layout layout{.kind = *kind,
                  .version = *version,
                  .in_force = {from, until},
                  .kind_name = std::string(cut(line, '\t'))};
    if (layout.kind_name.empty()) return "the name of the kind is missing";
    if (layout.in_force.is_reversed()) return "the last day is before the first";
    for (const Layout& other : layouts) {
      if (other.kind != layout.kind) continue;
      if (other.version == layout.version) return "the version is there already";
      if (other.in_force.overlaps(layout.in_force)) return "another version holds on the same day";
    }
    layouts.push_back(std::move(layout));
    return "";
  }

  Complaint read_item(std::string_view line) {
    if (layouts.empty()) return "an item before the first layout";
    Layout& layout = layouts.back();
    if (layout.items.size() == limits::kMaxCopyItems) return "too many items";
    const auto number = parse_small(cut(line, '\t'));
    if (!number) return "the item number is no number from 1 to 65535";
    if (!layout.items.empty() && layout.items.back().number >= *number) {
      return "items stand in the order of their numbers, each once";
    }
    LayoutItem item{.number = *number, .name = std::string(cut(line, '\t'))};
    if (!is_item_column(item.name)) return "the name cannot name a column";
    if (layout.find(item.name) != nullptr) return "the name is taken";
    const auto type = parse_type(cut(line, '\t'));
    if (!type) return "the type is none of text, number, date, flag, code";
    item.type = *type;
    if (const Complaint complaint = read_length(cut(line, '\t'), item); !complaint.empty()) {
      return complaint;
    }
    const std::string_view required = cut(line, '\t');
    if (required != "required" && required != "optional") return "neither required nor optional";
    item.required = required == "required";
    if (const Complaint complaint = read_item_codes(cut(line, '\t'), item); !complaint.empty()) {
      return complaint;
    }
    layout.items.push_back(std::move(item));
    return "";
  }

  static Complaint read_length(std::string_view text, LayoutItem& item) {
    if (item.type == ItemType::kDate || item.type == ItemType::kFlag) {
      if (text != "-") return "dates and flags have no length, write -";
      item.max_length = item.type == ItemType::kDate ? kDateCharacters : kFlagCharacters;
      return "";
    }
    const auto length = parse_small(text);
    const std::size_t most =
        item.type == ItemType::kNumber ? kMaxNumberDigits : limits::kMaxCopyItemCharacters;
    if (!length || *length > most) return "the length is no number, or too great for the type";
    item.max_length = *length;
    return "";
  }

  Complaint read_item_codes(std::string_view text, LayoutItem& item) const {
    if (text == "-") return "";
    if (item.type != ItemType::kCode) return "only codes have a list, write -";
    if (text.starts_with('@')) {
      const auto shared = shared_codes_.find(text.substr(1));
      if (shared == shared_codes_.end()) return "no such list of codes above";
      item.codes = shared->second;
    } else {
      auto codes = parse_codes(text);
      if (!codes) return "codes like 0=no|1=yes are expected, each once, or -";
      item.codes = std::move(*codes);
    }
    const auto is_too_long = [&](const CodeValue& value) {
      return characters_of_line(value.code).value_or(SIZE_MAX) > item.max_length;
    };
    if (std::any_of(item.codes.begin(), item.codes.end(), is_too_long)) {
      return "a code is longer than the item";
    }
    return "";
  }

  std::map<std::string, std::vector<CodeValue>, std::less<>> shared_codes_;
};

auto place_of(const Layout& layout) noexcept { return std::pair(layout.kind, layout.version); }

Error wrong_line(std::int32_t line, Complaint complaint) {
  return {.code = ErrorCode::kConfigInvalid,
          .field = "layouts",
          .position = line,
          .detail = std::string(complaint)};
}

}  // namespace

bool LayoutItem::has_code(std::string_view code) const noexcept {
  return std::any_of(codes.begin(), codes.end(),
                     [&](const CodeValue& value) { return value.code == code; });
}

const LayoutItem* Layout::find(std::uint16_t number) const noexcept {
  const auto found = std::lower_bound(
      items.begin(), items.end(), number,
      [](const LayoutItem& item, std::uint16_t wanted) { return item.number < wanted; });
  return found != items.end() && found->number == number ? &*found : nullptr;
}

const LayoutItem* Layout::find(std::string_view name) const noexcept {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&](const LayoutItem& item) { return item.name == name; });
  return found != items.end() ? &*found : nullptr;
}

Result<LayoutBook> LayoutBook::parse(std::string_view tsv) {
  BookParser parser;
  std::int32_t line_number = 0;
  while (!tsv.empty()) {
    const std::string_view line = cut(tsv, '\n');
    ++line_number;
    if (line.empty() || line.front() == '#') continue;
    const Complaint complaint = parser.read_line(line);
    if (!complaint.empty()) return wrong_line(line_number, complaint);
  }
  if (const Complaint complaint = parser.finish(); !complaint.empty()) {
    return wrong_line(line_number, complaint);
  }
  LayoutBook book;
  book.layouts_ = std::move(parser.layouts);
  std::sort(book.layouts_.begin(), book.layouts_.end(),
            [](const Layout& a, const Layout& b) { return place_of(a) < place_of(b); });
  return book;
}

const Layout* LayoutBook::find(InformationKind kind, std::uint16_t version) const noexcept {
  const auto wanted = std::pair(kind, version);
  const auto found = std::lower_bound(
      layouts_.begin(), layouts_.end(), wanted,
      [](const Layout& layout, const auto& place) { return place_of(layout) < place; });
  return found != layouts_.end() && place_of(*found) == wanted ? &*found : nullptr;
}

const Layout* LayoutBook::in_force(InformationKind kind, Day day) const noexcept {
  const auto found = std::find_if(layouts_.begin(), layouts_.end(), [&](const Layout& layout) {
    return layout.kind == kind && layout.in_force.holds(day);
  });
  return found != layouts_.end() ? &*found : nullptr;
}

}  // namespace nakadachi::copies
