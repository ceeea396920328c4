#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/ids.hpp"

namespace nakadachi::crypto {

/// Hash of one salted leaf: SHA-256(0x00 ‖ salt ‖ kind ‖ statement).
/// RFC 9162 2.1.1 with the salt and kind as part of the leaf's content.
Digest leaf_hash(const Salt& salt, std::uint8_t kind, ByteView statement);

/// Hash of an inner node: SHA-256(0x01 ‖ left ‖ right), RFC 9162 2.1.1.
Digest node_hash(const Digest& left, const Digest& right);

/// Where a leaf stands and the hashes that lead from it to the root.
struct InclusionPath {
  std::uint32_t index = 0;
  std::vector<Digest> nodes;  ///< from the leaf upwards, at most limits::kMaxPathNodes
};

/// The Merkle tree of RFC 9162 2.1.1 over leaf hashes. Immutable.
class MerkleTree {
 public:
  /// From 1 to 2^limits::kMaxPathNodes leaves; anything else is a bug.
  explicit MerkleTree(std::vector<Digest> leaves);
  std::uint32_t size() const noexcept;
  const Digest& root() const noexcept;
  /// RFC 9162 2.1.3.1. `index` < size().
  InclusionPath path(std::uint32_t index) const;

 private:
  std::vector<std::vector<Digest>> levels_;  // [0] the leaves, back() the root alone
};

/// RFC 9162 2.1.3.2: whether `leaf` stands at `path.index` of the tree of
/// `size` leaves with this root. A root does not tell its size (at places far
/// from the end, several sizes share a path), so take both from the signed header.
/// Never fails otherwise; paths longer than limits::kMaxPathNodes are not followed.
bool verify_inclusion(const Digest& leaf, const InclusionPath& path, std::uint32_t size,
                      const Digest& root);

/// RFC 9162 2.1.3.2 for trees of any size: whether `nodes` lead from `leaf` at `place` to
/// the root of the tree of `size` leaves. A path that is too long is not followed to its end.
bool leads_to_root(const Digest& leaf, std::uint64_t place, std::span<const Digest> nodes,
                   std::uint64_t size, const Digest& root);

}  // namespace nakadachi::crypto
