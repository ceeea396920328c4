#include "nakadachi/copies/answer_mode.hpp"

#include "nakadachi/base/reader.hpp"
#include "nakadachi/crypto/holding_seal.hpp"

namespace nakadachi::copies {
namespace {

constexpr std::string_view kModePurpose = "answer mode";
constexpr std::string_view kSection = "setting";
/// Which setting of the section it is.
constexpr std::uint8_t kSort = 1;
constexpr std::uint8_t kModeVersion = 1;

}  // namespace

Result<HoldingKey> answer_setting_key(crypto::TenantCipher& cipher,
                                      const InstitutionCode& institution,
                                      const InformationKind& kind) {
  Bytes part;
  append_big_endian<8>(part, kind.number());
  return crypto::holding_key(cipher, institution, kModePurpose, {part});
}

Result<Bytes> seal_answer_setting(crypto::TenantCipher& cipher, const HoldingKey& key,
                                  const AnswerSetting& setting, Random& random) {
  Bytes plain;
  append_big_endian<1>(plain, kSort);
  append_big_endian<1>(plain, kModeVersion);
  append_big_endian<8>(plain, setting.institution.number());
  append_big_endian<8>(plain, setting.kind.number());
  append_big_endian<1>(plain, static_cast<std::uint8_t>(setting.mode));
  return crypto::seal_holding(cipher, kSection, key, plain, random);
}

Result<AnswerSetting> open_answer_setting(crypto::TenantCipher& cipher, const HoldingKey& key,
                                          ByteView sealed) {
  constexpr std::string_view kField = "answer_mode";
  NAKADACHI_TRY(const Bytes plain, crypto::open_holding(cipher, kSection, key, sealed));
  Reader reader(plain);
  const std::uint64_t sort = reader.number<1>();
  const std::uint64_t version = reader.number<1>();
  const std::uint64_t institution_number = reader.number<8>();
  const std::uint64_t kind_number = reader.number<8>();
  const std::uint64_t mode = reader.number<1>();
  if (reader.failed() || sort != kSort) {
    return Error{.code = ErrorCode::kMalformedFrame, .field = kField};
  }
  if (version != kModeVersion)
    return Error{.code = ErrorCode::kUnsupportedVersion, .field = kField};
  if (!reader.complete()) return Error{.code = ErrorCode::kMalformedFrame, .field = kField};
  NAKADACHI_TRY(const auto institution, InstitutionCode::from_number(institution_number));
  NAKADACHI_TRY(const auto kind, InformationKind::from_number(kind_number));
  if (mode < static_cast<std::uint8_t>(AnswerMode::kCopy) ||
      mode > static_cast<std::uint8_t>(AnswerMode::kApproval)) {
    return Error{.code = ErrorCode::kUnknownEnumValue, .field = kField};
  }
  return AnswerSetting{institution, kind, static_cast<AnswerMode>(mode)};
}

}  // namespace nakadachi::copies
