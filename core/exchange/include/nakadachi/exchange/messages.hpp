#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/clock.hpp"
#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/error.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/records/receipt.hpp"

/// What the two sides and the core system say to each other. Encodings are in
/// interface_link/wire; the bytes of a statement are carried, hashed and stored
/// as they were first written and never written anew.
namespace nakadachi::exchange {

/// How an exchange ended. Numbers stand on the wire and in stored rows.
enum class Outcome : std::uint8_t {
  kAnswered = 1,               ///< the information was provided
  kNoData = 2,                 ///< the provider holds none for this person
  kProviderHoldsNoSymbol = 3,  ///< the provider does not know the person by this symbol
  kRefused = 4,                ///< law, rights or a reason of the closed list; `reason` says which
  kLapsed = 5,                 ///< the validity period passed and nothing was provided
  kAnsweredInPart = 6          ///< provided, but some of the items asked for are missing
};
inline constexpr Outcome kLastOutcome = Outcome::kAnsweredInPart;

/// Whether an outcome comes with information.
constexpr bool has_answer(Outcome outcome) noexcept {
  return outcome == Outcome::kAnswered || outcome == Outcome::kAnsweredInPart;
}

/// What a question is about, as far as the law's table looks at it.
struct Subject {
  InstitutionCode asker;     ///< 情報照会者
  InstitutionCode provider;  ///< 情報提供者
  AffairCode affair;         ///< 事務
  ProcedureCode procedure;   ///< 事務手続
  InformationKind kind;      ///< 特定個人情報名
  /// 項目 asked for by number, ascending, at most limits::kMaxItemsAsked; empty: all.
  std::vector<std::uint16_t> items;
  bool non_disclosure = false;  ///< 不開示: travels and is recorded, never refuses (Act 23(2))
  std::string section;          ///< 部署 responsible at the asker, at most limits::kMaxSectionBytes

  friend bool operator==(const Subject&, const Subject&) = default;
};

/// 情報照会 as a business system puts it.
struct Query {
  RequestKey key;
  AddressNumber person;
  Subject subject;

  friend bool operator==(const Query&, const Query&) = default;
};

/// What the business system is told about one query.
struct Reply {
  RequestKey key;
  /// True for the exchange's outcome; false when there is none (yet): `code`
  /// says why and its retry class what to do.
  bool concluded = false;
  Outcome outcome = Outcome::kRefused;    ///< when concluded
  ErrorCode code = ErrorCode::kInternal;  ///< when refused, or not concluded
  std::uint16_t legal_item = 0;           ///< the deciding item of the table, 0 when none
  std::uint32_t retry_after_ms = 0;       ///< when turned away for capacity
  Bytes answer;                           ///< when answered
  /// Proves the asker's record of the outcome (情報提供等の記録, 番号法 23条): when concluded,
  /// and never without. As personal as the answer.
  std::shared_ptr<const records::Receipt> receipt;

  /// Whether both tell the same. One record may be proved by more receipts than one.
  friend bool operator==(const Reply& a, const Reply& b) {
    return a.key == b.key && a.concluded == b.concluded && a.outcome == b.outcome &&
           a.code == b.code && a.legal_item == b.legal_item &&
           a.retry_after_ms == b.retry_after_ms && a.answer == b.answer;
  }
};

/// An item of a content that its layout does not allow, by the numbers of docs/copies.md.
struct WrongItem {
  std::uint16_t item = 0;   ///< 0 when it is no single item
  std::uint16_t fault = 0;  ///< the fault's number

  friend bool operator==(const WrongItem&, const WrongItem&) = default;
};

/// What a provider's partition asks the business system that answers a kind itself.
/// Not a statement: it stays within the body.
struct LiveQuestion {
  ExchangeId request;  ///< names the question; the answer says the same
  AddressNumber person;
  Subject subject;
  std::uint16_t legal_item = 0;
  Timestamp asked_at;
  Timestamp valid_until;  ///< an answer after this is worth nothing
  /// Why the last answer was not taken: the first limits::kMaxWrongItemsTold; empty when none was.
  std::vector<WrongItem> wrong = {};

  friend bool operator==(const LiveQuestion&, const LiveQuestion&) = default;
};

/// The business system's answer to a `LiveQuestion`.
struct HandOver {
  ExchangeId request;
  Bytes content;  ///< of copies::CopyContent, encoded; empty: there is no data

  friend bool operator==(const HandOver&, const HandOver&) = default;
};

/// Statement of the step "asked"; goes to the core system (Cabinet Order 20).
struct Inquiry {
  Subject subject;
  Symbol symbol;  ///< the asker's own
  Timestamp asked_at;
  Timestamp valid_until;
  Salt nonce;  ///< makes the request hash unguessable

  friend bool operator==(const Inquiry&, const Inquiry&) = default;
};

/// 提供の求めの通知 with permission, signed by the core (Cabinet Order 26).
struct Permit {
  Digest request_hash;
  Subject subject;
  Symbol symbol;  ///< the provider's own
  Timestamp asked_at;
  Timestamp issued_at;
  Timestamp valid_until;
  std::uint16_t legal_item = 0;
  std::uint64_t law = 0;  ///< fingerprint of the table the core judged by

