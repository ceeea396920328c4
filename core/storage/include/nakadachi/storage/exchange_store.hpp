#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/base/units.hpp"

namespace nakadachi::storage {

/// Which step of an exchange a row is. Numbers stand in the database.
enum class Step : std::uint8_t {
  kAsked = 1,
  kProvided = 2,
  kConcluded = 3,
  kHeld = 4  ///< waits for staff at the provider
};

/// The kind of leaf a step is (docs/protocol/trains.md): the number of the statement it
/// keeps, which is its own. A held request keeps the permit.
constexpr std::uint8_t leaf_kind(Step step) noexcept { return static_cast<std::uint8_t>(step); }

/// The kind of leaf a change of a holding is.
inline constexpr std::uint8_t kChangeLeafKind = 20;

/// The most persons or messages, and the most bytes, that one row may be metered with.
inline constexpr std::uint16_t kMaxUnitCount = 0x7fff;
inline constexpr std::uint32_t kMaxUnitBytes = 0x7fffffff;

/// One appended row: state, record and units of a step at once. What identifies
/// a person, a counterpart or a fine time is inside `sealed`; what is clear is
/// coarse. Keyed by (tenant, exchange, step); never updated, never deleted.
struct StepRow {
  TenantId tenant;
  ExchangeId exchange;
  Step step = Step::kAsked;
  std::uint16_t outcome = 0;  ///< exchange::Outcome, 0 while there is none
  std::uint64_t number = 0;   ///< its place in the tenant's log
  Units units;                ///< what it is metered with; see kMaxUnitCount, kMaxUnitBytes
  Salt salt;                  ///< of the leaf
  Digest leaf;                ///< crypto::leaf_hash(salt, leaf_kind(step), statement)
  Bytes sealed;               ///< crypto::TenantCipher over statement and kept answer

  friend bool operator==(const StepRow&, const StepRow&) = default;
};

/// Sorts of what a town holds. Numbers stand in the database.
enum class Section : std::uint8_t {
  kSymbol = 1,       ///< 符号
  kAcquisition = 2,  ///< 取得番号 not yet answered and wishes not yet followed; erased then
  kCopy = 3,         ///< 副本
  kFlag = 4,         ///< 自動応答不可 and other flags of a copy
  kPerson = 5,       ///< 統合宛名, with the numbers of business systems
  kSetting = 8       ///< how questions of a kind are answered
};

/// One change of a holding: a record in the journal and the new state.
struct ChangeRow {
  TenantId tenant;
  ExchangeId change;  ///< time-ordered id of the change, made like an exchange's id
  Section section = Section::kSymbol;
  HoldingKey key;
  bool erase = false;        ///< the holding is removed; `value` is empty
  std::uint64_t number = 0;  ///< its place in the tenant's log
  Units units;               ///< as of a step
  Salt salt;
  Digest leaf;   ///< crypto::leaf_hash(salt, kChangeLeafKind, record before sealing)
  Bytes record;  ///< sealed: who, when, why; stays in the journal
  Bytes value;   ///< sealed: the holding's state from now on; in no journal

  friend bool operator==(const ChangeRow&, const ChangeRow&) = default;
};

/// Where a tenant's log stands after a train. The log is every step and change of
/// the tenant, numbered together from 0 without gaps.
struct Head {
  TenantId tenant;
  std::uint64_t size = 0;  ///< entries; the last one has the number before
  Digest root;             ///< RFC 9162 2.1.1 over the hashes of the entries

