#include "proof_fields.hpp"

#include "codec.hpp"

namespace nakadachi::wire {

void put(const crypto::BatchHeader& from, v1::BatchHeader& to) {
  to.set_purpose(static_cast<v1::BatchPurpose>(from.purpose));
  NAKADACHI_PUT(to, signer, from.signer.view());
  to.set_lane(from.lane.value);
  to.set_epoch(from.epoch.value);
  to.set_number(from.number.value);
  to.set_size(from.size);
  NAKADACHI_PUT(to, root, from.root.view());
  to.set_signed_at(from.signed_at.ms);
  NAKADACHI_PUT(to, signature, from.signature.view());
}

void read(const v1::BatchHeader& from, FieldReader& reader, crypto::BatchHeader& to) {
  reader.one_of(NAKADACHI_FIELD(from, purpose), crypto::BatchPurpose::kStatus, to.purpose);
  reader.fixed(NAKADACHI_FIELD(from, signer), to.signer);
  reader.small(NAKADACHI_FIELD(from, lane), to.lane.value);
  if (!reader.require(from.has_epoch(), "epoch")) return;
  if (!reader.require(from.has_number(), "number")) return;
  if (!reader.require(from.has_size(), "size")) return;
  to.epoch.value = from.epoch();
  to.number.value = from.number();
  to.size = from.size();
  reader.fixed(NAKADACHI_FIELD(from, root), to.root);
  reader.time(NAKADACHI_FIELD(from, signed_at), to.signed_at);
  reader.fixed(NAKADACHI_FIELD(from, signature), to.signature);
}

void put(const crypto::Delegation& from, v1::Delegation& to) {
  to.set_institution(from.institution.number());
  NAKADACHI_PUT(to, node_key, from.node_key.view());
  to.set_from(from.from.ms);
  to.set_until(from.until.ms);
  NAKADACHI_PUT(to, signature, from.signature.view());
}

void read(const v1::Delegation& from, FieldReader& reader, crypto::Delegation& to) {
  reader.code(NAKADACHI_FIELD(from, institution), to.institution);
  reader.fixed(NAKADACHI_FIELD(from, node_key), to.node_key);
  reader.time(NAKADACHI_FIELD(from, from), to.from);
  reader.time(NAKADACHI_FIELD(from, until), to.until);
  reader.fixed(NAKADACHI_FIELD(from, signature), to.signature);
}

void put_digests(std::span<const Digest> from, std::string& to) {
  to.reserve(from.size() * Digest::kSize);
  for (const Digest& digest : from) to.append(as_chars(digest.view()));
}

void read_digests(bool present, const std::string& from, std::string_view name, std::size_t most,
                  FieldReader& reader, std::vector<Digest>& to) {
  if (!reader.require(present, name)) return;
  const ByteView bytes = as_bytes(from);
  if (bytes.size() % Digest::kSize != 0 || bytes.size() > most * Digest::kSize) {
    return reader.fail(ErrorCode::kWrongLength, name);
  }
  to.reserve(bytes.size() / Digest::kSize);
  for (std::size_t at = 0; at < bytes.size(); at += Digest::kSize) {
    to.push_back(*Digest::from(bytes.subspan(at, Digest::kSize)));
  }
}

}  // namespace nakadachi::wire
