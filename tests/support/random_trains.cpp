#include "tests/support/random_trains.hpp"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

#include "nakadachi/base/limits.hpp"

namespace nakadachi::testing {
namespace {

bool has(const std::vector<storage::StepRow>& rows, const StoreModel::StepKey& key) {
  return std::ranges::any_of(rows, [&](const auto& row) { return StoreModel::key_of(row) == key; });
}

/// Moves what the train brings to the log of this head.
void shift(storage::Train& train, storage::Head& head, std::int64_t by) {
  const auto move = [&](auto& row) {
    if (row.tenant == head.tenant) row.number += static_cast<std::uint64_t>(by);
  };
  std::ranges::for_each(train.rows, move);
  std::ranges::for_each(train.changes, move);
  head.size += static_cast<std::uint64_t>(by);
  train.checkpoints.clear();
}

void drop_heads(storage::Train& train) {
  train.heads.clear();
  train.checkpoints.clear();
}

void drop_numbers(storage::Train& train) {
  for (storage::StepRow& row : train.rows) row.number = 0;
  for (storage::ChangeRow& change : train.changes) change.number = 0;
}

}  // namespace

storage::Train RandomTrains::good(LaneId lane) {
  const storage::LaneGrant granted = model_.lane(lane);
  storage::Train train;
  train.lane = lane;
  train.epoch = granted.epoch;
  train.number = TrainNumber{granted.last.value + 1};
  train.low_water_bucket = static_cast<std::uint32_t>(random_.next());
  train.root = random_.make<Digest>();
  train.signed_at = Timestamp{static_cast<std::int64_t>(random_.below(1U << 30))};
  train.signer = any_.signer();
  train.signature = random_.make<Signature>();
  const std::size_t most = random_.chance(50) ? limits::kMaxTrainRows : 6;
  const std::size_t leaves = 1 + random_.below(most);
  // Steps alone, changes alone or both.
  const std::size_t by_kind[] = {leaves, 0, random_.below(leaves + 1)};
  const std::size_t rows = by_kind[random_.below(3)];
  while (train.rows.size() < rows) {
    storage::StepRow row = new_row(lane);
    const StoreModel::StepKey key = StoreModel::key_of(row);
    if (!model_.steps().contains(key) && !has(train.rows, key)) {
      train.rows.push_back(std::move(row));
    }
  }
  while (train.rows.size() + train.changes.size() < leaves) {
    train.changes.push_back(new_change(lane));
  }
  number(train);
  for (const storage::Head& head : train.heads) {
    if (random_.chance(300)) train.checkpoints.push_back(new_checkpoint(head));
  }
  return train;
}

RandomTrains::Made RandomTrains::any(LaneId lane) {
  Made made{.train = good(lane)};
  if (random_.chance(150)) {
    made.numbering = misnumber(made.train);
  } else {
    spoil(made.train);
  }
  return made;
}

void RandomTrains::number(storage::Train& train) {
  number_train(train, model_.log_sizes(), random_);
}

storage::Checkpoint RandomTrains::new_checkpoint(const storage::Head& head) {
  storage::Checkpoint point{.tenant = head.tenant, .size = head.size, .frontier = {}};
  for (std::uint64_t left = head.size; left != 0; left &= left - 1) {
    point.frontier.push_back(random_.make<Digest>());
  }
  return point;
}

storage::StepRow RandomTrains::new_row(LaneId lane) {
  storage::StepRow row;
  row.tenant = any_.tenant_of(lane);
  // Sometimes another step of an exchange that is there already, also of another tenant.
  const auto known = any_.stored_exchange();
  row.exchange =
      known && random_.chance(400)
          ? *known
          : make_exchange_id(Timestamp{any_.bucket() * kBucketMs}, random_.make<Digest>());
  row.step = static_cast<storage::Step>(1 + random_.below(kStepKinds));
  row.outcome = static_cast<std::uint16_t>(random_.next());
  row.units = any_units();
  row.salt = random_.make<Salt>();
  row.leaf = random_.make<Digest>();
  row.sealed = any_bytes();
  return row;
}

storage::ChangeRow RandomTrains::new_change(LaneId lane) {
  storage::ChangeRow change;
  change.tenant = any_.tenant_of(lane);
  change.change = make_exchange_id(Timestamp{any_.bucket() * kBucketMs}, random_.make<Digest>());
  change.section = any_.section();
  change.key = any_.holding_key();
  change.erase = random_.chance(300);
  change.units = any_units();
  change.salt = random_.make<Salt>();
  change.leaf = random_.make<Digest>();
  change.record = any_bytes();
  if (!change.erase) change.value = any_bytes();
  return change;
}

Units RandomTrains::any_units() {
  const auto count = [&] {
    return static_cast<std::uint16_t>(random_.below(storage::kMaxUnitCount + 1U));
  };
  const auto bytes = [&] {
    return static_cast<std::uint32_t>(random_.below(storage::kMaxUnitBytes + 1ULL));
  };
  return {.cause = static_cast<Cause>(1 + random_.below(kCauseKinds)),
          .persons = count(),
          .messages_in = count(),
          .messages_out = count(),
          .bytes_in = bytes(),
          .bytes_out = bytes()};
}

Bytes RandomTrains::any_bytes() {
  Bytes bytes(random_.chance(20) ? random_.below(70000) : random_.below(300));
  random_.fill(bytes);
  return bytes;
}

void RandomTrains::spoil(storage::Train& train) {
  const bool by_a_change = train.rows.empty() || (!train.changes.empty() && random_.chance(500));
  switch (random_.below(16)) {
    case 0:
      train.number.value += 1 + random_.below(2);
      break;
    case 1:
      train.number.value -= std::min<std::uint64_t>(train.number.value, 1 + random_.below(2));
      break;
    case 2:
      train.epoch.value = any_.near(train.epoch.value);
      break;
    case 3:
      train.lane = LaneId{kContractLanes + 1};  // nobody ever took it
      break;
    case 4:
      train.rows.clear();
      train.changes.clear();
      break;
    case 5:
      by_a_change ? train.changes.resize(limits::kMaxTrainRows + 1, train.changes[0])
                  : train.rows.resize(limits::kMaxTrainRows + 1, train.rows[0]);
      break;
    case 6:
    case 7:
    case 8:
    case 9:
      by_a_change ? spoil_change(train) : spoil_row(train);
      number(train);
      break;
    default:
      break;
  }
}

void RandomTrains::spoil(Units& units) {
  switch (random_.below(4)) {
    case 0:
      units.cause = static_cast<Cause>(random_.chance(500) ? 0 : kCauseKinds + 1);
      break;
    case 1:
      units.persons = storage::kMaxUnitCount + 1;
      break;
    case 2:
      units.messages_in = 0xffff;
      break;
    default:
      units.bytes_out = storage::kMaxUnitBytes + 1;
      break;
  }
}

void RandomTrains::spoil_row(storage::Train& train) {
  storage::StepRow& row = train.rows[random_.below(train.rows.size())];
  switch (random_.below(5)) {
    case 0:
      row.step = static_cast<storage::Step>(random_.chance(500) ? 0 : kStepKinds + 1);
      break;
    case 1: {
      const auto key = StoreModel::key_of(train.rows[random_.below(train.rows.size())]);
      std::tie(row.tenant, row.exchange, row.step) = key;
      break;
    }
    case 2:
      if (const auto key = any_.stored_step_of(train.lane)) {
        std::tie(row.tenant, row.exchange, row.step) = *key;
      }
      break;
    case 3:
      spoil(row.units);
      break;
    default:
      row.tenant = stranger_.value_or(TenantId{0});
      break;
  }
}

void RandomTrains::spoil_change(storage::Train& train) {
  storage::ChangeRow& change = train.changes[random_.below(train.changes.size())];
  switch (random_.below(6)) {
    case 0:
      change.section = static_cast<storage::Section>(random_.chance(500) ? 0 : kSectionKinds + 1);
      break;
    case 1: {
      const auto key = StoreModel::key_of(train.changes[random_.below(train.changes.size())]);
      std::tie(change.tenant, change.change) = key;
      break;
    }
    case 2:
      if (const auto key = any_.stored_change_of(train.lane)) {
        std::tie(change.tenant, change.change) = *key;
      }
      break;
    case 3:
      change.erase = true;
      change.value.assign(1, 0);
      break;
    case 4:
      spoil(change.units);
      break;
    default:
      change.tenant = stranger_.value_or(TenantId{0});
      break;
  }
}

Numbering RandomTrains::misnumber(storage::Train& train) {
  storage::Head& head = train.heads[random_.below(train.heads.size())];
  switch (random_.below(11)) {
    case 0:
    case 1: {
      const bool forwards = random_.chance(500) || !model_.log_sizes().contains(head.tenant);
      shift(train, head, forwards ? 1 : -1);
      return Numbering::kNoContinuation;
    }
    case 2:
      random_.chance(500) ? ++head.size : --head.size;
      break;
    case 3:
      train.rows.empty() ? ++train.changes[0].number : ++train.rows[0].number;
      break;
    case 4:
      train.heads.push_back({.tenant = TenantId{kContractTenants + 1}, .size = 1, .root = {}});
      break;
    case 5:
      train.heads.push_back(train.heads.back());
      break;
    case 6:
      if (train.heads.size() < 2) ++head.tenant.value;
      train.heads.resize(std::max<std::size_t>(1, train.heads.size() - 1));
      break;
    case 7:
      drop_heads(train);
      break;
    case 8:
      drop_heads(train);
      drop_numbers(train);
      break;
    case 9:
      train.checkpoints = {new_checkpoint(head)};
      train.checkpoints[0].frontier.emplace_back();
      break;
    default:
      train.checkpoints = {
          new_checkpoint({.tenant = head.tenant, .size = head.size + 1, .root = {}})};
      break;
  }
  return Numbering::kMalformed;
}

}  // namespace nakadachi::testing
