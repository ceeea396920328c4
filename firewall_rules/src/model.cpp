#include "nakadachi/firewall_rules/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace nakadachi::walls {
namespace {

struct KindName {
  SegmentKind kind;
  std::string_view name;
};
constexpr std::array kKindNames = {
    KindName{SegmentKind::kBusiness, "business"}, KindName{SegmentKind::kInternal, "internal"},
    KindName{SegmentKind::kInternet, "internet"}, KindName{SegmentKind::kCore, "core"},
    KindName{SegmentKind::kDatabase, "database"}, KindName{SegmentKind::kLink, "link"},
    KindName{SegmentKind::kNational, "national"}, KindName{SegmentKind::kOps, "ops"},
    KindName{SegmentKind::kBackup, "backup"}};

}  // namespace

bool is_over(const Flow& flow, std::optional<std::chrono::year_month_day> today) {
  return today && flow.valid_until && *flow.valid_until < *today;
}

std::string_view name_of(SegmentKind kind) {
  return kKindNames.at(static_cast<std::size_t>(kind)).name;
}

std::optional<SegmentKind> segment_kind_of(std::string_view name) {
  const auto* const found = std::find_if(kKindNames.begin(), kKindNames.end(),
                                         [&](const KindName& one) { return one.name == name; });
  if (found == kKindNames.end()) return std::nullopt;
  return found->kind;
}

std::string text_of(const std::chrono::year_month_day& date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

}  // namespace nakadachi::walls
