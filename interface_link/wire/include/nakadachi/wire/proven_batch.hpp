#pragma once

#include <memory>
#include <vector>

#include "nakadachi/crypto/registry.hpp"
#include "nakadachi/crypto/signed_batch.hpp"
#include "nakadachi/wire/link_frame.hpp"

/// Making statements provable, and believing them.
namespace nakadachi::wire {

/// Statements that wait to be signed together. Turns into link items that share
/// one header. The order of adding is the order of the leaves.
class BatchBuilder {
 public:
  /// `item` needs kind, to, statement, salt and delegation; path and batch are filled in.
  void add(LinkItem item) { items_.push_back(std::move(item)); }
  bool empty() const noexcept { return items_.empty(); }
  std::size_t size() const noexcept { return items_.size(); }

  /// Signs what was added as one batch, at most limits::kMaxItemsPerLinkFrame
  /// statements each, and starts anew. `number` counts the signer's batches.
  std::vector<LinkItem> sign(crypto::BatchPurpose purpose, std::uint64_t& number, Timestamp now,
                             const crypto::Signer& signer);

 private:
  std::vector<LinkItem> items_;
};

/// Checks what arrives over a link against trust roots and registry. Remembers
/// good batches and delegations. One object a thread.
class ItemVerifier {
 public:
  ItemVerifier(const crypto::TrustRoots& roots, const crypto::Registry& registry,
               const crypto::Verifier& verifier)
      : roots_(roots), batches_(verifier), delegations_(registry, verifier) {}

  /// The core system said it: purpose kNotices, signed by the core key.
  /// Errors: `kSignatureInvalid`, `kProofInvalid`.
  Result<void> check_core(const LinkItem& item);

  /// A node said it for `institution`, as `purpose` (a train's statement may also
  /// come as a resend). Errors: `kSignatureInvalid`, `kProofInvalid`,
  /// `kUnknownInstitution`, `kDelegationInvalid`.
  Result<void> check_node(const LinkItem& item, const InstitutionCode& institution,
                          crypto::BatchPurpose purpose);

 private:
  Result<void> check_inclusion(const LinkItem& item);

  crypto::TrustRoots roots_;
  crypto::BatchVerifier batches_;
  crypto::DelegationVerifier delegations_;
};

}  // namespace nakadachi::wire
