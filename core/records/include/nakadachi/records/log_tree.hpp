#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"

/// The Merkle tree of a log (RFC 9162 2.1), over entry hashes and with 64-bit
/// sizes: a log grows for years, a batch (crypto::MerkleTree) is made once.
namespace nakadachi::records {

/// The longest path in a log of 2^64 - 1 entries.
inline constexpr std::size_t kMaxLogPathNodes = 64;

/// What of a log must be known to let it grow: the roots of its complete subtrees,
/// largest first (a compact range from 0). At most 64 nodes.
class Frontier {
 public:
  /// The empty log.
  Frontier() = default;
  /// From a checkpoint. Errors: `kWrongLength` with field "frontier" when a log of
  /// `size` entries has not this many nodes. That they are the right ones, only the
  /// entries after it can tell (see `LogAudit`).
  static Result<Frontier> restore(std::uint64_t size, std::vector<Digest> nodes);

  /// Adds the next entry. A log that is full (2^64 - 1 entries) is a bug.
  void append(const Digest& entry_hash);

  std::uint64_t size() const noexcept { return size_; }
  const std::vector<Digest>& nodes() const noexcept { return nodes_; }
  /// MTH of RFC 9162 2.1.1; of the empty log the hash of no bytes.
  Digest root() const;

  friend bool operator==(const Frontier&, const Frontier&) = default;

 private:
  friend class Growth;
  std::uint64_t size_ = 0;
  std::vector<Digest> nodes_;  // one for each bit that is set in size_
};

/// Where an entry stands in its log and the hashes that lead from it to the root.
struct LogPath {
  std::uint64_t number = 0;
  std::vector<Digest> nodes;  ///< from the entry upwards

  friend bool operator==(const LogPath&, const LogPath&) = default;
};

/// What one train adds to a log: made of the frontier before it and the hashes of
/// the new entries alone, in time and space of the new entries and the log's height.
/// Immutable.
class Growth {
 public:
  /// `added` holds at least one hash; none, or more than the log can take, is a bug.
  Growth(const Frontier& before, std::vector<Digest> added);

  const Frontier& after() const noexcept { return after_; }
  /// RFC 9162 2.1.3.1 towards the root of `after()`. `number` is that of a new entry;
  /// another is a bug.
  LogPath path(std::uint64_t number) const;

 private:
  /// The nodes of one level from number `first`, which is even, to the end. Those
  /// before it are below no new entry and beside none.
  struct Level {
    std::uint64_t first = 0;
    std::vector<Digest> nodes;
    std::uint64_t end() const noexcept { return first + nodes.size(); }
  };
  static Level level_above(const Level& level);

  std::uint64_t first_new_ = 0;
  std::vector<Level> levels_;  // [0] the entries, back() the root alone
  Frontier after_;
};

/// RFC 9162 2.1.3.2: whether `entry_hash` stands at `path.number` of the log of `size`
/// entries with this root. Take number, size and root from what is signed. A path that is
/// too long is not followed to its end.
bool verify_inclusion(const Digest& entry_hash, const LogPath& path, std::uint64_t size,
                      const Digest& root);

/// RFC 9162 2.1.4.1: the hashes that show that the log of all `entry_hashes` continues
/// the log of the first `older_size` of them. Empty when either is empty or they are
/// equal. `older_size` is at most their number; more is a bug.
std::vector<Digest> consistency_proof(std::span<const Digest> entry_hashes,
                                      std::uint64_t older_size);

/// RFC 9162 2.1.4.2: whether the log of `newer_size` entries with root `newer_root`
/// begins with the one of `older_size` entries. Every log continues the empty one.
bool verify_consistency(std::uint64_t older_size, const Digest& older_root,
                        std::uint64_t newer_size, const Digest& newer_root,
                        std::span<const Digest> proof);

}  // namespace nakadachi::records
