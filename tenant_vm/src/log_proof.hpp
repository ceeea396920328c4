#pragma once

#include <map>
#include <memory>
#include <utility>

#include "nakadachi/crypto/merkle.hpp"
#include "nakadachi/crypto/registry.hpp"
#include "nakadachi/crypto/signed_batch.hpp"
#include "nakadachi/records/receipt.hpp"
#include "nakadachi/storage/exchange_store.hpp"

namespace nakadachi::tenant_vm {

/// A train that has just become durable: makes receipts of its steps. What nobody
/// waits for is not computed.
class CommittedTrain {
 public:
  /// `logs` as they grew by the train.
  CommittedTrain(std::shared_ptr<const storage::Train> train,
                 std::shared_ptr<const crypto::BatchHeader> header,
                 std::unique_ptr<const crypto::MerkleTree> tree,
                 std::map<TenantId, records::Growth> logs)
      : train_(std::move(train)),
        header_(std::move(header)),
        tree_(std::move(tree)),
        logs_(std::move(logs)) {}

  /// Of a step of this train. Receipts of one tenant and delegation share their witness.
  std::shared_ptr<const records::Receipt> receipt_of(const storage::StepRow& step, Bytes statement,
                                                     const crypto::Delegation& delegation);

 private:
  const std::shared_ptr<const records::Witness>& witness_of(TenantId tenant,
                                                            const crypto::Delegation& delegation);

  std::shared_ptr<const storage::Train> train_;
  std::shared_ptr<const crypto::BatchHeader> header_;
  std::unique_ptr<const crypto::MerkleTree> tree_;
  std::map<TenantId, records::Growth> logs_;
  using WitnessName = std::pair<TenantId, InstitutionCode>;
  std::map<WitnessName, std::shared_ptr<const records::Witness>> witnesses_;
};

}  // namespace nakadachi::tenant_vm
