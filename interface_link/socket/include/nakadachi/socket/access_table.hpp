#pragma once

#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/socket/curve_keys.hpp"

namespace nakadachi::socket {

/// Who a connection belongs to. What the number means is the business of who
/// fills the table.
using UserId = StrongNumber<struct UserTag, std::uint64_t>;

/// Which keys may connect, and as whom. A user may have several keys (while one
/// replaces another). Immutable: a door is given a new table, see
/// `Server::replace_table`.
class AccessTable {
 public:
  struct Entry {
    CurvePublicKey key;
    UserId user;
  };

  /// Errors: `kConfigInvalid` when a key stands twice.
  static Result<std::shared_ptr<const AccessTable>> make(const std::vector<Entry>& entries);

  /// Nothing when the key may not connect.
  std::optional<UserId> find(const CurvePublicKey& key) const;
  bool holds(UserId user) const { return users_.contains(user); }
  std::size_t size() const noexcept { return by_key_.size(); }

 private:
  AccessTable() = default;

  std::unordered_map<CurvePublicKey, UserId> by_key_;
  std::unordered_set<UserId> users_;
};

}  // namespace nakadachi::socket
