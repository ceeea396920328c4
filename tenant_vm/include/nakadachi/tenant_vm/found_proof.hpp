#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/records/log_tree.hpp"
#include "nakadachi/records/receipt.hpp"
#include "nakadachi/storage/exchange_store.hpp"

namespace nakadachi::tenant_vm {

/// The entries of one tenant in a train that was found in the store: makes receipts of
/// them, which share their witness. Immutable.
class FoundProof {
 public:
  /// Whatever the store says is compared with what the train's header states. Errors:
  /// `kLogGap`, `kLogHeadDiffers`, `kHeadNotInTrain`: rows are not what they were when
  /// the train was signed.
  static Result<FoundProof> make(TenantId tenant, storage::StoredProof stored);

  /// Of a step of this train. Errors: `kNotInLog` when it is none.
  Result<std::shared_ptr<const records::Receipt>> receipt_of(TenantId tenant,
                                                             const storage::StoredStep& step,
                                                             Bytes statement) const;

 private:
  FoundProof(records::Growth log, std::uint64_t first,
             std::shared_ptr<const records::Witness> witness)
      : log_(std::move(log)), first_(first), witness_(std::move(witness)) {}

  records::Growth log_;
  std::uint64_t first_;  ///< number of the first of these entries
  std::shared_ptr<const records::Witness> witness_;
};

}  // namespace nakadachi::tenant_vm
