#include "nakadachi/client/receipt_check.hpp"

#include <mutex>
#include <utility>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/crypto/hash.hpp"
#include "nakadachi/records/receipt.hpp"
#include "nakadachi/wire/statements.hpp"

namespace nakadachi::client {
namespace {

using exchange::Conclusion;
using exchange::Outcome;

bool is_conclusion(const records::LogEntry& entry) {
  return entry.sort == records::EntrySort::kStep &&
         records::leaf_kind(entry) ==
             static_cast<std::uint8_t>(exchange::StatementKind::kConclusion);
}

/// Whether the record says what the reply says.
Result<void> compare(const Conclusion& on_record, const exchange::Query& query,
                     const exchange::Reply& reply) {
  const auto differs = [](std::string_view field) {
    return Error{.code = ErrorCode::kStatementDiffers, .field = field};
  };
  if (on_record.key != query.key) return differs("key");
  if (on_record.subject != query.subject) return differs("subject");
  if (on_record.outcome != reply.outcome) return differs("outcome");
  if (reply.outcome == Outcome::kRefused && on_record.reason != reply.code) {
    return differs("reason");
  }
  if (on_record.legal_item != reply.legal_item) return differs("legal_item");
  const Digest answer = reply.answer.empty() ? Digest() : crypto::sha256({reply.answer});
  if (on_record.answer_hash != answer) return differs("answer");
  return {};
}

const crypto::Verifier& ed25519() {
  static const crypto::Ed25519Verifier verifier;
  return verifier;
}

bool may_be_of_another_body(const exchange::Reply& reply) {
  return reply.outcome == Outcome::kRefused && reply.code == ErrorCode::kInstitutionNotAllowed;
}

}  // namespace

ReceiptCheck::ReceiptCheck(std::shared_ptr<const crypto::Registry> registry)
    : ReceiptCheck(std::move(registry), ed25519()) {}

ReceiptCheck::ReceiptCheck(std::shared_ptr<const crypto::Registry> registry,
                           const crypto::Verifier& verifier)
    : registry_(std::move(registry)), delegations_(*registry_, verifier), batches_(verifier) {}

Result<void> ReceiptCheck::check(const exchange::Query& query, const exchange::Reply& reply) {
  NAKADACHI_ASSERT(reply.concluded);
  if (reply.receipt == nullptr) {
    return Error{.code = ErrorCode::kMissingField, .field = "receipt"};
  }
  const records::Receipt& receipt = *reply.receipt;
  {
    const std::scoped_lock lock(mutex_);
    NAKADACHI_CHECK(records::check(receipt, *registry_, delegations_, batches_));
  }
  if (!is_conclusion(receipt.entry)) {
    return Error{.code = ErrorCode::kStatementDiffers, .field = "step"};
  }
  NAKADACHI_TRY(const Conclusion on_record, wire::decode_conclusion(receipt.statement));
  NAKADACHI_CHECK(compare(on_record, query, reply));
  if (may_be_of_another_body(reply)) return {};
  const crypto::RegistryEntry* const asker = registry_->find(query.subject.asker);
  if (asker == nullptr || asker->tenant != receipt.entry.tenant) {
    return Error{.code = ErrorCode::kAnotherTenant, .field = "entry"};
  }
  return {};
}

}  // namespace nakadachi::client
