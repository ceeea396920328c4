#pragma once

#include <memory>
#include <vector>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/crypto/merkle.hpp"
#include "nakadachi/crypto/registry.hpp"
#include "nakadachi/crypto/signed_batch.hpp"
#include "nakadachi/records/log_entry.hpp"
#include "nakadachi/records/log_head.hpp"
#include "nakadachi/records/log_tree.hpp"

namespace nakadachi::records {

/// What of a receipt belongs to its train and is the same for all entries of one body
/// in it: of how many receipts however it is a part, it is kept and sent once.
struct Witness {
  LogHead head;                     ///< of the log after the train that added the entries
  crypto::InclusionPath head_path;  ///< from the head's leaf to the train's root
  crypto::BatchHeader train;        ///< signed by a node
  crypto::Delegation delegation;    ///< of an institution of the tenant, to that node
};

/// All that proves to a third party that one statement stands in a body's log
/// (情報提供等記録, 番号法 23条), without anything else of that log. Whoever has the
/// pinned registry can check it. It holds the statement in the clear: as personal
/// as that is. docs/records.md.
struct Receipt {
  LogEntry entry;
  Bytes statement;  ///< the very bytes the entry was made for
  Salt salt;        ///< of the entry's leaf
  /// From the entry to the head; its number is the entry's.
  std::vector<Digest> log_path;
  std::shared_ptr<const Witness> witness;  ///< never null
};

/// Checks everything about a receipt, cheap things first. Afterwards this is certain:
/// a node to which `delegation.institution` of the witness had delegated signed, at
/// `train.signed_at`, that `receipt.statement` is entry `receipt.entry.number`
/// of the log of this institution's body. Who acts in the statement itself is for the
/// caller to compare with that institution, which may be another one of the body.
///
/// `registry` is the one `delegations` checks against. Of a train, one signature is
/// checked however many of its receipts come; of a delegation too, as long as
/// `delegations` keeps it. A delegation that is over today is fine: it counts when
/// the train was signed. On failure nothing but these caches has changed.
///
/// Errors, each for its own forgery:
/// `kUnknownEnumValue`, `kWrongFormat`  no such entry is ever written
/// `kStatementDiffers`     the statement or its salt is not the entry's
/// `kAnotherTenant`        entry, head and institution are not of one body
/// `kNotInLog`             the entry does not lead to the head
/// `kNotATrain`            the signed batch is none that states heads
/// `kHeadNotInTrain`       the head does not lead to the train's root
/// `kUnknownInstitution`   the delegating institution is in no registry
/// `kDelegationInvalid`    not signed by it, for another node, or not at that time
/// `kSignatureInvalid`     the train's signature
Result<void> check(const Receipt& receipt, const crypto::Registry& registry,
                   crypto::DelegationVerifier& delegations, crypto::BatchVerifier& batches);

}  // namespace nakadachi::records
