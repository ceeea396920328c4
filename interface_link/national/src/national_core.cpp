#include "nakadachi/national/national_core.hpp"

#include <algorithm>
#include <utility>

#include "nakadachi/base/limits.hpp"
#include "nakadachi/wire/law.hpp"
#include "nakadachi/wire/statements.hpp"

namespace nakadachi::national {

using exchange::StatementKind;

namespace {

constexpr std::int64_t kFirstResendMs = 2'000;
constexpr std::int64_t kLastResendMs = 60'000;

}  // namespace

NationalCore::NationalCore(NationalSetup setup, const crypto::Signer& core_signer,
                           const crypto::Verifier& verifier, Random& random)
    : setup_(std::move(setup)),
      core_signer_(&core_signer),
      random_(&random),
      items_(setup_.roots, setup_.registry, verifier),
      symbols_(setup_.symbol_root) {
  for (const IssuedSymbol& issued : setup_.issued) {
    issued_.insert_or_assign({issued.institution, issued.person},
                             Issue{issued.issued_at, issued.unconfirmed_number});
  }
  for (const auto& [holder, issue] : issued_) {
    const std::uint64_t number = issue.unconfirmed_number;
    if (number != 0) add_unconfirmed({holder.first, number}, holder.second);
  }
  setup_.issued.clear();
}

void NationalCore::on_items(std::vector<wire::LinkItem> items, Timestamp now) {
  for (wire::LinkItem& item : items) {
    switch (item.kind) {
      case StatementKind::kInquiry:
        on_inquiry(item, now);
        break;
      case StatementKind::kProvision:
      case StatementKind::kStatusQuery:
      case StatementKind::kStatusReply:
      case StatementKind::kAcquisitionRequest:
        relay(std::move(item), now);
        break;
      case StatementKind::kSymbolReceipt:
        on_receipt(item);
        break;
      case StatementKind::kConclusion:
      case StatementKind::kPermit:
      case StatementKind::kRefusal:
      case StatementKind::kSymbolNotice:
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
  // The time it says decides which table judges it.
  const std::int64_t age_ms = now - inquiry->asked_at;
  if (age_ms < -limits::kMaxClockSkewMs ||
      age_ms > limits::kMaxValidityMs + limits::kMaxClockSkewMs) {
    return count(ErrorCode::kClockSkew);
  }
  if (inquiry->valid_until < now) return count(ErrorCode::kLapsed);

  const Digest request_hash = wire::request_hash(item.statement);
  const crypto::RegistryEntry* const asker = setup_.registry.find(subject.asker);
  const crypto::RegistryEntry* const provider = setup_.registry.find(subject.provider);
  if (provider == nullptr) {
    return refuse(*inquiry, request_hash, ErrorCode::kUnknownInstitution, now);
  }
  const rules::Verdict verdict = setup_.law.judge({.inquirer = wire::party_of(*asker),
                                                   .affair = subject.affair,
                                                   .procedure = subject.procedure,
                                                   .provider = wire::party_of(*provider),
                                                   .kind = subject.kind},
                                                  inquiry->asked_at);
  const bool through_network = verdict.source != rules::Source::kWithinBodyOrdinance;
  if (!verdict.allowed || !through_network) {
    return refuse(*inquiry, request_hash, ErrorCode::kNotInLegalTable, now);
  }
  if (violates(subject)) {
    return refuse(*inquiry, request_hash, ErrorCode::kProvisionSuspended, now);
  }
  const crypto::PersonId person = symbols_.person_of(subject.asker, inquiry->symbol);
  const auto issue = issued_.find({subject.provider, person});
  if (issue == issued_.end() || issue->second.at > inquiry->asked_at) {
    return refuse(*inquiry, request_hash, ErrorCode::kProviderHoldsNoSymbol, now);
  }

  exchange::Permit permit;
  permit.request_hash = request_hash;
  permit.subject = subject;
  permit.symbol = symbols_.symbol_of(subject.provider, person);
  permit.asked_at = inquiry->asked_at;
  permit.issued_at = now;
  permit.valid_until = inquiry->valid_until;
  permit.legal_item = verdict.item.value();
  permit.law = verdict.fingerprint;
  wire::LinkItem notice;
  notice.kind = StatementKind::kPermit;
  notice.to = subject.provider;
  notice.statement = wire::encode(permit);
  ++counts_.permits;
  wait(std::move(notice), true, now);
}

void NationalCore::replace_law(rules::LawBook law, std::vector<AssessmentViolation> violations) {
  setup_.law = std::move(law);
  setup_.violations = std::move(violations);
}

/// 番号法 21条2項: the asker's file or the provider's file violates Article 28.
bool NationalCore::violates(const exchange::Subject& subject) const {
  return std::any_of(
      setup_.violations.begin(), setup_.violations.end(), [&](const AssessmentViolation& file) {
        const bool every_file = !file.affair && !file.kind;
        const bool of_asker =
            file.institution == subject.asker && (every_file || file.affair == subject.affair);
        const bool of_provider =
            file.institution == subject.provider && (every_file || file.kind == subject.kind);
        return of_asker || of_provider;
      });
}

// Symbols ---------------------------------------------------------------------

void NationalCore::on_hand_over(const InstitutionCode& institution,
                                std::uint64_t acquisition_number, const crypto::PersonId& person,
                                Timestamp now) {
  if (setup_.registry.find(institution) == nullptr) return count(ErrorCode::kUnknownInstitution);
  if (acquisition_number == 0) return count(ErrorCode::kWrongFormat);
  const auto [issue, is_new] =
      issued_.try_emplace({institution, person}, Issue{now, acquisition_number});
  if (is_new) {
    ++counts_.symbols_issued;
    newly_issued_.push_back({institution, person, now, acquisition_number});
    add_unconfirmed({institution, acquisition_number}, person);
  } else if (issue->second.unconfirmed_number != acquisition_number) {
    ++counts_.already_acquired;
    send_symbol(institution, acquisition_number, true, person, now);
  }
}

void NationalCore::add_unconfirmed(const Acquisition& acquisition, const crypto::PersonId& person) {
  unconfirmed_.emplace(acquisition, Unconfirmed{.person = person});
  to_send_.emplace(Timestamp(), acquisition);
}

void NationalCore::send_symbol(const InstitutionCode& institution, std::uint64_t acquisition_number,
                               bool already_acquired, const crypto::PersonId& person,
                               Timestamp now) {
  exchange::SymbolNotice symbol{.institution = institution,
                                .acquisition_number = acquisition_number,
                                .already_acquired = already_acquired,
                                .symbol = {},
                                .issued_at = now};
  if (!already_acquired) symbol.symbol = symbols_.symbol_of(institution, person);
  wire::LinkItem notice;
  notice.kind = StatementKind::kSymbolNotice;
  notice.to = institution;
  notice.statement = wire::encode(symbol);
  wait(std::move(notice), true, now);
}

void NationalCore::on_receipt(const wire::LinkItem& item) {
  const auto receipt = wire::decode_symbol_receipt(item.statement);
  if (!receipt) return count(receipt.error().code);
  const auto checked = items_.check_node(item, receipt->institution, crypto::BatchPurpose::kStatus);
  if (!checked) return count(checked.error().code);
  const auto sent = unconfirmed_.find({receipt->institution, receipt->acquisition_number});
  if (sent == unconfirmed_.end()) return;
  Issue& issue = issued_.at({receipt->institution, sent->second.person});
  issue.unconfirmed_number = 0;
  newly_issued_.push_back({receipt->institution, sent->second.person, issue.at, 0});
  to_send_.erase({sent->second.send_at, sent->first});
  unconfirmed_.erase(sent);
}

void NationalCore::send_unconfirmed(Timestamp now) {
  while (!to_send_.empty() && to_send_.begin()->first <= now) {
    const Acquisition acquisition = to_send_.begin()->second;
    to_send_.erase(to_send_.begin());
    Unconfirmed& sent = unconfirmed_.at(acquisition);
    send_symbol(acquisition.first, acquisition.second, false, sent.person, now);
    sent.pause_ms = std::clamp(2 * sent.pause_ms, kFirstResendMs, kLastResendMs);
    sent.send_at = now + sent.pause_ms;
    to_send_.emplace(sent.send_at, acquisition);
  }
}

void NationalCore::refuse(const exchange::Inquiry& inquiry, const Digest& request_hash,
                          ErrorCode reason, Timestamp now) {
  wire::LinkItem notice;
  notice.kind = StatementKind::kRefusal;
  notice.to = inquiry.subject.asker;
  notice.statement =
      wire::encode(exchange::Refusal{.request_hash = request_hash,
                                     .asker = inquiry.subject.asker,
                                     .provider = inquiry.subject.provider,
                                     .reason = reason,
                                     .refused_at = now,
                                     .law = setup_.law.fingerprint_on(Day::of(inquiry.asked_at))});
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
  send_unconfirmed(now);
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
  std::optional<Timestamp> earliest;
  if (!waiting_.empty()) earliest = waiting_.front().at;
  if (!to_send_.empty() && (!earliest || to_send_.begin()->first < *earliest)) {
    earliest = to_send_.begin()->first;
  }
  return earliest;
}

}  // namespace nakadachi::national
