#include "nakadachi/records/receipt.hpp"

#include "nakadachi/base/assert.hpp"

namespace nakadachi::records {
namespace {

Result<void> check_entry(const Receipt& receipt) {
  NAKADACHI_CHECK(check_form(receipt.entry));
  NAKADACHI_CHECK(check_statement(receipt.entry, receipt.salt, receipt.statement));
  const LogHead& head = receipt.witness->head;
  if (head.tenant != receipt.entry.tenant) {
    return Error{.code = ErrorCode::kAnotherTenant, .field = "head"};
  }
  const LogPath path{.number = receipt.entry.number, .nodes = receipt.log_path};
  if (!verify_inclusion(entry_hash(receipt.entry), path, head.size, head.root)) {
    return Error{.code = ErrorCode::kNotInLog, .field = "log_path"};
  }
  return {};
}

Result<void> check_head(const Witness& witness) {
  if (witness.train.purpose != crypto::BatchPurpose::kTrain) {
    return Error{.code = ErrorCode::kNotATrain, .field = "train"};
  }
  if (!crypto::verify_inclusion(head_leaf(witness.head), witness.head_path, witness.train.size,
                                witness.train.root)) {
    return Error{.code = ErrorCode::kHeadNotInTrain, .field = "head_path"};
  }
  return {};
}

/// Looks at the very delegation that was shown: `delegations` keeps the latest ones
/// of an institution only, and receipts may be years old.
Result<void> check_delegation(const Receipt& receipt, const crypto::Registry& registry,
                              crypto::DelegationVerifier& delegations) {
  const crypto::Delegation& shown = receipt.witness->delegation;
  const crypto::BatchHeader& train = receipt.witness->train;
  const crypto::RegistryEntry* const institution = registry.find(shown.institution);
  if (institution == nullptr) {
    return Error{.code = ErrorCode::kUnknownInstitution, .field = "delegation"};
  }
  if (institution->tenant != receipt.entry.tenant) {
    return Error{.code = ErrorCode::kAnotherTenant, .field = "delegation"};
  }
  Error error{.code = ErrorCode::kDelegationInvalid, .field = "delegation"};
  if (shown.node_key != train.signer) {
    error.detail = "for another node";
    return error;
  }
  if (train.signed_at < shown.from || train.signed_at >= shown.until) {
    error.detail = "outside of its time";
    return error;
  }
  return delegations.learn(shown);
}

}  // namespace

Result<void> check(const Receipt& receipt, const crypto::Registry& registry,
                   crypto::DelegationVerifier& delegations, crypto::BatchVerifier& batches) {
  NAKADACHI_ASSERT(receipt.witness != nullptr);
  NAKADACHI_CHECK(check_entry(receipt));
  NAKADACHI_CHECK(check_head(*receipt.witness));
  NAKADACHI_CHECK(check_delegation(receipt, registry, delegations));
  return batches.check(receipt.witness->train);
}

}  // namespace nakadachi::records
