#include "apps/common/record_text.hpp"

#include <fmt/format.h>

#include <iterator>
#include <utility>
#include <variant>

#include "apps/common/log_check.hpp"
#include "apps/common/wording.hpp"
#include "nakadachi/copies/change.hpp"
#include "nakadachi/tenant_vm/log_rows.hpp"

namespace nakadachi::apps {
namespace {

/// Puts together what one record says, with codes and the names they have.
class Writer {
 public:
  Writer(const records::LogEntry& entry, const RecordWords& words) : words_(&words) {
    add("number", "番号", "number", std::to_string(entry.number));
    add("what", "内容", "what", what_of(entry, words.language));
    if (entry.outcome != 0) {
      add("outcome", "結果", "outcome", outcome_of(entry, words.language));
    }
  }

  void add(std::string_view name, std::string_view japanese, std::string_view english,
           std::string value) {
    facts_.push_back({name, japanese, english, std::move(value)});
  }
  void time(std::string_view name, std::string_view japanese, std::string_view english,
            Timestamp at) {
    add(name, japanese, english, to_iso8601(at));
  }
  void institution(std::string_view name, std::string_view japanese, std::string_view english,
                   const InstitutionCode& code) {
    const crypto::RegistryEntry* const known = words_->registry->find(code);
    add(name, japanese, english,
        known == nullptr ? code.text() : fmt::format("{} {}", code.text(), known->name));
  }
  void sides(const InstitutionCode& asker, const InstitutionCode& provider) {
    institution("asker", "照会者", "asker", asker);
    institution("provider", "提供者", "provider", provider);
  }
  void kind(InformationKind code) {
    add("kind", "特定個人情報", "kind of information",
        fmt::format("{} {}", code.text(), words_->facts->name_of(code)));
  }
  void subject(const exchange::Subject& subject) {
    sides(subject.asker, subject.provider);
    const rules::AffairFact* const affair = words_->facts->find_affair(subject.affair);
    add("affair", "事務", "affair",
        affair == nullptr ? subject.affair.text()
                          : fmt::format("{} {}", subject.affair.text(), rules::title_of(*affair)));
    add("procedure", "事務手続", "procedure", subject.procedure.text());
    kind(subject.kind);
    add("items", "項目", "items",
        subject.items.empty() ? (japanese() ? "全項目" : "all")
                              : fmt::format("{}", fmt::join(subject.items, ", ")));
    if (!subject.section.empty()) add("section", "部署", "section", subject.section);
    non_disclosure(subject.non_disclosure);
  }
  void non_disclosure(bool is) {
    if (is) add("non_disclosure", "不開示", "non-disclosure", japanese() ? "該当" : "yes");
  }
  void legal_item(std::uint16_t item) {
    if (item == 0) return;
    const unsigned branch = item / 1000U;
    add("legal_item", "根拠となる項", "item of the table",
        branch == 0 ? std::to_string(item) : fmt::format("{}-{}", item % 1000U, branch));
  }
  void reason(exchange::Outcome outcome, ErrorCode code) {
    if (outcome != exchange::Outcome::kRefused) return;
    const ErrorText& text = nakadachi::text_of(code);
    add("reason", "理由", "reason",
        fmt::format("{}: {}", text.name, japanese() ? text.japanese : text.english));
  }
  void symbol(const Symbol& symbol) {
    if (words_->person) add("symbol", "符号", "symbol", to_hex(symbol.reveal()));
  }
  void permit(const exchange::Permit& permit) {
    subject(permit.subject);
    legal_item(permit.legal_item);
    time("asked_at", "照会日時", "asked at", permit.asked_at);
    time("permitted_at", "許可日時", "permitted at", permit.issued_at);
    symbol(permit.symbol);
  }

  RecordFacts take() { return std::move(facts_); }

 private:
  bool japanese() const { return words_->language == Language::kJapanese; }

