#include "nakadachi/records/log_tree.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/crypto/hash.hpp"
#include "nakadachi/crypto/merkle.hpp"

namespace nakadachi::records {
namespace {

using crypto::node_hash;

constexpr std::uint64_t kFull = std::numeric_limits<std::uint64_t>::max();

/// Place of the node of a complete subtree of 2^level entries among a frontier's
/// nodes: as many stand before it as larger subtrees there are.
std::size_t place_of(std::uint64_t size, unsigned level) {
  return static_cast<std::size_t>(std::popcount((size >> level) >> 1U));
}

Digest root_of(std::span<const Digest> entry_hashes) {
  Frontier frontier;
  for (const Digest& hash : entry_hashes) frontier.append(hash);
  return frontier.root();
}

/// SUBPROOF of RFC 9162 2.1.4.1, the last node first. `m` is neither 0 nor more than
/// the number of hashes.
void append_subproof(std::vector<Digest>& proof, std::uint64_t m, std::span<const Digest> hashes) {
  bool complete = true;  // the older log is a whole subtree, whose root the verifier has
  std::vector<Digest> downwards;
  while (m != hashes.size()) {
    const std::size_t k = std::bit_ceil(hashes.size()) / 2;
    if (m <= k) {
      downwards.push_back(root_of(hashes.subspan(k)));
      hashes = hashes.first(k);
    } else {
      downwards.push_back(root_of(hashes.first(k)));
      hashes = hashes.subspan(k);
      m -= k;
      complete = false;
    }
  }
  if (!complete) proof.push_back(root_of(hashes));
  proof.insert(proof.end(), downwards.rbegin(), downwards.rend());
}

}  // namespace

Result<Frontier> Frontier::restore(std::uint64_t size, std::vector<Digest> nodes) {
  if (nodes.size() != static_cast<std::size_t>(std::popcount(size))) {
    return Error{.code = ErrorCode::kWrongLength, .field = "frontier"};
  }
  Frontier frontier;
  frontier.size_ = size;
  frontier.nodes_ = std::move(nodes);
  return frontier;
}

void Frontier::append(const Digest& entry_hash) {
  NAKADACHI_ASSERT(size_ != kFull);
  Digest node = entry_hash;
  // As in counting up by one: every 1 at the end of the number carries.
  for (std::uint64_t size = size_; size % 2 == 1; size /= 2) {
    node = node_hash(nodes_.back(), node);
    nodes_.pop_back();
  }
  nodes_.push_back(node);
  ++size_;
}

Digest Frontier::root() const {
  if (nodes_.empty()) return crypto::sha256({});
  Digest root = nodes_.back();
  for (std::size_t i = nodes_.size() - 1; i-- > 0;) root = node_hash(nodes_[i], root);
  return root;
}

Growth::Growth(const Frontier& before, std::vector<Digest> added) : first_new_(before.size()) {
  NAKADACHI_ASSERT(!added.empty() && added.size() <= kFull - before.size());
  const std::uint64_t size = before.size() + added.size();
  Level level{.first = before.size(), .nodes = std::move(added)};
  for (unsigned height = 0;; ++height) {
    if (level.first % 2 == 1) {  // its left neighbour is a complete subtree of the old log
      --level.first;
      level.nodes.insert(level.nodes.begin(), before.nodes()[place_of(before.size(), height)]);
    }
    levels_.push_back(std::move(level));
    if (levels_.back().end() == 1) break;
    level = level_above(levels_.back());
  }
  // A subtree that the new entries did not touch has no level: it stays as it was.
  after_.size_ = size;
  after_.nodes_.reserve(static_cast<std::size_t>(std::popcount(size)));
  for (unsigned height = static_cast<unsigned>(std::bit_width(size)); height-- > 0;) {
    const std::uint64_t count = size >> height;
    if (count % 2 == 0) continue;
    const Level& there = levels_[height];
    after_.nodes_.push_back(there.nodes[static_cast<std::size_t>(count - 1 - there.first)]);
  }
}

Growth::Level Growth::level_above(const Level& level) {
  Level above{.first = level.first / 2, .nodes = {}};
  above.nodes.reserve((level.nodes.size() + 1) / 2);
  for (std::size_t i = 0; i + 1 < level.nodes.size(); i += 2) {
    above.nodes.push_back(node_hash(level.nodes[i], level.nodes[i + 1]));
  }
  if (level.nodes.size() % 2 == 1) above.nodes.push_back(level.nodes.back());
  return above;
}

LogPath Growth::path(std::uint64_t number) const {
  NAKADACHI_ASSERT(number >= first_new_ && number < after_.size());
  LogPath path{.number = number, .nodes = {}};
  path.nodes.reserve(levels_.size() - 1);
  std::uint64_t place = number;
  for (const Level& level : levels_) {
    const std::uint64_t neighbour = place ^ 1U;
    if (neighbour < level.end()) {
      path.nodes.push_back(level.nodes[static_cast<std::size_t>(neighbour - level.first)]);
    }
    place /= 2;
  }
  return path;
}

bool verify_inclusion(const Digest& entry_hash, const LogPath& path, std::uint64_t size,
                      const Digest& root) {
  return crypto::leads_to_root(entry_hash, path.number, path.nodes, size, root);
}

std::vector<Digest> consistency_proof(std::span<const Digest> entry_hashes,
                                      std::uint64_t older_size) {
  NAKADACHI_ASSERT(older_size <= entry_hashes.size());
  std::vector<Digest> proof;
  if (older_size > 0 && older_size < entry_hashes.size()) {
    append_subproof(proof, older_size, entry_hashes);
  }
  return proof;
}

bool verify_consistency(std::uint64_t older_size, const Digest& older_root,
                        std::uint64_t newer_size, const Digest& newer_root,
                        std::span<const Digest> proof) {
  if (older_size > newer_size) return false;
  if (older_size == 0 && older_root != Frontier().root()) return false;
  if (older_size == newer_size) return proof.empty() && older_root == newer_root;
  if (older_size == 0) return proof.empty();
  // The names fn, sn, fr and sr are those of RFC 9162 2.1.4.2.
  std::uint64_t fn = older_size - 1;
  std::uint64_t sn = newer_size - 1;
  const auto shift = static_cast<unsigned>(std::countr_one(fn));  // below 64, for fn < sn
  fn >>= shift;
  sn >>= shift;
  const bool complete = std::has_single_bit(older_size);
  if (!complete && proof.empty()) return false;
  Digest fr = complete ? older_root : proof.front();
  Digest sr = fr;
  for (const Digest& c : proof.subspan(complete ? 0 : 1)) {
    if (sn == 0) return false;
    if (fn % 2 == 1 || fn == sn) {
      fr = node_hash(c, fr);
      sr = node_hash(c, sr);
      while (fn % 2 == 0 && fn != 0) {
        fn /= 2;
        sn /= 2;
      }
    } else {
      sr = node_hash(sr, c);
    }
    fn /= 2;
    sn /= 2;
  }
  return sn == 0 && fr == older_root && sr == newer_root;
}

}  // namespace nakadachi::records
