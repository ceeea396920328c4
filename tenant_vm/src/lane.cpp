#include "lane.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/records/log_head.hpp"
#include "nakadachi/tenant_vm/log_rows.hpp"

namespace nakadachi::tenant_vm {
namespace {

constexpr std::int64_t kFirstPauseMs = 50;
constexpr std::int64_t kLongestPauseMs = 5'000;
/// A log is read from its last checkpoint on when a lane is taken.
constexpr std::uint64_t kEntriesPerCheckpoint = 1'024;

std::shared_ptr<const crypto::BatchHeader> sign_header(const storage::Train& train,
                                                       const crypto::Signer& signer) {
  crypto::BatchHeader header;
  header.purpose = crypto::BatchPurpose::kTrain;
  header.lane = train.lane;
  header.epoch = train.epoch;
  header.number = train.number;
  header.size =
      static_cast<std::uint32_t>(train.rows.size() + train.changes.size() + train.heads.size());
  header.root = train.root;
  header.signed_at = train.signed_at;
  crypto::sign_batch(header, signer);
  return std::make_shared<const crypto::BatchHeader>(header);
}

std::size_t bytes_of(const PendingRow& row) noexcept {
  if (const auto* const step = std::get_if<PendingStep>(&row.what)) return step->row.sealed.size();
  const storage::ChangeRow& change = std::get<PendingChange>(row.what).row;
  return change.record.size() + change.value.size();
}

bool is_step(const PendingRow& row) noexcept {
  return std::holds_alternative<PendingStep>(row.what);
}

bool goes_with_next(const PendingRow& row) noexcept {
  const auto* const change = std::get_if<PendingChange>(&row.what);
  return change != nullptr && change->with_next;
}

}  // namespace

bool Lane::has_room() const noexcept {
  return is_open() && waiting_.size() < limits::kMaxRowsWaitingPerLane;
}

void Lane::open(const storage::LaneGrant& grant) noexcept {
  epoch_ = grant.epoch;
  last_ = grant.last;
}

void Lane::set_log(TenantId tenant, records::Frontier log) {
  logs_.insert_or_assign(tenant, std::move(log));
}

void Lane::start() noexcept { state_ = State::kIdle; }

void Lane::push(PendingRow row) {
  NAKADACHI_ASSERT(is_open());
  waiting_.push_back(std::move(row));
}

/// As many as a train holds, but what goes together leaves together, however few are to leave.
std::size_t Lane::rows_to_take() const noexcept {
  std::size_t bytes = 0;
  std::size_t taken = 0;
  for (std::size_t rows = 0; rows < waiting_.size(); ++rows) {
    bytes += bytes_of(waiting_[rows]);
    if (taken > 0 && (rows >= most_rows_ || bytes > limits::kMaxTrainBytes)) break;
    if (!goes_with_next(waiting_[rows])) taken = rows + 1;
  }
  return taken;
}

/// The next rows in the order of their leaves. Within a train the order of steps
/// and changes tells nothing: they become durable together.
std::vector<PendingRow> Lane::take_rows() {
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(rows_to_take());
  std::vector<PendingRow> rows(std::make_move_iterator(waiting_.begin()),
                               std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  std::stable_partition(rows.begin(), rows.end(), is_step);
  return rows;
}

/// Numbers the rows in their tenants' logs, changes before steps since they are written
/// first, and states what each log comes down to then.
void Lane::number_rows(storage::Train& train) {
  std::map<TenantId, std::vector<Digest>> added;
  const auto number = [&](auto& row) {
    std::vector<Digest>& entries = added[row.tenant];
    row.number = logs_[row.tenant].size() + entries.size();
    entries.push_back(records::entry_hash(entry_of(row)));
  };
  for (storage::ChangeRow& change : train.changes) number(change);
  for (storage::StepRow& step : train.rows) number(step);
  train.heads.reserve(added.size());
  for (auto& [tenant, entries] : added) {
    const records::Frontier& before = logs_[tenant];
    const records::Growth& grown =
        under_way_.logs.try_emplace(tenant, before, std::move(entries)).first->second;
    const records::Frontier& after = grown.after();
    train.heads.push_back({tenant, after.size(), after.root()});
    if (after.size() / kEntriesPerCheckpoint > before.size() / kEntriesPerCheckpoint) {
      train.checkpoints.push_back({tenant, after.size(), after.nodes()});
    }
  }
}

std::shared_ptr<const storage::Train> Lane::depart(Timestamp now, std::uint32_t low_water_bucket) {
  if (state_ != State::kIdle || waiting_.empty() || now < not_before_) return nullptr;
  const bool full = waiting_.size() >= most_rows_;
  if (!full && now - waiting_.front().since < limits::kTrainAgeMs) return nullptr;

  auto train = std::make_shared<storage::Train>();
  train->lane = id_;
  train->epoch = epoch_;
  train->number = TrainNumber{last_.value + 1};
  train->low_water_bucket = low_water_bucket;
  train->signed_at = now;
  under_way_.rows = take_rows();
  std::vector<Digest> leaves;
  leaves.reserve(2 * under_way_.rows.size());
  train->rows.reserve(under_way_.rows.size());
  for (PendingRow& row : under_way_.rows) {
    if (auto* const step = std::get_if<PendingStep>(&row.what)) {
      leaves.push_back(step->row.leaf);
      train->rows.push_back(std::move(step->row));
    } else {
      storage::ChangeRow& change = std::get<PendingChange>(row.what).row;
      leaves.push_back(change.leaf);
      train->changes.push_back(std::move(change));
    }
  }
  number_rows(*train);
  for (const storage::Head& head : train->heads) {
    leaves.push_back(records::head_leaf({head.tenant, head.size, head.root}));
  }
  under_way_.tree = std::make_unique<crypto::MerkleTree>(std::move(leaves));
  train->root = under_way_.tree->root();
  under_way_.header = sign_header(*train, *signer_);
  train->signer = under_way_.header->signer;
  train->signature = under_way_.header->signature;
  under_way_.train = std::move(train);
  state_ = State::kUnderWay;
  return under_way_.train;
}

Lane::Report Lane::on_settled(const storage::AppendResult& result, Timestamp now) {
  if (state_ != State::kUnderWay) return {};
  switch (result.commit) {
    case storage::Commit::kCommitted:
      return committed();
    case storage::Commit::kUnknown:
      state_ = State::kFateUnknown;
      not_before_ = now;
      return {};
    case storage::Commit::kFailed:
      break;
  }
  return failed(result, now);
}

Lane::Report Lane::committed() {
  Report report;
  last_ = under_way_.train->number;
  report.durable.reserve(under_way_.rows.size());
  for (std::uint32_t i = 0; i < under_way_.rows.size(); ++i) {
    PendingRow& row = report.durable.emplace_back(take_back(i));
    if (auto* const step = std::get_if<PendingStep>(&row.what)) {
      step->item.path = under_way_.tree->path(i);
      step->item.batch = under_way_.header;
    }
  }
  for (const auto& [tenant, log] : under_way_.logs) logs_[tenant] = log.after();
  report.train =
      std::make_unique<CommittedTrain>(std::move(under_way_.train), std::move(under_way_.header),
                                       std::move(under_way_.tree), std::move(under_way_.logs));
  under_way_ = {};
  state_ = State::kIdle;
  most_rows_ = limits::kMaxTrainRows;
  pause_ms_ = 0;
  return report;
}

Lane::Report Lane::failed(const storage::AppendResult& result, Timestamp now) {
  if (result.error.code == ErrorCode::kLaneLost) return lose();
  Report report;
  state_ = State::kIdle;
  if (result.error.code == ErrorCode::kStoreUnavailable) {
    put_back({});
    back_off(now);
    return report;
  }
  // One row is at fault. When the store cannot tell which, halving finds it.
  const std::size_t rows = under_way_.rows.size();
  const Range first = together_with(0);
  if (!result.bad_row && first.end < rows) {
    most_rows_ = rows / 2;
    put_back({});
    return report;
  }
  const Range refused = result.bad_row ? together_with(*result.bad_row) : first;
  report.refusal = result.error;
  for (std::size_t i = refused.begin; i < refused.end; ++i) report.refused.push_back(take_back(i));
  put_back(refused);
  return report;
}

std::optional<TrainNumber> Lane::fate_to_ask(Timestamp now) {
  if (state_ != State::kFateUnknown || now < not_before_) return std::nullopt;
  state_ = State::kAskingFate;
  return under_way_.train->number;
}

Lane::Report Lane::on_fate(const Result<storage::TrainFate>& fate, Timestamp now) {
  if (state_ != State::kAskingFate) return {};
  if (!fate) {
    if (fate.error().code == ErrorCode::kLaneLost) return lose();
    state_ = State::kFateUnknown;
    back_off(now);
    return {};
  }
  epoch_ = fate->epoch;
  if (fate->committed) return committed();
  state_ = State::kIdle;
  put_back({});
  return {};
}

/// A row of the train under way, whole again.
PendingRow Lane::take_back(std::size_t leaf) {
  PendingRow row = std::move(under_way_.rows[leaf]);
  const std::vector<storage::StepRow>& steps = under_way_.train->rows;
  if (auto* const step = std::get_if<PendingStep>(&row.what)) {
    step->row = steps[leaf];
  } else {
    std::get<PendingChange>(row.what).row = under_way_.train->changes[leaf - steps.size()];
  }
  return row;
}

/// Rows that go together stand side by side, also in the order of their leaves: all are changes.
Lane::Range Lane::together_with(std::size_t row) const noexcept {
  const std::vector<PendingRow>& rows = under_way_.rows;
  Range range{row, row + 1};
  while (range.begin > 0 && goes_with_next(rows[range.begin - 1])) --range.begin;
  while (range.end < rows.size() && goes_with_next(rows[range.end - 1])) ++range.end;
  return range;
}

/// Returns what was in the train under way to the front.
void Lane::put_back(const Range& without) {
  for (std::size_t i = under_way_.rows.size(); i-- > 0;) {
    if (i < without.begin || i >= without.end) waiting_.push_front(take_back(i));
  }
  under_way_ = {};
}

Lane::Report Lane::lose() {
  state_ = State::kLost;
  waiting_.clear();
  under_way_ = {};
  logs_.clear();
  Report report;
  report.lost = true;
  return report;
}

void Lane::back_off(Timestamp now) noexcept {
  pause_ms_ = std::clamp(pause_ms_ * 2, kFirstPauseMs, kLongestPauseMs);
  not_before_ = now + pause_ms_;
}

std::optional<Timestamp> Lane::deadline() const {
  if (state_ == State::kFateUnknown) return not_before_;
  if (state_ != State::kIdle || waiting_.empty()) return std::nullopt;
  return std::max(not_before_, waiting_.front().since + limits::kTrainAgeMs);
}

}  // namespace nakadachi::tenant_vm
