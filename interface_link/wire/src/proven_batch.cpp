#include "nakadachi/wire/proven_batch.hpp"

#include <algorithm>
#include <utility>

#include "nakadachi/base/limits.hpp"

namespace nakadachi::wire {
namespace {

using crypto::BatchPurpose;

void sign_chunk(std::span<LinkItem> items, BatchPurpose purpose, std::uint64_t number,
                Timestamp now, const crypto::Signer& signer) {
  std::vector<Digest> leaves;
  leaves.reserve(items.size());
  for (const LinkItem& item : items) {
    leaves.push_back(
        crypto::leaf_hash(item.salt, static_cast<std::uint8_t>(item.kind), item.statement));
  }
  const crypto::MerkleTree tree(std::move(leaves));
  crypto::BatchHeader header;
  header.purpose = purpose;
  header.number = TrainNumber{number};
  header.size = tree.size();
  header.root = tree.root();
  header.signed_at = now;
  crypto::sign_batch(header, signer);
  const auto shared = std::make_shared<const crypto::BatchHeader>(header);
  for (std::uint32_t i = 0; i < tree.size(); ++i) {
    items[i].path = tree.path(i);
    items[i].batch = shared;
  }
}

}  // namespace

std::vector<LinkItem> BatchBuilder::sign(BatchPurpose purpose, std::uint64_t& number, Timestamp now,
                                         const crypto::Signer& signer) {
  std::vector<LinkItem> signed_items = std::exchange(items_, {});
  for (std::span<LinkItem> left = signed_items; !left.empty();) {
    const std::size_t taken = std::min(left.size(), limits::kMaxItemsPerLinkFrame);
    sign_chunk(left.first(taken), purpose, ++number, now, signer);
    left = left.subspan(taken);
  }
  return signed_items;
}

Result<void> ItemVerifier::check_inclusion(const LinkItem& item) {
  const Digest leaf =
      crypto::leaf_hash(item.salt, static_cast<std::uint8_t>(item.kind), item.statement);
  if (!crypto::verify_inclusion(leaf, item.path, item.batch->size, item.batch->root)) {
    return ErrorCode::kProofInvalid;
  }
  return batches_.check(*item.batch);
}

Result<void> ItemVerifier::check_core(const LinkItem& item) {
  if (item.batch->signer != roots_.core_key || item.batch->purpose != BatchPurpose::kNotices) {
    return ErrorCode::kSignatureInvalid;
  }
  return check_inclusion(item);
}

Result<void> ItemVerifier::check_node(const LinkItem& item, const InstitutionCode& institution,
                                      BatchPurpose purpose) {
  const BatchPurpose said = item.batch->purpose;
  const bool as_resend = purpose == BatchPurpose::kTrain && said == BatchPurpose::kResend;
  if (said != purpose && !as_resend) return ErrorCode::kSignatureInvalid;
  if (item.delegation != nullptr) NAKADACHI_CHECK(delegations_.learn(*item.delegation));
  NAKADACHI_CHECK(delegations_.check(institution, item.batch->signer, item.batch->signed_at));
  return check_inclusion(item);
}

}  // namespace nakadachi::wire
