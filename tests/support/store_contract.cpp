#include "tests/support/store_contract.hpp"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "tests/support/catch.hpp"

namespace nakadachi::testing {
namespace {

constexpr std::size_t kAll = 1'000'000;

void check_same(const storage::StoredStep& a, const storage::StoredStep& b) {
  CHECK(a.exchange == b.exchange);
  CHECK(a.step == b.step);
  CHECK(a.outcome == b.outcome);
  CHECK(a.lane == b.lane);
  CHECK(a.epoch == b.epoch);
  CHECK(a.train == b.train);
  CHECK(a.leaf_index == b.leaf_index);
  CHECK(a.number == b.number);
  CHECK((a.units == b.units));
  CHECK(a.salt == b.salt);
  CHECK(a.leaf == b.leaf);
  CHECK((a.sealed == b.sealed));
}

void check_same(const storage::StoredChange& a, const storage::StoredChange& b) {
  CHECK(a.change == b.change);
  CHECK(a.section == b.section);
  CHECK(a.key == b.key);
  CHECK(a.erase == b.erase);
  CHECK(a.lane == b.lane);
  CHECK(a.epoch == b.epoch);
  CHECK(a.train == b.train);
  CHECK(a.leaf_index == b.leaf_index);
  CHECK(a.number == b.number);
  CHECK((a.units == b.units));
  CHECK(a.salt == b.salt);
  CHECK(a.leaf == b.leaf);
  CHECK((a.record == b.record));
}

void check_same(const storage::Holding& a, const storage::Holding& b) {
  CHECK(a.section == b.section);
  CHECK(a.key == b.key);
  CHECK((a.value == b.value));
}

void check_same(const storage::LogEntry& a, const storage::LogEntry& b) {
  REQUIRE(a.index() == b.index());
  if (const auto* const step = std::get_if<storage::StoredStep>(&a)) {
    check_same(*step, std::get<storage::StoredStep>(b));
  } else {
    check_same(std::get<storage::StoredChange>(a), std::get<storage::StoredChange>(b));
  }
}

template <class Row>
void check_all_same(const std::vector<Row>& got, const std::vector<Row>& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) check_same(got[i], expected[i]);
}

/// Reads pages until an empty one. `next(read)` reads the one after those.
template <class Row, class NextPage>
std::vector<Row> read_pages(std::size_t most_of_page, const NextPage& next) {
  std::vector<Row> read;
  while (true) {
    const Result<std::vector<Row>> page = next(read);
    REQUIRE(page);
    if (page->empty()) return read;
    CHECK(page->size() <= most_of_page);
    read.insert(read.end(), page->begin(), page->end());
  }
}

storage::LogEntry unsealed(storage::LogEntry entry) {
  if (auto* const step = std::get_if<storage::StoredStep>(&entry)) {
    step->sealed.clear();
  } else {
    std::get<storage::StoredChange>(entry).record.clear();
  }
  return entry;
}

}  // namespace

void StoreContract::run(std::size_t calls) {
  for (std::size_t call = 0; call < calls; ++call) {
    INFO("call " << call);
    one_call();
  }
  for (std::uint32_t tenant = 1; tenant <= kContractTenants; ++tenant) {
    check_scan(TenantId{tenant}, 0, std::nullopt, kAll);
    check_scan_changes(TenantId{tenant}, 0, std::nullopt, kAll);
    check_scan_holdings(TenantId{tenant}, std::nullopt, kAll);
    check_scan_log(TenantId{tenant}, 0, kAll);
  }
  for (std::uint16_t lane = 1; lane <= kContractLanes; ++lane) {
    check_scan_trains(LaneId{lane}, TrainNumber{0}, kAll);
  }
}

