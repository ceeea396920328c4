#include "apps/common/receipt_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <utility>

#include "apps/common/log_check.hpp"
#include "apps/common/wording.hpp"
#include "nakadachi/base/limits.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::string_view kTrainText = "nakadachi batch v1";
constexpr std::string_view kDelegationText = "nakadachi delegation v1";

std::string list_of(const std::vector<Digest>& nodes) {
  std::string text = "[";
  for (const Digest& node : nodes) {
    if (text.size() > 1) text += ',';
    text += '"' + to_hex(node.view()) + '"';
  }
  return text + ']';
}

/// Takes fields of fixed width off the front; who uses it has compared the length before.
class Fields {
 public:
  explicit Fields(ByteView bytes) : left_(bytes) {}
  ByteView take(std::size_t size) {
    const ByteView taken = left_.first(size);
    left_ = left_.subspan(size);
    return taken;
  }
  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : take(size)) value = value << 8 | byte;
    return value;
  }
  Timestamp time() { return Timestamp{static_cast<std::int64_t>(number(8))}; }
  template <class Fixed>
  Fixed fixed() {
    return *Fixed::from(take(Fixed::kSize));
  }

 private:
  ByteView left_;
};

Result<crypto::BatchHeader> train_of(ByteView bytes) {
  constexpr std::string_view kField = "train";
  if (bytes.size() != crypto::signed_bytes(crypto::BatchHeader{}).size()) {
    return Error{.code = ErrorCode::kWrongLength, .field = kField};
  }
  Fields fields(bytes);
  if (as_chars(fields.take(kTrainText.size())) != kTrainText) {
    return Error{.code = ErrorCode::kUnsupportedVersion, .field = kField};
  }
  crypto::BatchHeader train;
  const std::uint64_t purpose = fields.number(1);
  if (purpose < 1 || purpose > static_cast<std::uint64_t>(crypto::BatchPurpose::kStatus)) {
    return Error{.code = ErrorCode::kUnknownEnumValue, .field = kField};
  }
  train.purpose = static_cast<crypto::BatchPurpose>(purpose);
  train.signer = fields.fixed<PublicKey>();
  train.lane.value = static_cast<std::uint16_t>(fields.number(2));
  train.epoch.value = fields.number(8);
  train.number.value = fields.number(8);
  train.size = static_cast<std::uint32_t>(fields.number(4));
  train.root = fields.fixed<Digest>();
  train.signed_at = fields.time();
  return train;
}

Result<crypto::Delegation> delegation_of(ByteView bytes) {
  constexpr std::string_view kField = "delegation";
  if (bytes.size() != crypto::signed_bytes(crypto::Delegation{}).size()) {
    return Error{.code = ErrorCode::kWrongLength, .field = kField};
  }
  Fields fields(bytes);
  if (as_chars(fields.take(kDelegationText.size())) != kDelegationText) {
    return Error{.code = ErrorCode::kUnsupportedVersion, .field = kField};
  }
  const auto institution = InstitutionCode::from_number(fields.number(8));
  if (!institution) return Error{.code = ErrorCode::kWrongFormat, .field = kField};
  crypto::Delegation delegation;
  delegation.institution = *institution;
  delegation.node_key = fields.fixed<PublicKey>();
  delegation.from = fields.time();
  delegation.until = fields.time();
  return delegation;
}

/// Members of one line by their names.
class Line {
 public:
  static Result<Line> parse(std::string_view text) {
    if (text.size() > kMaxReceiptLine) {
      return Error{.code = ErrorCode::kOversize, .field = "line"};
    }
    Line line;
    line.json_ = nlohmann::json::parse(text, nullptr, false);
    if (!line.json_.is_object()) return Error{.code = ErrorCode::kWrongFormat, .field = "line"};
    return line;
  }

  Result<Bytes> bytes(std::string_view name) const {
    NAKADACHI_TRY(const nlohmann::json* const value, find(name));
    return bytes_of(*value, name);
  }

  template <class Fixed>
  Result<Fixed> fixed(std::string_view name) const {
    NAKADACHI_TRY(const nlohmann::json* const value, find(name));
    return fixed_of<Fixed>(*value, name);
  }

  Result<std::vector<Digest>> nodes(std::string_view name, std::size_t most) const {
    NAKADACHI_TRY(const nlohmann::json* const value, find(name));
    if (!value->is_array()) return Error{.code = ErrorCode::kWrongFormat, .field = name};
    if (value->size() > most) return Error{.code = ErrorCode::kTooManyItems, .field = name};
    std::vector<Digest> nodes;
    nodes.reserve(value->size());
    for (const nlohmann::json& one : *value) {
      NAKADACHI_TRY(const Digest node, fixed_of<Digest>(one, name));
      nodes.push_back(node);
    }
    return nodes;
  }

