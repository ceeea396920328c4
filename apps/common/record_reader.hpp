#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "nakadachi/base/error.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/crypto/keys.hpp"
#include "nakadachi/crypto/registry.hpp"
#include "nakadachi/crypto/signed_batch.hpp"
#include "nakadachi/records/receipt.hpp"
#include "nakadachi/storage/exchange_store.hpp"
#include "nakadachi/tenant_vm/found_proof.hpp"
#include "nakadachi/wire/statements.hpp"

namespace nakadachi::apps {

/// A step, opened, and what proves it.
struct ReadRecord {
  wire::StoredContent content;
  std::shared_ptr<const records::Receipt> receipt;  ///< checked
};

/// Opens steps of one body with its keys and makes their receipts, each checked before it
/// is given out. Steps are best read in the order of the log: what belongs to a train is kept
/// until a step of another one comes. One thread at a time; references outlive it.
class RecordReader {
 public:
  RecordReader(storage::ExchangeStore& store, const crypto::Registry& registry,
               crypto::TenantCipher cipher)
      : store_(&store),
        registry_(&registry),
        cipher_(std::move(cipher)),
        delegations_(registry, verifier_),
        batches_(verifier_) {}
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;

  TenantId tenant() const noexcept { return cipher_.tenant(); }

  /// Errors: `kKeyUnavailable`; those of the store; and where what is stored is not what was
  /// signed (`is_damage`): `kSealBroken`, those of wire's decoders, `kStatementDiffers`, those
  /// of `FoundProof` and `records::check`, `kLogHeadDiffers` also when the train is missing,
  /// `kDelegationInvalid` also when none is there.
  Result<ReadRecord> read(const storage::StoredStep& step);

  /// The record of a change, opened and compared with its leaf. Errors: `kKeyUnavailable`,
  /// `kSealBroken`, `kStatementDiffers`.
  Result<Bytes> read(const storage::StoredChange& change);

 private:
  Result<const tenant_vm::FoundProof*> proof_of(const storage::StoredStep& step,
                                                const InstitutionCode& acting);

  storage::ExchangeStore* store_;
  const crypto::Registry* registry_;
  crypto::TenantCipher cipher_;
  crypto::Ed25519Verifier verifier_;
  crypto::DelegationVerifier delegations_;
  crypto::BatchVerifier batches_;
  std::pair<LaneId, TrainNumber> train_;
  std::map<InstitutionCode, tenant_vm::FoundProof> proofs_;  ///< of `train_`, by who acts
};

/// Whether an error says that what is stored contradicts itself or what was signed, and not
/// that it could not be read.
bool is_damage(ErrorCode code) noexcept;

}  // namespace nakadachi::apps
