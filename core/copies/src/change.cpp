#include "nakadachi/copies/change.hpp"

#include <utility>

#include "nakadachi/base/limits.hpp"
#include "nakadachi/base/reader.hpp"
#include "text.hpp"

namespace nakadachi::copies {
namespace {

constexpr std::uint8_t kChangeVersion = 1;
constexpr std::uint8_t kHasKind = 0x01;

static_assert(limits::kMaxWhoBytes <= UINT8_MAX && limits::kMaxWhyBytes <= UINT8_MAX);

Result<void> check_line(std::string_view text, std::size_t most, std::string_view field) {
  const auto wrong = [&](ErrorCode code) { return Error{.code = code, .field = field}; };
  if (text.empty()) return wrong(ErrorCode::kMissingField);
  if (text.size() > most) return wrong(ErrorCode::kWrongLength);
  if (!characters_of_line(text)) return wrong(ErrorCode::kWrongFormat);
  if (holds_personal_number(text)) return wrong(ErrorCode::kPersonalNumberPresent);
  return {};
}

void append_short(Bytes& to, std::string_view text) {
  append_big_endian<1>(to, text.size());
  append(to, as_bytes(text));
}

std::string_view read_short(Reader& reader) noexcept {
  const auto size = static_cast<std::size_t>(reader.number<1>());
  return as_chars(reader.take(size));
}

}  // namespace

Result<ChangeReason> ChangeReason::make(std::string_view who, std::string_view why) {
  NAKADACHI_CHECK(check_line(who, limits::kMaxWhoBytes, "who"));
  NAKADACHI_CHECK(check_line(why, limits::kMaxWhyBytes, "why"));
  return ChangeReason(who, why);
}

Bytes encode(const ChangeRecord& record) {
  Bytes bytes;
  append_big_endian<1>(bytes, kChangeVersion);
  append_big_endian<1>(bytes, record.section);
  append_big_endian<8>(bytes, record.institution.number());
  append_big_endian<1>(bytes, static_cast<std::uint8_t>(record.operation));
  append_big_endian<1>(bytes, record.kind ? kHasKind : 0);
  if (record.kind) append_big_endian<8>(bytes, record.kind->number());
  append_short(bytes, record.reason.who());
  append_short(bytes, record.reason.why());
  append_big_endian<8>(bytes, static_cast<std::uint64_t>(record.at.ms));
  return bytes;
}

Result<ChangeRecord> decode_change(ByteView bytes) {
  const Error malformed{.code = ErrorCode::kMalformedFrame, .field = "change"};
  Reader reader(bytes);
  const std::uint64_t version = reader.number<1>();
  if (reader.failed()) return malformed;
  if (version != kChangeVersion)
    return Error{.code = ErrorCode::kUnsupportedVersion, .field = "change"};
  const auto section = static_cast<std::uint8_t>(reader.number<1>());
  const std::uint64_t institution_number = reader.number<8>();
  const std::uint64_t operation = reader.number<1>();
  const std::uint64_t marks = reader.number<1>();
  const std::uint64_t kind_number = (marks & kHasKind) != 0 ? reader.number<8>() : 0;
  const std::string_view who = read_short(reader);
  const std::string_view why = read_short(reader);
  const auto at = static_cast<std::int64_t>(reader.number<8>());
  if (!reader.complete() || marks > kHasKind) return malformed;
  if (operation < static_cast<std::uint8_t>(Operation::kRegister) ||
      operation > static_cast<std::uint8_t>(Operation::kClear)) {
    return Error{.code = ErrorCode::kUnknownEnumValue, .field = "operation"};
  }
  NAKADACHI_TRY(const InstitutionCode institution,
                InstitutionCode::from_number(institution_number));
  NAKADACHI_TRY(const InformationKind kind, InformationKind::from_number(kind_number));
  NAKADACHI_TRY(ChangeReason reason, ChangeReason::make(who, why));
  ChangeRecord record{.section = section,
                      .institution = institution,
                      .operation = static_cast<Operation>(operation),
                      .kind = std::nullopt,
                      .reason = std::move(reason),
                      .at = {at}};
  if ((marks & kHasKind) != 0) record.kind = kind;
  return record;
}

}  // namespace nakadachi::copies
