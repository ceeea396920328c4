#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "nakadachi/crypto/block_cipher.hpp"

namespace nakadachi::symbols {

using Block = crypto::BlockCipher::Block;

/// One direction of a map: from a block to its partner. Immutable; a changed
/// table shares the large sorted base with the former one and has small sorted
/// lists of what was added and removed since, until they are worth a new base.
class BlockTable {
 public:
  struct Row {
    Block key;
    Block partner;
  };
  /// A key that stands twice, or one to be removed that is not there.
  struct Problem {
    Block key;
    bool twice;
  };

  BlockTable();

  /// Null when the key is not there.
  const Block* find(const Block& key) const noexcept;
  std::size_t size() const noexcept { return base_->size() - removed_.size() + added_.size(); }

  /// This table without the rows of `removed` and then with `added`.
  std::variant<BlockTable, Problem> with(std::vector<Row> added, std::vector<Block> removed) const;

 private:
  const Row* find_in_base(const Block& key) const noexcept;
  std::optional<Problem> take_out(std::vector<Block> removed);
  std::optional<Problem> put_in(std::vector<Row> added);
  void rebuild();

  std::shared_ptr<const std::vector<Row>> base_;  // sorted by key, like the others
  std::vector<Row> added_;                        // not in base_, or removed from it
  std::vector<Block> removed_;                    // of base_
};

}  // namespace nakadachi::symbols
