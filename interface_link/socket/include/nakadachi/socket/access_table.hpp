#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "nakadachi/base/clock.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/socket/curve_keys.hpp"

namespace nakadachi::socket {

/// Who a connection belongs to. What the number means is the business of who
/// fills the table.
using UserId = StrongNumber<struct UserTag, std::uint64_t>;

/// When a key is good; an end that is not there is open.
struct KeyTime {
  std::optional<Timestamp> from;
  std::optional<Timestamp> until;  ///< and no longer at that very millisecond

  bool holds(Timestamp now) const noexcept {
    return (!from || *from <= now) && (!until || now < *until);
  }
  friend bool operator==(const KeyTime&, const KeyTime&) noexcept = default;
};

/// Whether a peer may come from an address, as in 10.1.1.11 or fd00::1; that of an IPv4 peer is
/// IPv4 at every door. Called on several threads. An empty one lets all come.
using AddressCheck = std::function<bool(std::string_view address)>;

/// Which keys may connect when, from where, and as whom. A user may have several keys (while one
/// replaces another); what is sent to it may then go to a connection of any of them, which
/// is why who must tell them apart gives each key a user of its own. Immutable: a door is
/// given a new table, see `Server::replace_table`.
class AccessTable {
 public:
  struct Entry {
    CurvePublicKey key;
    UserId user;
    KeyTime time = {};
    AddressCheck may_come_from = {};  ///< in addition to the door's own rule

    bool may_come(std::string_view address) const {
      return !may_come_from || may_come_from(address);
    }
  };

  /// Errors: `kConfigInvalid` when a key stands twice.
  static Result<std::shared_ptr<const AccessTable>> make(const std::vector<Entry>& entries);

  /// Null when the key may not connect now. Lives as long as the table.
  const Entry* find(const CurvePublicKey& key, Timestamp now) const;
  /// Whether any key of the user may.
  bool holds(UserId user, Timestamp now) const;
  std::size_t size() const noexcept { return by_key_.size(); }

 private:
  AccessTable() = default;

  std::unordered_map<CurvePublicKey, Entry> by_key_;
  std::unordered_multimap<UserId, KeyTime> by_user_;
};

}  // namespace nakadachi::socket
