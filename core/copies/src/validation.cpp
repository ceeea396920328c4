#include "nakadachi/copies/validation.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/base/codes.hpp"
#include "text.hpp"

namespace nakadachi::copies {
namespace {

/// In the order of the enumeration.
constexpr std::array kTexts = {
    FaultText{"missing", "A required item is missing.", "必須項目がありません。"},
    FaultText{"unknown_item", "The layout has no item of this number.",
              "レイアウトにない項目です。"},
    FaultText{"twice", "The item comes twice.", "項目が重複しています。"},
    FaultText{"empty", "An item without a value is left out.",
              "値がありません。値のない項目は省いてください。"},
    FaultText{"not_text", "Not UTF-8 text without control characters.",
              "UTF-8の文字列でないか、制御文字を含んでいます。"},
    FaultText{"not_a_number", "Not a number in digits.", "数値の書式が正しくありません。"},
    FaultText{"not_a_date", "Not a date like 2026-06-14.",
              "日付ではありません（例：2026-06-14）。"},
    FaultText{"not_a_flag", "Neither 0 nor 1.", "0または1ではありません。"},
    FaultText{"not_a_code", "A code has ASCII letters and digits only.",
              "コードは半角英数字で入力してください。"},
    FaultText{"not_in_code_list", "None of the codes of this item.", "コード表にない値です。"},
    FaultText{"too_long", "Longer than the layout allows.", "最大桁数を超えています。"},
    FaultText{"personal_number", "Holds what looks like an individual number.",
              "個人番号と思われる数字が含まれています。"},
    FaultText{"too_large", "The copy as a whole is too large.",
              "副本全体の大きさが上限を超えています。"},
    FaultText{"wrong_address_number", "Not an address number of at most 15 digits.",
              "団体内統合宛名番号（15桁以内の数字）ではありません。"},
    FaultText{"person_twice", "An earlier row has the same person.",
              "同じ団体内統合宛名番号の行が既にあります。"},
    FaultText{"unknown_kind", "There is no layout of this kind.",
              "この特定個人情報のレイアウトがありません。"},
    FaultText{"layout_not_in_force", "The kind has no such layout version, or not on this day.",
              "レイアウトの版が存在しないか、適用期間外です。"},
    FaultText{"older_load", "A copy of a later load is registered.",
              "より新しいデータセットの副本が登録されています。"},
    FaultText{"other_count", "More or fewer copies of the load are registered than it has.",
              "登録済みの件数が全件登録の件数と一致しません。"},
};
static_assert(kTexts.size() == static_cast<std::size_t>(kLastFault) + 1);

bool is_number(std::string_view text) {
  if (text.starts_with('-')) {
    text.remove_prefix(1);
    if (text == "0") return false;
  }
  return is_digits(text) && (text.size() == 1 || text.front() != '0');
}

bool is_code(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

/// The fault of a value as one of its type, regardless of its length.
std::optional<Fault> fault_of_type(std::string_view value, const LayoutItem& item) {
  switch (item.type) {
    case ItemType::kText:
      if (!characters_of_line(value)) return Fault::kNotText;
      break;
    case ItemType::kNumber:
      if (!is_number(value)) return Fault::kNotANumber;
      break;
    case ItemType::kDate:
      if (!Day::parse(value)) return Fault::kNotADate;
      break;
    case ItemType::kFlag:
      if (value != "0" && value != "1") return Fault::kNotAFlag;
      break;
    case ItemType::kCode:
      if (!item.codes.empty() && !item.has_code(value)) return Fault::kNotInCodeList;
      if (item.codes.empty() && !is_code(value)) return Fault::kNotACode;
      break;
  }
  return std::nullopt;
}

/// Characters, or bytes where they make none, so that nothing counts as shorter.
std::size_t length_of(std::string_view value, const LayoutItem& item) {
  if (item.type == ItemType::kNumber && value.starts_with('-')) value.remove_prefix(1);
  return characters_of_line(value).value_or(value.size());
}

class Validation {
 public:
  explicit Validation(const Layout& layout) : layout_(layout) {}

  void look_at(const CopyItem& item) {
    const LayoutItem* const known = layout_.find(item.number);
    if (item.value.empty()) return add(item.number, Fault::kEmpty);
    if (known == nullptr) {
      add(item.number, Fault::kUnknownItem);
      if (holds_personal_number(item.value)) add(item.number, Fault::kPersonalNumber);
      return;
    }
    if (const auto fault = fault_of_type(item.value, *known)) add(item.number, *fault);
    if (length_of(item.value, *known) > known->max_length) add(item.number, Fault::kTooLong);
    if (!known->has_code(item.value) && holds_personal_number(item.value)) {
      add(item.number, Fault::kPersonalNumber);
    }
  }

  void add(std::uint16_t item, Fault fault) {
    const LayoutItem* const known = layout_.find(item);
    findings.push_back({.item = item, .name = known != nullptr ? known->name : "", .fault = fault});
  }

  std::vector<Finding> findings;

 private:
  const Layout& layout_;
};

}  // namespace

FaultText text_of(Fault fault) noexcept {
  const auto place = static_cast<std::size_t>(fault);
  NAKADACHI_ASSERT(place < kTexts.size());
  return kTexts[place];
}

std::vector<Finding> validate(const CopyContent& content, const Layout& layout) {
  NAKADACHI_ASSERT(content.layout_version == layout.version);
  Validation validation(layout);
  std::vector<std::uint16_t> present;
  for (const CopyItem& item : content.items) {
    validation.look_at(item);
    present.push_back(item.number);
  }
  std::sort(present.begin(), present.end());
  for (std::size_t i = 1; i < present.size(); ++i) {
    const bool first_repetition = i == 1 || present[i - 2] != present[i];
    if (present[i - 1] == present[i] && first_repetition) validation.add(present[i], Fault::kTwice);
  }
  for (const LayoutItem& item : layout.items) {
    if (item.required && !std::binary_search(present.begin(), present.end(), item.number)) {
      validation.add(item.number, Fault::kMissing);
    }
  }
  const auto encoded = encode(content);
  if (!encoded && encoded.error().code == ErrorCode::kOversize) {
    validation.add(0, Fault::kTooLarge);
  }
  return std::move(validation.findings);
}

}  // namespace nakadachi::copies
