#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "log_proof.hpp"
#include "nakadachi/base/limits.hpp"
#include "nakadachi/crypto/signed_batch.hpp"
#include "nakadachi/records/log_tree.hpp"
#include "nakadachi/storage/exchange_store.hpp"
#include "nakadachi/wire/link_frame.hpp"

namespace nakadachi::tenant_vm {

/// A step that waits for its train.
struct PendingStep {
  std::size_t partition = 0;
  storage::StepRow row;
  /// What leaves once the step is durable; path and batch are filled in then. A
  /// conclusion goes nowhere but carries its statement all the same.
  wire::LinkItem item;
  std::uint64_t fingerprint = 0;  ///< RecentIds::Fingerprint of the exchange
};

/// A change of a holding that waits for its train.
struct PendingChange {
  std::size_t partition = 0;
  storage::ChangeRow row;
  /// Durable with the row pushed after it, or neither is: parts of one request.
  bool with_next = false;
  /// Whose symbol ends, or moves to another number, once the row is durable.
  std::optional<std::pair<InstitutionCode, AddressNumber>> unbinds = {};
};

/// What waits in a lane, in the order in which it was decided.
struct PendingRow {
  std::variant<PendingStep, PendingChange> what;
  Timestamp since;
};

/// One writer: gathers steps and changes into trains, numbers them in their tenants'
/// logs, sends one train at a time, and says of each row when it is durable. After a failed or
/// unknown commit nothing more leaves, is numbered or signed until it is known what became of it.
class Lane {
 public:
  Lane(LaneId id, const crypto::Signer& signer) : id_(id), signer_(&signer) {}

  LaneId id() const noexcept { return id_; }
  Epoch epoch() const noexcept { return epoch_; }
  /// Whether steps are taken: between `start` and the loss of the lane.
  bool is_open() const noexcept { return state_ != State::kClosed && state_ != State::kLost; }
  bool has_room() const noexcept;

  /// The lane was taken; what it held before is being recovered.
  void open(const storage::LaneGrant& grant) noexcept;
  /// Where the log of a tenant stands; the empty one where nothing is said.
  void set_log(TenantId tenant, records::Frontier log);
  /// Recovery is over.
  void start() noexcept;
  void push(PendingStep step, Timestamp now) { push({std::move(step), now}); }
  void push(PendingChange change, Timestamp now) { push({std::move(change), now}); }

  /// The next train when one is due.
  std::shared_ptr<const storage::Train> depart(Timestamp now, std::uint32_t low_water_bucket);

  /// What a report of the store means for what waited for it.
  struct Report {
    std::vector<PendingRow> durable;
    /// The train they became durable with; null when there are none.
    std::unique_ptr<CommittedTrain> train;
    /// Definitely not stored: a row at fault and all that would be durable with it only.
    std::vector<PendingRow> refused;
    Error refusal;
    bool lost = false;  ///< another writer has the lane; all that waited is dropped
  };
  Report on_settled(const storage::AppendResult& result, Timestamp now);
  Report on_fate(const Result<storage::TrainFate>& fate, Timestamp now);

  /// The train whose fate is to be asked for now, if one is.
  std::optional<TrainNumber> fate_to_ask(Timestamp now);

  /// When `depart` or `fate_to_ask` may have something to do.
  std::optional<Timestamp> deadline() const;

 private:
  enum class State { kClosed, kIdle, kUnderWay, kFateUnknown, kAskingFate, kLost };
  struct UnderWay {
    std::shared_ptr<const storage::Train> train;
    std::vector<PendingRow> rows;  // as the leaves stand: steps, then changes; moved into the train
    std::shared_ptr<const crypto::BatchHeader> header;
    std::unique_ptr<crypto::MerkleTree> tree;
    std::map<TenantId, records::Growth> logs;  // as they stand when it is committed
  };

  void push(PendingRow row);
  void number_rows(storage::Train& train);
  std::size_t rows_to_take() const noexcept;
  std::vector<PendingRow> take_rows();
  PendingRow take_back(std::size_t leaf);
  /// Rows of the train under way, [begin, end).
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  Range together_with(std::size_t row) const noexcept;
  Report committed();
  Report failed(const storage::AppendResult& result, Timestamp now);
  void put_back(const Range& without);
  Report lose();
  void back_off(Timestamp now) noexcept;

  LaneId id_;
  const crypto::Signer* signer_;
  State state_ = State::kClosed;
  Epoch epoch_;
  TrainNumber last_;
  std::deque<PendingRow> waiting_;
  std::map<TenantId, records::Frontier> logs_;
  UnderWay under_way_;
  std::size_t most_rows_ = limits::kMaxTrainRows;
  Timestamp not_before_;
  std::int64_t pause_ms_ = 0;
};

}  // namespace nakadachi::tenant_vm
