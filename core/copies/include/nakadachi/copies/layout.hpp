#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/day.hpp"
#include "nakadachi/base/result.hpp"

namespace nakadachi::copies {

/// Columns of a load besides the items (docs/copies.md); no item has such a name.
inline constexpr std::string_view kPersonColumn = "団体内統合宛名番号";
inline constexpr std::string_view kRemovalColumn = "削除";

/// How the value of an item is written. Lengths are counted in characters
/// (code points).
enum class ItemType : std::uint8_t {
  kText,    ///< UTF-8 without control characters
  kNumber,  ///< digits, perhaps after a minus sign, without leading zeros
  kDate,    ///< 2026-06-14
  kFlag,    ///< 0 or 1
  kCode     ///< one of the item's codes, or ASCII letters and digits where it has no list
};

/// One value an item of the type code may have.
struct CodeValue {
  std::string code;
  std::string meaning;  ///< for people
};

/// One item (項目) of a kind of information.
struct LayoutItem {
  std::uint16_t number = 0;
  std::string name;
  ItemType type = ItemType::kText;
  std::size_t max_length = 0;  ///< of a number its digits, without the sign
  bool required = false;
  std::vector<CodeValue> codes;  ///< empty where any code will do

  bool has_code(std::string_view code) const noexcept;
};

/// データ標準レイアウト: the items a kind of information has while one version holds.
struct Layout {
  InformationKind kind;
  std::uint16_t version = 0;
  Period in_force;  ///< its first day is always known
  std::string kind_name;
  std::vector<LayoutItem> items;  ///< ascending by number

  /// Null when there is none. Valid as long as the layout.
  const LayoutItem* find(std::uint16_t number) const noexcept;
  const LayoutItem* find(std::string_view name) const noexcept;
};

/// All layouts, by kind and version. Immutable; safe for any number of threads.
class LayoutBook {
 public:
  /// Reads tab-separated lines (docs/copies.md): `layout`, then an `item` for each
  /// of its items, and `codes` for code lists that items share; # begins a comment.
  /// Two versions of a kind never hold on the same day, and a number has at most 11
  /// digits, so that none can be taken for a 個人番号.
  /// Errors: `kConfigInvalid` with field "layouts", the line (from 1) as position
  /// and what is wrong with it as detail.
  static Result<LayoutBook> parse(std::string_view tsv);

  /// Null when there is none. Valid as long as the book.
  const Layout* find(InformationKind kind, std::uint16_t version) const noexcept;
  /// The version that holds on `day`; null when none does.
  const Layout* in_force(InformationKind kind, Day day) const noexcept;

  const std::vector<Layout>& layouts() const noexcept { return layouts_; }

 private:
  std::vector<Layout> layouts_;  // ascending by kind and version
};

}  // namespace nakadachi::copies
