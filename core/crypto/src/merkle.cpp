#include "nakadachi/crypto/merkle.hpp"

#include <array>
#include <utility>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/base/limits.hpp"
#include "nakadachi/crypto/hash.hpp"

namespace nakadachi::crypto {
namespace {

// RFC 9162 2.1.1: leaves and nodes are told apart by their first byte.
constexpr std::array<std::uint8_t, 1> kLeaf{0x00};
constexpr std::array<std::uint8_t, 1> kNode{0x01};
constexpr std::size_t kMaxLeaves = std::size_t{1} << limits::kMaxPathNodes;

/// Joins neighbours; a last one without neighbour goes up as it is, which makes
/// the same tree as the recursive definition in RFC 9162.
std::vector<Digest> level_above(const std::vector<Digest>& level) {
  std::vector<Digest> above;
  above.reserve((level.size() + 1) / 2);
  for (std::size_t i = 0; i + 1 < level.size(); i += 2) {
    above.push_back(node_hash(level[i], level[i + 1]));
  }
  if (level.size() % 2 == 1) above.push_back(level.back());
  return above;
}

}  // namespace

Digest leaf_hash(const Salt& salt, std::uint8_t kind, ByteView statement) {
  return sha256({kLeaf, salt.view(), ByteView(&kind, 1), statement});
}

Digest node_hash(const Digest& left, const Digest& right) {
  return sha256({kNode, left.view(), right.view()});
}

MerkleTree::MerkleTree(std::vector<Digest> leaves) {
  NAKADACHI_ASSERT(!leaves.empty() && leaves.size() <= kMaxLeaves);
  levels_.push_back(std::move(leaves));
  while (levels_.back().size() > 1) levels_.push_back(level_above(levels_.back()));
}

std::uint32_t MerkleTree::size() const noexcept {
  return static_cast<std::uint32_t>(levels_.front().size());
}

const Digest& MerkleTree::root() const noexcept { return levels_.back().front(); }

InclusionPath MerkleTree::path(std::uint32_t index) const {
  NAKADACHI_ASSERT(index < size());
  InclusionPath path{.index = index, .nodes = {}};
  path.nodes.reserve(levels_.size() - 1);
  std::size_t place = index;
  for (const std::vector<Digest>& level : levels_) {
    const std::size_t neighbour = place ^ 1U;
    if (neighbour < level.size()) path.nodes.push_back(level[neighbour]);
    place /= 2;
  }
  return path;
}

bool verify_inclusion(const Digest& leaf, const InclusionPath& path, std::uint32_t size,
                      const Digest& root) {
  return path.nodes.size() <= limits::kMaxPathNodes &&
         leads_to_root(leaf, path.index, path.nodes, size, root);
}

bool leads_to_root(const Digest& leaf, std::uint64_t place, std::span<const Digest> nodes,
                   std::uint64_t size, const Digest& root) {
  if (place >= size) return false;
  // The names fn, sn and r are those of RFC 9162 2.1.3.2.
  std::uint64_t fn = place;
  std::uint64_t sn = size - 1;
  Digest r = leaf;
  for (const Digest& p : nodes) {
    if (sn == 0) return false;
    if (fn % 2 == 1 || fn == sn) {
      r = node_hash(p, r);
      while (fn % 2 == 0 && fn != 0) {
        fn /= 2;
        sn /= 2;
      }
    } else {
      r = node_hash(r, p);
    }
    fn /= 2;
    sn /= 2;
  }
  return sn == 0 && r == root;
}

}  // namespace nakadachi::crypto
