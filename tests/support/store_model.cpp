#include "tests/support/store_model.hpp"

#include <algorithm>

#include "nakadachi/base/limits.hpp"

namespace nakadachi::testing {
namespace {

using Fate = StoreModel::Fate;

Fate failed(ErrorCode code, std::optional<std::size_t> row = std::nullopt) {
  return {storage::Commit::kFailed, code, row};
}

bool is_malformed(const Units& units) {
  const auto cause = static_cast<unsigned>(units.cause);
  return cause < 1 || cause > kCauseKinds || units.persons > storage::kMaxUnitCount ||
         units.messages_in > storage::kMaxUnitCount || units.bytes_out > storage::kMaxUnitBytes;
}

bool is_malformed(const storage::StepRow& row) {
  const auto step = static_cast<unsigned>(row.step);
  return step < 1 || step > kStepKinds || row.tenant.value == 0 || is_malformed(row.units);
}

bool is_malformed(const storage::ChangeRow& change) {
  const auto section = static_cast<unsigned>(change.section);
  return section < 1 || section > kSectionKinds || (change.erase && !change.value.empty()) ||
         change.tenant.value == 0 || is_malformed(change.units);
}

template <class Row>
std::optional<std::size_t> first_malformed(const std::vector<Row>& rows) {
  const auto found = std::ranges::find_if(rows, [](const Row& row) { return is_malformed(row); });
  if (found == rows.end()) return std::nullopt;
  return static_cast<std::size_t>(found - rows.begin());
}

template <class Row>
std::optional<std::size_t> first_stranger(const std::vector<Row>& rows) {
  const auto found = std::ranges::find_if(
      rows, [](const Row& row) { return row.tenant.value > kContractTenants; });
  if (found == rows.end()) return std::nullopt;
  return static_cast<std::size_t>(found - rows.begin());
}

/// The first that is stored, or is in the train, already.
template <class Row, class Stored>
std::optional<std::size_t> first_conflict(const std::vector<Row>& rows, const Stored& stored) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto key = StoreModel::key_of(rows[i]);
    const auto is_same = [&](const Row& row) { return StoreModel::key_of(row) == key; };
    if (stored.contains(key) || std::ranges::any_of(std::span(rows).first(i), is_same)) return i;
  }
  return std::nullopt;
}

/// What the map has for the key, else an empty one.
template <class Key, class Value>
const Value& value_or_none(const std::map<Key, Value>& map, const Key& key) {
  static const Value none{};
  const auto found = map.find(key);
  return found == map.end() ? none : found->second;
}

}  // namespace

StoreModel::StepKey StoreModel::key_of(const storage::StepRow& row) {
  return {row.tenant, row.exchange, row.step};
}

StoreModel::ChangeKey StoreModel::key_of(const storage::ChangeRow& change) {
  return {change.tenant, change.change};
}

storage::LaneGrant StoreModel::take(LaneId lane) {
  Lane& taken = lanes_[lane];
  ++taken.epoch.value;
  taken.taken = taken.epoch;
  return this->lane(lane);
}

std::optional<storage::TrainFate> StoreModel::read_back(LaneId lane, Epoch epoch,
                                                        TrainNumber number) {
  const auto found = lanes_.find(lane);
  if (found == lanes_.end() || epoch.value == 0 || epoch < found->second.taken ||
      epoch > found->second.epoch) {
    return std::nullopt;
  }
  ++found->second.epoch.value;
  return storage::TrainFate{number.value > 0 && number <= found->second.last, found->second.epoch};
}

