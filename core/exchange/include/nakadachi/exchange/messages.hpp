#pragma once

#include <cstdint>
#include <string>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/clock.hpp"
#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/error.hpp"
#include "nakadachi/base/ids.hpp"

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
  kLapsed = 5                  ///< the validity period passed and nothing was provided
};

/// What a question is about, as far as the law's table looks at it.
struct Subject {
  InstitutionCode asker;        ///< 情報照会者
  InstitutionCode provider;     ///< 情報提供者
  AffairCode affair;            ///< 事務
  ProcedureCode procedure;      ///< 事務手続
  InformationKind kind;         ///< 特定個人情報名
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

  friend bool operator==(const Reply&, const Reply&) = default;
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

  friend bool operator==(const Permit&, const Permit&) = default;
};

/// The core's word that it does not forward a request, and why.
struct Refusal {
  Digest request_hash;
  InstitutionCode asker;
  InstitutionCode provider;
  ErrorCode reason = ErrorCode::kNotInLegalTable;
  Timestamp refused_at;

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
  Bytes sealed_answer;  ///< wire form of crypto::SealedAnswer; empty unless answered

  friend bool operator==(const Provision&, const Provision&) = default;
};

/// Statement of the step "concluded"; kept by the asker.
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
  kLapsed = 3    ///< never provided and never will be: the validity period is over
};

/// The provider's answer when there is no provision to send again.
struct StatusReply {
  Digest request_hash;
  InstitutionCode asker;
  InstitutionCode provider;
  Status status = Status::kNotSeen;
  Timestamp at;

  friend bool operator==(const StatusReply&, const StatusReply&) = default;
};

/// Kinds of statement on the link and in the leaves; the first three are the
/// numbers of storage steps.
enum class StatementKind : std::uint8_t {
  kInquiry = 1,
  kProvision = 2,
  kConclusion = 3,
  kPermit = 4,
  kRefusal = 5,
  kStatusQuery = 6,
  kStatusReply = 7
};

}  // namespace nakadachi::exchange
