#include "codec.hpp"
#include "nakadachi/base/limits.hpp"
#include "nakadachi/v1/stored.pb.h"
#include "nakadachi/wire/statements.hpp"

namespace nakadachi::wire {
namespace {

constexpr std::size_t kMostStoredBytes =
    2 * limits::kMaxStatementBytes + limits::kMaxAnswerBytes + 512;

void put_content(const StoredContent& from, v1::StoredContent& to) {
  NAKADACHI_ASSERT(from.statement.size() <= limits::kMaxStatementBytes);
  NAKADACHI_ASSERT(from.answer.size() <= limits::kMaxAnswerBytes);
  NAKADACHI_PUT(to, statement, from.statement);
  NAKADACHI_PUT(to, content_hash, from.content_hash.view());
  NAKADACHI_PUT(to, key, from.key.view());
  to.set_system(from.system);
  if (!from.answer.empty()) NAKADACHI_PUT(to, answer, from.answer);
  if (!from.who.empty()) to.set_who(from.who);
  if (!from.why.empty()) to.set_why(from.why);
  if (from.within_body) to.set_within_body(from.within_body->reveal());
  if (!from.permit.empty()) NAKADACHI_PUT(to, permit, from.permit);
  if (from.legal_item != 0) to.set_legal_item(from.legal_item);
}

void read_content(const v1::StoredContent& from, FieldReader& reader, StoredContent& to) {
  if (!reader.require(from.has_statement(), "statement")) return;
  reader.bytes(NAKADACHI_FIELD(from, statement), limits::kMaxStatementBytes, to.statement);
  reader.fixed(NAKADACHI_FIELD(from, content_hash), to.content_hash);
  reader.fixed(NAKADACHI_FIELD(from, key), to.key);
  if (!reader.require(from.has_system(), "system")) return;
  to.system = from.system();
  reader.bytes(NAKADACHI_FIELD(from, answer), limits::kMaxAnswerBytes, to.answer);
  if (from.who().size() > limits::kMaxWhoBytes) reader.fail(ErrorCode::kWrongLength, "who");
  if (from.why().size() > limits::kMaxWhyBytes) reader.fail(ErrorCode::kWrongLength, "why");
  to.who = from.who();
  to.why = from.why();
  reader.bytes(NAKADACHI_FIELD(from, permit), limits::kMaxStatementBytes, to.permit);
  if (from.has_legal_item()) reader.small(NAKADACHI_FIELD(from, legal_item), to.legal_item);
  if (!from.has_within_body()) return;
  const auto person = AddressNumber::from_number(from.within_body());
  if (!person) return reader.fail(person.error().code, "within_body");
  to.within_body = *person;
}

}  // namespace

Bytes encode(const StoredContent& content) {
  return encode_as<v1::StoredContent>(content, put_content);
}

Result<StoredContent> decode_stored_content(ByteView bytes) {
  return decode_as<v1::StoredContent, StoredContent>(bytes, kMostStoredBytes, read_content);
}

}  // namespace nakadachi::wire
