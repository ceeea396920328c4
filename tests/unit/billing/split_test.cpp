#include "nakadachi/billing/split.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "nakadachi/base/random.hpp"
#include "tests/unit/billing/billing_helpers.hpp"

namespace nakadachi::billing::test {
namespace {

using Parts = std::vector<std::uint64_t>;

Parts split_of(std::uint64_t amount, const std::vector<Wide>& weights) {
  const auto parts = split(amount, weights);
  REQUIRE(parts.ok());
  return *parts;
}

TEST_CASE("the largest remainders get what is left") {
  CHECK(split_of(100, {1, 1, 1}) == Parts{34, 33, 33});
  CHECK(split_of(10, {1, 2, 4}) == Parts{1, 3, 6});  // 1.43 2.86 5.71
  CHECK(split_of(7, {5, 3, 2}) == Parts{4, 2, 1});   // 3.5 2.1 1.4
  CHECK(split_of(2, {1, 1, 1, 1}) == Parts{1, 1, 0, 0});
  CHECK(split_of(3, {0, 5, 0}) == Parts{0, 3, 0});
  CHECK(split_of(1, {0, 1, 2, 0}) == Parts{0, 0, 1, 0});
  CHECK(split_of(0, {1, 2}) == Parts{0, 0});
  CHECK(split_of(9, {7}) == Parts{9});
}

TEST_CASE("there may be nothing to split, but not nobody to split among") {
  CHECK(split_of(0, {0, 0}) == Parts{0, 0});
  CHECK(split_of(0, {}).empty());
  CHECK(code_of(split(1, {})) == ErrorCode::kNothingToShareBy);
  CHECK(code_of(split(1, std::vector<Wide>{0, 0})) == ErrorCode::kNothingToShareBy);
}

TEST_CASE("the largest amounts and weights are split exactly, larger weights refused") {
  constexpr std::uint64_t kHighest = std::numeric_limits<std::uint64_t>::max();
  constexpr Wide kHalf = kWeightLimit / 2;
  CHECK(split_of(kHighest, {kHalf, kHalf - 1}) == Parts{kHighest / 2 + 1, kHighest / 2});
  CHECK(split_of(kHighest, {kWeightLimit - 2, 1}) == Parts{kHighest, 0});
  CHECK(split_of(kHighest, {kWeightLimit - 1}) == Parts{kHighest});
  CHECK(code_of(split(1, std::vector<Wide>{kHalf, kHalf})) == ErrorCode::kSumTooLarge);
  CHECK(code_of(split(1, std::vector<Wide>{kWeightLimit})) == ErrorCode::kSumTooLarge);
  CHECK(code_of(split(0, std::vector<Wide>{~Wide{0}, ~Wide{0}})) == ErrorCode::kSumTooLarge);
}

TEST_CASE("parts add up, stay within one of the exact share, and follow the weights") {
  SeededRandom random(1);
  for (int round = 0; round < 5000; ++round) {
    const std::uint64_t amount = random.below(std::uint64_t{1} << random.below(50));
    std::vector<Wide> weights(1 + random.below(20));
    for (Wide& weight : weights) weight = random.below(std::uint64_t{1} << random.below(40));
    weights[0] += 1;
    const Wide sum = std::accumulate(weights.begin(), weights.end(), Wide{0});
    const Parts parts = split_of(amount, weights);
    REQUIRE(std::accumulate(parts.begin(), parts.end(), std::uint64_t{0}) == amount);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const Wide exact = amount * weights[i];
      REQUIRE(parts[i] >= static_cast<std::uint64_t>(exact / sum));
      REQUIRE(parts[i] * sum < exact + sum);
      for (std::size_t j = 0; j < i; ++j) {
        if (weights[i] == weights[j]) REQUIRE(parts[j] - parts[i] <= 1);
        if (weights[i] > weights[j]) REQUIRE(parts[i] >= parts[j]);
        if (weights[i] < weights[j]) REQUIRE(parts[i] <= parts[j]);
      }
    }
  }
}

}  // namespace
}  // namespace nakadachi::billing::test
