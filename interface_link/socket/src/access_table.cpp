#include "nakadachi/socket/access_table.hpp"

#include <fmt/format.h>

namespace nakadachi::socket {

Result<std::shared_ptr<const AccessTable>> AccessTable::make(const std::vector<Entry>& entries) {
  const std::shared_ptr<AccessTable> table(new AccessTable);
  for (const Entry& entry : entries) {
    if (!table->by_key_.emplace(entry.key, entry.user).second) {
      return Error{.code = ErrorCode::kConfigInvalid,
                   .field = "access_table",
                   .detail = fmt::format("key {} stands twice", to_z85(entry.key))};
    }
    table->users_.insert(entry.user);
  }
  return std::shared_ptr<const AccessTable>(table);
}

std::optional<UserId> AccessTable::find(const CurvePublicKey& key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace nakadachi::socket
