#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_set>
#include <vector>

#include "nakadachi/copies/answer_mode.hpp"
#include "nakadachi/copies/copy_shelf.hpp"
#include "nakadachi/copies/flags.hpp"
#include "nakadachi/crypto/sealing.hpp"
#include "nakadachi/exchange/asker_leg.hpp"
#include "nakadachi/symbol_mapping/address_book.hpp"
#include "nakadachi/tenant_vm/node_core.hpp"
#include "nakadachi/tenant_vm/token_bucket.hpp"
#include "nakadachi/wire/statements.hpp"
#include "recent_ids.hpp"

namespace nakadachi::tenant_vm {

/// A query that waits for its turn.
struct QueryJob {
  ClientId client;
  SystemId system;
  exchange::Query query;
  InstitutionCode institution = {};  ///< the system's, when it came
};

/// A believed permit that waits for its turn.
struct PermitJob {
  exchange::Permit permit;
  Digest permit_hash;
  Bytes statement;  ///< of the permit, as it came
  /// Within one body, where no symbol names the person (番号法19条11号).
  std::optional<AddressNumber> person;
  /// What the business system that answers itself has handed over.
  std::optional<exchange::HandOver> handed_over;
};

/// A request at the admin door that waits for its turn.
struct AdminJob {
  ClientId client;
  StaffId staff;
  wire::AdminRequest request;
};

/// A believed symbol, or word of one, that waits for its turn.
struct SymbolNoticeJob {
  exchange::SymbolNotice notice;
  std::uint32_t bytes = 0;  ///< of the statement, as it came
};

/// A permit that waits for the provider's staff; its step is durable.
struct HeldPermit {
  PermitJob job;
  std::optional<AdminJob> decision;  ///< set once decided: its provision is on the way
};

/// A question that a business system of the provider is to answer itself. In memory
/// only: after a restart the asker asks again.
struct LivePermit {
  PermitJob job;
  Timestamp wake_at;                            ///< when it is asked again, or has lapsed
  std::optional<AddressNumber> about = {};      ///< whom it was asked about
  std::vector<exchange::WrongItem> wrong = {};  ///< of the last answer, which was not taken
  bool answered = false;                        ///< its answer waits among the permits
};

/// A business system that takes live questions.
struct Listener {
  ClientId client;
  Timestamp until;
};

/// A change request whose rows wait for their trains.
struct OpenChange {
  ClientId client;
  RequestKey key;
  wire::AdminAnswer answer;
  std::size_t rows_left = 0;
};

/// Another body's wish that we acquire a symbol; kept in memory for staff to see.
struct KeptWish {
  Digest request_hash;
  wire::AcquisitionWish wish;
  std::uint32_t bytes = 0;        ///< as it came last
  std::optional<HoldingKey> row;  ///< of the acquisition that it began
};

/// A wish of ours that another body acquires a symbol; sent until that body has.
struct OpenWish {
  exchange::AcquisitionRequest request;
  Timestamp send_at;
  std::int64_t pause_ms = 0;
};

/// An exchange this tenant has asked and not concluded.
struct OpenAsk {
  OpenAsk(const exchange::AskerTiming& timing, exchange::Inquiry asked)
      : leg(timing, asked.valid_until), inquiry(std::move(asked)) {}

  exchange::AskerLeg leg;
  exchange::Inquiry inquiry;
  Digest request_hash;
  Digest content_hash;
  RequestKey key;
  SystemId system;
  InstitutionCode speaker;         ///< the caller's, whatever the question says
  std::optional<ClientId> client;  ///< who waits for the reply, if anybody does
  std::uint16_t legal_item = 0;
  /// Asked of another institution of the same body; or refused and no symbol is known.
  std::optional<AddressNumber> within_body;
  bool apart = false;                 ///< a refusal that is no outcome of the key
  std::uint32_t retry_after_ms = 0;   ///< to be told with it
  bool held = false;                  ///< the provider has said that staff must decide
  wire::LinkItem item;                ///< the inquiry, for sending again; proof set once durable
  std::optional<Timestamp> timer_at;  ///< the one timer of this exchange that counts
  Digest provision_leaf;
  Timestamp provided_at;
  std::uint32_t bytes_in = 0;  ///< of the statement that decided, when one came
  bool provider_non_disclosure = false;
  Bytes answer;
};

struct Institution {
  Institution(const InstitutionSetup& setup, const NodeSetup& node,
              const std::shared_ptr<const symbols::MapKeys>& keys, Random& random);
  InstitutionCode code;
  std::shared_ptr<const crypto::Delegation> delegation;
  symbols::SymbolMap symbols;
  std::vector<symbols::SymbolMap::Binding> recovered_symbols;  ///< until the lane is ready
  symbols::AcquisitionDesk acquisitions;
  copies::CopyShelf copies;
  copies::FlagShelf flags;
  copies::AnswerModes modes;
  std::deque<KeptWish> wishes;
  std::map<Digest, OpenWish> asked_wishes;  ///< by the request hash of the inquiry
  std::unique_ptr<crypto::SealingKey> sealing_key;
  crypto::AnswerSealer sealer;
  crypto::AnswerOpener opener;
};

/// A tenant's share of the node: keys, institutions, queues and open exchanges.
/// Holds everything of one tenant and nothing of another.
struct Partition {
  Partition(PartitionSetup setup, const NodeSetup& node,
            const std::shared_ptr<const symbols::MapKeys>& keys, Random& random);

