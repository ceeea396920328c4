#pragma once

#include <cstdint>
#include <map>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/crypto/keys.hpp"

namespace nakadachi::copies {

/// How an institution answers questions of one kind. Numbers stand in stored values,
/// never reused.
enum class AnswerMode : std::uint8_t {
  kCopy = 1,     ///< at once, from the registered copy
  kLive = 2,     ///< the business system answers itself
  kApproval = 3  ///< from the copy, when staff have agreed
};

/// The setting as it is stored, and whose it is.
struct AnswerSetting {
  InstitutionCode institution;
  InformationKind kind;
  AnswerMode mode = AnswerMode::kCopy;

  friend bool operator==(const AnswerSetting&, const AnswerSetting&) = default;
};

/// Under which key the setting is held. Errors: `kKeyUnavailable`.
Result<HoldingKey> answer_setting_key(crypto::TenantCipher& cipher,
                                      const InstitutionCode& institution,
                                      const InformationKind& kind);

/// The value of the holding `key`. Errors: `kKeyUnavailable`.
Result<Bytes> seal_answer_setting(crypto::TenantCipher& cipher, const HoldingKey& key,
                                  const AnswerSetting& setting, Random& random);

/// Errors: `kKeyUnavailable`, `kSealBroken` (also a value of another key),
/// `kUnsupportedVersion`, `kMalformedFrame` (also another sort of setting),
/// `kUnknownEnumValue` (mode), those of codes.
Result<AnswerSetting> open_answer_setting(crypto::TenantCipher& cipher, const HoldingKey& key,
                                          ByteView sealed);

/// The answer modes of one institution. Used by one thread at a time.
class AnswerModes {
 public:
  void put(const InformationKind& kind, AnswerMode mode) { modes_.insert_or_assign(kind, mode); }
  /// What was set.
  const std::map<InformationKind, AnswerMode>& all() const noexcept { return modes_; }
  /// `kCopy` where nothing else was set.
  AnswerMode of(const InformationKind& kind) const noexcept {
    const auto found = modes_.find(kind);
    return found != modes_.end() ? found->second : AnswerMode::kCopy;
  }

 private:
  std::map<InformationKind, AnswerMode> modes_;
};

}  // namespace nakadachi::copies