Fate StoreModel::foretell(const storage::Train& train, Numbering numbering) const {
  const std::size_t steps = train.rows.size();
  const std::size_t leaves = steps + train.changes.size();
  if (leaves == 0 || leaves > limits::kMaxTrainRows) return failed(ErrorCode::kStoreFailed);
  if (const auto row = first_malformed(train.rows)) return failed(ErrorCode::kStoreFailed, row);
  if (const auto row = first_malformed(train.changes)) {
    return failed(ErrorCode::kStoreFailed, steps + *row);
  }
  if (numbering == Numbering::kMalformed) return failed(ErrorCode::kStoreFailed);
  const auto lane = lanes_.find(train.lane);
  if (lane == lanes_.end() || train.epoch.value == 0 || lane->second.epoch != train.epoch) {
    return failed(ErrorCode::kLaneLost);
  }
  if (train.number.value != lane->second.last.value + 1) return failed(ErrorCode::kStoreFailed);
  // Changes are written first.
  if (const auto row = first_stranger(train.changes)) {
    return failed(ErrorCode::kStoreFailed, steps + *row);
  }
  if (const auto row = first_conflict(train.changes, changes_)) {
    return failed(ErrorCode::kRowConflict, steps + *row);
  }
  if (const auto row = first_conflict(train.rows, steps_)) {
    return failed(ErrorCode::kRowConflict, row);
  }
  if (const auto row = first_stranger(train.rows)) return failed(ErrorCode::kStoreFailed, row);
  if (numbering == Numbering::kNoContinuation) return failed(ErrorCode::kStoreFailed);
  return {};
}

void StoreModel::apply(const storage::Train& train) {
  Lane& lane = lanes_[train.lane];
  lane.last = train.number;
  lane.low_water_bucket = train.low_water_bucket;
  for (std::size_t i = 0; i < train.changes.size(); ++i) apply_change(train, i);
  for (std::size_t i = 0; i < train.rows.size(); ++i) apply_step(train, i);
  for (const storage::Checkpoint& point : train.checkpoints) {
    checkpoints_[point.tenant].push_back(point);
  }
  trains_[train.lane].push_back({.lane = train.lane,
                                 .epoch = train.epoch,
                                 .number = train.number,
                                 .low_water_bucket = train.low_water_bucket,
                                 .rows = static_cast<std::uint16_t>(train.rows.size()),
                                 .changes = static_cast<std::uint16_t>(train.changes.size()),
                                 .root = train.root,
                                 .signed_at = train.signed_at,
                                 .signer = train.signer,
                                 .signature = train.signature,
                                 .heads = train.heads});
}

void StoreModel::apply_step(const storage::Train& train, std::size_t place) {
  const storage::StepRow& row = train.rows[place];
  const storage::StoredStep stored = {.exchange = row.exchange,
                                      .step = row.step,
                                      .outcome = row.outcome,
                                      .lane = train.lane,
                                      .epoch = train.epoch,
                                      .train = train.number,
                                      .leaf_index = static_cast<std::uint16_t>(place),
                                      .number = row.number,
                                      .units = row.units,
                                      .salt = row.salt,
                                      .leaf = row.leaf,
                                      .sealed = row.sealed};
  steps_[key_of(row)] = stored;
  logs_[row.tenant].emplace_back(stored);
}

void StoreModel::apply_change(const storage::Train& train, std::size_t place) {
  const storage::ChangeRow& change = train.changes[place];
  const std::size_t leaf_index = train.rows.size() + place;
  const storage::StoredChange stored = {.change = change.change,
                                        .section = change.section,
                                        .key = change.key,
                                        .erase = change.erase,
                                        .lane = train.lane,
                                        .epoch = train.epoch,
                                        .train = train.number,
                                        .leaf_index = static_cast<std::uint16_t>(leaf_index),
                                        .number = change.number,
                                        .units = change.units,
                                        .salt = change.salt,
                                        .leaf = change.leaf,
                                        .record = change.record};
  changes_[key_of(change)] = stored;
  logs_[change.tenant].emplace_back(stored);
  auto& holdings = holdings_[change.tenant];
  const HoldingPlace holding{change.section, change.key};
  if (change.erase) {
    holdings.erase(holding);
  } else {
    holdings[holding] = change.value;
  }
}

