#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "nakadachi/base/limits.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/storage/exchange_store.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/log_numbers.hpp"

/// The contract of `ExchangeStore`, as random sequences of calls whose results a model foretells.
/// Every form of the store runs it.
namespace nakadachi::testing {

/// A store to be tested, fresh, and a way to lose what it says.
class StoreUnderTest {
 public:
  /// What is lost of the next train.
  enum class Loss : std::uint8_t { kAcknowledgement, kTrain };

  virtual ~StoreUnderTest() = default;
  virtual storage::ExchangeStore& store() = 0;
  virtual void lose_next(Loss loss) = 0;
  /// A well-formed tenant that has not joined with the lane, where the store knows about that.
  virtual std::optional<TenantId> stranger() const { return std::nullopt; }
};

/// Lane 1 has the tenants 1 … 3, lane 2 the tenants 4 … 6, lane 3 none.
inline constexpr std::uint32_t kContractTenantsPerLane = 3;
inline constexpr std::uint16_t kContractLanes = 2;

class StoreContract {
 public:
  StoreContract(StoreUnderTest& subject, std::uint64_t seed)
      : subject_(subject), store_(subject.store()), random_(seed) {}

  void run(std::size_t calls) {
    for (std::size_t call = 0; call < calls; ++call) {
      INFO("call " << call);
      one_call();
    }
    for (std::uint32_t tenant = 1; tenant <= kTenants; ++tenant) {
      check_scan(TenantId{tenant}, 0, std::nullopt, 1000000);
      check_scan_changes(TenantId{tenant}, 0, std::nullopt, 1000000);
      check_scan_holdings(TenantId{tenant}, std::nullopt, 1000000);
      check_scan_log(TenantId{tenant}, 0, 1000000);
    }
    for (std::uint16_t lane = 1; lane <= kContractLanes; ++lane) {
      check_scan_trains(LaneId{lane}, TrainNumber{0}, 1000000);
    }
  }

 private:
  using Step = storage::Step;
  using Key = std::tuple<TenantId, ExchangeId, Step>;
  using ChangeKey = std::pair<TenantId, ExchangeId>;
  using HoldingPlace = std::pair<storage::Section, HoldingKey>;
  static constexpr std::uint32_t kTenants = kContractLanes * kContractTenantsPerLane;
  static constexpr std::uint32_t kBuckets = 4;
  static constexpr std::uint64_t kSteps = 4;
  static constexpr std::uint64_t kSections = 8;
  static constexpr std::uint64_t kCauses = 6;

  struct Lane {
    Epoch epoch;
    Epoch taken;
    TrainNumber last;
    std::uint32_t low_water_bucket = 0;
  };
  struct Expected {
    storage::Commit commit = storage::Commit::kCommitted;
    ErrorCode code = ErrorCode::kInternal;
    std::optional<std::size_t> bad_row;
  };

  /// How a train is numbered: also well, but as if the logs stood elsewhere.
  enum class Numbers : std::uint8_t { kGood, kMalformed, kNoContinuation };

  void one_call() {
    const LaneId lane{static_cast<std::uint16_t>(1 + random_.below(kContractLanes))};
    switch (random_.below(20)) {
      case 0:
        return take(lane);
      case 1:
        return ask_what_became(lane);
      case 2:
        return check_find();
      case 3:
        return check_scan(any_tenant(), any_bucket(), any_stored_id(), 1 + random_.below(12));
      case 4:
        return lose_and_ask(lane);
      case 5:
        return check_find_change();
      case 6:
        return check_scan_changes(any_tenant(), any_bucket(), any_stored_change(),
                                  random_.below(8));
      case 7:
        return check_scan_holdings(any_tenant(), any_holding(), random_.below(8));
      case 8:
        return check_scan_log(any_tenant(), random_.below(400), random_.below(60));
      case 9:
        return check_last_checkpoint();
      case 10:
        return check_scan_trains(lane, any_train(lane), random_.below(6));
      case 11:
        return check_find_train(lane);
      case 12:
        return keep_delegations(any_tenant());
      case 13:
        return check_find_proof();
      default:
        return check_append(random_.chance(150) ? wrongly_numbered(good_train(lane))
                                                : spoilt(good_train(lane)));
    }
  }

  // --- lanes

  void take(LaneId lane) {
    Lane& model = lanes_[lane];
    ++model.epoch.value;
    model.taken = model.epoch;
    const auto grant = store_.take_lane(lane, "試験 writer");
    REQUIRE(grant);
    CHECK(grant->epoch == model.epoch);
    CHECK(grant->last == model.last);
    CHECK(grant->low_water_bucket == model.low_water_bucket);
  }

