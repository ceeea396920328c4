#include "nakadachi/national/national_core.hpp"

#include <utility>

#include "nakadachi/base/limits.hpp"
#include "nakadachi/wire/statements.hpp"

namespace nakadachi::national {

using exchange::StatementKind;

NationalCore::NationalCore(NationalSetup setup, const crypto::Signer& core_signer,
                           const crypto::Verifier& verifier, Random& random)
    : setup_(std::move(setup)),
      core_signer_(&core_signer),
      random_(&random),
      items_(setup_.roots, setup_.registry, verifier),
      symbols_(setup_.symbol_root) {}

void NationalCore::on_items(std::vector<wire::LinkItem> items, Timestamp now) {
  for (wire::LinkItem& item : items) {
    switch (item.kind) {
      case StatementKind::kInquiry:
        on_inquiry(item, now);
        break;
      case StatementKind::kProvision:
      case StatementKind::kStatusQuery:
      case StatementKind::kStatusReply:
        relay(std::move(item), now);
        break;
      case StatementKind::kConclusion:
      case StatementKind::kPermit:
      case StatementKind::kRefusal:
        count(ErrorCode::kUnknownEnumValue);
        break;
    }
  }
}

/// 施行令 26条: judges the request and notifies the provider, or refuses.
void NationalCore::on_inquiry(const wire::LinkItem& item, Timestamp now) {
  const auto inquiry = wire::decode_inquiry(item.statement);
  if (!inquiry) return count(inquiry.error().code);
  const exchange::Subject& subject = inquiry->subject;
  const auto checked = items_.check_node(item, subject.asker, crypto::BatchPurpose::kTrain);
  if (!checked) return count(checked.error().code);
  if (inquiry->asked_at > now + limits::kMaxClockSkewMs) return count(ErrorCode::kClockSkew);
  if (inquiry->valid_until < now) return count(ErrorCode::kLapsed);

  const Digest request_hash = wire::request_hash(item.statement);
  const crypto::RegistryEntry* const asker = setup_.registry.find(subject.asker);
  const crypto::RegistryEntry* const provider = setup_.registry.find(subject.provider);
  if (provider == nullptr) {
    return refuse(*inquiry, request_hash, ErrorCode::kUnknownInstitution, now);
  }
  const rules::Verdict verdict =
      setup_.law.judge(rules::InstitutionClass{asker->institution_class}, subject.affair,
                       rules::InstitutionClass{provider->institution_class}, subject.kind);
  if (!verdict.allowed) return refuse(*inquiry, request_hash, ErrorCode::kNotInLegalTable, now);

  exchange::Permit permit;
  permit.request_hash = request_hash;
  permit.subject = subject;
  permit.symbol = symbols_.translate(subject.asker, inquiry->symbol, subject.provider);
  permit.asked_at = inquiry->asked_at;
  permit.issued_at = now;
  permit.valid_until = inquiry->valid_until;
  permit.legal_item = verdict.item.value();
  wire::LinkItem notice;
  notice.kind = StatementKind::kPermit;
  notice.to = subject.provider;
  notice.statement = wire::encode(permit);
  ++counts_.permits;
  wait(std::move(notice), true, now);
}

void NationalCore::refuse(const exchange::Inquiry& inquiry, const Digest& request_hash,
                          ErrorCode reason, Timestamp now) {
  wire::LinkItem notice;
  notice.kind = StatementKind::kRefusal;
  notice.to = inquiry.subject.asker;
  notice.statement = wire::encode(exchange::Refusal{.request_hash = request_hash,
                                                    .asker = inquiry.subject.asker,
                                                    .provider = inquiry.subject.provider,
                                                    .reason = reason,
                                                    .refused_at = now});
  ++counts_.refusals;
  wait(std::move(notice), true, now);
}

/// The interface system's part: passes on unread. The receiver checks the proof.
void NationalCore::relay(wire::LinkItem item, Timestamp now) {
  if (setup_.registry.find(item.to) == nullptr) return count(ErrorCode::kUnknownInstitution);
  ++counts_.relayed;
  wait(std::move(item), false, now);
}

void NationalCore::wait(wire::LinkItem item, bool to_sign, Timestamp now) {
  if (to_sign) item.salt = random_->make<Salt>();
  waiting_.push_back({.at = now + setup_.latency_ms, .item = std::move(item), .to_sign = to_sign});
}

std::vector<wire::LinkItem> NationalCore::due(Timestamp now) {
  std::vector<wire::LinkItem> leaving;
  wire::BatchBuilder to_sign;
  while (!waiting_.empty() && waiting_.front().at <= now) {
    Waiting& first = waiting_.front();
    if (first.to_sign) {
      to_sign.add(std::move(first.item));
    } else {
      leaving.push_back(std::move(first.item));
    }
    waiting_.pop_front();
  }
  for (wire::LinkItem& item :
       to_sign.sign(crypto::BatchPurpose::kNotices, batch_number_, now, *core_signer_)) {
    leaving.push_back(std::move(item));
  }
  return leaving;
}

std::optional<Timestamp> NationalCore::deadline() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.front().at;
}

}  // namespace nakadachi::national
