#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nakadachi/socket/access_table.hpp"

namespace nakadachi::socket {

/// Makes every key at a door a user of its own: in the lower 24 bits the number of who
/// holds it, in the 8 above which of the holder's keys it is. So what waits for a
/// connection is told from what may go out to another key of the same holder. A key that
/// stays, at the same place, keeps its user from one table to the next; the 256th key after one has
/// its number again, when no connection of that one is left. Each key has a rate of its own.
class DoorUsers {
 public:
  static constexpr unsigned kHolderBits = 24;
  static constexpr unsigned kUserBits = 32;

  struct Key {
    std::uint32_t holder = 0;
    CurvePublicKey key;
    KeyTime time = {};
    std::string place = {};  ///< what `may_come_from` was made of
    AddressCheck may_come_from = {};
  };
  struct Renewed {
    std::shared_ptr<const AccessTable> table;
    std::size_t came = 0;  ///< keys that the former table had not
    std::size_t went = 0;
  };

  /// The next table. Errors: `kConfigInvalid` for a holder's number of more than 24 bits
  /// and a key that stands twice; the former users stay then.
  Result<Renewed> renew(const std::vector<Key>& keys);

  static std::uint32_t holder_of(UserId user) noexcept {
    return static_cast<std::uint32_t>(user.value & ((std::uint64_t{1} << kHolderBits) - 1));
  }

 private:
  struct User {
    UserId id;
    std::string place;
  };
  std::map<CurvePublicKey, User> users_;
  std::map<std::uint32_t, std::uint8_t> last_;  ///< by holder: number of its newest key
};

}  // namespace nakadachi::socket