void StoreModel::keep(TenantId tenant, std::span<const storage::KeptDelegation> delegations) {
  auto& kept = delegations_[tenant];
  for (const storage::KeptDelegation& one : delegations) {
    const bool known = std::ranges::any_of(kept, [&](const storage::KeptDelegation& other) {
      return std::tie(one.institution, one.node_key, one.from) ==
             std::tie(other.institution, other.node_key, other.from);
    });
    if (!known) kept.push_back(one);
  }
}

storage::LaneGrant StoreModel::lane(LaneId lane) const {
  const Lane& found = value_or_none(lanes_, lane);
  return {found.epoch, found.last, found.low_water_bucket};
}

std::vector<storage::StoredStep> StoreModel::steps_of(TenantId tenant,
                                                      const ExchangeId& exchange) const {
  std::vector<storage::StoredStep> found;
  for (const auto& [key, step] : steps_) {
    if (std::get<TenantId>(key) == tenant && step.exchange == exchange) found.push_back(step);
  }
  return found;
}

std::vector<storage::StoredStep> StoreModel::steps_of(
    TenantId tenant, std::uint32_t from_bucket, const std::optional<ExchangeId>& after) const {
  std::vector<storage::StoredStep> found;
  for (const auto& [key, step] : steps_) {
    if (std::get<TenantId>(key) == tenant && bucket_of(step.exchange) >= from_bucket &&
        (!after || step.exchange > *after)) {
      found.push_back(step);
    }
  }
  return found;
}

std::vector<storage::StoredChange> StoreModel::changes_of(
    TenantId tenant, std::uint32_t from_bucket, const std::optional<ExchangeId>& after) const {
  std::vector<storage::StoredChange> found;
  for (const auto& [key, change] : changes_) {
    if (key.first == tenant && bucket_of(change.change) >= from_bucket &&
        (!after || change.change > *after)) {
      found.push_back(change);
    }
  }
  return found;
}

std::vector<storage::Holding> StoreModel::holdings_of(
    TenantId tenant, const std::optional<HoldingPlace>& after) const {
  std::vector<storage::Holding> found;
  for (const auto& [place, value] : value_or_none(holdings_, tenant)) {
    if (!after || place > *after) found.push_back({place.first, place.second, value});
  }
  return found;
}

const std::vector<storage::LogEntry>& StoreModel::log(TenantId tenant) const {
  return value_or_none(logs_, tenant);
}

LogSizes StoreModel::log_sizes() const {
  LogSizes sizes;
  for (const auto& [tenant, log] : logs_) sizes[tenant] = log.size();
  return sizes;
}

std::optional<storage::Checkpoint> StoreModel::checkpoint(TenantId tenant,
                                                          std::uint64_t most_size) const {
  std::optional<storage::Checkpoint> last;
  for (const storage::Checkpoint& point : value_or_none(checkpoints_, tenant)) {
    if (point.size <= most_size) last = point;
  }
  return last;
}

const std::vector<storage::StoredTrain>& StoreModel::trains(LaneId lane) const {
  return value_or_none(trains_, lane);
}

std::vector<Digest> StoreModel::leaves(const storage::StoredTrain& train) const {
  std::map<std::uint16_t, Digest> by_place;
  const auto take = [&](const auto& row) {
    if (row.lane == train.lane && row.train == train.number) by_place[row.leaf_index] = row.leaf;
  };
  for (const auto& [key, step] : steps_) take(step);
  for (const auto& [key, change] : changes_) take(change);
  std::vector<Digest> in_order;
  in_order.reserve(by_place.size());
  for (const auto& [place, leaf] : by_place) in_order.push_back(leaf);
  return in_order;
}

const std::vector<storage::KeptDelegation>& StoreModel::delegations(TenantId tenant) const {
  return value_or_none(delegations_, tenant);
}

}  // namespace nakadachi::testing
