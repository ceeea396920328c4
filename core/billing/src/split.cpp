#include "nakadachi/billing/split.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "nakadachi/base/assert.hpp"

namespace nakadachi::billing {
namespace {

struct Share {
  std::uint64_t whole = 0;
  Wide remainder = 0;
};

/// amount · weight / sum, for weight ≤ sum < kWeightLimit: long division bit by bit,
/// since the product may not fit. What is held stays below 3 · sum < 2^128.
Share share_of(std::uint64_t amount, Wide weight, Wide sum) {
  Share share;
  for (int bit = 63; bit >= 0; --bit) {
    share.whole *= 2;
    share.remainder *= 2;
    if (((amount >> bit) & 1U) != 0) share.remainder += weight;
    while (share.remainder >= sum) {
      share.remainder -= sum;
      ++share.whole;
    }
  }
  return share;
}

Result<Wide> sum_of(std::span<const Wide> weights) {
  Wide sum = 0;
  for (const Wide weight : weights) {
    if (weight >= kWeightLimit - sum) {
      return Error{.code = ErrorCode::kSumTooLarge, .field = "weights"};
    }
    sum += weight;
  }
  return sum;
}

}  // namespace

Result<std::vector<std::uint64_t>> split(std::uint64_t amount, std::span<const Wide> weights) {
  NAKADACHI_TRY(const Wide sum, sum_of(weights));
  std::vector<std::uint64_t> parts(weights.size(), 0);
  if (amount == 0) return parts;
  if (sum == 0) return Error{.code = ErrorCode::kNothingToShareBy, .field = "weights"};

  std::vector<Wide> remainders(weights.size());
  std::uint64_t left = amount;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const Share share = share_of(amount, weights[i], sum);
    parts[i] = share.whole;
    remainders[i] = share.remainder;
    left -= share.whole;
  }
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return remainders[a] > remainders[b]; });
  NAKADACHI_ASSERT(left < order.size());
  for (std::size_t i = 0; i < left; ++i) ++parts[order[i]];
  return parts;
}

}  // namespace nakadachi::billing
