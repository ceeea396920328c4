#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "nakadachi/storage/exchange_store.hpp"

namespace nakadachi::storage {

/// Rows a page of `scan` may have: always room for one whole exchange.
inline std::size_t steps_of_page(std::size_t asked) {
  return std::max(asked, static_cast<std::size_t>(Step::kHeld));
}

/// Rows a page of holdings or changes may have: an empty page would be the end.
inline std::size_t rows_of_page(std::size_t asked) { return std::max(asked, std::size_t{1}); }

/// `steps` were read up to one row beyond `limit`. Where that row is there, the exchange it
/// belongs to goes to the next page as a whole.
inline void drop_split_exchange(std::vector<StoredStep>& steps, std::size_t limit) {
  if (steps.size() <= limit) return;
  const ExchangeId split = steps.back().exchange;
  while (!steps.empty() && steps.back().exchange == split) steps.pop_back();
}

}  // namespace nakadachi::storage