  Result<std::uint32_t> number(std::string_view name) const {
    NAKADACHI_TRY(const nlohmann::json* const value, find(name));
    if (!value->is_number_unsigned() ||
        value->get<std::uint64_t>() > std::numeric_limits<std::uint32_t>::max()) {
      return Error{.code = ErrorCode::kWrongFormat, .field = name};
    }
    return value->get<std::uint32_t>();
  }

 private:
  Result<const nlohmann::json*> find(std::string_view name) const {
    const auto found = json_.find(name);
    if (found == json_.end()) return Error{.code = ErrorCode::kMissingField, .field = name};
    return &*found;
  }

  static Result<Bytes> bytes_of(const nlohmann::json& value, std::string_view name) {
    if (!value.is_string()) return Error{.code = ErrorCode::kWrongFormat, .field = name};
    auto bytes = from_hex(value.get_ref<const std::string&>());
    if (!bytes) return Error{.code = ErrorCode::kWrongFormat, .field = name};
    return *std::move(bytes);
  }

  template <class Fixed>
  static Result<Fixed> fixed_of(const nlohmann::json& value, std::string_view name) {
    NAKADACHI_TRY(const Bytes bytes, bytes_of(value, name));
    const auto fixed = Fixed::from(bytes);
    if (!fixed) return Error{.code = ErrorCode::kWrongLength, .field = name};
    return *fixed;
  }

  nlohmann::json json_;
};

Result<std::shared_ptr<const records::Witness>> witness_of(const Line& line) {
  records::Witness witness;
  NAKADACHI_TRY(const Bytes head, line.bytes("head"));
  if (head.size() != records::kHeadBytes) {
    return Error{.code = ErrorCode::kWrongLength, .field = "head"};
  }
  Fields fields(head);
  witness.head.tenant.value = static_cast<std::uint32_t>(fields.number(4));
  witness.head.size = fields.number(8);
  witness.head.root = fields.fixed<Digest>();
  NAKADACHI_TRY(witness.head_path.index, line.number("head_index"));
  NAKADACHI_TRY(witness.head_path.nodes, line.nodes("head_path", limits::kMaxPathNodes));
  NAKADACHI_TRY(const Bytes train, line.bytes("train"));
  NAKADACHI_TRY(witness.train, train_of(train));
  NAKADACHI_TRY(witness.train.signature, line.fixed<Signature>("train_signature"));
  NAKADACHI_TRY(const Bytes delegation, line.bytes("delegation"));
  NAKADACHI_TRY(witness.delegation, delegation_of(delegation));
  NAKADACHI_TRY(witness.delegation.signature, line.fixed<Signature>("delegation_signature"));
  return std::make_shared<const records::Witness>(std::move(witness));
}

/// One way through one file.
class Walk {
 public:
  explicit Walk(const crypto::Registry& registry)
      : registry_(registry), delegations_(registry, verifier_), batches_(verifier_) {}

  Result<void> take(std::string_view line) {
    NAKADACHI_TRY(const records::Receipt receipt, parse_receipt_line(line));
    NAKADACHI_CHECK(records::check(receipt, registry_, delegations_, batches_));
    const records::Witness& witness = *receipt.witness;
    const records::LogHead& head = witness.head;
    const auto [known, first] = outcome_.heads.try_emplace({head.tenant, head.size}, head.root);
    if (!first && known->second != head.root) {
      return Error{.code = ErrorCode::kLogForked, .field = "head"};
    }
    const Timestamp at = witness.train.signed_at;
    auto& signer = outcome_.signers[{witness.delegation.institution, witness.train.signer}];
    if (signer.receipts == 0 || at < signer.first_signed_at) signer.first_signed_at = at;
    if (signer.receipts == 0 || at > signer.last_signed_at) signer.last_signed_at = at;
    ++signer.receipts;
    ++outcome_.good;
    return {};
  }

  ReceiptsCheck& outcome() { return outcome_; }

 private:
  const crypto::Registry& registry_;
  crypto::Ed25519Verifier verifier_;
  crypto::DelegationVerifier delegations_;
  crypto::BatchVerifier batches_;
  ReceiptsCheck outcome_;
};

}  // namespace

std::string receipt_line(const records::Receipt& receipt) {
  const records::Witness& witness = *receipt.witness;
  return fmt::format(
      R"({{"entry":"{}","statement":"{}","salt":"{}","log_path":{},"head":"{}","head_index":{},)"
      R"("head_path":{},"train":"{}","train_signature":"{}","delegation":"{}",)"
      R"("delegation_signature":"{}"}})",
      to_hex(records::encode(receipt.entry)), to_hex(receipt.statement),
      to_hex(receipt.salt.view()), list_of(receipt.log_path), to_hex(records::encode(witness.head)),
      witness.head_path.index, list_of(witness.head_path.nodes),
      to_hex(crypto::signed_bytes(witness.train)), to_hex(witness.train.signature.view()),
      to_hex(crypto::signed_bytes(witness.delegation)),
      to_hex(witness.delegation.signature.view()));
}

