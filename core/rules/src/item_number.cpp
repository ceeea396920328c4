#include "nakadachi/rules/item_number.hpp"

#include <fmt/format.h>

#include "tsv.hpp"

namespace nakadachi::rules {

std::optional<ItemNumber> ItemNumber::parse(std::string_view text) {
  const std::size_t dash = text.find_first_of("-_");
  const auto number = parse_number<std::uint16_t>(text.substr(0, dash));
  if (!number || *number < 1 || *number > 999) return std::nullopt;
  ItemNumber item;
  item.value_ = *number;
  if (dash == std::string_view::npos) return item;
  const auto branch = parse_number<std::uint16_t>(text.substr(dash + 1));
  if (!branch || *branch < 2 || *branch > 64) return std::nullopt;
  item.value_ = static_cast<std::uint16_t>(item.value_ + 1000 * *branch);
  return item;
}

std::string ItemNumber::text() const {
  if (value_ == 0) return {};
  if (branch() == 0) return fmt::format("{}", number());
  return fmt::format("{}-{}", number(), branch());
}

}  // namespace nakadachi::rules
