#include "log_proof.hpp"

#include <algorithm>
#include <vector>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/tenant_vm/log_rows.hpp"

namespace nakadachi::tenant_vm {

std::shared_ptr<const records::Receipt> CommittedTrain::receipt_of(
    const storage::StepRow& step, Bytes statement, const crypto::Delegation& delegation) {
  return std::make_shared<const records::Receipt>(
      records::Receipt{.entry = entry_of(step),
                       .statement = std::move(statement),
                       .salt = step.salt,
                       .log_path = logs_.at(step.tenant).path(step.number).nodes,
                       .witness = witness_of(step.tenant, delegation)});
}

const std::shared_ptr<const records::Witness>& CommittedTrain::witness_of(
    TenantId tenant, const crypto::Delegation& delegation) {
  auto& witness = witnesses_[{tenant, delegation.institution}];
  if (witness != nullptr) return witness;
  const std::vector<storage::Head>& heads = train_->heads;
  const auto head = std::find_if(heads.begin(), heads.end(),
                                 [&](const auto& one) { return one.tenant == tenant; });
  NAKADACHI_ASSERT(head != heads.end());
  // Heads have the last leaves.
  const auto place = static_cast<std::uint32_t>(train_->rows.size() + train_->changes.size()) +
                     static_cast<std::uint32_t>(head - heads.begin());
  witness = std::make_shared<const records::Witness>(
      records::Witness{.head = {head->tenant, head->size, head->root},
                       .head_path = tree_->path(place),
                       .train = *header_,
                       .delegation = delegation});
  return witness;
}

}  // namespace nakadachi::tenant_vm
