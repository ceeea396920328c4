#include "nakadachi/storage/memory_store.hpp"

#include <algorithm>
#include <utility>

#include "heads.hpp"
#include "pages.hpp"
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
          .number = row.number,
          .units = row.units,
          .salt = row.salt,
          .leaf = row.leaf,
          .sealed = row.sealed};
}

StoredChange stored(const Train& train, const ChangeRow& change, std::size_t leaf_index) {
  return {.change = change.change,
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
}

StoredTrain stored(const Train& train) {
  return {.lane = train.lane,
          .epoch = train.epoch,
          .number = train.number,
          .low_water_bucket = train.low_water_bucket,
          .rows = static_cast<std::uint16_t>(train.rows.size()),
          .changes = static_cast<std::uint16_t>(train.changes.size()),
          .root = train.root,
          .signed_at = train.signed_at,
          .signer = train.signer,
          .signature = train.signature,
          .heads = train.heads};
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

  std::map<ChangeKey, StoredChange> journal;
  for (std::size_t i = 0; i < train.changes.size(); ++i) {
    const ChangeRow& change = train.changes[i];
    const ChangeKey key{change.tenant, change.change};
    const std::size_t leaf_index = train.rows.size() + i;
    if (changes_.contains(key) || !journal.emplace(key, stored(train, change, leaf_index)).second) {
      return failed(ErrorCode::kRowConflict, leaf_index);
    }
  }
  std::map<Key, StoredStep> arrived;
  for (std::size_t i = 0; i < train.rows.size(); ++i) {
    const Key key{train.rows[i].tenant, train.rows[i].exchange, train.rows[i].step};
    if (rows_.contains(key) || !arrived.emplace(key, stored(train, i)).second) {
      return failed(ErrorCode::kRowConflict, i);
    }
  }
  if (!continues_logs(train)) return failed(ErrorCode::kStoreFailed);
  rows_.merge(arrived);
  changes_.merge(journal);
  note_logs(train);
  for (const ChangeRow& change : train.changes) {
    const HoldingName name{change.tenant, change.section, change.key};
    if (change.erase) {
      holdings_.erase(name);
    } else {
      holdings_[name] = change.value;
    }
  }
  state.last = train.number;
  state.low_water_bucket = train.low_water_bucket;
  return {.commit = Commit::kCommitted, .error = {}, .bad_row = {}};
}

bool MemoryStore::continues_logs(const Train& train) const {
  const std::vector<std::uint64_t> entries = entries_of_heads(train);
  for (std::size_t i = 0; i < train.heads.size(); ++i) {
    const auto log = logs_.find(train.heads[i].tenant);
    const std::uint64_t size = log == logs_.end() ? 0 : log->second.entries.size();
    if (size + entries[i] != train.heads[i].size) return false;
  }
  return true;
}

void MemoryStore::note_logs(const Train& train) {
  trains_.emplace(TrainKey{train.lane, train.number}, stored(train));
  for (const ChangeRow& change : train.changes) {
    logs_[change.tenant].entries.emplace_back(ChangeKey{change.tenant, change.change});
  }
  for (const StepRow& row : train.rows) {
    logs_[row.tenant].entries.emplace_back(Key{row.tenant, row.exchange, row.step});
  }
  for (const Checkpoint& point : train.checkpoints) {
    logs_[point.tenant].checkpoints.push_back(point);
  }
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
  const std::size_t most = steps_of_page(limit);
  std::vector<StoredStep> steps;
  const ExchangeId first = std::max(first_id_of_bucket(from_bucket), after.value_or(ExchangeId{}));
  for (auto row = rows_.lower_bound({tenant, first, Step::kAsked}); row != rows_.end(); ++row) {
    if (std::get<TenantId>(row->first) != tenant || steps.size() > most) break;
    if (!after || row->second.exchange > *after) steps.push_back(row->second);
  }
  drop_split_exchange(steps, most);
  return steps;
}

Result<std::vector<Holding>> MemoryStore::scan_holdings(
    TenantId tenant, const std::optional<std::pair<Section, HoldingKey>>& after,
    std::size_t limit) {
  std::vector<Holding> page;
  auto next = after ? holdings_.upper_bound({tenant, after->first, after->second})
                    : holdings_.lower_bound({tenant, Section{}, HoldingKey{}});
  for (; next != holdings_.end() && page.size() < rows_of_page(limit); ++next) {
    const auto& [owner, section, key] = next->first;
    if (owner != tenant) break;
    page.push_back({.section = section, .key = key, .value = next->second});
  }
  return page;
}

Result<std::vector<StoredChange>> MemoryStore::scan_changes(TenantId tenant,
                                                            std::uint32_t from_bucket,
                                                            const std::optional<ExchangeId>& after,
                                                            std::size_t limit) {
  const ExchangeId first = first_id_of_bucket(from_bucket);
  auto next = after && *after >= first ? changes_.upper_bound({tenant, *after})
                                       : changes_.lower_bound({tenant, first});
  std::vector<StoredChange> page;
  for (; next != changes_.end() && page.size() < rows_of_page(limit); ++next) {
    if (next->first.first != tenant) break;
    page.push_back(next->second);
  }
  return page;
}

Result<std::optional<StoredChange>> MemoryStore::find_change(TenantId tenant,
                                                             const ExchangeId& change) {
  const auto found = changes_.find({tenant, change});
  if (found == changes_.end()) return std::optional<StoredChange>{};
  return std::optional<StoredChange>{found->second};
}

Result<std::vector<LogEntry>> MemoryStore::scan_log(TenantId tenant, std::uint64_t from_number,
                                                    std::size_t limit) {
  std::vector<LogEntry> page;
  const auto log = logs_.find(tenant);
  if (log == logs_.end()) return page;
  const auto& entries = log->second.entries;
  for (std::uint64_t i = from_number; i < entries.size() && page.size() < rows_of_page(limit);
       ++i) {
    if (const auto* const step = std::get_if<Key>(&entries[i])) {
      page.emplace_back(rows_.at(*step));
    } else {
      page.emplace_back(changes_.at(std::get<ChangeKey>(entries[i])));
    }
  }
  return page;
}

Result<std::optional<Checkpoint>> MemoryStore::last_checkpoint(TenantId tenant) {
  const auto log = logs_.find(tenant);
  if (log == logs_.end() || log->second.checkpoints.empty()) return std::optional<Checkpoint>{};
  return std::optional<Checkpoint>{log->second.checkpoints.back()};
}

Result<std::optional<StoredTrain>> MemoryStore::find_train(LaneId lane, TrainNumber number) {
  const auto found = trains_.find({lane, number});
  if (found == trains_.end()) return std::optional<StoredTrain>{};
  return std::optional<StoredTrain>{found->second};
}

Result<std::vector<StoredTrain>> MemoryStore::scan_trains(LaneId lane, TrainNumber from,
                                                          std::size_t limit) {
  std::vector<StoredTrain> page;
  for (auto next = trains_.lower_bound({lane, from});
       next != trains_.end() && next->first.first == lane && page.size() < rows_of_page(limit);
       ++next) {
    page.push_back(next->second);
  }
  return page;
}

Result<void> MemoryStore::keep_delegations(TenantId tenant,
                                           std::span<const KeptDelegation> delegations) {
  std::vector<KeptDelegation>& kept = delegations_[tenant];
  for (const KeptDelegation& delegation : delegations) {
    const bool known = std::ranges::any_of(kept, [&](const KeptDelegation& one) {
      return one.institution == delegation.institution && one.node_key == delegation.node_key &&
             one.from == delegation.from;
    });
    if (!known) kept.push_back(delegation);
  }
  return {};
}

std::vector<Digest> MemoryStore::leaves_of(const StoredTrain& train) {
  std::map<std::uint16_t, Digest> leaves;
  const std::uint64_t most = std::uint64_t{train.rows} + train.changes;
  for (const Head& head : train.heads) {
    const std::uint64_t first = head.size - std::min(head.size, most);
    const auto entries = scan_log(head.tenant, first, head.size - first);
    for (const LogEntry& entry : *entries) {
      std::visit(
          [&](const auto& row) {
            if (row.lane == train.lane && row.train == train.number) {
              leaves.emplace(row.leaf_index, row.leaf);
            }
          },
          entry);
    }
  }
  std::vector<Digest> in_order;
  in_order.reserve(leaves.size());
  for (const auto& [index, leaf] : leaves) in_order.push_back(leaf);
  return in_order;
}

std::optional<KeptDelegation> MemoryStore::delegation_for(TenantId tenant, const StoredTrain& train,
                                                          const InstitutionCode& wished) const {
  std::optional<KeptDelegation> found;
  const auto kept = delegations_.find(tenant);
  if (kept == delegations_.end()) return found;
  for (const KeptDelegation& one : kept->second) {
    const bool fits =
        one.node_key == train.signer && one.from <= train.signed_at && train.signed_at < one.until;
    const auto rank = [&](const KeptDelegation& of) {
      return std::pair(of.institution == wished, of.until);
    };
    if (fits && (!found || rank(one) > rank(*found))) found = one;
  }
  return found;
}

Result<StoredProof> MemoryStore::find_proof(TenantId tenant, LaneId lane, TrainNumber number,
                                            std::uint64_t entry_number,
                                            const InstitutionCode& wished) {
  const auto train = trains_.find({lane, number});
  if (train == trains_.end()) return no_head_behind();
  const Head* const head = head_behind(train->second, tenant, entry_number);
  const auto delegation = delegation_for(tenant, train->second, wished);
  if (head == nullptr) return no_head_behind();
  if (!delegation) return no_delegation();
  StoredProof proof{.train = train->second,
                    .leaves = leaves_of(train->second),
                    .checkpoint = {},
                    .entries = {},
                    .delegation = *delegation};
  for (const Checkpoint& point : logs_[tenant].checkpoints) {
    if (point.size <= entry_number) proof.checkpoint = point;
  }
  const std::uint64_t first = proof.checkpoint ? proof.checkpoint->size : 0;
  NAKADACHI_TRY(proof.entries, scan_log(tenant, first, head->size - first));
  for (LogEntry& entry : proof.entries) {
    if (auto* const step = std::get_if<StoredStep>(&entry)) {
      step->sealed.clear();
    } else {
      std::get<StoredChange>(entry).record.clear();
    }
  }
  return proof;
}

void MemoryStore::put_holding(TenantId tenant, Holding holding) {
  holdings_.insert_or_assign({tenant, holding.section, holding.key}, std::move(holding.value));
}

}  // namespace nakadachi::storage
