#include "nakadachi/records/log_entry.hpp"

#include <array>
#include <optional>
#include <string_view>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/base/reader.hpp"
#include "nakadachi/crypto/hash.hpp"
#include "nakadachi/crypto/merkle.hpp"

namespace nakadachi::records {
namespace {

constexpr std::string_view kText = "nakadachi entry v1";
constexpr std::array<std::uint8_t, 1> kLeaf{0x00};  // RFC 9162 2.1.1

Error wrong(ErrorCode code, std::string_view field) { return {.code = code, .field = field}; }

void append_units(Bytes& bytes, const Units& units) {
  append_big_endian<1>(bytes, static_cast<std::uint8_t>(units.cause));
  append_big_endian<2>(bytes, units.persons);
  append_big_endian<2>(bytes, units.messages_in);
  append_big_endian<2>(bytes, units.messages_out);
  append_big_endian<4>(bytes, units.bytes_in);
  append_big_endian<4>(bytes, units.bytes_out);
}

Units read_units(Reader& reader) {
  Units units;
  units.cause = static_cast<Cause>(reader.number<1>());
  units.persons = static_cast<std::uint16_t>(reader.number<2>());
  units.messages_in = static_cast<std::uint16_t>(reader.number<2>());
  units.messages_out = static_cast<std::uint16_t>(reader.number<2>());
  units.bytes_in = static_cast<std::uint32_t>(reader.number<4>());
  units.bytes_out = static_cast<std::uint32_t>(reader.number<4>());
  return units;
}

}  // namespace

Bytes encode(const LogEntry& entry) {
  Bytes bytes;
  bytes.reserve(kEntryBytes);
  append(bytes, as_bytes(kText));
  append_big_endian<4>(bytes, entry.tenant.value);
  append_big_endian<8>(bytes, entry.number);
  append_big_endian<1>(bytes, static_cast<std::uint8_t>(entry.sort));
  append(bytes, entry.id.view());
  append_big_endian<1>(bytes, entry.part);
  append_big_endian<2>(bytes, entry.outcome);
  append_big_endian<1>(bytes, entry.erase ? 1 : 0);
  append(bytes, entry.key.view());
  append_units(bytes, entry.units);
  append(bytes, entry.leaf.view());
  NAKADACHI_ASSERT(bytes.size() == kEntryBytes);
  return bytes;
}

Result<LogEntry> decode_entry(ByteView bytes) {
  if (bytes.size() != kEntryBytes) return wrong(ErrorCode::kWrongLength, "entry");
  Reader reader(bytes);
  reader.expect(kText);
  if (reader.failed()) return wrong(ErrorCode::kUnsupportedVersion, "entry");
  LogEntry entry;
  entry.tenant.value = static_cast<std::uint32_t>(reader.number<4>());
  entry.number = reader.number<8>();
  entry.sort = static_cast<EntrySort>(reader.number<1>());
  entry.id = reader.fixed<ExchangeId>();
  entry.part = static_cast<std::uint8_t>(reader.number<1>());
  entry.outcome = static_cast<std::uint16_t>(reader.number<2>());
  const std::uint64_t erase = reader.number<1>();
  if (erase > 1) return wrong(ErrorCode::kWrongFormat, "erase");
  entry.erase = erase == 1;
  entry.key = reader.fixed<HoldingKey>();
  entry.units = read_units(reader);
  entry.leaf = reader.fixed<Digest>();
  NAKADACHI_ASSERT(reader.complete());
  NAKADACHI_CHECK(check_form(entry));
  return entry;
}

Result<void> check_form(const LogEntry& entry) {
  const bool is_step = entry.sort == EntrySort::kStep;
  if (!is_step && entry.sort != EntrySort::kChange) {
    return wrong(ErrorCode::kUnknownEnumValue, "sort");
  }
  if (!cause_of(static_cast<std::uint8_t>(entry.units.cause))) {
    return wrong(ErrorCode::kUnknownEnumValue, "cause");
  }
  if (entry.part == 0 || (is_step && entry.part >= kChangeLeafKind)) {
    return wrong(ErrorCode::kUnknownEnumValue, is_step ? "step" : "section");
  }
  if (is_step && entry.erase) return wrong(ErrorCode::kWrongFormat, "erase");
  if (is_step && entry.key != HoldingKey{}) return wrong(ErrorCode::kWrongFormat, "key");
  if (!is_step && entry.outcome != 0) return wrong(ErrorCode::kWrongFormat, "outcome");
  return {};
}

Digest entry_hash(const LogEntry& entry) { return crypto::sha256({kLeaf, encode(entry)}); }

std::uint8_t leaf_kind(const LogEntry& entry) noexcept {
  return entry.sort == EntrySort::kStep ? entry.part : kChangeLeafKind;
}

Result<void> check_statement(const LogEntry& entry, const Salt& salt, ByteView statement) {
  if (crypto::leaf_hash(salt, leaf_kind(entry), statement) != entry.leaf) {
    return wrong(ErrorCode::kStatementDiffers, "statement");
  }
  return {};
}

}  // namespace nakadachi::records