void StoreContract::one_call() {
  const LaneId lane = any_.lane();
  switch (random_.below(20)) {
    case 0:
      return take(lane);
    case 1:
      return ask_what_became(lane);
    case 2:
      return check_find();
    case 3:
      return check_scan(any_.tenant(), any_.bucket(), any_.stored_exchange(),
                        1 + random_.below(12));
    case 4:
      return lose_and_ask(lane);
    case 5:
      return check_find_change();
    case 6:
      return check_scan_changes(any_.tenant(), any_.bucket(), any_.stored_change(),
                                random_.below(8));
    case 7:
      return check_scan_holdings(any_.tenant(), any_.holding(), random_.below(8));
    case 8:
      return check_scan_log(any_.tenant(), random_.below(400), random_.below(60));
    case 9:
      return check_last_checkpoint();
    case 10:
      return check_scan_trains(lane, any_.train(lane), random_.below(6));
    case 11:
      return check_find_train(lane);
    case 12:
      return keep_delegations(any_.tenant());
    case 13:
      return check_find_proof();
    default:
      return check_append(trains_.any(lane));
  }
}

// --- lanes

void StoreContract::take(LaneId lane) {
  const storage::LaneGrant expected = model_.take(lane);
  const auto grant = store_.take_lane(lane, "試験 writer");
  REQUIRE(grant);
  CHECK(grant->epoch == expected.epoch);
  CHECK(grant->last == expected.last);
  CHECK(grant->low_water_bucket == expected.low_water_bucket);
}

void StoreContract::ask_what_became(LaneId lane) {
  const storage::LaneGrant present = model_.lane(lane);
  const Epoch epoch{any_.near(present.epoch.value)};
  check_read_back(lane, epoch, TrainNumber{any_.near(present.last.value)});
}

void StoreContract::check_read_back(LaneId lane, Epoch epoch, TrainNumber number) {
  INFO("read_back epoch " << epoch.value << " number " << number.value);
  const auto expected = model_.read_back(lane, epoch, number);
  const auto fate = store_.read_back(lane, epoch, number);
  REQUIRE(fate.ok() == expected.has_value());
  if (!fate) {
    CHECK(fate.error().code == ErrorCode::kLaneLost);
    return;
  }
  CHECK(fate->epoch == expected->epoch);
  CHECK(fate->committed == expected->committed);
}

// --- trains

void StoreContract::check_append(const RandomTrains::Made& made) {
  const storage::Train& train = made.train;
  const StoreModel::Fate expected = model_.foretell(train, made.numbering);
  const storage::AppendResult result = store_.append(train);
  INFO("append of " << train.rows.size() << " rows and " << train.changes.size()
                    << " changes: " << describe(result.error));
  REQUIRE(result.commit == expected.commit);
  if (expected.commit == storage::Commit::kCommitted) return model_.apply(train);
  CHECK(result.error.code == expected.code);
  CHECK(result.bad_row == expected.bad_row);
}

void StoreContract::lose_and_ask(LaneId lane) {
  const storage::Train train = trains_.good(lane);
  const StoreModel::Fate expected = model_.foretell(train, Numbering::kGood);
  if (expected.commit != storage::Commit::kCommitted) return;  // nobody has the lane yet
  const bool arrives = random_.chance(500);
  subject_.lose_next(arrives ? StoreUnderTest::Loss::kAcknowledgement
                             : StoreUnderTest::Loss::kTrain);
  const storage::AppendResult result = store_.append(train);
  INFO("lost append: " << describe(result.error));
  REQUIRE(result.commit == storage::Commit::kUnknown);
  CHECK(result.error.code == ErrorCode::kCommitUnknown);
  if (arrives) model_.apply(train);
  const bool taken_meanwhile = random_.chance(200);
  if (taken_meanwhile) take(lane);
  check_read_back(lane, train.epoch, train.number);
  // The answer to the question can be lost as well: it may be asked again.
  if (random_.chance(300)) check_read_back(lane, train.epoch, train.number);
  if (!arrives && !taken_meanwhile) {
    RandomTrains::Made again{.train = train};
    CHECK(store_.append(again.train).error.code == ErrorCode::kLaneLost);
    again.train.epoch = model_.lane(lane).epoch;
    check_append(again);
  }
}

