#include "nakadachi/socket/door_users.hpp"

#include <utility>

namespace nakadachi::socket {

Result<DoorUsers::Renewed> DoorUsers::renew(const std::vector<Key>& keys) {
  Renewed renewed;
  std::map<CurvePublicKey, User> users;
  std::vector<AccessTable::Entry> entries;
  entries.reserve(keys.size());
  for (const Key& key : keys) {
    if (key.holder >> kHolderBits != 0) {
      return Error{.code = ErrorCode::kConfigInvalid, .field = "number"};
    }
    const auto known = users_.find(key.key);
    const bool stays = known != users_.end() && holder_of(known->second.id) == key.holder &&
                       known->second.place == key.place;
    if (!stays) ++renewed.came;
    const UserId user =
        stays ? known->second.id
              : UserId{std::uint64_t{++last_[key.holder]} << kHolderBits | key.holder};
    users.emplace(key.key, User{user, key.place});
    entries.push_back(
        {.key = key.key, .user = user, .time = key.time, .may_come_from = key.may_come_from});
  }
  NAKADACHI_TRY(renewed.table, AccessTable::make(entries));
  renewed.went = users_.size() - (users.size() - renewed.came);
  users_ = std::move(users);
  return renewed;
}

}  // namespace nakadachi::socket
