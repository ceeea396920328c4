#include "nakadachi/storage/memory_store.hpp"

#include <algorithm>
#include <utility>

#include "step_pages.hpp"
#include "train_check.hpp"

namespace nakadachi::storage {
namespace {

AppendResult failed(ErrorCode code, std::optional<std::size_t> bad_row = std::nullopt) {
  return {.commit = Commit::kFailed, .error = {.code = code}, .bad_row = bad_row};
}

StoredStep stored(const Train& train, std::size_t index) {
  const StepRow& row = train.rows[index];
  return {.exchange = row.exchange,
          .step = row.step,
          .outcome = row.outcome,
          .lane = train.lane,
          .epoch = train.epoch,
          .train = train.number,
          .leaf_index = static_cast<std::uint16_t>(index),
          .salt = row.salt,
          .leaf = row.leaf,
          .sealed = row.sealed};
}

}  // namespace

Result<LaneGrant> MemoryStore::take_lane(LaneId lane, std::string_view writer) {
  if (writer.size() > kMaxWriterBytes) {
    return Error{.code = ErrorCode::kWrongLength, .field = "writer"};
  }
  LaneState& state = lanes_[lane];
  ++state.epoch.value;
  state.taken = state.epoch;
  state.writer = writer;
  return LaneGrant{state.epoch, state.last, state.low_water_bucket};
}

AppendResult MemoryStore::append(const Train& train) {
  AppendResult lost{.commit = Commit::kUnknown, .error = {.code = ErrorCode::kCommitUnknown}};
  switch (std::exchange(next_fault_, Fault::kNone)) {
    case Fault::kNone:
      return apply(train);
    case Fault::kFail:
      return failed(ErrorCode::kStoreUnavailable);
    case Fault::kLoseAcknowledgement:
      static_cast<void>(apply(train));
      return lost;
    case Fault::kLoseTrain:
      return lost;
  }
  return lost;
}

AppendResult MemoryStore::apply(const Train& train) {
  if (auto refusal = refuse_malformed(train)) return *refusal;
  const auto lane = lanes_.find(train.lane);
  if (lane == lanes_.end() || lane->second.epoch != train.epoch) {
    return failed(ErrorCode::kLaneLost);
  }
  LaneState& state = lane->second;
  if (train.number.value != state.last.value + 1) return failed(ErrorCode::kStoreFailed);

  std::map<Key, StoredStep> arrived;
  for (std::size_t i = 0; i < train.rows.size(); ++i) {
    const Key key{train.rows[i].tenant, train.rows[i].exchange, train.rows[i].step};
    if (rows_.contains(key) || !arrived.emplace(key, stored(train, i)).second) {
      return failed(ErrorCode::kRowConflict, i);
    }
  }
  rows_.merge(arrived);
  state.last = train.number;
  state.low_water_bucket = train.low_water_bucket;
  return {.commit = Commit::kCommitted, .error = {}, .bad_row = {}};
}

Result<TrainFate> MemoryStore::read_back(LaneId lane, Epoch epoch, TrainNumber number) {
  const auto found = lanes_.find(lane);
  if (found == lanes_.end() || epoch < found->second.taken || epoch > found->second.epoch) {
    return ErrorCode::kLaneLost;
  }
  ++found->second.epoch.value;
  return TrainFate{number.value > 0 && number <= found->second.last, found->second.epoch};
}

Result<std::vector<StoredStep>> MemoryStore::find(TenantId tenant, const ExchangeId& exchange) {
  std::vector<StoredStep> steps;
  for (auto row = rows_.lower_bound({tenant, exchange, Step::kAsked}); row != rows_.end(); ++row) {
    const auto& [row_tenant, row_exchange, step] = row->first;
    if (row_tenant != tenant || row_exchange != exchange) break;
    steps.push_back(row->second);
  }
  return steps;
}

Result<std::vector<StoredStep>> MemoryStore::scan(TenantId tenant, std::uint32_t from_bucket,
                                                  const std::optional<ExchangeId>& after,
                                                  std::size_t limit) {
  const std::size_t most = page_limit(limit);
  std::vector<StoredStep> steps;
  const ExchangeId first = std::max(first_id_of_bucket(from_bucket), after.value_or(ExchangeId{}));
  for (auto row = rows_.lower_bound({tenant, first, Step::kAsked}); row != rows_.end(); ++row) {
    if (std::get<TenantId>(row->first) != tenant || steps.size() > most) break;
    if (!after || row->second.exchange > *after) steps.push_back(row->second);
  }
  drop_split_exchange(steps, most);
  return steps;
}

}  // namespace nakadachi::storage