Result<records::Receipt> parse_receipt_line(std::string_view text) {
  NAKADACHI_TRY(const Line line, Line::parse(text));
  records::Receipt receipt;
  NAKADACHI_TRY(const Bytes entry, line.bytes("entry"));
  NAKADACHI_TRY(receipt.entry, records::decode_entry(entry));
  NAKADACHI_TRY(receipt.statement, line.bytes("statement"));
  NAKADACHI_TRY(receipt.salt, line.fixed<Salt>("salt"));
  NAKADACHI_TRY(receipt.log_path, line.nodes("log_path", records::kMaxLogPathNodes));
  NAKADACHI_TRY(receipt.witness, witness_of(line));
  // One receipt has one form, so that equal receipts are equal lines, whoever compares them.
  if (receipt_line(receipt) != text) {
    return Error{.code = ErrorCode::kWrongFormat, .field = "line"};
  }
  return receipt;
}

Result<ReceiptsCheck> check_receipts(const std::string& path, const crypto::Registry& registry) {
  std::ifstream file(path, std::ios::binary);
  const auto problem = [&] {
    return Error{.code = ErrorCode::kFileProblem, .detail = path + ": " + std::strerror(errno)};
  };
  if (!file) return problem();
  Walk walk(registry);
  std::int32_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    // A file that was cut off within its last line, even before the line's end alone.
    Result<void> taken = file.eof()
                             ? Result<void>(Error{.code = ErrorCode::kWrongFormat, .field = "line"})
                             : walk.take(line);
    if (taken) continue;
    Error wrong = taken.error();
    wrong.position = number;
    walk.outcome().wrong = std::move(wrong);
    return std::move(walk.outcome());
  }
  if (file.bad()) return problem();
  if (number == 0) return Error{.code = ErrorCode::kMissingField, .field = "receipts"};
  return std::move(walk.outcome());
}

nlohmann::json receipts_check_json(const ReceiptsCheck& check) {
  nlohmann::json heads = nlohmann::json::array();
  for (const auto& [name, root] : check.heads) {
    heads.push_back({{"tenant", fmt::format("{:06}", name.first.value)},
                     {"head", text_of(records::LogHead{name.first, name.second, root})}});
  }
  nlohmann::json signers = nlohmann::json::array();
  for (const auto& [name, signer] : check.signers) {
    signers.push_back({{"institution", name.first.text()},
                       {"key", to_hex(name.second.view())},
                       {"receipts", signer.receipts},
                       {"first_signed_at", to_iso8601(signer.first_signed_at)},
                       {"last_signed_at", to_iso8601(signer.last_signed_at)}});
  }
  nlohmann::json made = {{"good", !check.wrong},
                         {"receipts", check.good},
                         {"heads", std::move(heads)},
                         {"signers", std::move(signers)}};
  if (check.wrong) {
    made["error"] = nakadachi::text_of(check.wrong->code).name;
    made["line"] = check.wrong->position;
    made["field"] = check.wrong->field;
  }
  return made;
}

std::string receipts_check_text(const ReceiptsCheck& check, Language language) {
  std::string text;
  const auto line = [&](std::string_view japanese, std::string_view english, const auto& value) {
    fmt::format_to(std::back_inserter(text), "{}: {}\n", in(language, japanese, english), value);
  };
  if (check.wrong) {
    Error shown = *check.wrong;
    shown.position = -1;
    line("異常のある行", "wrong in line",
         fmt::format("{}: {}", check.wrong->position, describe(shown, language)));
    line("それより前の正しい受領証", "good receipts before it", check.good);
  } else {
    line("結果", "result", in(language, "すべて正しい", "all are good"));
    line("受領証", "receipts", check.good);
  }
  std::map<TenantId, std::uint64_t> counts;
  for (const auto& [name, root] : check.heads) ++counts[name.first];
  for (const auto& [tenant, count] : counts) {
    const auto last =
        std::prev(check.heads.upper_bound({tenant, std::numeric_limits<std::uint64_t>::max()}));
    line("団体", "body",
         fmt::format("{:06}  {} {}  {} {}", tenant.value, in(language, "先頭値の数", "heads"),
                     count, in(language, "最後", "last"),
                     text_of(records::LogHead{tenant, last->first.second, last->second})));
  }
  for (const auto& [name, signer] : check.signers) {
    line("署名鍵", "signer",
         fmt::format("{}  {} {}  {} {}  {} .. {}", to_hex(name.second.view()),
                     in(language, "委任した機関", "delegated by"), name.first.text(),
                     in(language, "受領証", "receipts"), signer.receipts,
                     to_iso8601(signer.first_signed_at), to_iso8601(signer.last_signed_at)));
  }
  return text;
}

}  // namespace nakadachi::apps
