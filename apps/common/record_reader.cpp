#include "apps/common/record_reader.hpp"

namespace nakadachi::apps {
namespace {

/// Who acts in a step: its delegation is the one that says most.
Result<InstitutionCode> acting_in(storage::Step step, ByteView statement) {
  switch (step) {
    case storage::Step::kAsked: {
      NAKADACHI_TRY(const exchange::Inquiry inquiry, wire::decode_inquiry(statement));
      return inquiry.subject.asker;
    }
    case storage::Step::kProvided: {
      NAKADACHI_TRY(const exchange::Provision provision, wire::decode_provision(statement));
      return provision.provider;
    }
    case storage::Step::kConcluded: {
      NAKADACHI_TRY(const exchange::Conclusion conclusion, wire::decode_conclusion(statement));
      return conclusion.subject.asker;
    }
    case storage::Step::kHeld: {
      NAKADACHI_TRY(const exchange::Permit permit, wire::decode_permit(statement));
      return permit.subject.provider;
    }
  }
  return Error{.code = ErrorCode::kUnknownEnumValue, .field = "step"};
}

}  // namespace

bool is_damage(ErrorCode code) noexcept {
  const auto family = static_cast<std::uint16_t>(code) / 100;  // 1 input, 5 proofs
  return family == 1 || family == 5;
}

Result<ReadRecord> RecordReader::read(const storage::StoredStep& step) {
  Bytes row(step.exchange.view().begin(), step.exchange.view().end());
  row.push_back(static_cast<std::uint8_t>(step.step));
  NAKADACHI_TRY(const Bytes plain,
                cipher_.open({.table = "step", .column = "sealed", .row = row}, step.sealed));
  ReadRecord record;
  NAKADACHI_TRY(record.content, wire::decode_stored_content(plain));
  const Bytes& statement = record.content.statement;
  if (crypto::leaf_hash(step.salt, storage::leaf_kind(step.step), statement) != step.leaf) {
    return Error{.code = ErrorCode::kStatementDiffers, .field = "statement"};
  }
  NAKADACHI_TRY(const InstitutionCode acting, acting_in(step.step, statement));
  NAKADACHI_TRY(const tenant_vm::FoundProof* const proof, proof_of(step, acting));
  NAKADACHI_TRY(record.receipt, proof->receipt_of(tenant(), step, statement));
  NAKADACHI_CHECK(records::check(*record.receipt, *registry_, delegations_, batches_));
  return record;
}

Result<Bytes> RecordReader::read(const storage::StoredChange& change) {
  NAKADACHI_TRY(Bytes record,
                cipher_.open({.table = "change", .column = "record", .row = change.change.view()},
                             change.record));
  if (crypto::leaf_hash(change.salt, storage::kChangeLeafKind, record) != change.leaf) {
    return Error{.code = ErrorCode::kStatementDiffers, .field = "record"};
  }
  return record;
}

Result<const tenant_vm::FoundProof*> RecordReader::proof_of(const storage::StoredStep& step,
                                                            const InstitutionCode& acting) {
  const std::pair train{step.lane, step.train};
  if (train != train_) proofs_.clear();
  train_ = train;
  auto known = proofs_.find(acting);
  if (known == proofs_.end()) {
    NAKADACHI_TRY(auto stored,
                  store_->find_proof(tenant(), step.lane, step.train, step.number, acting));
    NAKADACHI_TRY(auto proof, tenant_vm::FoundProof::make(tenant(), std::move(stored)));
    known = proofs_.emplace(acting, std::move(proof)).first;
  }
  return &known->second;
}

}  // namespace nakadachi::apps
