#include "nakadachi/national/hand_over.hpp"

#include "nakadachi/base/assert.hpp"
#include "nakadachi/base/reader.hpp"

namespace nakadachi::national {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kEntryBytes = 24;
constexpr std::uint64_t kTenTo12 = 1'000'000'000'000;

Result<HandOver> read_one(Reader& reader, std::int32_t place) {
  const auto at_place = [place](ErrorCode code, std::string_view field) {
    return Error{.code = code, .field = field, .position = place};
  };
  const auto institution = InstitutionCode::from_number(reader.number<8>());
  const std::uint64_t acquisition_number = reader.number<8>();
  const std::uint64_t personal_number = reader.number<8>();
  if (!institution) return at_place(institution.error().code, "institution");
  if (personal_number >= kTenTo12) return at_place(ErrorCode::kWrongLength, "personal_number");
  if (personal_number_check_digit(personal_number / 10) != personal_number % 10) {
    return at_place(ErrorCode::kWrongCheckDigit, "personal_number");
  }
  return HandOver{*institution, acquisition_number, personal_number};
}

}  // namespace

Bytes encode_hand_overs(std::span<const HandOver> hand_overs) {
  NAKADACHI_ASSERT(hand_overs.size() <= kMaxHandOversPerFrame);
  Bytes frame;
  frame.reserve(1 + kEntryBytes * hand_overs.size());
  append_big_endian<1>(frame, kVersion);
  for (const HandOver& one : hand_overs) {
    append_big_endian<8>(frame, one.institution.number());
    append_big_endian<8>(frame, one.acquisition_number);
    append_big_endian<8>(frame, one.personal_number);
  }
  return frame;
}

Result<std::vector<HandOver>> decode_hand_overs(ByteView frame) {
  Reader reader(frame);
  const std::uint64_t version = reader.number<1>();
  if (reader.failed() || reader.left() % kEntryBytes != 0) return ErrorCode::kMalformedFrame;
  if (version != kVersion) return ErrorCode::kUnsupportedVersion;
  const std::size_t count = reader.left() / kEntryBytes;
  if (count > kMaxHandOversPerFrame) return ErrorCode::kTooManyItems;
  std::vector<HandOver> hand_overs;
  hand_overs.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    NAKADACHI_TRY(HandOver one, read_one(reader, static_cast<std::int32_t>(i)));
    hand_overs.push_back(one);
  }
  return hand_overs;
}

Bytes encode_taken(std::uint32_t count) {
  Bytes frame;
  append_big_endian<4>(frame, count);
  return frame;
}

Result<std::uint32_t> decode_taken(ByteView frame) {
  Reader reader(frame);
  const auto count = static_cast<std::uint32_t>(reader.number<4>());
  if (!reader.complete()) return ErrorCode::kMalformedFrame;
  return count;
}

}  // namespace nakadachi::national