  friend bool operator==(const Head&, const Head&) = default;
};

/// What a writer needs to go on with a log without reading it from its beginning.
struct Checkpoint {
  TenantId tenant;
  std::uint64_t size = 0;
  /// Roots of the complete subtrees, the largest first: one for each 1 in the
  /// binary form of `size`.
  std::vector<Digest> frontier;

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// A batch of steps and changes that becomes durable as a whole or not at all.
/// A row's leaf index is its place: in `rows`, or rows.size() and its place in
/// `changes`. Several changes of one holding apply in their order.
///
/// Numbers continue each tenant's log: first those of its changes, in their order,
/// then those of its steps.
struct Train {
  LaneId lane;
  Epoch epoch;
  TrainNumber number;
  /// No exchange of the lane that is still open began before this bucket; where
  /// recovery starts to read.
  std::uint32_t low_water_bucket = 0;
  Digest root;
  Timestamp signed_at;
  PublicKey signer;
  Signature signature;
  std::vector<StepRow> rows;
  std::vector<ChangeRow> changes;
  /// One for each tenant of a row or change, ascending by tenant.
  std::vector<Head> heads;
  std::vector<Checkpoint> checkpoints;  ///< at some of `heads`, ascending by tenant
};

enum class Commit : std::uint8_t { kCommitted, kFailed, kUnknown };

/// What became of a train.
struct AppendResult {
  Commit commit = Commit::kUnknown;
  /// Why not, unless committed: `kLaneLost`, `kStoreUnavailable` (failed, try
  /// again later), `kRowConflict` or `kStoreFailed` (failed because of `bad_row`
  /// where it is set), `kCommitUnknown`.
  Error error;
  /// Leaf index of the one row or change at fault when the store can tell; the
  /// rest may go without it.
  std::optional<std::size_t> bad_row;
};

/// The longest name of a writer.
inline constexpr std::size_t kMaxWriterBytes = 100;

/// The right to write a lane.
struct LaneGrant {
  Epoch epoch;
  TrainNumber last;  ///< number of the lane's last committed train, 0 before the first
  std::uint32_t low_water_bucket = 0;
};

/// Answer to the question what became of a train.
struct TrainFate {
  bool committed = false;
  /// The lane's epoch from now on: asking raises it, so a transaction still
  /// under way somewhere can never commit afterwards.
  Epoch epoch;
};

/// One stored row, found again.
struct StoredStep {
  ExchangeId exchange;
  Step step = Step::kAsked;
  std::uint16_t outcome = 0;
  LaneId lane;
  Epoch epoch;
  TrainNumber train;
  std::uint16_t leaf_index = 0;
  std::uint64_t number = 0;
  Units units;
  Salt salt;
  Digest leaf;
  Bytes sealed;

  friend bool operator==(const StoredStep&, const StoredStep&) = default;
};

/// What a town holds now: the value of the last change of it.
struct Holding {
  Section section = Section::kSymbol;
  HoldingKey key;
  Bytes value;

  friend bool operator==(const Holding&, const Holding&) = default;
};

/// One row of the journal, found again. Of the value it holds nothing.
struct StoredChange {
  ExchangeId change;
  Section section = Section::kSymbol;
  HoldingKey key;
  bool erase = false;
  LaneId lane;
  Epoch epoch;
  TrainNumber train;
  std::uint16_t leaf_index = 0;
  std::uint64_t number = 0;
  Units units;
  Salt salt;
  Digest leaf;
  Bytes record;

  friend bool operator==(const StoredChange&, const StoredChange&) = default;
};

/// One entry of a tenant's log.
using LogEntry = std::variant<StoredStep, StoredChange>;

/// Its place in the log.
inline std::uint64_t log_number(const LogEntry& entry) noexcept {
  return std::visit([](const auto& row) { return row.number; }, entry);
}

/// A committed train, found again: what was signed, and its heads.
struct StoredTrain {
  LaneId lane;
  Epoch epoch;
  TrainNumber number;
  std::uint32_t low_water_bucket = 0;
  std::uint16_t rows = 0;     ///< how many; they have the first leaves
  std::uint16_t changes = 0;  ///< how many; their leaves come next, then those of `heads`
  Digest root;
  Timestamp signed_at;
  PublicKey signer;
  Signature signature;
  std::vector<Head> heads;

  friend bool operator==(const StoredTrain&, const StoredTrain&) = default;
};

/// An institution's word that a node may sign trains for a while, kept as long as they are.
struct KeptDelegation {
  InstitutionCode institution;
  PublicKey node_key;
  Timestamp from;
  Timestamp until;  ///< holds no more from then on
  Signature signature;

  friend bool operator==(const KeptDelegation&, const KeptDelegation&) = default;
};

/// What receipts of a tenant's entries in one train are made of.
struct StoredProof {
  StoredTrain train;  ///< states a head of the tenant
  /// Of the train's rows and changes, as they stand in its tree; those of its heads follow
  /// from `train`. Fewer where rows were cut off at the end of their retention.
  std::vector<Digest> leaves;
  /// Where the log stood before the train; nothing: read it from its beginning.
  std::optional<Checkpoint> checkpoint;
  /// The log from there up to the train's head, without what is sealed.
  std::vector<LogEntry> entries;
  /// To the train's signer, for when it was signed: of the institution wished for, or of
  /// another one of the tenant.
  KeptDelegation delegation;
};

/// Where steps and changes become durable. Two forms under one contract test: PostgreSQL
/// (postgres_store.hpp) and memory (memory_store.hpp).
///
/// Calls block. An object is used by one thread at a time; a lane has its own.
class ExchangeStore {
 public:
  virtual ~ExchangeStore() = default;

  /// Makes `writer` (a name for operators, at most kMaxWriterBytes of UTF-8) the
  /// lane's only writer by raising its epoch; a former writer's trains fail with
  /// `kLaneLost` from then on, also those under way. Makes the lane when new.
  /// Errors: `kWrongLength`, `kStoreUnavailable` (take it again).
  virtual Result<LaneGrant> take_lane(LaneId lane, std::string_view writer) = 0;

