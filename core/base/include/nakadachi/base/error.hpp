#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace nakadachi {

/// The closed list of errors. Numbers stand on the wire and in stored rows: a
/// number is never reused and never changes its meaning. The first digit tells
/// the family: 1 input, 2 caller, 3 capacity (nothing is under way), 4 what law
/// or the counterpart says, 5 proofs, 6 store, 7 keys, 8 operation.
enum class ErrorCode : std::uint16_t {
  kMalformedFrame = 101,
  kUnsupportedVersion = 102,
  kWrongLength = 103,
  kUnknownEnumValue = 104,
  kWrongCheckDigit = 105,
  kWrongFormat = 106,
  kPersonalNumberPresent = 107,
  kMissingField = 108,
  kOversize = 109,
  kTooManyItems = 110,
  kClockSkew = 111,
  kSameKeyOtherContent = 112,

  kUnknownKey = 201,
  kInstitutionNotAllowed = 202,
  kAffairNotAllowed = 203,

  kRateLimited = 301,
  kQueueFull = 302,
  kClosedHours = 303,
  kStoreUnavailable = 304,
  kShuttingDown = 305,

  kSymbolNotAcquired = 401,
  kNotInLegalTable = 402,
  kProvisionSuspended = 403,
  kProviderHoldsNoSymbol = 404,
  kNoData = 405,
  kLapsed = 406,
  kUnknownInstitution = 407,
  kOutcomeUnknown = 408,
  kNoLongerKept = 409,
  kHeld = 410,
  kLawDiffers = 411,
  kIdentityInDoubt = 412,
  kUnderCorrection = 413,
  kAlreadyAcquired = 420,
  kUnknownAcquisition = 421,
  kUnknownPerson = 422,
  kAnotherPerson = 423,

  kPermitExpired = 501,
  kPermitForAnotherRequest = 502,
  kSignatureInvalid = 503,
  kSealedToAnother = 504,
  kProofInvalid = 505,
  kDelegationInvalid = 506,
  kRegistryInvalid = 507,
  kSimulatedTrust = 508,
  kSealBroken = 509,
  kStatementDiffers = 520,
  kNotInLog = 521,
  kHeadNotInTrain = 522,
  kNotATrain = 523,
  kAnotherTenant = 524,
  kLogGap = 525,
  kLogNumberTwice = 526,
  kLogHeadDiffers = 527,
  kLogForked = 528,

  kLaneLost = 601,
  kStoreFailed = 602,
  kCommitUnknown = 603,
  kRowConflict = 604,
  kMigrationMismatch = 605,

  kKeyUnavailable = 701,
  kWrongPassphrase = 702,
  kKeyFileDamaged = 703,

  kConfigInvalid = 801,
  kFileProblem = 802,
  kLinkDown = 803,
  kTimedOut = 804,
  kInternal = 805,
  kWallsUnsound = 840,
  kWallsNotApplied = 841,
  kWallsPending = 842,
  kSumTooLarge = 860,
  kNothingToShareBy = 861,
};

/// Whether the same call may be made again, and when.
enum class Retry : std::uint8_t {
  kNever,         ///< The same call fails again; change it.
  kLater,         ///< Make the same call, with the same key, after a while.
  kAskWhatBecame  ///< Unknown yet: make the same call with the same key to be told.
};

/// One row of the closed list, for people and for the documents made from it.
struct ErrorText {
  ErrorCode code;
  std::string_view name;  ///< snake_case, as it stands in logs and JSON.
  Retry retry;
  std::string_view english;   ///< What happened and what to do.
  std::string_view japanese;  ///< The same for users in Japan.
};

/// The whole list, ascending by number.
std::span<const ErrorText> error_texts() noexcept;

/// The row of `code`; of `kInternal` for a number that is not in the list.
const ErrorText& text_of(ErrorCode code) noexcept;

/// The code with this number, or nothing.
std::optional<ErrorCode> error_code_of(std::uint32_t number) noexcept;

/// Why something did not happen. Names the field and its place, never the value.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  /// Name of the field at fault (a literal), empty when no single field is.
  std::string_view field = {};
  /// Zero-based place of the item or character at fault, -1 when there is none.
  std::int32_t position = -1;
  /// Technical cause for operators (an SQLSTATE, errno text, a path). Never
  /// built from data about a person.
  std::string detail = {};

  friend bool operator==(const Error&, const Error&) = default;
};

enum class Language : std::uint8_t { kEnglish, kJapanese };

/// One line: name, text, field and place, detail.
std::string describe(const Error& error, Language language = Language::kEnglish);

}  // namespace nakadachi