  friend bool operator==(const Permit&, const Permit&) = default;
};

/// The core's word that it does not forward a request, and why: no row of the
/// table, 番号法 28条 (Cabinet Order 26(4)), or no symbol at the provider (26(2)).
struct Refusal {
  Digest request_hash;
  InstitutionCode asker;
  InstitutionCode provider;
  ErrorCode reason = ErrorCode::kNotInLegalTable;
  Timestamp refused_at;
  std::uint64_t law = 0;  ///< fingerprint of the table the core judged by

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

/// Statement of the step "provided"; goes to the asker, unread by the core.
struct Provision {
  Digest request_hash;
  Digest permit_hash;
  InstitutionCode asker;
  InstitutionCode provider;
  Outcome outcome = Outcome::kNoData;
  ErrorCode reason = ErrorCode::kNoData;  ///< when refused
  Timestamp provided_at;
  std::uint64_t law = 0;        ///< fingerprint of the table the provider judged by
  bool non_disclosure = false;  ///< 不開示 at the provider (Act 23(2), Order 46(3))
  Bytes sealed_answer;          ///< wire form of crypto::SealedAnswer; empty unless answered

  friend bool operator==(const Provision&, const Provision&) = default;
};

/// Statement of the step "concluded"; kept by the asker. Act 23(1)(2) has the asker, as the
/// provider, record when it was asked and, where there was a provision, when that was.
struct Conclusion {
  Digest request_hash;  ///< all zero when refused before anything was asked
  Subject subject;
  Symbol symbol;  ///< the asker's own
  Outcome outcome = Outcome::kRefused;
  ErrorCode reason = ErrorCode::kInternal;  ///< when refused
  std::uint16_t legal_item = 0;
  Timestamp asked_at;
  Timestamp concluded_at;
  Digest provision_leaf;  ///< leaf of the provider's step; all zero when there was none
  Timestamp provided_at;  ///< as the provision says; zero when there was none
  bool provider_non_disclosure = false;  ///< as the provision says
  /// SHA-256 of the answer as the business system is given it; all zero without one.
  Digest answer_hash;
  RequestKey key;  ///< the business system's own name for the query

  friend bool operator==(const Conclusion&, const Conclusion&) = default;
};

/// "What became of my request?" From asker to provider.
struct StatusQuery {
  Digest request_hash;
  InstitutionCode asker;
  InstitutionCode provider;
  Timestamp asked_at;
  Timestamp valid_until;

  friend bool operator==(const StatusQuery&, const StatusQuery&) = default;
};

enum class Status : std::uint8_t {
  kNotSeen = 1,  ///< no permit for it has arrived, and one may still be honoured
  kPending = 2,  ///< arrived, its step is not durable yet: ask again
  kLapsed = 3,   ///< never provided and never will be: the validity period is over
  kHeld = 4,     ///< arrived and durable; waits for the provider's staff
  // Of an acquisition request, and so of an inquiry that has ended.
  kWishHeld = 5,     ///< the provider's staff have to find out whom it means
  kWishFollowed = 6  ///< the acquisition is under way and durable, or the symbol is there
};
inline constexpr Status kLastStatus = Status::kWishFollowed;

/// The provider's answer when there is no provision to send again; and to an acquisition request.
struct StatusReply {
  Digest request_hash;
  InstitutionCode asker;
  InstitutionCode provider;
  Status status = Status::kNotSeen;
  Timestamp at;
  /// Of the acquisition request that it answers, one of several for an inquiry; 0: of the inquiry.
  Timestamp wish_asked_at;

  friend bool operator==(const StatusReply&, const StatusReply&) = default;
};

/// 符号 with the 取得番号 it was asked by, from the core system to the institution
/// (Cabinet Order 27(5), Order 44).
struct SymbolNotice {
  InstitutionCode institution;
  std::uint64_t acquisition_number = 0;
  /// The institution has the person's symbol already: nothing new was issued.
  bool already_acquired = false;
  Symbol symbol;  ///< all zero when already acquired
  Timestamp issued_at;

  friend bool operator==(const SymbolNotice&, const SymbolNotice&) = default;
};

/// The institution's word that the symbol asked for by this number is kept (or was
/// there already, or came too late): the core need not send it again.
struct SymbolReceipt {
  InstitutionCode institution;
  std::uint64_t acquisition_number = 0;
  Timestamp at;

  friend bool operator==(const SymbolReceipt&, const SymbolReceipt&) = default;
};

/// 符号の取得の求め: an asker whose provider holds no symbol asks it to acquire one
/// (Cabinet Order 26(3)). Name, birth date, sex and address are sealed to the provider.
struct AcquisitionRequest {
  Digest request_hash;  ///< of the inquiry that showed the lack
  InstitutionCode asker;
  InstitutionCode provider;
  Timestamp asked_at;
  Bytes sealed_items;  ///< wire form of crypto::SealedAnswer

  friend bool operator==(const AcquisitionRequest&, const AcquisitionRequest&) = default;
};

/// Kinds of statement on the link and in the leaves; the first four are the
/// numbers of storage steps: what is held is a permit.
enum class StatementKind : std::uint8_t {
  kInquiry = 1,
  kProvision = 2,
  kConclusion = 3,
  kPermit = 4,
  kRefusal = 5,
  kStatusQuery = 6,
  kStatusReply = 7,
  kSymbolNotice = 8,
  kSymbolReceipt = 9,
  kAcquisitionRequest = 10
};
inline constexpr StatementKind kLastStatementKind = StatementKind::kAcquisitionRequest;

}  // namespace nakadachi::exchange
