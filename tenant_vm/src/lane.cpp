#include "lane.hpp"

#include <algorithm>
#include <utility>

#include "nakadachi/base/assert.hpp"

namespace nakadachi::tenant_vm {
namespace {

constexpr std::int64_t kFirstPauseMs = 50;
constexpr std::int64_t kLongestPauseMs = 5'000;

std::shared_ptr<const crypto::BatchHeader> sign_header(const storage::Train& train,
                                                       const crypto::Signer& signer) {
  crypto::BatchHeader header;
  header.purpose = crypto::BatchPurpose::kTrain;
  header.lane = train.lane;
  header.epoch = train.epoch;
  header.number = train.number;
  header.size = static_cast<std::uint32_t>(train.rows.size());
  header.root = train.root;
  header.signed_at = train.signed_at;
  crypto::sign_batch(header, signer);
  return std::make_shared<const crypto::BatchHeader>(header);
}

}  // namespace

bool Lane::has_room() const noexcept {
  return is_open() && waiting_.size() < limits::kMaxRowsWaitingPerLane;
}

void Lane::open(const storage::LaneGrant& grant) noexcept {
  epoch_ = grant.epoch;
  last_ = grant.last;
}

void Lane::start() noexcept { state_ = State::kIdle; }

void Lane::push(PendingStep step) {
  NAKADACHI_ASSERT(is_open());
  waiting_.push_back(std::move(step));
}

std::size_t Lane::rows_to_take() const noexcept {
  std::size_t bytes = 0;
  std::size_t rows = 0;
  while (rows < waiting_.size() && rows < most_rows_) {
    bytes += waiting_[rows].row.sealed.size();
    if (rows > 0 && bytes > limits::kMaxTrainBytes) break;
    ++rows;
  }
  return rows;
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
  const std::size_t rows = rows_to_take();
  std::vector<Digest> leaves;
  leaves.reserve(rows);
  train->rows.reserve(rows);
  under_way_.steps.reserve(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    PendingStep& step = waiting_.front();
    leaves.push_back(step.row.leaf);
    train->rows.push_back(std::move(step.row));
    under_way_.steps.push_back(std::move(step));
    waiting_.pop_front();
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
  report.durable = std::exchange(under_way_.steps, {});
  for (std::uint32_t i = 0; i < report.durable.size(); ++i) {
    PendingStep& step = report.durable[i];
    step.row = under_way_.train->rows[i];
    step.item.path = under_way_.tree->path(i);
    step.item.batch = under_way_.header;
  }
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
    put_back(std::nullopt);
    back_off(now);
    return report;
  }
  // One row is at fault. When the store cannot tell which, halving finds it.
  const std::size_t rows = under_way_.steps.size();
  const auto bad_row = rows == 1 ? std::optional<std::size_t>(0) : result.bad_row;
  if (bad_row) {
    report.refusal = result.error;
    PendingStep refused = std::move(under_way_.steps[*bad_row]);
    refused.row = under_way_.train->rows[*bad_row];
    report.refused.push_back(std::move(refused));
  } else {
    most_rows_ = rows / 2;
  }
  put_back(bad_row);
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
  put_back(std::nullopt);
  return {};
}

/// Returns the steps of the train under way to the front, in their order.
void Lane::put_back(std::optional<std::size_t> without) {
  for (std::size_t i = under_way_.steps.size(); i-- > 0;) {
    if (i == without) continue;
    under_way_.steps[i].row = under_way_.train->rows[i];
    waiting_.push_front(std::move(under_way_.steps[i]));
  }
  under_way_ = {};
}

Lane::Report Lane::lose() {
  state_ = State::kLost;
  waiting_.clear();
  under_way_ = {};
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