  TenantId tenant;
  LaneId lane;
  crypto::TenantCipher cipher;
  std::map<InstitutionCode, Institution> institutions;
  symbols::AddressBook persons;
  bool all_symbols_read = true;  ///< false: one did not open, so who has none is not certain
  std::map<SystemId, CallerRights> callers;
  std::map<StaffId, StaffRights> staff;
  Quota quota;
  TokenBucket rate;
  std::deque<QueryJob> queries;
  std::deque<PermitJob> permits;
  std::deque<SymbolNoticeJob> notices;  ///< believed; served before the requests
  std::deque<AdminJob> requests;
  std::map<ExchangeId, OpenAsk> asking;
  std::unordered_set<ExchangeId> providing;  ///< its step is on the way, or being looked up
  std::map<ExchangeId, HeldPermit> held;
  std::map<ExchangeId, LivePermit> live;
  std::map<SystemId, Listener> listening;
  RecentIds settled;

  using HoldingName = std::pair<storage::Section, HoldingKey>;
  std::multiset<HoldingName> changing;  ///< changes of these are on their way to the disk
  std::map<ExchangeId, OpenChange> open_changes;
  RecentIds changed;
  /// Symbols to be confirmed to the core system once their change is durable.
  std::map<ExchangeId, std::pair<InstitutionCode, std::uint64_t>> receipts;

  /// By which names a change is among those that are on their way: that of its holding, and of a
  /// symbol that it binds.
  std::vector<HoldingName> names_of(const storage::ChangeRow& change);
  /// Whether a change of a holding is on its way to the disk; of none without a key.
  bool is_changing(storage::Section section, const Result<HoldingKey>& key) const;
  /// Whether new items of a person, or a merge with another, are on their way to the disk.
  bool is_person_changing(const AddressNumber& person);
  /// Id of the first change a request makes; `change_part` tells the others.
  /// Errors: `kKeyUnavailable`.
  Result<ExchangeId> change_id(StaffId staff, const wire::AdminRequest& request);
  /// Id of the asking leg. Errors: `kKeyUnavailable`.
  Result<ExchangeId> ask_id(const InstitutionCode& institution, SystemId system,
                            const RequestKey& key);
  /// Id of a refusal that does not stand under the query's own id: of those in one unit of
  /// 64 seconds that say the same there is one. Errors: `kKeyUnavailable`.
  Result<ExchangeId> refusal_id(const QueryJob& job, ErrorCode reason, Timestamp now);
  /// Id of the providing leg. Errors: `kKeyUnavailable`.
  Result<ExchangeId> provide_id(const InstitutionCode& institution, const Digest& request_hash,
                                Timestamp asked_at);

  Result<Bytes> seal(const ExchangeId& exchange, storage::Step step,
                     const wire::StoredContent& content, Random& random);
  Result<wire::StoredContent> open(const storage::StoredStep& stored);
  /// Under which number a person stands today: that of the survivor for one who was merged.
  AddressNumber current(const AddressNumber& number) const;
  /// The same for everybody whom `command` names and something is kept of under a number.
  void use_current_numbers(wire::AdminCommand& command) const;
  /// Whom a permit is about; nothing when the provider has no such symbol.
  std::optional<AddressNumber> person_of(const PermitJob& job) const;
  /// Whether the symbol means another person, or nobody, since the question was put.
  bool has_moved(const LivePermit& question) const;
  Result<Bytes> seal_record(const ExchangeId& change, const copies::ChangeRecord& record,
                            Random& random);
};

/// The id of the `part`-th change of a request, and back to the first.
ExchangeId change_part(const ExchangeId& first, std::size_t part) noexcept;
ExchangeId first_part(const ExchangeId& change) noexcept;

/// Tells one question from another under the same request key.
Digest content_hash(SystemId system, const exchange::Query& query);
/// The same for permits of one request.
Digest content_hash(const exchange::Permit& permit);

}  // namespace nakadachi::tenant_vm
