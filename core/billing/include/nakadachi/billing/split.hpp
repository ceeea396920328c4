#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nakadachi/base/result.hpp"

namespace nakadachi::billing {

/// Whole numbers of 128 bits, for products on the way to whole yen.
__extension__ typedef unsigned __int128 Wide;  // NOLINT(modernize-use-using): not with extension

/// The least sum of weights that is too large for `split`.
inline constexpr Wide kWeightLimit = Wide{1} << 126;

/// Splits `amount` in whole parts in proportion to `weights`, by largest remainder:
/// each part is its exact share rounded down, and of what is left one goes to each of
/// those with the largest remainders, the earlier one first where they are equal. The
/// parts add up to `amount`; each is less than 1 away from the exact share; weight 0
/// gets 0; a greater weight never gets less.
///
/// Errors: `kSumTooLarge` (the weights reach `kWeightLimit`), `kNothingToShareBy` (there
/// is something to split and every weight is 0).
Result<std::vector<std::uint64_t>> split(std::uint64_t amount, std::span<const Wide> weights);

}  // namespace nakadachi::billing