void StoreContract::keep_delegations(TenantId tenant) {
  std::vector<storage::KeptDelegation> delegations(random_.below(3));
  for (storage::KeptDelegation& one : delegations) {
    one.institution = any_.institution();
    one.node_key = any_.signer();
    one.from = Timestamp{static_cast<std::int64_t>(random_.below(4) << 28U)};
    one.until = one.from + static_cast<std::int64_t>(1 + random_.below(1U << 30));
    one.signature = random_.make<Signature>();
  }
  REQUIRE(store_.keep_delegations(tenant, delegations).ok());
  model_.keep(tenant, delegations);
}

// --- finding

void StoreContract::check_find() {
  const ExchangeId exchange = any_.stored_exchange().value_or(random_.make<ExchangeId>());
  const TenantId tenant = any_.tenant();
  const auto found = store_.find(tenant, exchange);
  REQUIRE(found);
  check_all_same(*found, model_.steps_of(tenant, exchange));
}

void StoreContract::check_find_change() {
  const auto stored = any_.stored_change();
  const StoreModel::ChangeKey key{any_.tenant(), stored.value_or(random_.make<ExchangeId>())};
  const auto found = store_.find_change(key.first, key.second);
  REQUIRE(found);
  const auto expected = model_.changes().find(key);
  REQUIRE(found->has_value() == (expected != model_.changes().end()));
  if (*found) check_same(**found, expected->second);
}

void StoreContract::check_find_train(LaneId lane) {
  const TrainNumber number = any_.train(lane);
  const auto found = store_.find_train(lane, number);
  REQUIRE(found);
  const auto& trains = model_.trains(lane);
  REQUIRE(found->has_value() == (number.value >= 1 && number.value <= trains.size()));
  if (*found) CHECK((**found == trains[number.value - 1]));
}

void StoreContract::check_last_checkpoint() {
  const TenantId tenant = any_.tenant();
  const auto found = store_.last_checkpoint(tenant);
  REQUIRE(found);
  CHECK((*found == model_.checkpoint(tenant, model_.log(tenant).size())));
}

void StoreContract::check_find_proof() {
  const TenantId tenant = any_.tenant();
  const auto& log = model_.log(tenant);
  const std::uint64_t number = random_.below(log.size() + 2);
  LaneId lane{1};
  TrainNumber of_train{random_.below(5)};
  if (number < log.size()) {
    std::tie(lane, of_train) =
        std::visit([](const auto& row) { return std::pair(row.lane, row.train); }, log[number]);
  }
  INFO("proof of entry " << number << " of tenant " << tenant.value);
  const InstitutionCode wished = any_.institution();
  const auto found = store_.find_proof(tenant, lane, of_train, number, wished);
  const auto& trains = model_.trains(lane);
  if (number >= log.size() || of_train.value > trains.size()) {
    REQUIRE_FALSE(found);
    CHECK(found.error().code == ErrorCode::kLogHeadDiffers);
    return;
  }
  const storage::StoredTrain& train = trains[of_train.value - 1];
  const auto fits = [&](const storage::KeptDelegation& one) {
    return one.node_key == train.signer && one.from <= train.signed_at &&
           train.signed_at < one.until;
  };
  const auto& kept = model_.delegations(tenant);
  const auto of_wished = [&](const auto& one) { return fits(one) && one.institution == wished; };
  if (std::ranges::none_of(kept, fits)) {
    REQUIRE_FALSE(found);
    CHECK(found.error().code == ErrorCode::kDelegationInvalid);
    return;
  }
  REQUIRE(found);
  const storage::StoredProof& proof = *found;
  CHECK((proof.train == train));
  CHECK(std::ranges::find(kept, proof.delegation) != kept.end());
  CHECK(fits(proof.delegation));
  CHECK((proof.delegation.institution == wished) == std::ranges::any_of(kept, of_wished));
  check_proof(proof, tenant, number);
}

