#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/clock.hpp"
#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/result.hpp"

namespace nakadachi::copies {

/// Sections of a town's holdings that are filled from here. Numbers stand in the
/// database and in records; they are those of core/storage.
inline constexpr std::uint8_t kCopySection = 3;
inline constexpr std::uint8_t kFlagSection = 4;
inline constexpr std::uint8_t kSettingSection = 8;

/// Who changed something, and why. One line of UTF-8 each.
class ChangeReason {
 public:
  /// `who` names a user or a system, `why` is free text. Errors with field "who" or
  /// "why": `kMissingField` (empty), `kWrongLength` (above limits::kMaxWhoBytes,
  /// kMaxWhyBytes), `kWrongFormat` (not one line of UTF-8), `kPersonalNumberPresent`.
  static Result<ChangeReason> make(std::string_view who, std::string_view why);

  const std::string& who() const noexcept { return who_; }
  const std::string& why() const noexcept { return why_; }
  friend bool operator==(const ChangeReason&, const ChangeReason&) = default;

 private:
  ChangeReason(std::string_view who, std::string_view why) : who_(who), why_(why) {}
  std::string who_;
  std::string why_;
};

/// What was done to a holding. Numbers stand in stored records, never reused.
enum class Operation : std::uint8_t {
  kRegister = 1,  ///< where nothing was
  kReplace = 2,   ///< in the place of a former value
  kDelete = 3,    ///< of a copy
  kSet = 4,       ///< a flag, an answer mode
  kClear = 5      ///< a flag
};

/// The record of a change: appended to the journal, sealed, and never touched
/// again. It says nothing of a value and names nobody but who made the change.
struct ChangeRecord {
  std::uint8_t section = 0;  ///< kCopySection and so on
  InstitutionCode institution;
  Operation operation = Operation::kRegister;
  std::optional<InformationKind> kind;  ///< nothing: all kinds
  ChangeReason reason;
  Timestamp at;

  friend bool operator==(const ChangeRecord&, const ChangeRecord&) = default;
};

/// One record has one encoding (docs/copies.md).
Bytes encode(const ChangeRecord& record);

/// Accepts what `encode` makes and nothing else. Errors: `kUnsupportedVersion`,
/// `kMalformedFrame`, `kUnknownEnumValue` (operation), those of codes and of
/// `ChangeReason::make`.
Result<ChangeRecord> decode_change(ByteView bytes);

}  // namespace nakadachi::copies
