#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/copies/answer_mode.hpp"
#include "nakadachi/copies/change.hpp"
#include "nakadachi/copies/flags.hpp"
#include "nakadachi/copies/validation.hpp"
#include "nakadachi/exchange/messages.hpp"
#include "nakadachi/symbol_mapping/address_book.hpp"

/// Frames between commands (or business systems that register copies) and the
/// node's admin door (proto/nakadachi/v1/admin.proto, docs/protocol/frames.md).
namespace nakadachi::wire {

// What changes something -----------------------------------------------------

/// 副本登録: in the place of a former copy, unless that came with a later load. `content` is a
/// copies::CopyContent, encoded, and has to fit a layout that holds today.
struct PutCopy {
  AddressNumber person;
  InformationKind kind;
  Bytes content;
};
struct EraseCopy {
  AddressNumber person;
  InformationKind kind;
  /// Of the load that removes it; nothing: whatever it came with.
  std::optional<std::uint64_t> dataset = {};
};
/// The end of a full load: copies of the kind with a lesser dataset are erased, at most
/// `limits::kMaxErasedPerRequest`, if all `copies` of the load are registered.
struct EndFullLoad {
  InformationKind kind;
  std::uint64_t dataset = 0;
  std::uint64_t copies = 0;
};
/// Sets or clears one flag of a person.
struct ChangeFlag {
  AddressNumber person;
  copies::Flag flag;
  bool set = true;
};
struct SetAnswerMode {
  InformationKind kind;
  copies::AnswerMode mode = copies::AnswerMode::kCopy;
};
/// Begins the acquisition of a symbol, or tells the number of the one under way.
struct Acquire {
  AddressNumber person;
};
/// Takes over a symbol acquired before, from a backup or a former 中間サーバ.
struct BindSymbol {
  AddressNumber person;
  Symbol symbol;
};
/// Forgets a person's symbol, for good: the core system issues it once (施行命令 44条2項).
struct EndSymbol {
  AddressNumber person;
};
/// A symbol was bound to the wrong person: from now on it is bound to `to`, who must have none.
struct MoveSymbol {
  AddressNumber from;
  AddressNumber to;
};
/// Staff decide on a held request: provide, or refuse for a reason of the closed
/// list (`kIdentityInDoubt`, `kUnderCorrection`). `person` is whom they were shown: once the
/// request is about somebody else it is not decided.
struct Decide {
  ExchangeId request;
  AddressNumber person;
  std::optional<ErrorCode> refusal;  ///< nothing: provide
};
/// Asks the provider that held no symbol of a person to acquire one (Cabinet Order 26(3)).
struct AskToAcquire {
  RequestKey inquiry;  ///< the query that came to this end, by its business system's own name
  symbols::FourItems person;
};
/// 統合宛名: a new person with its business numbers; or, where `number` is given,
/// new items of a known one and further business numbers.
struct PutPerson {
  std::optional<AddressNumber> number;
  symbols::PersonItems items;
  std::vector<symbols::BusinessNumber> business;
};
struct MergePersons {
  AddressNumber survivor;
  AddressNumber former;
};

// What only reads ------------------------------------------------------------

/// A place in the list of held requests, in its order; what stood there need not be held
/// any more.
struct HeldPlace {
  Timestamp valid_until;
  ExchangeId request;
  friend constexpr auto operator<=>(const HeldPlace&, const HeldPlace&) noexcept = default;
};
/// Page by page, the ones that lapse first first, at most `limits::kMaxHeldListed`. Whatever
/// is decided in between, no request stands on two pages, and none that stays held is missed.
struct ListHeld {
  std::optional<HeldPlace> after = {};  ///< the last of the page before
};
struct CountCopies {};
struct CountSymbols {};
/// Whose symbols are being acquired, also at the wish of another body; page by page, at most
/// `limits::kMaxAcquisitionsListed`. `Acquire` tells the 取得番号 of one.
struct ListAcquisitions {
  std::optional<AddressNumber> after;  ///< `Acquisitions::next` of the page before
};
/// Whether a person's symbol is there, or whose a symbol is. The answer holds no symbol.
struct ShowSymbol {
  std::variant<AddressNumber, Symbol> of;
};
struct ShowFlags {
  AddressNumber person;
};
/// Everybody's flags, page by page, in no order that means anything; at most
/// `limits::kMaxPersonsListed` persons.
struct ListFlags {
  std::optional<HoldingKey> after;  ///< `FlagPage::next` of the page before
};
/// Kinds whose answer mode was set.
struct ListAnswerModes {};
struct FindPersons {
  symbols::AddressBook::Search search;
};
struct FindPersonByNumber {
  symbols::BusinessNumber number;
};
/// Page by page, ascending by number, at most `limits::kMaxPersonsListed`; doubles are
/// looked for at the staff's own machine.
struct ListPersons {
  std::optional<AddressNumber> after;
};
struct ListAcquisitionRequests {};
/// For operators: every tenant of the node. No business data.
struct ListTenants {};
/// For operators: the node's institutions, page by page, ascending by code, at most
/// `limits::kMaxInstitutionsListed`. No business data.
struct ListInstitutions {
  std::optional<InstitutionCode> after;
};

using AdminCommand =
    std::variant<PutCopy, EraseCopy, EndFullLoad, ChangeFlag, SetAnswerMode, Acquire, BindSymbol,
                 EndSymbol, MoveSymbol, Decide, AskToAcquire, PutPerson, MergePersons, ListHeld,
                 CountCopies, CountSymbols, ShowFlags, FindPersons, FindPersonByNumber, ListPersons,
                 ListAcquisitionRequests, ListTenants, ListInstitutions, ListFlags, ListAnswerModes,
                 ShowSymbol, ListAcquisitions>;

struct AdminRequest {
  RequestKey key;  ///< names the request, as of a query; a repeated change is done once
  InstitutionCode institution;  ///< for whom; all zero for an operator
  std::string who;              ///< of a change: at most limits::kMaxWhoBytes
  std::string why;              ///< at most limits::kMaxWhyBytes
  AdminCommand command;
};

// Answers --------------------------------------------------------------------

/// A change is durable. `count` things were changed; 0: all was so already.
struct Done {
  std::uint32_t count = 0;
};
/// A copy does not fit its layout (`kWrongFormat`), or it, its removal or the end of a load
/// does not fit what is registered (`kRowConflict`). Nothing was changed.
struct CopiesRefused {
  ErrorCode code = ErrorCode::kWrongFormat;
  std::vector<copies::Finding> findings;  ///< not empty
};
struct AcquisitionUnderWay {
  std::uint64_t number = 0;  ///< 取得番号, for the resident system
  Timestamp valid_until;
};
/// 統合宛名番号 of the person issued or changed.
struct PersonPut {
  AddressNumber number;
};
struct HeldRequest {
  ExchangeId request;
  exchange::Subject subject;
  std::uint16_t legal_item = 0;
  AddressNumber person;
  Timestamp asked_at;
  Timestamp valid_until;
};
struct HeldRequests {
  std::vector<HeldRequest> requests;  ///< the ones that lapse first first
  bool more = false;                  ///< others follow the last
};
struct CopyCount {
  InformationKind kind;
  std::uint64_t dataset = 0;
  std::uint64_t copies = 0;
};
struct CopyCounts {
  std::vector<CopyCount> counts;
};
struct SymbolCounts {
  std::uint64_t bound = 0;
  std::uint64_t under_way = 0;
};
struct SymbolShown {
  std::optional<AddressNumber> person;  ///< its number now; nothing: the symbol is nobody's
  bool bound = false;
  std::optional<Timestamp> under_way_until;  ///< of an acquisition under way
};
struct Acquisition {
  AddressNumber person;   ///< its number now
  Timestamp valid_until;  ///< the last moment at which the symbol is taken
};
struct Acquisitions {
  std::vector<Acquisition> acquisitions;
  std::optional<AddressNumber> next;  ///< nothing follows without it
};
struct Flags {
  std::vector<copies::Flag> flags;
};
struct FlagPage {
  struct OfPerson {
    AddressNumber person;
    std::vector<copies::Flag> flags;
  };
  std::vector<OfPerson> persons;
  std::optional<HoldingKey> next;  ///< nothing follows without it
};
struct AnswerModes {
  std::vector<std::pair<InformationKind, copies::AnswerMode>> modes;  ///< ascending by kind
};
struct Persons {
  std::vector<symbols::PersonRecord> persons;
};
/// Another body wants us to acquire a symbol for a person.
struct AcquisitionWish {
  InstitutionCode asker;
  symbols::FourItems person;
  std::vector<AddressNumber> candidates;
  bool begun = false;  ///< exactly one person fits: the acquisition is under way
  Timestamp asked_at;
};
struct AcquisitionWishes {
  std::vector<AcquisitionWish> wishes;
};
struct TenantState {
  TenantId tenant;
  LaneId lane;
  std::uint64_t queued = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t held = 0;
  std::uint64_t copies = 0;
  std::uint64_t symbols = 0;
};
struct TenantStates {
  std::vector<TenantState> tenants;
};
struct InstitutionState {
  InstitutionCode institution;
  TenantId tenant;
  std::uint64_t copies = 0;
  std::uint64_t symbols = 0;
  Timestamp delegated_until;  ///< the node cannot sign for it from then on
};
struct InstitutionStates {
  std::vector<InstitutionState> institutions;
};

using AdminAnswer =
    std::variant<Done, AcquisitionUnderWay, PersonPut, HeldRequests, CopyCounts, SymbolCounts,
                 Flags, Persons, AcquisitionWishes, TenantStates, InstitutionStates, CopiesRefused,
                 FlagPage, AnswerModes, SymbolShown, Acquisitions>;

struct AdminReply {
  RequestKey key;
  Result<AdminAnswer> answer;
};

// Frames ---------------------------------------------------------------------

/// One request of a frame, or why it could not be read.
struct DecodedAdminRequest {
  RequestKey key;
  Result<AdminRequest> request;
};

/// At most limits::kMaxQueriesPerFrame requests within limits::kMaxClientFrameBytes;
/// anything else is a bug.
Bytes encode_admin_requests(std::span<const AdminRequest> requests);
/// Errors for the frame as a whole as of `decode_query_frame`; of one request those of
/// its fields, and in "who" and "why" those of copies::ChangeReason.
Result<std::vector<DecodedAdminRequest>> decode_admin_requests(ByteView frame);

/// One frame a reply, so that long lists have room.
Bytes encode_admin_reply(const AdminReply& reply);
Bytes encode_admin_frame_error(const Error& error);
struct AdminReplyFrame {
  std::optional<AdminReply> reply;
  std::optional<Error> frame_error;  ///< field and detail are dropped on the wire
};
Result<AdminReplyFrame> decode_admin_reply(ByteView frame);

}  // namespace nakadachi::wire
