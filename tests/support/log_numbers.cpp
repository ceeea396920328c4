#include "tests/support/log_numbers.hpp"

namespace nakadachi::testing {

void number_train(storage::Train& train, const LogSizes& sizes, Random& random) {
  LogSizes ends;
  const auto next = [&](TenantId tenant) {
    const auto size = sizes.find(tenant);
    const auto end = ends.try_emplace(tenant, size == sizes.end() ? 0 : size->second).first;
    return end->second++;
  };
  for (storage::ChangeRow& change : train.changes) change.number = next(change.tenant);
  for (storage::StepRow& row : train.rows) row.number = next(row.tenant);
  train.heads.clear();
  for (const auto& [tenant, size] : ends) {
    train.heads.push_back({.tenant = tenant, .size = size, .root = random.make<Digest>()});
  }
  train.checkpoints.clear();
}

void grow(LogSizes& sizes, const storage::Train& train) {
  for (const storage::Head& head : train.heads) sizes[head.tenant] = head.size;
}

}  // namespace nakadachi::testing
