#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nakadachi::rules {

/// 項 of the table of Article 2: a number, and a branch where an amendment
/// squeezed an item in (二十の二 is 20-2). Ordered as in the table.
class ItemNumber {
 public:
  constexpr ItemNumber() noexcept = default;

  /// Reads `48`, `20-2` or `20_2`: number 1 to 999, branch 2 to 64.
  static std::optional<ItemNumber> parse(std::string_view text);

  std::uint16_t number() const noexcept { return static_cast<std::uint16_t>(value_ % 1000); }
  std::uint16_t branch() const noexcept { return static_cast<std::uint16_t>(value_ / 1000); }

  /// The number that stands in permits and rows: 1000 times the branch plus the
  /// number (20-2 is 2020), 0 for no item.
  std::uint16_t value() const noexcept { return value_; }

  /// `48`, `20-2`; empty for no item.
  std::string text() const;

  friend bool operator==(const ItemNumber&, const ItemNumber&) noexcept = default;
  friend std::strong_ordering operator<=>(const ItemNumber& a, const ItemNumber& b) noexcept {
    if (const auto order = a.number() <=> b.number(); order != 0) return order;
    return a.branch() <=> b.branch();
  }

 private:
  std::uint16_t value_ = 0;
};

}  // namespace nakadachi::rules