  /// Appends the train: all its rows and changes with what they do to holdings,
  /// and the train's own row, or nothing. `train.number` must be the last committed
  /// one plus 1 (else failed with `kStoreFailed`). Rows and changes together at
  /// least one, at most limits::kMaxTrainRows, all of tenants that have joined with
  /// this lane (else `kStoreFailed`; the memory form knows no directory and takes
  /// any tenant but number 0). Numbers that do not continue the logs, or do not end
  /// at the heads, are a `kStoreFailed` without a row at fault. A step or change that is there
  /// already, or twice in the train, is a `kRowConflict`; removing a holding that is not there is
  /// none.
  virtual AppendResult append(const Train& train) = 0;

  /// What became of the train after `kUnknown`. Errors: `kLaneLost` when another
  /// writer has the lane, `kStoreUnavailable` (ask again, with the same epoch:
  /// it stays good for asking until another writer takes the lane).
  virtual Result<TrainFate> read_back(LaneId lane, Epoch epoch, TrainNumber number) = 0;

  /// All steps of one exchange of one tenant, ascending by step.
  /// Errors: `kStoreUnavailable`.
  virtual Result<std::vector<StoredStep>> find(TenantId tenant, const ExchangeId& exchange) = 0;

  /// Steps of a tenant with ids of `from_bucket` and later and greater than
  /// `after` (where given), ascending by (exchange, step), at most `limit` but
  /// never splitting an exchange over two pages; a limit below the four steps of
  /// one exchange counts as four. Empty only at the end. Errors: `kStoreUnavailable`.
  virtual Result<std::vector<StoredStep>> scan(TenantId tenant, std::uint32_t from_bucket,
                                               const std::optional<ExchangeId>& after,
                                               std::size_t limit) = 0;

  /// Present holdings of a tenant greater than `after` (where given), ascending by
  /// (section, key), at most `limit` (0 counts as 1). Empty only at the end. Pages
  /// are read one by one: changes committed meanwhile show in later pages only.
  /// Errors: `kStoreUnavailable`.
  virtual Result<std::vector<Holding>> scan_holdings(
      TenantId tenant, const std::optional<std::pair<Section, HoldingKey>>& after,
      std::size_t limit) = 0;

  /// The journal: changes of a tenant with ids of `from_bucket` and later and
  /// greater than `after` (where given), ascending, at most `limit` (0 counts as 1).
  /// Empty only at the end. Errors: `kStoreUnavailable`.
  virtual Result<std::vector<StoredChange>> scan_changes(TenantId tenant, std::uint32_t from_bucket,
                                                         const std::optional<ExchangeId>& after,
                                                         std::size_t limit) = 0;

  /// The journal's row of one change, nothing when it never became durable.
  /// Errors: `kStoreUnavailable`.
  virtual Result<std::optional<StoredChange>> find_change(TenantId tenant,
                                                          const ExchangeId& change) = 0;

  /// The tenant's log from entry `from_number` on, ascending without gaps, at most
  /// `limit` (0 counts as 1). Empty only at the end. Errors: `kStoreUnavailable`.
  virtual Result<std::vector<LogEntry>> scan_log(TenantId tenant, std::uint64_t from_number,
                                                 std::size_t limit) = 0;

  /// The checkpoint of the tenant with the greatest size, nothing before the first.
  /// Errors: `kStoreUnavailable`.
  virtual Result<std::optional<Checkpoint>> last_checkpoint(TenantId tenant) = 0;

  /// The committed train, nothing when there is none. Errors: `kStoreUnavailable`.
  virtual Result<std::optional<StoredTrain>> find_train(LaneId lane, TrainNumber number) = 0;

  /// Committed trains of a lane from number `from` on, ascending without gaps, at
  /// most `limit` (0 counts as 1). Empty only at the end. Errors: `kStoreUnavailable`.
  virtual Result<std::vector<StoredTrain>> scan_trains(LaneId lane, TrainNumber from,
                                                       std::size_t limit) = 0;

  /// Keeps delegations of institutions of the tenant; those that are there already stay as
  /// they are. Errors: `kStoreUnavailable`, `kStoreFailed`; none was kept then, or, when the
  /// answer was lost (`kCommitUnknown`), perhaps all: keep them again.
  virtual Result<void> keep_delegations(TenantId tenant,
                                        std::span<const KeptDelegation> delegations) = 0;

  /// What receipts of the tenant's entries in a train are made of; `entry_number` is one of
  /// them. Errors: `kStoreUnavailable`; `kLogHeadDiffers` when there is no such train, or it
  /// states no head of the tenant behind this entry; `kDelegationInvalid` when no delegation
  /// to its signer is there.
  virtual Result<StoredProof> find_proof(TenantId tenant, LaneId lane, TrainNumber number,
                                         std::uint64_t entry_number,
                                         const InstitutionCode& wished) = 0;
};

}  // namespace nakadachi::storage
