#include "nakadachi/base/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "nakadachi/base/assert.hpp"

namespace nakadachi {
namespace {

constexpr auto kNever = Retry::kNever;
constexpr auto kLater = Retry::kLater;
constexpr auto kAsk = Retry::kAskWhatBecame;

constexpr std::array kTexts = {
    ErrorText{ErrorCode::kMalformedFrame, "malformed_frame", kNever,
              "The message cannot be read; check the client's version and encoding.",
              "電文を読み取れません。クライアントの版と符号化を確認してください。"},
    ErrorText{ErrorCode::kUnsupportedVersion, "unsupported_version", kNever,
              "The message has a version or a field this program does not know.",
              "このプログラムが知らない版または項目を含む電文です。"},
    ErrorText{ErrorCode::kWrongLength, "wrong_length", kNever, "The value has the wrong length.",
              "値の長さが正しくありません。"},
    ErrorText{ErrorCode::kUnknownEnumValue, "unknown_enum_value", kNever,
              "The value is not one of those allowed here.", "ここで使える値ではありません。"},
    ErrorText{ErrorCode::kWrongCheckDigit, "wrong_check_digit", kNever,
              "The check digit does not fit the number.", "検査数字が一致しません。"},
    ErrorText{ErrorCode::kWrongFormat, "wrong_format", kNever,
              "The value is not written as this kind of value is.", "値の書式が正しくありません。"},
    ErrorText{ErrorCode::kPersonalNumberPresent, "personal_number_present", kNever,
              "The field holds what looks like an individual number; it must never be sent here.",
              "個人番号と思われる数字が含まれています。個人番号は送信できません。"},
    ErrorText{ErrorCode::kMissingField, "missing_field", kNever, "A required field is missing.",
              "必須項目がありません。"},
    ErrorText{ErrorCode::kOversize, "oversize", kNever, "The message is larger than allowed.",
              "電文が上限の大きさを超えています。"},
    ErrorText{ErrorCode::kTooManyItems, "too_many_items", kNever,
              "The message holds more items than allowed; send several.",
              "件数が上限を超えています。分けて送信してください。"},
    ErrorText{ErrorCode::kClockSkew, "clock_skew", kNever,
              "The time in the message is too far from this system's; check the sender's clock.",
              "電文の時刻がこのシステムと大きく異なります。送信側の時計を確認してください。"},
    ErrorText{ErrorCode::kSameKeyOtherContent, "same_key_other_content", kNever,
              "This request key was used before for another question.",
              "この要求番号は別の照会に使われています。"},
    ErrorText{ErrorCode::kUnknownKey, "unknown_key", kNever,
              "The caller's key is not registered or was revoked.",
              "呼出元の鍵が登録されていないか、失効しています。"},
    ErrorText{ErrorCode::kInstitutionNotAllowed, "institution_not_allowed", kNever,
              "The caller may not speak for this institution.",
              "この機関として照会する権限がありません。"},
    ErrorText{ErrorCode::kAffairNotAllowed, "affair_not_allowed", kNever,
              "The caller may not ask in this affair.", "この事務で照会する権限がありません。"},
    ErrorText{ErrorCode::kRateLimited, "rate_limited", kLater,
              "Too many requests in a short time; nothing was recorded, send again later.",
              "短時間の要求が多すぎます。記録はされていません。時間をおいて再送してください。"},
    ErrorText{ErrorCode::kQueueFull, "queue_full", kLater,
              "The queue is full; nothing was recorded, send again later.",
              "待ち行列が一杯です。記録はされていません。時間をおいて再送してください。"},
    ErrorText{ErrorCode::kClosedHours, "closed_hours", kLater,
              "Outside service hours; the refusal was recorded, send again later.",
              "サービス時間外です。拒否した旨を記録しました。時間をおいて再送してください。"},
    ErrorText{ErrorCode::kStoreUnavailable, "store_unavailable", kLater,
              "The database cannot be reached now; nothing was recorded.",
              "データベースに接続できません。記録はされていません。"},
    ErrorText{ErrorCode::kShuttingDown, "shutting_down", kLater,
              "The system is shutting down; send again later.",
              "システムは停止処理中です。時間をおいて再送してください。"},
    ErrorText{ErrorCode::kSymbolNotAcquired, "symbol_not_acquired", kNever,
              "No symbol has been acquired for this person by this institution.",
              "この機関では、この者の符号が取得されていません。"},
    ErrorText{ErrorCode::kNotInLegalTable, "not_in_legal_table", kNever,
              "The law's table does not allow this provision.",
              "法令の表により認められた提供ではありません。"},
    ErrorText{ErrorCode::kProvisionSuspended, "provision_suspended", kNever,
              "Provision is suspended (personal information protection assessment).",
              "特定個人情報保護評価に関する規定により提供が停止されています。"},
    ErrorText{ErrorCode::kProviderHoldsNoSymbol, "provider_holds_no_symbol", kNever,
              "The provider holds no symbol for this person.",
              "提供側の機関がこの者の符号を保有していません。"},
    ErrorText{ErrorCode::kNoData, "no_data", kNever,
              "The provider holds no such information about this person.",
              "提供側に該当する情報がありません。"},
    ErrorText{ErrorCode::kLapsed, "lapsed", kNever,
              "The validity period passed before the information was provided; ask anew.",
              "有効期間内に提供されませんでした。改めて照会してください。"},
    ErrorText{ErrorCode::kUnknownInstitution, "unknown_institution", kNever,
              "No institution is registered under this code.", "登録されていない機関コードです。"},
    ErrorText{ErrorCode::kOutcomeUnknown, "outcome_unknown", kAsk,
              "The outcome is not known yet; send the same request with the same key to be told.",
              "結果はまだ確定していません。同じ要求番号で再度問い合わせてください。"},
    ErrorText{ErrorCode::kNoLongerKept, "no_longer_kept", kNever,
              "The answer of this earlier request is no longer kept.",
              "この要求の回答は保存期間を過ぎています。"},
    ErrorText{ErrorCode::kHeld, "held", kAsk,
              "The provider's staff have to decide; send the same request to be told.",
              "提供側の職員の判断を待っています。同じ要求番号で再度問い合わせてください。"},
    ErrorText{ErrorCode::kLawDiffers, "law_differs", kNever,
              "The counterpart judges by another version of the law's table.",
              "相手方が異なる版の法令の表により判定しています。"},
    ErrorText{ErrorCode::kIdentityInDoubt, "identity_in_doubt", kNever,
              "The provider doubts that symbol and person belong together.",
              "提供側で符号と本人の対応に疑義があります。"},
    ErrorText{ErrorCode::kUnderCorrection, "under_correction", kNever,
              "The information is being corrected at the provider; ask anew later.",
              "提供側で情報を訂正中です。後日改めて照会してください。"},
    ErrorText{ErrorCode::kAlreadyAcquired, "already_acquired", kNever,
              "This institution has a symbol for this person already.",
              "この機関では、この者の符号を既に取得しています。"},
    ErrorText{ErrorCode::kUnknownAcquisition, "unknown_acquisition", kNever,
              "No acquisition is under way under this number: it ended, lapsed or never began.",
              "この取得番号による取得は行われていません（終了、期限経過または該当なし）。"},
    ErrorText{ErrorCode::kUnknownPerson, "unknown_person", kNever,
              "Nobody is registered under this number.", "この番号で登録された者はいません。"},
    ErrorText{ErrorCode::kAnotherPerson, "another_person", kNever,
              "The request is about another person by now; look at the list again.",
              "別の人についての要求になっています。一覧を見直してください。"},
    ErrorText{ErrorCode::kPermitExpired, "permit_expired", kNever,
              "The permit's validity period is over.", "提供許可の有効期間が過ぎています。"},
    ErrorText{ErrorCode::kPermitForAnotherRequest, "permit_for_another_request", kNever,
              "The permit does not belong to this request.",
              "提供許可が照会の内容と一致しません。"},
    ErrorText{ErrorCode::kSignatureInvalid, "signature_invalid", kNever,
              "The signature is not that of the expected key.", "署名を検証できません。"},
    ErrorText{ErrorCode::kSealedToAnother, "sealed_to_another", kNever,
              "The answer is sealed to another institution or request.",
              "他の機関または他の照会に宛てて封緘された回答です。"},
    ErrorText{ErrorCode::kProofInvalid, "proof_invalid", kNever,
              "The statement does not belong to the signed batch.",
              "電文が署名された束に属していません。"},
    ErrorText{ErrorCode::kDelegationInvalid, "delegation_invalid", kNever,
              "The signing node has no valid delegation of the institution.",
              "署名したノードに対する機関の委任が確認できません。"},
    ErrorText{ErrorCode::kRegistryInvalid, "registry_invalid", kNever,
              "The registry of institutions is damaged, old, or signed by another key.",
              "機関登録簿が破損しているか、古いか、署名が異なります。"},
    ErrorText{ErrorCode::kSimulatedTrust, "simulated_trust", kNever,
              "Simulated trust roots may be used with profile \"demo\" only.",
              "模擬の信頼の起点は profile が demo のときだけ使えます。"},
    ErrorText{ErrorCode::kSealBroken, "seal_broken", kNever,
              "A sealed value cannot be opened: altered, moved, or under another key.",
              "封緘された値を開けません。改変、移動、または鍵の不一致です。"},
    ErrorText{ErrorCode::kStatementDiffers, "statement_differs", kNever,
              "The entry of the log was made for another statement.",
              "記録の項目は別の電文について作られたものです。"},
    ErrorText{ErrorCode::kNotInLog, "not_in_log", kNever,
              "The entry does not stand in the log at this place.",
              "この項目は記録簿のこの位置にありません。"},
    ErrorText{ErrorCode::kHeadNotInTrain, "head_not_in_train", kNever,
              "The head of the log does not belong to the signed train.",
              "記録簿の先頭値が署名された束に属していません。"},
    ErrorText{ErrorCode::kNotATrain, "not_a_train", kNever,
              "What was signed is no train, so it says nothing about a log.",
              "署名の対象が記録の束ではないため、記録簿の証明になりません。"},
    ErrorText{ErrorCode::kAnotherTenant, "another_tenant", kNever,
              "The parts of the proof belong to different bodies.",
              "証明の各部分が異なる団体のものです。"},
    ErrorText{ErrorCode::kLogGap, "log_gap", kNever, "Entries of the log are missing.",
              "記録簿に欠番があります。"},
    ErrorText{ErrorCode::kLogNumberTwice, "log_number_twice", kNever,
              "A number of the log was given before.", "記録簿の番号が重複しています。"},
    ErrorText{ErrorCode::kLogHeadDiffers, "log_head_differs", kNever,
              "The entries do not make the head that was signed for them.",
              "記録簿の項目から求めた値が、署名された先頭値と一致しません。"},
    ErrorText{ErrorCode::kLogForked, "log_forked", kNever,
              "The later head is not of a log that continues the earlier one.",
              "後の記録簿は前の記録簿の続きではありません。"},
    ErrorText{ErrorCode::kLaneLost, "lane_lost", kNever, "Another writer has taken over this lane.",
              "このレーンは別の書込み主体に引き継がれました。"},
    ErrorText{ErrorCode::kStoreFailed, "store_failed", kNever,
              "The database refused the write; nothing of it was stored.",
              "データベースが書込みを拒否しました。何も保存されていません。"},
    ErrorText{ErrorCode::kCommitUnknown, "commit_unknown", kAsk,
              "It is not known yet whether the write was stored.",
              "書込みが保存されたかどうかはまだ不明です。"},
    ErrorText{ErrorCode::kRowConflict, "row_conflict", kNever, "This entry is there already.",
              "既に登録されています。"},
    ErrorText{ErrorCode::kMigrationMismatch, "migration_mismatch", kNever,
              "Database and program do not have the same migrations.",
              "データベースとプログラムの移行履歴が一致しません。"},
    ErrorText{ErrorCode::kKeyUnavailable, "key_unavailable", kNever,
              "The key needed is sealed or was never there.", "必要な鍵を利用できません。"},
    ErrorText{ErrorCode::kWrongPassphrase, "wrong_passphrase", kNever,
              "The passphrase does not open the key file.", "パスフレーズが正しくありません。"},
    ErrorText{ErrorCode::kKeyFileDamaged, "key_file_damaged", kNever,
              "The key file is damaged; restore it from its backup.",
              "鍵ファイルが破損しています。控えから復元してください。"},
    ErrorText{ErrorCode::kConfigInvalid, "config_invalid", kNever,
              "The configuration is not valid.", "設定が正しくありません。"},
    ErrorText{ErrorCode::kFileProblem, "file_problem", kNever,
              "A file or directory cannot be used.", "ファイルまたはフォルダーを利用できません。"},
    ErrorText{ErrorCode::kLinkDown, "link_down", kLater, "The connection is down.",
              "通信路が切断されています。"},
    ErrorText{ErrorCode::kTimedOut, "timed_out", kAsk, "No answer came in time.",
              "時間内に応答がありませんでした。"},
    ErrorText{ErrorCode::kInternal, "internal", kNever,
              "Something is wrong in this program; see its log.",
              "プログラム内部の誤りです。ログを確認してください。"},
    ErrorText{
        ErrorCode::kWallsUnsound, "walls_unsound", kNever,
        "The network model has errors or a broken invariant; mend what is listed above.",
        "ネットワーク構成に誤りまたは不変条件の違反があります。上記の指摘を修正してください。"},
    ErrorText{ErrorCode::kWallsNotApplied, "walls_not_applied", kNever,
              "The rules could not be loaded; what was there before is there.",
              "通信規則を適用できませんでした。以前の規則のままです。"},
    ErrorText{ErrorCode::kWallsPending, "walls_pending", kNever,
              "This does not fit what waits for confirmation.",
              "確認待ちの変更の状態と合いません。"},
    ErrorText{ErrorCode::kSumTooLarge, "sum_too_large", kNever,
              "A sum is too large to be kept exactly; nothing was added.",
              "合計が扱える桁数を超えるため、加算していません。"},
    ErrorText{ErrorCode::kNothingToShareBy, "nothing_to_share_by", kNever,
              "There is no measure to share the cost by: no member, or nobody has a population.",
              "按分の基準がありません（構成団体がないか、人口がすべて零です）。"},
};

constexpr bool ascending() {
  for (std::size_t i = 1; i < kTexts.size(); ++i) {
    if (kTexts[i - 1].code >= kTexts[i].code) return false;
  }
  return true;
}
static_assert(ascending());

const ErrorText* find_text(std::uint32_t number) noexcept {
  const auto* const found = std::lower_bound(
      kTexts.begin(), kTexts.end(), number, [](const ErrorText& text, std::uint32_t wanted) {
        return static_cast<std::uint32_t>(text.code) < wanted;
      });
  if (found == kTexts.end() || static_cast<std::uint32_t>(found->code) != number) return nullptr;
  return found;
}

}  // namespace

std::span<const ErrorText> error_texts() noexcept { return kTexts; }

const ErrorText& text_of(ErrorCode code) noexcept {
  const ErrorText* const found = find_text(static_cast<std::uint32_t>(code));
  return found != nullptr ? *found : *find_text(static_cast<std::uint32_t>(ErrorCode::kInternal));
}

std::optional<ErrorCode> error_code_of(std::uint32_t number) noexcept {
  const ErrorText* const found = find_text(number);
  return found != nullptr ? std::optional(found->code) : std::nullopt;
}

std::string describe(const Error& error, Language language) {
  const ErrorText& text = text_of(error.code);
  std::string line = fmt::format("{} ({}): {}", text.name, static_cast<unsigned>(error.code),
                                 language == Language::kJapanese ? text.japanese : text.english);
  if (!error.field.empty()) line += fmt::format(" [{}]", error.field);
  if (error.position >= 0) line += fmt::format(" @{}", error.position);
  if (!error.detail.empty()) line += fmt::format(" ({})", error.detail);
  return line;
}

}  // namespace nakadachi