  void ask_what_became(LaneId lane) {
    const Lane& model = lanes_[lane];
    const Epoch epoch{near(model.epoch.value)};
    check_read_back(lane, epoch, TrainNumber{near(model.last.value)});
  }

  void check_read_back(LaneId lane, Epoch epoch, TrainNumber number) {
    INFO("read_back epoch " << epoch.value << " number " << number.value);
    Lane& model = lanes_[lane];
    const auto fate = store_.read_back(lane, epoch, number);
    if (epoch.value == 0 || epoch < model.taken || epoch > model.epoch) {
      REQUIRE(!fate);
      CHECK(fate.error().code == ErrorCode::kLaneLost);
      return;
    }
    ++model.epoch.value;
    REQUIRE(fate);
    CHECK(fate->epoch == model.epoch);
    CHECK(fate->committed == (number.value > 0 && number <= model.last));
  }

  // --- trains

  storage::Train good_train(LaneId lane) {
    const Lane& model = lanes_[lane];
    storage::Train train;
    train.lane = lane;
    train.epoch = model.epoch;
    train.number = TrainNumber{model.last.value + 1};
    train.low_water_bucket = static_cast<std::uint32_t>(random_.next());
    train.root = random_.make<Digest>();
    train.signed_at = Timestamp{static_cast<std::int64_t>(random_.below(1U << 30))};
    train.signer = any_signer();
    train.signature = random_.make<Signature>();
    const std::size_t most = random_.chance(50) ? limits::kMaxTrainRows : 6;
    const std::size_t leaves = 1 + random_.below(most);
    // Steps alone, changes alone or both.
    const std::size_t by_kind[] = {leaves, 0, random_.below(leaves + 1)};
    const std::size_t rows = by_kind[random_.below(3)];
    while (train.rows.size() < rows) {
      storage::StepRow row = new_row(lane);
      const Key key = key_of(row);
      if (!rows_.contains(key) && !duplicate_in(train.rows, key)) {
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

  /// Numbers rows and changes as the logs go on, with fresh heads.
  void number(storage::Train& train) {
    LogSizes sizes;
    for (const auto& [tenant, log] : logs_) sizes[tenant] = log.size();
    number_train(train, sizes, random_);
  }

  storage::Checkpoint new_checkpoint(const storage::Head& head) {
    storage::Checkpoint point{.tenant = head.tenant, .size = head.size, .frontier = {}};
    for (std::uint64_t left = head.size; left != 0; left &= left - 1) {
      point.frontier.push_back(random_.make<Digest>());
    }
    return point;
  }

  storage::StepRow new_row(LaneId lane) {
    storage::StepRow row;
    row.tenant = any_tenant_of(lane);
    // Sometimes another step of an exchange that is there already, also of another tenant.
    const auto known = any_stored_id();
    row.exchange =
        known && random_.chance(400)
            ? *known
            : make_exchange_id(Timestamp{any_bucket() * kBucketMs}, random_.make<Digest>());
    row.step = static_cast<Step>(1 + random_.below(kSteps));
    row.outcome = static_cast<std::uint16_t>(random_.next());
    row.units = any_units();
    row.salt = random_.make<Salt>();
    row.leaf = random_.make<Digest>();
    row.sealed = any_bytes();
    return row;
  }

  storage::ChangeRow new_change(LaneId lane) {
    storage::ChangeRow change;
    change.tenant = any_tenant_of(lane);
    change.change = make_exchange_id(Timestamp{any_bucket() * kBucketMs}, random_.make<Digest>());
    change.section = any_section();
    change.key = any_holding_key();
    change.erase = random_.chance(300);
    change.units = any_units();
    change.salt = random_.make<Salt>();
    change.leaf = random_.make<Digest>();
    change.record = any_bytes();
    if (!change.erase) change.value = any_bytes();
    return change;
  }

  Units any_units() {
    const auto count = [&] {
      return static_cast<std::uint16_t>(random_.below(storage::kMaxUnitCount + 1U));
    };
    const auto bytes = [&] {
      return static_cast<std::uint32_t>(random_.below(storage::kMaxUnitBytes + 1ULL));
    };
    return {.cause = static_cast<Cause>(1 + random_.below(kCauses)),
            .persons = count(),
            .messages_in = count(),
            .messages_out = count(),
            .bytes_in = bytes(),
            .bytes_out = bytes()};
  }

  /// More than a row can hold, or of no cause.
  void spoil(Units& units) {
    switch (random_.below(4)) {
      case 0:
        units.cause = static_cast<Cause>(random_.chance(500) ? 0 : kCauses + 1);
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

  Bytes any_bytes() {
    Bytes bytes(random_.chance(20) ? random_.below(70000) : random_.below(300));
    random_.fill(bytes);
    return bytes;
  }

  /// Breaks a rule in half of the calls.
  storage::Train spoilt(storage::Train train) {
    const bool by_a_change = train.rows.empty() || (!train.changes.empty() && random_.chance(500));
    switch (random_.below(16)) {
      case 0:
        train.number.value += 1 + random_.below(2);
        break;
      case 1:
        train.number.value -= std::min<std::uint64_t>(train.number.value, 1 + random_.below(2));
        break;
      case 2:
        train.epoch.value = near(train.epoch.value);
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
    return train;
  }

  /// Numbers, heads or checkpoints that no store takes.
  storage::Train wrongly_numbered(storage::Train train) {
    storage::Head& head = train.heads[random_.below(train.heads.size())];
    numbers_ = Numbers::kMalformed;
    switch (random_.below(11)) {
      case 0:
      case 1:
        numbers_ = Numbers::kNoContinuation;
        shift(train, head, random_.chance(500) || log_size(head.tenant) == 0 ? 1 : -1);
        break;
      case 2:
        random_.chance(500) ? ++head.size : --head.size;
        break;
      case 3:
        train.rows.empty() ? ++train.changes[0].number : ++train.rows[0].number;
        break;
      case 4:
        train.heads.push_back({.tenant = TenantId{kTenants + 1}, .size = 1, .root = {}});
        break;
      case 5:
        train.heads.push_back(train.heads.back());
        break;
      case 6:
        if (train.heads.size() < 2) ++head.tenant.value;
        train.heads.resize(std::max<std::size_t>(1, train.heads.size() - 1));
        break;
      case 7:
        train.checkpoints = {new_checkpoint(head)};
        train.checkpoints[0].frontier.emplace_back();
        break;
      case 8:
        without_heads(train);
        break;
      case 9:
        without_heads(train);
        for (storage::StepRow& row : train.rows) row.number = 0;
        for (storage::ChangeRow& change : train.changes) change.number = 0;
        break;
      default:
        train.checkpoints = {
            new_checkpoint({.tenant = head.tenant, .size = head.size + 1, .root = {}})};
        break;
    }
    return train;
  }

  static void without_heads(storage::Train& train) {
    train.heads.clear();
    train.checkpoints.clear();
  }

  static void shift(storage::Train& train, storage::Head& head, std::int64_t by) {
    const auto move = [&](auto& row) {
      if (row.tenant == head.tenant) row.number += static_cast<std::uint64_t>(by);
    };
    std::ranges::for_each(train.rows, move);
    std::ranges::for_each(train.changes, move);
    head.size += static_cast<std::uint64_t>(by);
    train.checkpoints.clear();
  }

  void spoil_row(storage::Train& train) {
    storage::StepRow& row = train.rows[random_.below(train.rows.size())];
    switch (random_.below(5)) {
      case 3:
        spoil(row.units);
        break;
      case 0:
        row.step = static_cast<Step>(random_.chance(500) ? 0 : kSteps + 1);
        break;
      case 1: {
        const Key key = key_of(train.rows[random_.below(train.rows.size())]);
        std::tie(row.tenant, row.exchange, row.step) = key;
        break;
      }
      case 2:
        if (const auto key = any_key_of(train.lane)) {
          std::tie(row.tenant, row.exchange, row.step) = *key;
        }
        break;
      default:
        row.tenant = subject_.stranger().value_or(TenantId{0});
        break;
    }
  }

  void spoil_change(storage::Train& train) {
    storage::ChangeRow& change = train.changes[random_.below(train.changes.size())];
    switch (random_.below(6)) {
      case 4:
        spoil(change.units);
        break;
      case 0:
        change.section = static_cast<storage::Section>(random_.chance(500) ? 0 : kSections + 1);
        break;
      case 1: {
        const ChangeKey key = key_of(train.changes[random_.below(train.changes.size())]);
        std::tie(change.tenant, change.change) = key;
        break;
      }
      case 2:
        if (const auto key = any_change_of(train.lane)) {
          std::tie(change.tenant, change.change) = *key;
        }
        break;
      case 3:
        change.erase = true;
        change.value.assign(1, 0);
        break;
      default:
        change.tenant = subject_.stranger().value_or(TenantId{0});
        break;
    }
  }

  static Key key_of(const storage::StepRow& row) { return {row.tenant, row.exchange, row.step}; }
  static ChangeKey key_of(const storage::ChangeRow& change) {
    return {change.tenant, change.change};
  }

  Expected foretell(const storage::Train& train) const {
    const auto failed = [](ErrorCode code, std::optional<std::size_t> row = std::nullopt) {
      return Expected{storage::Commit::kFailed, code, row};
    };
    const std::size_t steps = train.rows.size();
    const std::size_t leaves = steps + train.changes.size();
    if (leaves == 0 || leaves > limits::kMaxTrainRows) return failed(ErrorCode::kStoreFailed);
    if (const auto row = first_in(train.rows, is_malformed)) {
      return failed(ErrorCode::kStoreFailed, row);
    }
    if (const auto row = first_in(train.changes, is_malformed_change)) {
      return failed(ErrorCode::kStoreFailed, steps + *row);
    }
    if (numbers_ == Numbers::kMalformed) return failed(ErrorCode::kStoreFailed);
    const auto lane = lanes_.find(train.lane);
    if (lane == lanes_.end() || train.epoch.value == 0 || lane->second.epoch != train.epoch) {
      return failed(ErrorCode::kLaneLost);
    }
    if (train.number.value != lane->second.last.value + 1) return failed(ErrorCode::kStoreFailed);
    // Changes are written first.
    const auto is_stranger = [](const auto& row) { return row.tenant.value > kTenants; };
    if (const auto row = first_in(train.changes, is_stranger)) {
      return failed(ErrorCode::kStoreFailed, steps + *row);
    }
    if (const auto row = first_conflict(train.changes, changes_)) {
      return failed(ErrorCode::kRowConflict, steps + *row);
    }
    if (const auto row = first_conflict(train.rows, rows_)) {
      return failed(ErrorCode::kRowConflict, row);
    }
    if (const auto row = first_in(train.rows, is_stranger)) {
      return failed(ErrorCode::kStoreFailed, row);
    }
    if (numbers_ == Numbers::kNoContinuation) return failed(ErrorCode::kStoreFailed);
    return {};
  }

  static bool is_malformed(const storage::StepRow& row) {
    const auto step = static_cast<unsigned>(row.step);
    return step < 1 || step > kSteps || row.tenant.value == 0 || is_malformed_units(row.units);
  }

  static bool is_malformed_units(const Units& units) {
    const auto cause = static_cast<unsigned>(units.cause);
    return cause < 1 || cause > kCauses || units.persons > storage::kMaxUnitCount ||
           units.messages_in > storage::kMaxUnitCount || units.bytes_out > storage::kMaxUnitBytes;
  }

  static bool is_malformed_change(const storage::ChangeRow& change) {
    const auto section = static_cast<unsigned>(change.section);
    return section < 1 || section > kSections || (change.erase && !change.value.empty()) ||
           change.tenant.value == 0 || is_malformed_units(change.units);
  }

  template <class Row, class Wrong>
  static std::optional<std::size_t> first_in(const std::vector<Row>& rows, const Wrong& wrong) {
    const auto found = std::ranges::find_if(rows, wrong);
    if (found == rows.end()) return std::nullopt;
    return static_cast<std::size_t>(found - rows.begin());
  }

  /// The first that is stored, or is in the train, already.
  template <class Row, class Stored>
  static std::optional<std::size_t> first_conflict(const std::vector<Row>& rows,
                                                   const Stored& stored) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto key = key_of(rows[i]);
      if (stored.contains(key) || duplicate_in(std::span(rows).first(i), key)) return i;
    }
    return std::nullopt;
  }

  static bool duplicate_in(std::span<const storage::StepRow> rows, const Key& key) {
    return std::ranges::any_of(rows, [&](const auto& row) { return key_of(row) == key; });
  }

  static bool duplicate_in(std::span<const storage::ChangeRow> changes, const ChangeKey& key) {
    return std::ranges::any_of(changes, [&](const auto& change) { return key_of(change) == key; });
  }

  void check_append(const storage::Train& train) {
    const Expected expected = foretell(train);
    numbers_ = Numbers::kGood;
    const storage::AppendResult result = store_.append(train);
    INFO("append of " << train.rows.size() << " rows and " << train.changes.size()
                      << " changes: " << describe(result.error));
    REQUIRE(result.commit == expected.commit);
    if (expected.commit == storage::Commit::kCommitted) return apply(train);
    CHECK(result.error.code == expected.code);
    CHECK(result.bad_row == expected.bad_row);
  }

  void lose_and_ask(LaneId lane) {
    const storage::Train train = good_train(lane);
    if (foretell(train).commit != storage::Commit::kCommitted) return;  // nobody has the lane yet
    const bool arrives = random_.chance(500);
    subject_.lose_next(arrives ? StoreUnderTest::Loss::kAcknowledgement
                               : StoreUnderTest::Loss::kTrain);
    const storage::AppendResult result = store_.append(train);
    INFO("lost append: " << describe(result.error));
    REQUIRE(result.commit == storage::Commit::kUnknown);
    CHECK(result.error.code == ErrorCode::kCommitUnknown);
    if (arrives) apply(train);
    const bool taken_meanwhile = random_.chance(200);
    if (taken_meanwhile) take(lane);
    check_read_back(lane, train.epoch, train.number);
    // The answer to the question can be lost as well: it may be asked again.
    if (random_.chance(300)) check_read_back(lane, train.epoch, train.number);
    if (!arrives && !taken_meanwhile) {
      storage::Train again = train;
      CHECK(store_.append(again).error.code == ErrorCode::kLaneLost);
      again.epoch = lanes_[lane].epoch;
      check_append(again);
    }
  }

  void apply(const storage::Train& train) {
    Lane& lane = lanes_[train.lane];
    lane.last = train.number;
    lane.low_water_bucket = train.low_water_bucket;
    for (std::size_t i = 0; i < train.changes.size(); ++i) {
      apply(train, train.changes[i], static_cast<std::uint16_t>(train.rows.size() + i));
    }
    for (std::size_t i = 0; i < train.rows.size(); ++i) {
      apply(train, train.rows[i], static_cast<std::uint16_t>(i));
    }
    for (const storage::Checkpoint& point : train.checkpoints) {
      checkpoints_[point.tenant] = point;
      all_checkpoints_[point.tenant].push_back(point);
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

  void apply(const storage::Train& train, const storage::StepRow& row, std::uint16_t leaf_index) {
    const storage::StoredStep stored = {.exchange = row.exchange,
                                        .step = row.step,
                                        .outcome = row.outcome,
                                        .lane = train.lane,
                                        .epoch = train.epoch,
                                        .train = train.number,
                                        .leaf_index = leaf_index,
                                        .number = row.number,
                                        .units = row.units,
                                        .salt = row.salt,
                                        .leaf = row.leaf,
                                        .sealed = row.sealed};
    rows_[key_of(row)] = stored;
    logs_[row.tenant].emplace_back(stored);
  }

  void apply(const storage::Train& train, const storage::ChangeRow& change,
             std::uint16_t leaf_index) {
    const storage::StoredChange stored = {.change = change.change,
                                          .section = change.section,
                                          .key = change.key,
                                          .erase = change.erase,
                                          .lane = train.lane,
                                          .epoch = train.epoch,
                                          .train = train.number,
                                          .leaf_index = leaf_index,
                                          .number = change.number,
                                          .units = change.units,
                                          .salt = change.salt,
                                          .leaf = change.leaf,
                                          .record = change.record};
    changes_[key_of(change)] = stored;
    logs_[change.tenant].emplace_back(stored);
    auto& holdings = holdings_[change.tenant];
    const HoldingPlace place{change.section, change.key};
    if (change.erase) {
      holdings.erase(place);
    } else {
      holdings[place] = change.value;
    }
  }

  // --- reading

  void check_find() {
    const ExchangeId exchange = any_stored_id().value_or(random_.make<ExchangeId>());
    const TenantId tenant = any_tenant();
    std::vector<storage::StoredStep> expected;
    for (const auto& [key, row] : rows_) {
      if (std::get<TenantId>(key) == tenant && row.exchange == exchange) expected.push_back(row);
    }
    const auto found = store_.find(tenant, exchange);
    REQUIRE(found);
    check_same(*found, expected);
  }

  /// Reads all pages from there on.
  void check_scan(TenantId tenant, std::uint32_t from_bucket, std::optional<ExchangeId> after,
                  std::size_t limit) {
    INFO("scan of tenant " << tenant.value << " from " << from_bucket << " limit " << limit);
    std::vector<storage::StoredStep> expected;
    for (const auto& [key, row] : rows_) {
      if (std::get<TenantId>(key) == tenant && bucket_of(row.exchange) >= from_bucket &&
          (!after || row.exchange > *after)) {
        expected.push_back(row);
      }
    }
    std::vector<storage::StoredStep> read;
    while (true) {
      const auto page = store_.scan(tenant, from_bucket, after, limit);
      REQUIRE(page);
      if (page->empty()) break;
      CHECK(page->size() <= std::max<std::size_t>(limit, kSteps));
      after = page->back().exchange;
      read.insert(read.end(), page->begin(), page->end());
    }
    check_same(read, expected);
  }

  void check_find_change() {
    const auto stored = any_stored_change();
    const ChangeKey key{any_tenant(), stored.value_or(random_.make<ExchangeId>())};
    const auto found = store_.find_change(key.first, key.second);
    REQUIRE(found);
    const auto expected = changes_.find(key);
    REQUIRE(found->has_value() == (expected != changes_.end()));
    if (*found) check_same(**found, expected->second);
  }

  void check_scan_changes(TenantId tenant, std::uint32_t from_bucket,
                          std::optional<ExchangeId> after, std::size_t limit) {
    INFO("changes of tenant " << tenant.value << " from " << from_bucket << " limit " << limit);
    std::vector<storage::StoredChange> expected;
    for (const auto& [key, change] : changes_) {
      if (key.first == tenant && bucket_of(change.change) >= from_bucket &&
          (!after || change.change > *after)) {
        expected.push_back(change);
      }
    }
    std::vector<storage::StoredChange> read;
    while (true) {
      const auto page = store_.scan_changes(tenant, from_bucket, after, limit);
      REQUIRE(page);
      if (page->empty()) break;
      CHECK(page->size() <= std::max<std::size_t>(limit, 1));
      after = page->back().change;
      read.insert(read.end(), page->begin(), page->end());
    }
    REQUIRE(read.size() == expected.size());
    for (std::size_t i = 0; i < read.size(); ++i) check_same(read[i], expected[i]);
  }

  void check_scan_holdings(TenantId tenant, std::optional<HoldingPlace> after, std::size_t limit) {
    INFO("holdings of tenant " << tenant.value << " limit " << limit);
    std::vector<storage::Holding> expected;
    for (const auto& [place, value] : holdings_[tenant]) {
      if (!after || place > *after) expected.push_back({place.first, place.second, value});
    }
    std::vector<storage::Holding> read;
    while (true) {
      const auto page = store_.scan_holdings(tenant, after, limit);
      REQUIRE(page);
      if (page->empty()) break;
      CHECK(page->size() <= std::max<std::size_t>(limit, 1));
      after = HoldingPlace{page->back().section, page->back().key};
      read.insert(read.end(), page->begin(), page->end());
    }
    REQUIRE(read.size() == expected.size());
    for (std::size_t i = 0; i < read.size(); ++i) {
      CHECK(read[i].section == expected[i].section);
      CHECK(read[i].key == expected[i].key);
      CHECK((read[i].value == expected[i].value));
    }
  }

  static void check_same(const storage::StoredChange& a, const storage::StoredChange& b) {
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

  static void check_same(const storage::StoredStep& a, const storage::StoredStep& b) {
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

  static void check_same(const storage::LogEntry& a, const storage::LogEntry& b) {
    REQUIRE(a.index() == b.index());
    if (const auto* const step = std::get_if<storage::StoredStep>(&a)) {
      check_same(*step, std::get<storage::StoredStep>(b));
    } else {
      check_same(std::get<storage::StoredChange>(a), std::get<storage::StoredChange>(b));
    }
  }

  static void check_same(const std::vector<storage::StoredStep>& got,
                         const std::vector<storage::StoredStep>& expected) {
    REQUIRE(got.size() == expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) check_same(got[i], expected[i]);
  }

  void check_scan_log(TenantId tenant, std::uint64_t from, std::size_t limit) {
    INFO("log of tenant " << tenant.value << " from " << from << " limit " << limit);
    std::vector<storage::LogEntry> read;
    while (true) {
      const auto page = store_.scan_log(tenant, from + read.size(), limit);
      REQUIRE(page);
      if (page->empty()) break;
      CHECK(page->size() <= std::max<std::size_t>(limit, 1));
      read.insert(read.end(), page->begin(), page->end());
    }
    const auto& log = logs_[tenant];
    REQUIRE(read.size() == log.size() - std::min<std::uint64_t>(log.size(), from));
    for (std::size_t i = 0; i < read.size(); ++i) {
      CHECK(storage::log_number(read[i]) == from + i);
      check_same(read[i], log[from + i]);
    }
  }

  void check_last_checkpoint() {
    const TenantId tenant = any_tenant();
    const auto found = store_.last_checkpoint(tenant);
    REQUIRE(found);
    const auto expected = checkpoints_.find(tenant);
    REQUIRE(found->has_value() == (expected != checkpoints_.end()));
    if (*found) CHECK((**found == expected->second));
  }

  void keep_delegations(TenantId tenant) {
    std::vector<storage::KeptDelegation> delegations(random_.below(3));
    for (storage::KeptDelegation& one : delegations) {
      one.institution = any_institution();
      one.node_key = any_signer();
      one.from = Timestamp{static_cast<std::int64_t>(random_.below(4) << 28U)};
      one.until = one.from + static_cast<std::int64_t>(1 + random_.below(1U << 30));
      one.signature = random_.make<Signature>();
    }
    REQUIRE(store_.keep_delegations(tenant, delegations).ok());
    auto& kept = delegations_[tenant];
    for (const storage::KeptDelegation& one : delegations) {
      const bool known = std::ranges::any_of(kept, [&](const storage::KeptDelegation& other) {
        return std::tie(one.institution, one.node_key, one.from) ==
               std::tie(other.institution, other.node_key, other.from);
      });
      if (!known) kept.push_back(one);
    }
  }

  /// Of an entry of a log, or one behind it.
  void check_find_proof() {
    const TenantId tenant = any_tenant();
    const auto& log = logs_[tenant];
    const std::uint64_t number = random_.below(log.size() + 2);
    LaneId lane{1};
    TrainNumber of_train{random_.below(5)};
    if (number < log.size()) {
      std::tie(lane, of_train) =
          std::visit([](const auto& row) { return std::pair(row.lane, row.train); }, log[number]);
    }
    INFO("proof of entry " << number << " of tenant " << tenant.value);
    const InstitutionCode wished = any_institution();
    const auto found = store_.find_proof(tenant, lane, of_train, number, wished);
    REQUIRE(found);
    const auto& trains = trains_[lane];
    if (number >= log.size() || of_train.value > trains.size()) {
      CHECK(!*found);
      return;
    }
    const storage::StoredTrain& train = trains[of_train.value - 1];
    const auto fits = [&](const storage::KeptDelegation& one) {
      return one.node_key == train.signer && one.from <= train.signed_at &&
             train.signed_at < one.until;
    };
    const auto& kept = delegations_[tenant];
    const auto of_wished = [&](const auto& one) { return fits(one) && one.institution == wished; };
    REQUIRE(found->has_value() == std::ranges::any_of(kept, fits));
    if (!*found) return;
    const storage::StoredProof& proof = **found;
    CHECK((proof.train == train));
    CHECK(std::ranges::find(kept, proof.delegation) != kept.end());
    CHECK(fits(proof.delegation));
    CHECK((proof.delegation.institution == wished) == std::ranges::any_of(kept, of_wished));
    check_proof(proof, tenant, number);
  }

  void check_proof(const storage::StoredProof& proof, TenantId tenant, std::uint64_t number) {
    const storage::StoredTrain& train = proof.train;
    std::map<std::uint16_t, Digest> leaves;
    for (const auto& [of, log] : logs_) {
      for (const storage::LogEntry& entry : log) {
        std::visit(
            [&](const auto& row) {
              if (row.lane == train.lane && row.train == train.number) {
                leaves[row.leaf_index] = row.leaf;
              }
            },
            entry);
      }
    }
    REQUIRE(proof.leaves.size() == leaves.size());
    for (const auto& [index, leaf] : leaves) CHECK(proof.leaves[index] == leaf);

    std::optional<storage::Checkpoint> before;
    for (const storage::Checkpoint& point : all_checkpoints_[tenant]) {
      if (point.size <= number) before = point;
    }
    CHECK((proof.checkpoint == before));
    const std::uint64_t first = before ? before->size : 0;
    const auto head = std::ranges::find(train.heads, tenant, &storage::Head::tenant);
    REQUIRE(head != train.heads.end());
    REQUIRE(proof.entries.size() == head->size - first);
    for (std::size_t i = 0; i < proof.entries.size(); ++i) {
      check_same(proof.entries[i], unsealed(logs_[tenant][first + i]));
    }
  }

  static storage::LogEntry unsealed(storage::LogEntry entry) {
    if (auto* const step = std::get_if<storage::StoredStep>(&entry)) {
      step->sealed.clear();
    } else {
      std::get<storage::StoredChange>(entry).record.clear();
    }
    return entry;
  }

  void check_find_train(LaneId lane) {
    const TrainNumber number = any_train(lane);
    const auto found = store_.find_train(lane, number);
    REQUIRE(found);
    const auto& trains = trains_[lane];
    REQUIRE(found->has_value() == (number.value >= 1 && number.value <= trains.size()));
    if (*found) CHECK((**found == trains[number.value - 1]));
  }

  void check_scan_trains(LaneId lane, TrainNumber from, std::size_t limit) {
    INFO("trains of lane " << lane.value << " from " << from.value << " limit " << limit);
    // Numbers begin with 1.
    const std::size_t skipped = std::max<std::size_t>(from.value, 1) - 1;
    std::vector<storage::StoredTrain> read;
    while (true) {
      const auto page = store_.scan_trains(lane, from, limit);
      REQUIRE(page);
      if (page->empty()) break;
      CHECK(page->size() <= std::max<std::size_t>(limit, 1));
      read.insert(read.end(), page->begin(), page->end());
      from.value = page->back().number.value + 1;
    }
    const auto& trains = trains_[lane];
    REQUIRE(read.size() == trains.size() - std::min(trains.size(), skipped));
    for (std::size_t i = 0; i < read.size(); ++i) CHECK((read[i] == trains[skipped + i]));
  }

  // --- choices

  std::uint64_t near(std::uint64_t value) {
    const std::uint64_t change = random_.below(5);
    return value + change < 2 ? 0 : value + change - 2;
  }
  std::uint64_t log_size(TenantId tenant) const {
    const auto log = logs_.find(tenant);
    return log == logs_.end() ? 0 : log->second.size();
  }
  /// One of the lane, or one beside them.
  TrainNumber any_train(LaneId lane) {
    return TrainNumber{random_.below(lanes_[lane].last.value + 2)};
  }
  /// One of few.
  PublicKey any_signer() {
    PublicKey key;
    key.writable()[0] = static_cast<std::uint8_t>(random_.below(2));
    return key;
  }
  InstitutionCode any_institution() {
    return *InstitutionCode::from_number(9'999'999'999'999'999 - random_.below(3));
  }
  TenantId any_tenant() {
    return TenantId{static_cast<std::uint32_t>(1 + random_.below(kTenants))};
  }
  TenantId any_tenant_of(LaneId lane) {
    return TenantId{static_cast<std::uint32_t>((lane.value - 1U) * kContractTenantsPerLane + 1 +
                                               random_.below(kContractTenantsPerLane))};
  }
  storage::Section any_section() {
    return static_cast<storage::Section>(1 + random_.below(kSections));
  }
  /// One of few, so that holdings are changed again.
  HoldingKey any_holding_key() {
    HoldingKey key;
    key.writable()[0] = static_cast<std::uint8_t>(random_.below(4) * 85);
    return key;
  }
  std::optional<HoldingPlace> any_holding() {
    if (random_.chance(300)) return std::nullopt;
    return HoldingPlace{any_section(), any_holding_key()};
  }
  std::uint32_t any_bucket() { return static_cast<std::uint32_t>(random_.below(kBuckets)); }
  std::optional<Key> any_key_of(LaneId lane) {
    std::vector<Key> keys;
    for (const auto& [key, row] : rows_) {
      if (row.lane == lane) keys.push_back(key);
    }
    if (keys.empty()) return std::nullopt;
    return keys[random_.below(keys.size())];
  }
  std::optional<ChangeKey> any_change_of(LaneId lane) {
    std::vector<ChangeKey> keys;
    for (const auto& [key, change] : changes_) {
      if (change.lane == lane) keys.push_back(key);
    }
    if (keys.empty()) return std::nullopt;
    return keys[random_.below(keys.size())];
  }
  std::optional<ExchangeId> any_stored_id() {
    if (rows_.empty()) return std::nullopt;
    return any_of(rows_).second.exchange;
  }
  std::optional<ExchangeId> any_stored_change() {
    if (changes_.empty()) return std::nullopt;
    return any_of(changes_).second.change;
  }
  template <class Map>
  const typename Map::value_type& any_of(const Map& map) {
    return *std::next(map.begin(), static_cast<std::ptrdiff_t>(random_.below(map.size())));
  }

  StoreUnderTest& subject_;
  storage::ExchangeStore& store_;
  SeededRandom random_;
  std::map<LaneId, Lane> lanes_;
  std::map<Key, storage::StoredStep> rows_;
  std::map<ChangeKey, storage::StoredChange> changes_;
  std::map<TenantId, std::map<HoldingPlace, Bytes>> holdings_;
  std::map<TenantId, std::vector<storage::LogEntry>> logs_;
  std::map<TenantId, storage::Checkpoint> checkpoints_;  // the last ones
  std::map<TenantId, std::vector<storage::Checkpoint>> all_checkpoints_;
  std::map<TenantId, std::vector<storage::KeptDelegation>> delegations_;
  std::map<LaneId, std::vector<storage::StoredTrain>> trains_;
  Numbers numbers_ = Numbers::kGood;  ///< of the train that is appended next
};

}  // namespace nakadachi::testing
