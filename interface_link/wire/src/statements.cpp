#include "nakadachi/wire/statements.hpp"

#include "codec.hpp"
#include "nakadachi/base/limits.hpp"
#include "nakadachi/crypto/hash.hpp"
#include "nakadachi/v1/statements.pb.h"
#include "subject_fields.hpp"

namespace nakadachi::wire {
namespace {

constexpr std::size_t kLeastSealedBytes =
    SealingPublicKey::kSize + crypto::Aead::kNonceSize + crypto::Aead::kTagSize;
constexpr std::size_t kMostSealedBytes = kLeastSealedBytes + limits::kMaxAnswerBytes;
static_assert(kMostSealedBytes + 512 < limits::kMaxStatementBytes, "a provision holds an answer");

std::uint32_t number_of(ErrorCode code) noexcept { return static_cast<std::uint32_t>(code); }

void read_legal_item(bool present, std::uint32_t from, FieldReader& reader, std::uint16_t& to) {
  if (present) reader.small(present, from, "legal_item", to);
}

void put(const exchange::Inquiry& from, v1::Inquiry& to) {
  put_subject(from.subject, *to.mutable_subject());
  NAKADACHI_PUT(to, symbol, from.symbol.reveal());
  to.set_asked_at(from.asked_at.ms);
  to.set_valid_until(from.valid_until.ms);
  NAKADACHI_PUT(to, nonce, from.nonce.view());
}

void read_symbol(bool present, const std::string& from, FieldReader& reader, Symbol& to) {
  if (!reader.require(present, "symbol")) return;
  if (const auto made = Symbol::from(as_bytes(from))) {
    to = *made;
  } else {
    reader.fail(ErrorCode::kWrongLength, "symbol");
  }
}

void read(const v1::Inquiry& from, FieldReader& reader, exchange::Inquiry& to) {
  read_subject(from.has_subject(), from.subject(), reader, to.subject);
  read_symbol(from.has_symbol(), from.symbol(), reader, to.symbol);
  reader.time(NAKADACHI_FIELD(from, asked_at), to.asked_at);
  reader.time(NAKADACHI_FIELD(from, valid_until), to.valid_until);
  reader.fixed(NAKADACHI_FIELD(from, nonce), to.nonce);
}

void put(const exchange::Permit& from, v1::Permit& to) {
  NAKADACHI_PUT(to, request_hash, from.request_hash.view());
  put_subject(from.subject, *to.mutable_subject());
  NAKADACHI_PUT(to, symbol, from.symbol.reveal());
  to.set_asked_at(from.asked_at.ms);
  to.set_issued_at(from.issued_at.ms);
  to.set_valid_until(from.valid_until.ms);
  if (from.legal_item != 0) to.set_legal_item(from.legal_item);
  to.set_law(from.law);
}

void read_law(bool present, std::uint64_t from, FieldReader& reader, std::uint64_t& to) {
  if (reader.require(present, "law")) to = from;
}

void read(const v1::Permit& from, FieldReader& reader, exchange::Permit& to) {
  reader.fixed(NAKADACHI_FIELD(from, request_hash), to.request_hash);
  read_subject(from.has_subject(), from.subject(), reader, to.subject);
  read_symbol(from.has_symbol(), from.symbol(), reader, to.symbol);
  reader.time(NAKADACHI_FIELD(from, asked_at), to.asked_at);
  reader.time(NAKADACHI_FIELD(from, issued_at), to.issued_at);
  reader.time(NAKADACHI_FIELD(from, valid_until), to.valid_until);
  read_legal_item(from.has_legal_item(), from.legal_item(), reader, to.legal_item);
  read_law(from.has_law(), from.law(), reader, to.law);
}

void put(const exchange::Refusal& from, v1::Refusal& to) {
  NAKADACHI_PUT(to, request_hash, from.request_hash.view());
  to.set_asker(from.asker.number());
  to.set_provider(from.provider.number());
  to.set_reason(number_of(from.reason));
  to.set_refused_at(from.refused_at.ms);
  to.set_law(from.law);
}

void read(const v1::Refusal& from, FieldReader& reader, exchange::Refusal& to) {
  reader.fixed(NAKADACHI_FIELD(from, request_hash), to.request_hash);
  reader.code(NAKADACHI_FIELD(from, asker), to.asker);
  reader.code(NAKADACHI_FIELD(from, provider), to.provider);
  reader.error_code(NAKADACHI_FIELD(from, reason), to.reason);
  reader.time(NAKADACHI_FIELD(from, refused_at), to.refused_at);
  read_law(from.has_law(), from.law(), reader, to.law);
}

void put(const exchange::Provision& from, v1::Provision& to) {
  NAKADACHI_ASSERT(from.sealed_answer.size() <= kMostSealedBytes);
  NAKADACHI_PUT(to, request_hash, from.request_hash.view());
  NAKADACHI_PUT(to, permit_hash, from.permit_hash.view());
  to.set_asker(from.asker.number());
  to.set_provider(from.provider.number());
  to.set_outcome(static_cast<v1::Outcome>(from.outcome));
  to.set_reason(number_of(from.reason));
  to.set_provided_at(from.provided_at.ms);
  if (!from.sealed_answer.empty()) NAKADACHI_PUT(to, sealed_answer, from.sealed_answer);
  if (from.non_disclosure) to.set_non_disclosure(true);
  to.set_law(from.law);
}

void read(const v1::Provision& from, FieldReader& reader, exchange::Provision& to) {
  reader.fixed(NAKADACHI_FIELD(from, request_hash), to.request_hash);
  reader.fixed(NAKADACHI_FIELD(from, permit_hash), to.permit_hash);
  reader.code(NAKADACHI_FIELD(from, asker), to.asker);
  reader.code(NAKADACHI_FIELD(from, provider), to.provider);
  reader.one_of(NAKADACHI_FIELD(from, outcome), exchange::kLastOutcome, to.outcome);
  reader.error_code(NAKADACHI_FIELD(from, reason), to.reason);
  reader.time(NAKADACHI_FIELD(from, provided_at), to.provided_at);
  reader.bytes(NAKADACHI_FIELD(from, sealed_answer), kMostSealedBytes, to.sealed_answer);
  to.non_disclosure = from.non_disclosure();
  read_law(from.has_law(), from.law(), reader, to.law);
}

void put(const exchange::Conclusion& from, v1::Conclusion& to) {
  NAKADACHI_PUT(to, request_hash, from.request_hash.view());
  put_subject(from.subject, *to.mutable_subject());
  NAKADACHI_PUT(to, symbol, from.symbol.reveal());
  to.set_outcome(static_cast<v1::Outcome>(from.outcome));
  to.set_reason(number_of(from.reason));
  if (from.legal_item != 0) to.set_legal_item(from.legal_item);
  to.set_asked_at(from.asked_at.ms);
  to.set_concluded_at(from.concluded_at.ms);
  NAKADACHI_PUT(to, provision_leaf, from.provision_leaf.view());
  if (from.provider_non_disclosure) to.set_provider_non_disclosure(true);
  if (from.answer_hash != Digest()) NAKADACHI_PUT(to, answer_hash, from.answer_hash.view());
  if (from.key != RequestKey()) NAKADACHI_PUT(to, key, from.key.view());
  if (from.provided_at != Timestamp()) to.set_provided_at(from.provided_at.ms);
}

void read(const v1::Conclusion& from, FieldReader& reader, exchange::Conclusion& to) {
  reader.fixed(NAKADACHI_FIELD(from, request_hash), to.request_hash);
  read_subject(from.has_subject(), from.subject(), reader, to.subject);
  read_symbol(from.has_symbol(), from.symbol(), reader, to.symbol);
  reader.one_of(NAKADACHI_FIELD(from, outcome), exchange::kLastOutcome, to.outcome);
  reader.error_code(NAKADACHI_FIELD(from, reason), to.reason);
  read_legal_item(from.has_legal_item(), from.legal_item(), reader, to.legal_item);
  reader.time(NAKADACHI_FIELD(from, asked_at), to.asked_at);
  reader.time(NAKADACHI_FIELD(from, concluded_at), to.concluded_at);
  reader.fixed(NAKADACHI_FIELD(from, provision_leaf), to.provision_leaf);
  to.provider_non_disclosure = from.provider_non_disclosure();
  if (from.has_answer_hash()) reader.fixed(NAKADACHI_FIELD(from, answer_hash), to.answer_hash);
  if (from.has_key()) reader.fixed(NAKADACHI_FIELD(from, key), to.key);
  if (from.has_provided_at()) reader.time(NAKADACHI_FIELD(from, provided_at), to.provided_at);
}

void put(const exchange::StatusQuery& from, v1::StatusQuery& to) {
  NAKADACHI_PUT(to, request_hash, from.request_hash.view());
  to.set_asker(from.asker.number());
  to.set_provider(from.provider.number());
  to.set_asked_at(from.asked_at.ms);
  to.set_valid_until(from.valid_until.ms);
}

void read(const v1::StatusQuery& from, FieldReader& reader, exchange::StatusQuery& to) {
  reader.fixed(NAKADACHI_FIELD(from, request_hash), to.request_hash);
  reader.code(NAKADACHI_FIELD(from, asker), to.asker);
  reader.code(NAKADACHI_FIELD(from, provider), to.provider);
  reader.time(NAKADACHI_FIELD(from, asked_at), to.asked_at);
  reader.time(NAKADACHI_FIELD(from, valid_until), to.valid_until);
}

void put(const exchange::StatusReply& from, v1::StatusReply& to) {
  NAKADACHI_PUT(to, request_hash, from.request_hash.view());
  to.set_asker(from.asker.number());
  to.set_provider(from.provider.number());
  to.set_status(static_cast<v1::Status>(from.status));
  to.set_at(from.at.ms);
  if (from.wish_asked_at != Timestamp()) to.set_wish_asked_at(from.wish_asked_at.ms);
}

void read(const v1::StatusReply& from, FieldReader& reader, exchange::StatusReply& to) {
  reader.fixed(NAKADACHI_FIELD(from, request_hash), to.request_hash);
  reader.code(NAKADACHI_FIELD(from, asker), to.asker);
  reader.code(NAKADACHI_FIELD(from, provider), to.provider);
  reader.one_of(NAKADACHI_FIELD(from, status), exchange::kLastStatus, to.status);
  reader.time(NAKADACHI_FIELD(from, at), to.at);
  if (from.has_wish_asked_at()) reader.time(NAKADACHI_FIELD(from, wish_asked_at), to.wish_asked_at);
}

void put(const exchange::SymbolNotice& from, v1::SymbolNotice& to) {
  to.set_institution(from.institution.number());
  to.set_acquisition_number(from.acquisition_number);
  if (from.already_acquired) to.set_already_acquired(true);
  NAKADACHI_PUT(to, symbol, from.symbol.reveal());
  to.set_issued_at(from.issued_at.ms);
}

void read(const v1::SymbolNotice& from, FieldReader& reader, exchange::SymbolNotice& to) {
  reader.code(NAKADACHI_FIELD(from, institution), to.institution);
  if (!reader.require(from.has_acquisition_number(), "acquisition_number")) return;
  to.acquisition_number = from.acquisition_number();
  to.already_acquired = from.already_acquired();
  read_symbol(from.has_symbol(), from.symbol(), reader, to.symbol);
  reader.time(NAKADACHI_FIELD(from, issued_at), to.issued_at);
}

void put(const exchange::SymbolReceipt& from, v1::SymbolReceipt& to) {
  to.set_institution(from.institution.number());
  to.set_acquisition_number(from.acquisition_number);
  to.set_at(from.at.ms);
}

void read(const v1::SymbolReceipt& from, FieldReader& reader, exchange::SymbolReceipt& to) {
  reader.code(NAKADACHI_FIELD(from, institution), to.institution);
  if (!reader.require(from.has_acquisition_number(), "acquisition_number")) return;
  to.acquisition_number = from.acquisition_number();
  reader.time(NAKADACHI_FIELD(from, at), to.at);
}

void put(const exchange::AcquisitionRequest& from, v1::AcquisitionRequest& to) {
  NAKADACHI_ASSERT(from.sealed_items.size() <= kMostSealedBytes);
  NAKADACHI_PUT(to, request_hash, from.request_hash.view());
  to.set_asker(from.asker.number());
  to.set_provider(from.provider.number());
  to.set_asked_at(from.asked_at.ms);
  NAKADACHI_PUT(to, sealed_items, from.sealed_items);
}

void read(const v1::AcquisitionRequest& from, FieldReader& reader,
          exchange::AcquisitionRequest& to) {
  reader.fixed(NAKADACHI_FIELD(from, request_hash), to.request_hash);
  reader.code(NAKADACHI_FIELD(from, asker), to.asker);
  reader.code(NAKADACHI_FIELD(from, provider), to.provider);
  reader.time(NAKADACHI_FIELD(from, asked_at), to.asked_at);
  if (!reader.require(from.has_sealed_items(), "sealed_items")) return;
  reader.bytes(NAKADACHI_FIELD(from, sealed_items), kMostSealedBytes, to.sealed_items);
}

template <class Message, class Struct>
Bytes encode_statement(const Struct& from) {
  return encode_as<Message>(from, [](const Struct& in, Message& out) { put(in, out); });
}

template <class Message, class Struct>
Result<Struct> decode_statement(ByteView statement) {
  return decode_as<Message, Struct>(
      statement, limits::kMaxStatementBytes,
      [](const Message& in, FieldReader& reader, Struct& out) { read(in, reader, out); });
}

}  // namespace

Bytes encode(const exchange::Inquiry& inquiry) { return encode_statement<v1::Inquiry>(inquiry); }
Bytes encode(const exchange::Permit& permit) { return encode_statement<v1::Permit>(permit); }
Bytes encode(const exchange::Refusal& refusal) { return encode_statement<v1::Refusal>(refusal); }
Bytes encode(const exchange::Provision& provision) {
  return encode_statement<v1::Provision>(provision);
}
Bytes encode(const exchange::Conclusion& conclusion) {
  return encode_statement<v1::Conclusion>(conclusion);
}
Bytes encode(const exchange::StatusQuery& query) {
  return encode_statement<v1::StatusQuery>(query);
}
Bytes encode(const exchange::StatusReply& reply) {
  return encode_statement<v1::StatusReply>(reply);
}
Bytes encode(const exchange::SymbolNotice& notice) {
  return encode_statement<v1::SymbolNotice>(notice);
}
Bytes encode(const exchange::SymbolReceipt& receipt) {
  return encode_statement<v1::SymbolReceipt>(receipt);
}
Bytes encode(const exchange::AcquisitionRequest& request) {
  return encode_statement<v1::AcquisitionRequest>(request);
}

Result<exchange::Inquiry> decode_inquiry(ByteView statement) {
  return decode_statement<v1::Inquiry, exchange::Inquiry>(statement);
}
Result<exchange::Permit> decode_permit(ByteView statement) {
  return decode_statement<v1::Permit, exchange::Permit>(statement);
}
Result<exchange::Refusal> decode_refusal(ByteView statement) {
  return decode_statement<v1::Refusal, exchange::Refusal>(statement);
}
Result<exchange::Provision> decode_provision(ByteView statement) {
  return decode_statement<v1::Provision, exchange::Provision>(statement);
}
Result<exchange::Conclusion> decode_conclusion(ByteView statement) {
  return decode_statement<v1::Conclusion, exchange::Conclusion>(statement);
}
Result<exchange::StatusQuery> decode_status_query(ByteView statement) {
  return decode_statement<v1::StatusQuery, exchange::StatusQuery>(statement);
}
Result<exchange::StatusReply> decode_status_reply(ByteView statement) {
  return decode_statement<v1::StatusReply, exchange::StatusReply>(statement);
}
Result<exchange::SymbolNotice> decode_symbol_notice(ByteView statement) {
  return decode_statement<v1::SymbolNotice, exchange::SymbolNotice>(statement);
}
Result<exchange::SymbolReceipt> decode_symbol_receipt(ByteView statement) {
  return decode_statement<v1::SymbolReceipt, exchange::SymbolReceipt>(statement);
}
Result<exchange::AcquisitionRequest> decode_acquisition_request(ByteView statement) {
  return decode_statement<v1::AcquisitionRequest, exchange::AcquisitionRequest>(statement);
}

Digest request_hash(ByteView inquiry_statement) {
  return crypto::sha256({as_bytes("nakadachi request v1"), inquiry_statement});
}

Digest permit_hash(ByteView permit_statement) {
  return crypto::sha256({as_bytes("nakadachi permit v1"), permit_statement});
}

Bytes encode(const crypto::SealedAnswer& answer) {
  Bytes bytes;
  bytes.reserve(SealingPublicKey::kSize + crypto::Aead::kNonceSize + answer.ciphertext.size());
  append(bytes, answer.ephemeral.view());
  append(bytes, answer.nonce.view());
  append(bytes, answer.ciphertext);
  return bytes;
}

Result<crypto::SealedAnswer> decode_sealed_answer(ByteView bytes) {
  if (bytes.size() < kLeastSealedBytes || bytes.size() > kMostSealedBytes) {
    return Error{.code = ErrorCode::kWrongLength, .field = "sealed_answer"};
  }
  constexpr std::size_t kNonceAt = SealingPublicKey::kSize;
  constexpr std::size_t kCiphertextAt = kNonceAt + crypto::Aead::kNonceSize;
  const ByteView ciphertext = bytes.subspan(kCiphertextAt);
  return crypto::SealedAnswer{
      .ephemeral = *SealingPublicKey::from(bytes.first<SealingPublicKey::kSize>()),
      .nonce = *crypto::Aead::Nonce::from(bytes.subspan<kNonceAt, crypto::Aead::kNonceSize>()),
      .ciphertext = Bytes(ciphertext.begin(), ciphertext.end())};
}

}  // namespace nakadachi::wire
