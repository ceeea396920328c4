#include "block_table.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace nakadachi::symbols {
namespace {

using Row = BlockTable::Row;

// A change copies the lists and a rebuild copies the base, so the two cost about the same over
// time when the lists may grow to a few thousandths of a large base.
constexpr std::size_t kLeastListed = 512;
constexpr std::size_t kBaseRowsPerListed = 256;

bool by_key(const Row& a, const Row& b) noexcept { return a.key < b.key; }

const Row* find_row(const std::vector<Row>& rows, const Block& key) noexcept {
  const auto found = std::lower_bound(rows.begin(), rows.end(), key,
                                      [](const Row& row, const Block& k) { return row.key < k; });
  return found != rows.end() && found->key == key ? &*found : nullptr;
}

}  // namespace

BlockTable::BlockTable() : base_(std::make_shared<const std::vector<Row>>()) {}

const Row* BlockTable::find_in_base(const Block& key) const noexcept {
  if (std::binary_search(removed_.begin(), removed_.end(), key)) return nullptr;
  return find_row(*base_, key);
}

const Block* BlockTable::find(const Block& key) const noexcept {
  const Row* found = find_row(added_, key);
  if (found == nullptr) found = find_in_base(key);
  return found == nullptr ? nullptr : &found->partner;
}

std::variant<BlockTable, BlockTable::Problem> BlockTable::with(std::vector<Row> added,
                                                               std::vector<Block> removed) const {
  BlockTable changed = *this;
  if (auto problem = changed.take_out(std::move(removed))) return *problem;
  if (auto problem = changed.put_in(std::move(added))) return *problem;
  const std::size_t listed = changed.added_.size() + changed.removed_.size();
  if (listed > std::max(kLeastListed, base_->size() / kBaseRowsPerListed)) changed.rebuild();
  return changed;
}

std::optional<BlockTable::Problem> BlockTable::take_out(std::vector<Block> removed) {
  std::sort(removed.begin(), removed.end());
  const auto twice = std::adjacent_find(removed.begin(), removed.end());
  if (twice != removed.end()) return Problem{.key = *twice, .twice = false};
  std::vector<Block> from_base;
  for (const Block& key : removed) {
    if (find_row(added_, key) != nullptr) continue;
    if (find_in_base(key) == nullptr) return Problem{.key = key, .twice = false};
    from_base.push_back(key);
  }
  std::erase_if(added_, [&removed](const Row& row) {
    return std::binary_search(removed.begin(), removed.end(), row.key);
  });
  const auto middle = removed_.insert(removed_.end(), from_base.begin(), from_base.end());
  std::inplace_merge(removed_.begin(), middle, removed_.end());
  return std::nullopt;
}

std::optional<BlockTable::Problem> BlockTable::put_in(std::vector<Row> added) {
  std::sort(added.begin(), added.end(), by_key);
  for (const Row& row : added) {
    if (find_in_base(row.key) != nullptr) return Problem{.key = row.key, .twice = true};
  }
  const auto middle = added_.insert(added_.end(), added.begin(), added.end());
  std::inplace_merge(added_.begin(), middle, added_.end(), by_key);
  const auto twice = std::adjacent_find(added_.begin(), added_.end(),
                                        [](const Row& a, const Row& b) { return a.key == b.key; });
  if (twice != added_.end()) return Problem{.key = twice->key, .twice = true};
  return std::nullopt;
}

void BlockTable::rebuild() {
  std::vector<Row> rows;
  rows.reserve(size());
  auto added = added_.begin();
  auto removed = removed_.begin();
  for (const Row& row : *base_) {
    if (removed != removed_.end() && *removed == row.key) {
      ++removed;
      continue;
    }
    while (added != added_.end() && added->key < row.key) rows.push_back(*added++);
    rows.push_back(row);
  }
  rows.insert(rows.end(), added, added_.end());
  base_ = std::make_shared<const std::vector<Row>>(std::move(rows));
  added_ = {};
  removed_ = {};
}

}  // namespace nakadachi::symbols
