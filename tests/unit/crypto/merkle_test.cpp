#include "nakadachi/crypto/merkle.hpp"

#include <bit>
#include <span>

#include "nakadachi/base/limits.hpp"
#include "nakadachi/crypto/hash.hpp"
#include "tests/unit/crypto/crypto_helpers.hpp"

namespace nakadachi::crypto::test {
namespace {

using Leaves = std::span<const Digest>;

std::vector<Digest> some_leaves(std::uint32_t size) {
  std::vector<Digest> leaves;
  for (std::uint32_t i = 0; i < size; ++i) {
    Bytes content;
    append_big_endian<4>(content, i);
    leaves.push_back(sha256({content}));
  }
  return leaves;
}

Digest node(const Digest& left, const Digest& right) {
  return sha256({hex("01"), left.view(), right.view()});
}

/// RFC 9162 2.1.1: k, the largest power of two smaller than n.
std::size_t split(std::size_t n) { return std::bit_ceil(n) / 2; }

/// MTH of RFC 9162 2.1.1, word by word.
Digest root_by_definition(Leaves leaves) {
  if (leaves.size() == 1) return leaves[0];
  const std::size_t k = split(leaves.size());
  return node(root_by_definition(leaves.first(k)), root_by_definition(leaves.subspan(k)));
}

/// PATH of RFC 9162 2.1.3.1, word by word.
std::vector<Digest> path_by_definition(std::size_t m, Leaves leaves) {
  if (leaves.size() == 1) return {};
  const std::size_t k = split(leaves.size());
  const bool is_left = m < k;
  auto path =
      path_by_definition(is_left ? m : m - k, is_left ? leaves.first(k) : leaves.subspan(k));
  path.push_back(root_by_definition(is_left ? leaves.subspan(k) : leaves.first(k)));
  return path;
}

/// On which side of its neighbours the leaf stands, from the leaf upwards.
std::string sides(std::size_t m, std::size_t n) {
  if (n == 1) return "";
  const std::size_t k = split(n);
  return m < k ? sides(m, k) + "L" : sides(m - k, n - k) + "R";
}

TEST_CASE("a leaf is hashed with its salt and kind") {
  const auto salt = filled<Salt>(9);
  const Digest leaf = leaf_hash(salt, 2, as_bytes("statement"));
  Bytes content = {0x00};
  append(content, salt.view());
  content.push_back(2);
  append(content, as_bytes("statement"));
  CHECK(leaf == sha256({content}));
  CHECK(leaf != leaf_hash(filled<Salt>(8), 2, as_bytes("statement")));
  CHECK(leaf != leaf_hash(salt, 3, as_bytes("statement")));
  CHECK(leaf != leaf_hash(salt, 2, as_bytes("statemens")));
}

TEST_CASE("roots are those of the Certificate Transparency test leaves") {
  const std::string_view contents[] = {"",
                                       "00",
                                       "10",
                                       "2021",
                                       "3031",
                                       "40414243",
                                       "5051525354555657",
                                       "606162636465666768696a6b6c6d6e6f"};
  const std::string_view roots[] = {
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  std::vector<Digest> leaves;
  for (std::size_t i = 0; i < std::size(contents); ++i) {
    leaves.push_back(sha256({hex("00"), hex(contents[i])}));
    const MerkleTree tree(leaves);
    CHECK(tree.size() == i + 1);
    CHECK(to_hex(tree.root().view()) == roots[i]);
  }
}

TEST_CASE("for every size to 300 and every index, root and path are RFC 9162's and verify") {
  const std::vector<Digest> all = some_leaves(300);
  for (std::uint32_t size = 1; size <= 300; ++size) {
    const std::vector<Digest> leaves(all.begin(), all.begin() + size);
    const MerkleTree tree(leaves);
    REQUIRE(tree.root() == root_by_definition(leaves));
    const bool compare = size <= 70 || size == 129 || size >= 299;  // the definition is slow
    for (std::uint32_t index = 0; index < size; ++index) {
      const InclusionPath path = tree.path(index);
      REQUIRE(path.index == index);
      REQUIRE(path.nodes.size() <= limits::kMaxPathNodes);
      if (compare) REQUIRE(path.nodes == path_by_definition(index, leaves));
      REQUIRE(verify_inclusion(leaves[index], path, size, tree.root()));
    }
  }
}

TEST_CASE("the largest tree verifies at its edges") {
  const std::vector<Digest> leaves = some_leaves(1U << limits::kMaxPathNodes);
  const MerkleTree tree(leaves);
  for (const std::uint32_t index : {0U, 511U, 512U, 1023U}) {
    CHECK(tree.path(index).nodes.size() == limits::kMaxPathNodes);
    CHECK(verify_inclusion(leaves[index], tree.path(index), tree.size(), tree.root()));
  }
}

TEST_CASE("another leaf, root, path node or index does not verify") {
  const std::uint32_t size = GENERATE(1U, 2U, 3U, 5U, 6U, 7U, 8U, 13U, 32U, 33U);
  const std::vector<Digest> leaves = some_leaves(size);
  const MerkleTree tree(leaves);
  const Digest stranger = sha256({as_bytes("stranger")});
  for (std::uint32_t index = 0; index < size; ++index) {
    const InclusionPath path = tree.path(index);
    CHECK_FALSE(verify_inclusion(stranger, path, size, tree.root()));
    CHECK_FALSE(verify_inclusion(leaves[index], path, size, stranger));
    for (std::uint32_t other = 0; other < size + 3; ++other) {
      if (other == index) continue;
      const InclusionPath moved{.index = other, .nodes = path.nodes};
      CHECK_FALSE(verify_inclusion(leaves[index], moved, size, tree.root()));
    }
    for (std::size_t i = 0; i < path.nodes.size(); ++i) {
      InclusionPath changed = path;
      changed.nodes[i].writable()[i] ^= 1;
      CHECK_FALSE(verify_inclusion(leaves[index], changed, size, tree.root()));
      InclusionPath shorter = path;
      shorter.nodes.erase(shorter.nodes.begin() + static_cast<std::ptrdiff_t>(i));
      CHECK_FALSE(verify_inclusion(leaves[index], shorter, size, tree.root()));
    }
    InclusionPath longer = path;
    longer.nodes.push_back(stranger);
    CHECK_FALSE(verify_inclusion(leaves[index], longer, size, tree.root()));
    // Nor where the root was made to fit the longer path.
    CHECK_FALSE(verify_inclusion(leaves[index], longer, size, node(stranger, tree.root())));
    CHECK_FALSE(verify_inclusion(leaves[index], longer, size, node(tree.root(), stranger)));
  }
}

TEST_CASE("another size verifies only where it puts the leaf at the same place of the tree") {
  for (std::uint32_t size = 1; size <= 33; ++size) {
    const std::vector<Digest> leaves = some_leaves(size);
    const MerkleTree tree(leaves);
    for (std::uint32_t index = 0; index < size; ++index) {
      const InclusionPath path = tree.path(index);
      for (std::uint32_t other = 0; other <= 70; ++other) {
        const bool same_place = index < other && sides(index, other) == sides(index, size);
        REQUIRE(verify_inclusion(leaves[index], path, other, tree.root()) == same_place);
      }
    }
  }
}

TEST_CASE("an inner node is no leaf, and over-long paths are not followed") {
  const std::vector<Digest> leaves = some_leaves(4);
  const MerkleTree tree(leaves);
  // The left half of the tree shown as a leaf of a tree of two.
  const InclusionPath half{.index = 0, .nodes = {node(leaves[2], leaves[3])}};
  CHECK(verify_inclusion(node(leaves[0], leaves[1]), half, 2, tree.root()));
  // …is only possible for who knows a statement with that leaf hash, and leaves begin with 0x00.
  CHECK(leaf_hash(Salt{}, 0, {}) != node(leaves[0], leaves[1]));
  const InclusionPath endless{.index = 0, .nodes = std::vector<Digest>(1000)};
  CHECK_FALSE(verify_inclusion(leaves[0], endless, UINT32_MAX, tree.root()));
  CHECK_FALSE(verify_inclusion(leaves[0], {}, 0, leaves[0]));
}

}  // namespace
}  // namespace nakadachi::crypto::test
