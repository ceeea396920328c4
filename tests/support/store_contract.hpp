#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "nakadachi/base/limits.hpp"
#include "nakadachi/base/random.hpp"
#include "nakadachi/storage/exchange_store.hpp"
#include "tests/support/catch.hpp"

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
    }
  }

 private:
  using Step = storage::Step;
  using Key = std::tuple<TenantId, ExchangeId, Step>;
  static constexpr std::uint32_t kTenants = kContractLanes * kContractTenantsPerLane;
  static constexpr std::uint32_t kBuckets = 4;

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

  void one_call() {
    const LaneId lane{static_cast<std::uint16_t>(1 + random_.below(kContractLanes))};
    switch (random_.below(10)) {
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
      default:
        return check_append(spoilt(good_train(lane)));
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
    train.signer = random_.make<PublicKey>();
    train.signature = random_.make<Signature>();
    const std::size_t rows = 1 + random_.below(random_.chance(50) ? limits::kMaxTrainRows : 6);
    while (train.rows.size() < rows) {
      storage::StepRow row = new_row(lane);
      const Key key{row.tenant, row.exchange, row.step};
      if (!rows_.contains(key) && !duplicate_in(train, key)) train.rows.push_back(std::move(row));
    }
    return train;
  }

  storage::StepRow new_row(LaneId lane) {
    storage::StepRow row;
    row.tenant = TenantId{static_cast<std::uint32_t>((lane.value - 1U) * kContractTenantsPerLane +
                                                     1 + random_.below(kContractTenantsPerLane))};
    // Sometimes another step of an exchange that is there already, also of another tenant.
    const auto known = any_stored_id();
    row.exchange =
        known && random_.chance(400)
            ? *known
            : make_exchange_id(Timestamp{any_bucket() * kBucketMs}, random_.make<Digest>());
    row.step = static_cast<Step>(1 + random_.below(4));
    row.outcome = static_cast<std::uint16_t>(random_.next());
    row.salt = random_.make<Salt>();
    row.leaf = random_.make<Digest>();
    row.sealed.resize(random_.chance(20) ? random_.below(70000) : random_.below(300));
    random_.fill(row.sealed);
    return row;
  }

  /// Breaks a rule in half of the calls.
  storage::Train spoilt(storage::Train train) {
    const std::size_t row = random_.below(train.rows.size());
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
        train.rows[row].step = static_cast<Step>(random_.chance(500) ? 0 : 5);
        break;
      case 5:
        train.rows.clear();
        break;
      case 6:
        train.rows.resize(limits::kMaxTrainRows + 1, train.rows[0]);
        break;
      case 7:
        copy_key(train.rows[row], train.rows[random_.below(train.rows.size())]);
        break;
      case 8:
        if (const auto key = any_key_of(train.lane)) {
          std::tie(train.rows[row].tenant, train.rows[row].exchange, train.rows[row].step) = *key;
        }
        break;
      case 9:
        train.rows[row].tenant = subject_.stranger().value_or(TenantId{0});
        break;
      default:
        break;
    }
    return train;
  }

  static void copy_key(storage::StepRow& to, const storage::StepRow& from) {
    to.tenant = from.tenant;
    to.exchange = from.exchange;
    to.step = from.step;
  }

  Expected foretell(const storage::Train& train) const {
    const auto failed = [](ErrorCode code, std::optional<std::size_t> row = std::nullopt) {
      return Expected{storage::Commit::kFailed, code, row};
    };
    if (train.rows.empty() || train.rows.size() > limits::kMaxTrainRows) {
      return failed(ErrorCode::kStoreFailed);
    }
    for (std::size_t i = 0; i < train.rows.size(); ++i) {
      const storage::StepRow& row = train.rows[i];
      const auto step = static_cast<unsigned>(row.step);
      if (step < 1 || step > 4 || row.tenant.value == 0) return failed(ErrorCode::kStoreFailed, i);
    }
    const auto lane = lanes_.find(train.lane);
    if (lane == lanes_.end() || train.epoch.value == 0 || lane->second.epoch != train.epoch) {
      return failed(ErrorCode::kLaneLost);
    }
    if (train.number.value != lane->second.last.value + 1) return failed(ErrorCode::kStoreFailed);
    for (std::size_t i = 0; i < train.rows.size(); ++i) {
      const Key key{train.rows[i].tenant, train.rows[i].exchange, train.rows[i].step};
      if (rows_.contains(key) || duplicate_before(train, i)) {
        return failed(ErrorCode::kRowConflict, i);
      }
    }
    for (std::size_t i = 0; i < train.rows.size(); ++i) {
      if (train.rows[i].tenant.value > kTenants) return failed(ErrorCode::kStoreFailed, i);
    }
    return {};
  }

  static bool duplicate_before(const storage::Train& train, std::size_t index) {
    const storage::StepRow& row = train.rows[index];
    return std::any_of(train.rows.begin(), train.rows.begin() + static_cast<std::ptrdiff_t>(index),
                       [&](const storage::StepRow& other) {
                         return other.tenant == row.tenant && other.exchange == row.exchange &&
                                other.step == row.step;
                       });
  }

  static bool duplicate_in(const storage::Train& train, const Key& key) {
    return std::ranges::any_of(train.rows, [&](const storage::StepRow& row) {
      return Key{row.tenant, row.exchange, row.step} == key;
    });
  }

  void check_append(const storage::Train& train) {
    const Expected expected = foretell(train);
    const storage::AppendResult result = store_.append(train);
    INFO("append of " << train.rows.size() << " rows: " << describe(result.error));
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
    for (std::size_t i = 0; i < train.rows.size(); ++i) {
      const storage::StepRow& row = train.rows[i];
      rows_[{row.tenant, row.exchange, row.step}] = {.exchange = row.exchange,
                                                     .step = row.step,
                                                     .outcome = row.outcome,
                                                     .lane = train.lane,
                                                     .epoch = train.epoch,
                                                     .train = train.number,
                                                     .leaf_index = static_cast<std::uint16_t>(i),
                                                     .salt = row.salt,
                                                     .leaf = row.leaf,
                                                     .sealed = row.sealed};
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
      CHECK(page->size() <= std::max<std::size_t>(limit, 4));
      after = page->back().exchange;
      read.insert(read.end(), page->begin(), page->end());
    }
    check_same(read, expected);
  }

  static void check_same(const std::vector<storage::StoredStep>& got,
                         const std::vector<storage::StoredStep>& expected) {
    REQUIRE(got.size() == expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      const storage::StoredStep& a = got[i];
      const storage::StoredStep& b = expected[i];
      CHECK(a.exchange == b.exchange);
      CHECK(a.step == b.step);
      CHECK(a.outcome == b.outcome);
      CHECK(a.lane == b.lane);
      CHECK(a.epoch == b.epoch);
      CHECK(a.train == b.train);
      CHECK(a.leaf_index == b.leaf_index);
      CHECK(a.salt == b.salt);
      CHECK(a.leaf == b.leaf);
      CHECK((a.sealed == b.sealed));
    }
  }

  // --- choices

  std::uint64_t near(std::uint64_t value) {
    const std::uint64_t change = random_.below(5);
    return value + change < 2 ? 0 : value + change - 2;
  }
  TenantId any_tenant() {
    return TenantId{static_cast<std::uint32_t>(1 + random_.below(kTenants))};
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
  std::optional<ExchangeId> any_stored_id() {
    if (rows_.empty()) return std::nullopt;
    const auto row =
        std::next(rows_.begin(), static_cast<std::ptrdiff_t>(random_.below(rows_.size())));
    return row->second.exchange;
  }

  StoreUnderTest& subject_;
  storage::ExchangeStore& store_;
  SeededRandom random_;
  std::map<LaneId, Lane> lanes_;
  std::map<Key, storage::StoredStep> rows_;
};

}  // namespace nakadachi::testing