void StoreContract::check_proof(const storage::StoredProof& proof, TenantId tenant,
                                std::uint64_t number) {
  CHECK((proof.leaves == model_.leaves(proof.train)));
  const auto before = model_.checkpoint(tenant, number);
  CHECK((proof.checkpoint == before));
  const std::uint64_t first = before ? before->size : 0;
  const auto& heads = proof.train.heads;
  const auto head = std::ranges::find(heads, tenant, &storage::Head::tenant);
  REQUIRE(head != heads.end());
  REQUIRE(proof.entries.size() == head->size - first);
  const auto& log = model_.log(tenant);
  for (std::size_t i = 0; i < proof.entries.size(); ++i) {
    check_same(proof.entries[i], unsealed(log[first + i]));
  }
}

// --- reading pages

void StoreContract::check_scan(TenantId tenant, std::uint32_t from_bucket,
                               std::optional<ExchangeId> after, std::size_t limit) {
  INFO("scan of tenant " << tenant.value << " from " << from_bucket << " limit " << limit);
  const auto read = read_pages<storage::StoredStep>(
      std::max<std::size_t>(limit, kStepKinds), [&](const auto& before) {
        if (before.empty()) return store_.scan(tenant, from_bucket, after, limit);
        return store_.scan(tenant, from_bucket, before.back().exchange, limit);
      });
  check_all_same(read, model_.steps_of(tenant, from_bucket, after));
}

void StoreContract::check_scan_changes(TenantId tenant, std::uint32_t from_bucket,
                                       std::optional<ExchangeId> after, std::size_t limit) {
  INFO("changes of tenant " << tenant.value << " from " << from_bucket << " limit " << limit);
  const auto read =
      read_pages<storage::StoredChange>(std::max<std::size_t>(limit, 1), [&](const auto& before) {
        if (before.empty()) return store_.scan_changes(tenant, from_bucket, after, limit);
        return store_.scan_changes(tenant, from_bucket, before.back().change, limit);
      });
  check_all_same(read, model_.changes_of(tenant, from_bucket, after));
}

void StoreContract::check_scan_holdings(TenantId tenant,
                                        std::optional<StoreModel::HoldingPlace> after,
                                        std::size_t limit) {
  INFO("holdings of tenant " << tenant.value << " limit " << limit);
  const auto read =
      read_pages<storage::Holding>(std::max<std::size_t>(limit, 1), [&](const auto& before) {
        if (before.empty()) return store_.scan_holdings(tenant, after, limit);
        const storage::Holding& last = before.back();
        return store_.scan_holdings(tenant, StoreModel::HoldingPlace{last.section, last.key},
                                    limit);
      });
  check_all_same(read, model_.holdings_of(tenant, after));
}

void StoreContract::check_scan_log(TenantId tenant, std::uint64_t from, std::size_t limit) {
  INFO("log of tenant " << tenant.value << " from " << from << " limit " << limit);
  const auto read = read_pages<storage::LogEntry>(
      std::max<std::size_t>(limit, 1),
      [&](const auto& before) { return store_.scan_log(tenant, from + before.size(), limit); });
  const auto& log = model_.log(tenant);
  REQUIRE(read.size() == log.size() - std::min<std::uint64_t>(log.size(), from));
  for (std::size_t i = 0; i < read.size(); ++i) {
    CHECK(storage::log_number(read[i]) == from + i);
    check_same(read[i], log[from + i]);
  }
}

void StoreContract::check_scan_trains(LaneId lane, TrainNumber from, std::size_t limit) {
  INFO("trains of lane " << lane.value << " from " << from.value << " limit " << limit);
  const auto read =
      read_pages<storage::StoredTrain>(std::max<std::size_t>(limit, 1), [&](const auto& before) {
        const TrainNumber next =
            before.empty() ? from : TrainNumber{before.back().number.value + 1};
        return store_.scan_trains(lane, next, limit);
      });
  const auto& trains = model_.trains(lane);
  // Numbers begin with 1.
  const std::size_t skipped = std::max<std::size_t>(from.value, 1) - 1;
  REQUIRE(read.size() == trains.size() - std::min(trains.size(), skipped));
  for (std::size_t i = 0; i < read.size(); ++i) CHECK((read[i] == trains[skipped + i]));
}

}  // namespace nakadachi::testing
