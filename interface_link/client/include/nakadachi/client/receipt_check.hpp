#pragma once

#include <memory>
#include <mutex>

#include "nakadachi/base/result.hpp"
#include "nakadachi/crypto/registry.hpp"
#include "nakadachi/crypto/signed_batch.hpp"
#include "nakadachi/exchange/messages.hpp"

namespace nakadachi::client {

/// Whether the outcome a node tells is the one on record at the asker's own body
/// (情報提供等の記録, 番号法 23条). Of a train one signature is checked, however many of its
/// replies come to however many clients. Thread-safe.
class ReceiptCheck {
 public:
  /// `registry` is the pinned one, not null. Signatures are Ed25519.
  explicit ReceiptCheck(std::shared_ptr<const crypto::Registry> registry);
  /// With another `verifier`, which outlives this object.
  ReceiptCheck(std::shared_ptr<const crypto::Registry> registry, const crypto::Verifier& verifier);

  /// `reply` is concluded; another is a bug. Afterwards it is certain that the body of
  /// the institution that asks had signed and numbered a record of this very query, by
  /// its key, with this outcome, legal item and answer. Who has that receipt can prove
  /// it to anybody with the registry.
  ///
  /// A query refused because its caller may not ask for that institution
  /// (`kInstitutionNotAllowed`) is on record at the caller's body, whichever that is.
  ///
  /// Errors, the reply is worth nothing then:
  /// `kMissingField`, field "receipt": there is none;
  /// those of records::check, each for its own forgery;
  /// those of wire::decode_conclusion: the record is none of an outcome;
  /// `kStatementDiffers`, with the field: a good receipt, but of another query, another
  /// step, or with another outcome, legal item or answer than the reply;
  /// `kAnotherTenant`, field "entry": on record at another body.
  Result<void> check(const exchange::Query& query, const exchange::Reply& reply);

 private:
  std::shared_ptr<const crypto::Registry> registry_;
  std::mutex mutex_;  ///< of what was found good before
  crypto::DelegationVerifier delegations_;
  crypto::BatchVerifier batches_;
};

}  // namespace nakadachi::client
