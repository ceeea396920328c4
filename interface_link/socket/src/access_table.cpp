#include "nakadachi/socket/access_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace nakadachi::socket {

Result<std::shared_ptr<const AccessTable>> AccessTable::make(const std::vector<Entry>& entries) {
  const std::shared_ptr<AccessTable> table(new AccessTable);
  for (const Entry& entry : entries) {
    if (!table->by_key_.emplace(entry.key, entry).second) {
      return Error{.code = ErrorCode::kConfigInvalid,
                   .field = "access_table",
                   .detail = fmt::format("key {} stands twice", to_z85(entry.key))};
    }
    table->by_user_.emplace(entry.user, entry.time);
  }
  return std::shared_ptr<const AccessTable>(table);
}

const AccessTable::Entry* AccessTable::find(const CurvePublicKey& key, Timestamp now) const {
  const auto found = by_key_.find(key);
  return found != by_key_.end() && found->second.time.holds(now) ? &found->second : nullptr;
}

bool AccessTable::holds(UserId user, Timestamp now) const {
  const auto [first, last] = by_user_.equal_range(user);
  return std::any_of(first, last, [now](const auto& one) { return one.second.holds(now); });
}

}  // namespace nakadachi::socket
