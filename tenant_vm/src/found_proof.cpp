#include "nakadachi/tenant_vm/found_proof.hpp"

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "nakadachi/crypto/merkle.hpp"
#include "nakadachi/records/log_head.hpp"
#include "nakadachi/tenant_vm/log_rows.hpp"

namespace nakadachi::tenant_vm {
namespace {

bool is_of(const storage::LogEntry& entry, const storage::StoredTrain& train) {
  return std::visit(
      [&](const auto& row) { return row.lane == train.lane && row.train == train.number; }, entry);
}

/// The log before the train and the hashes of the entries that the train added.
struct Split {
  records::Frontier before;
  std::vector<Digest> added;
};

Result<Split> split(TenantId tenant, storage::StoredProof& stored) {
  Split log;
  if (stored.checkpoint) {
    NAKADACHI_TRY(log.before, records::Frontier::restore(stored.checkpoint->size,
                                                         std::move(stored.checkpoint->frontier)));
  }
  for (const storage::LogEntry& entry : stored.entries) {
    if (storage::log_number(entry) != log.before.size() + log.added.size()) {
      return Error{.code = ErrorCode::kLogGap};
    }
    const Digest hash = records::entry_hash(entry_of(tenant, entry));
    if (is_of(entry, stored.train)) {
      log.added.push_back(hash);
    } else if (log.added.empty()) {
      log.before.append(hash);
    } else {
      return Error{.code = ErrorCode::kLogHeadDiffers};
    }
  }
  if (log.added.empty()) return Error{.code = ErrorCode::kLogGap};
  return log;
}

crypto::BatchHeader header_of(const storage::StoredTrain& train, std::uint32_t size) {
  return {.purpose = crypto::BatchPurpose::kTrain,
          .signer = train.signer,
          .lane = train.lane,
          .epoch = train.epoch,
          .number = train.number,
          .size = size,
          .root = train.root,
          .signed_at = train.signed_at,
          .signature = train.signature};
}

}  // namespace

Result<FoundProof> FoundProof::make(TenantId tenant, storage::StoredProof stored) {
  NAKADACHI_TRY(Split split_log, split(tenant, stored));
  const std::uint64_t first = split_log.before.size();
  records::Growth log(split_log.before, std::move(split_log.added));
  const records::LogHead head = records::head_of(tenant, log.after());

  const storage::StoredTrain& train = stored.train;
  std::vector<Digest> leaves = std::move(stored.leaves);
  if (leaves.size() != std::size_t{train.rows} + train.changes) {
    return Error{.code = ErrorCode::kHeadNotInTrain};
  }
  std::optional<std::uint32_t> place;
  for (const storage::Head& one : train.heads) {
    const records::LogHead stated{one.tenant, one.size, one.root};
    if (stated == head) place = static_cast<std::uint32_t>(leaves.size());
    leaves.push_back(records::head_leaf(stated));
  }
  if (!place) return Error{.code = ErrorCode::kLogHeadDiffers};
  const crypto::MerkleTree tree(std::move(leaves));
  if (tree.root() != train.root) return Error{.code = ErrorCode::kHeadNotInTrain};

  const storage::KeptDelegation& kept = stored.delegation;
  return FoundProof(std::move(log), first,
                    std::make_shared<const records::Witness>(
                        records::Witness{.head = head,
                                         .head_path = tree.path(*place),
                                         .train = header_of(train, tree.size()),
                                         .delegation = {.institution = kept.institution,
                                                        .node_key = kept.node_key,
                                                        .from = kept.from,
                                                        .until = kept.until,
                                                        .signature = kept.signature}}));
}

Result<std::shared_ptr<const records::Receipt>> FoundProof::receipt_of(
    TenantId tenant, const storage::StoredStep& step, Bytes statement) const {
  if (step.number < first_ || step.number >= log_.after().size()) {
    return Error{.code = ErrorCode::kNotInLog};
  }
  return std::make_shared<const records::Receipt>(
      records::Receipt{.entry = entry_of(tenant, storage::LogEntry(step)),
                       .statement = std::move(statement),
                       .salt = step.salt,
                       .log_path = log_.path(step.number).nodes,
                       .witness = witness_});
}

}  // namespace nakadachi::tenant_vm
