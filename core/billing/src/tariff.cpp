#include "nakadachi/billing/tariff.hpp"

#include <algorithm>
#include <string_view>

namespace nakadachi::billing {
namespace {

Error invalid(std::string_view field) {
  return {.code = ErrorCode::kConfigInvalid, .field = field};
}

bool too_large(const Weights& weights) {
  return std::max({weights.person, weights.message, weights.kib}) > Weights::kMost;
}

}  // namespace

Result<void> validate(const Tariff& tariff) {
  if (tariff.name.empty()) return invalid("name");
  if (tariff.base_ppm > kPartsPerMillion) return invalid("base_ppm");
  if (tariff.outside != OutsideRule::kByPopulation && tariff.outside != OutsideRule::kWhereItFell) {
    return invalid("outside");
  }
  if (std::ranges::any_of(tariff.weights, too_large)) return invalid("weights");
  const bool all_zero =
      std::ranges::all_of(tariff.weights, [](const Weights& w) { return w == Weights{}; });
  if (all_zero && tariff.base_ppm < kPartsPerMillion) return invalid("weights");
  return {};
}

}  // namespace nakadachi::billing