  const RecordWords* words_;
  RecordFacts facts_;
};

Result<void> write_asked(Writer& writer, ByteView statement) {
  NAKADACHI_TRY(const exchange::Inquiry inquiry, wire::decode_inquiry(statement));
  writer.subject(inquiry.subject);
  writer.time("asked_at", "照会日時", "asked at", inquiry.asked_at);
  writer.time("valid_until", "有効期限", "valid until", inquiry.valid_until);
  writer.symbol(inquiry.symbol);
  return {};
}

Result<void> write_provided(Writer& writer, const wire::StoredContent& content) {
  NAKADACHI_TRY(const exchange::Provision provision, wire::decode_provision(content.statement));
  if (content.permit.empty()) {
    writer.sides(provision.asker, provision.provider);
  } else {
    if (wire::permit_hash(content.permit) != provision.permit_hash) {
      return Error{.code = ErrorCode::kStatementDiffers, .field = "permit"};
    }
    NAKADACHI_TRY(const exchange::Permit permit, wire::decode_permit(content.permit));
    writer.permit(permit);
  }
  writer.reason(provision.outcome, provision.reason);
  writer.time("provided_at", "提供日時", "provided at", provision.provided_at);
  if (provision.non_disclosure) {
    writer.add("provider_non_disclosure", "提供者の不開示", "non-disclosure at the provider", "○");
  }
  if (!content.who.empty()) writer.add("decided_by", "判断した職員", "decided by", content.who);
  if (!content.why.empty()) writer.add("decided_why", "判断の理由", "why", content.why);
  return {};
}

Result<void> write_concluded(Writer& writer, ByteView statement) {
  NAKADACHI_TRY(const exchange::Conclusion conclusion, wire::decode_conclusion(statement));
  writer.subject(conclusion.subject);
  writer.legal_item(conclusion.legal_item);
  writer.reason(conclusion.outcome, conclusion.reason);
  writer.time("asked_at", "照会日時", "asked at", conclusion.asked_at);
  if (conclusion.provided_at != Timestamp()) {
    writer.time("provided_at", "提供日時", "provided at", conclusion.provided_at);
  }
  writer.time("concluded_at", "終結日時", "concluded at", conclusion.concluded_at);
  if (conclusion.provider_non_disclosure) {
    writer.add("provider_non_disclosure", "提供者の不開示", "non-disclosure at the provider", "○");
  }
  writer.add("key", "照会の鍵", "key of the query", to_hex(conclusion.key.view()));
  writer.symbol(conclusion.symbol);
  return {};
}

Result<void> write_held(Writer& writer, ByteView statement) {
  NAKADACHI_TRY(const exchange::Permit permit, wire::decode_permit(statement));
  writer.permit(permit);
  return {};
}

std::string lines_of(const RecordFacts& facts, Language language) {
  std::string text;
  for (const RecordFact& fact : facts) {
    fmt::format_to(std::back_inserter(text), "{}: {}\n", in(language, fact.japanese, fact.english),
                   fact.value);
  }
  return text;
}

nlohmann::json object_of(const RecordFacts& facts) {
  nlohmann::json made = nlohmann::json::object();
  for (const RecordFact& fact : facts) made[std::string(fact.name)] = fact.value;
  return made;
}

struct OperationWord {
  copies::Operation operation;
  std::string_view japanese;
  std::string_view english;
};
constexpr OperationWord kOperations[] = {{copies::Operation::kRegister, "登録", "registered"},
                                         {copies::Operation::kReplace, "更新", "replaced"},
                                         {copies::Operation::kDelete, "削除", "deleted"},
                                         {copies::Operation::kSet, "設定", "set"},
                                         {copies::Operation::kClear, "解除", "cleared"}};

}  // namespace

Result<RecordFacts> facts_of(const records::LogEntry& entry, const wire::StoredContent& content,
                             const RecordWords& words) {
  Writer writer(entry, words);
  switch (static_cast<storage::Step>(entry.part)) {
    case storage::Step::kAsked:
      NAKADACHI_CHECK(write_asked(writer, content.statement));
      break;
    case storage::Step::kProvided:
      NAKADACHI_CHECK(write_provided(writer, content));
      break;
    case storage::Step::kConcluded:
      NAKADACHI_CHECK(write_concluded(writer, content.statement));
      break;
    case storage::Step::kHeld:
      NAKADACHI_CHECK(write_held(writer, content.statement));
      break;
  }
  return writer.take();
}

Result<RecordFacts> facts_of(const records::LogEntry& entry, ByteView change,
                             const RecordWords& words) {
  NAKADACHI_TRY(const copies::ChangeRecord record, copies::decode_change(change));
  Writer writer(entry, words);
  for (const OperationWord& word : kOperations) {
    if (word.operation != record.operation) continue;
    writer.add("operation", "操作", "operation",
               std::string(words.language == Language::kJapanese ? word.japanese : word.english));
  }
  writer.institution("institution", "機関", "institution", record.institution);
  if (record.kind) writer.kind(*record.kind);
  writer.time("at", "日時", "at", record.at);
  writer.add("who", "職員等", "who", record.reason.who());
  writer.add("why", "理由", "why", record.reason.why());
  return writer.take();
}

RecordFacts facts_of(const records::Witness& witness) {
  const crypto::BatchHeader& train = witness.train;
  const crypto::Delegation& delegation = witness.delegation;
  return {
      {"head", "先頭値", "proved by head", text_of(witness.head)},
      {"train", "束（レーン/番号）", "train",
       fmt::format("{}/{}", train.lane.value, train.number.value)},
      {"signed_at", "署名日時", "signed at", to_iso8601(train.signed_at)},
      {"node_key", "署名したノードの鍵", "by node key", to_hex(train.signer.view())},
      {"delegated_by", "委任した機関", "under the delegation of", delegation.institution.text()},
      {"delegated_until", "委任の終わり", "until", to_iso8601(delegation.until)}};
}

Result<std::optional<ShownRecord>> show_record(storage::ExchangeStore& store, RecordReader& reader,
                                               std::uint64_t number, const RecordWords& words) {
  NAKADACHI_TRY(const auto page, store.scan_log(reader.tenant(), number, 1));
  if (page.empty()) return std::optional<ShownRecord>();
  const storage::LogEntry& row = page.front();
  if (storage::log_number(row) != number) return Error{.code = ErrorCode::kLogGap};
  const records::LogEntry entry = tenant_vm::entry_of(reader.tenant(), row);
  ShownRecord shown;
  if (const auto* const change = std::get_if<storage::StoredChange>(&row)) {
    NAKADACHI_TRY(const Bytes record, reader.read(*change));
    NAKADACHI_TRY(shown.record, facts_of(entry, record, words));
    return std::optional(std::move(shown));
  }
  NAKADACHI_TRY(const ReadRecord record, reader.read(std::get<storage::StoredStep>(row)));
  NAKADACHI_TRY(shown.record, facts_of(entry, record.content, words));
  if (words.person && record.content.within_body) {
    shown.record.push_back({"person", "団体内統合宛名番号", "person within the body",
                            fmt::format("{:015}", record.content.within_body->reveal())});
  }
  shown.proof = facts_of(*record.receipt->witness);
  return std::optional(std::move(shown));
}

std::string text_of(const ShownRecord& shown, Language language) {
  std::string text = lines_of(shown.record, language);
  if (!shown.proof.empty()) {
    text += in(language, "受領証: 検証済\n", "receipt: checked\n");
    text += lines_of(shown.proof, language);
  } else {
    text += in(language, "受領証: なし（受領証は照会・提供の記録のもの）\n",
               "receipt: none, they are of exchanges\n");
  }
  return text;
}

nlohmann::json json_of(const ShownRecord& shown) {
  nlohmann::json made = object_of(shown.record);
  made["receipt"] = shown.proof.empty() ? nlohmann::json() : object_of(shown.proof);
  return made;
}

}  // namespace nakadachi::apps
