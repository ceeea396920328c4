#include "train_check.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "nakadachi/base/limits.hpp"

namespace nakadachi::storage {
namespace {

constexpr std::uint64_t kMaxBigint = std::numeric_limits<std::int64_t>::max();
constexpr std::uint32_t kMaxInteger = std::numeric_limits<std::int32_t>::max();

AppendResult refused(std::string_view field, std::optional<std::size_t> row) {
  Error error{.code = ErrorCode::kStoreFailed, .field = field};
  if (row) error.position = static_cast<std::int32_t>(*row);
  return {.commit = Commit::kFailed, .error = std::move(error), .bad_row = row};
}

bool storable(TenantId tenant) { return tenant.value != 0 && tenant.value <= kMaxInteger; }

bool storable(const Units& units) {
  return units.cause >= Cause::kOwnQuery && units.cause <= Cause::kOutside &&
         std::max({units.persons, units.messages_in, units.messages_out}) <= kMaxUnitCount &&
         std::max(units.bytes_in, units.bytes_out) <= kMaxUnitBytes;
}

/// Name of the field at fault, empty when there is none.
std::string_view fault_of(const StepRow& row) {
  if (row.step < Step::kAsked || row.step > Step::kHeld) return "step";
  if (row.sealed.size() > limits::kMaxTrainBytes) return "sealed";
  if (!storable(row.tenant)) return "tenant";
  if (!storable(row.units)) return "units";
  return {};
}

std::string_view fault_of(const ChangeRow& change) {
  if (change.section < Section::kSymbol || change.section > Section::kSetting) return "section";
  if (change.record.size() > limits::kMaxTrainBytes) return "record";
  const std::size_t most = change.erase ? 0 : limits::kMaxTrainBytes;
  if (change.value.size() > most) return "value";
  if (!storable(change.tenant)) return "tenant";
  if (!storable(change.units)) return "units";
  return {};
}

/// `first` is the leaf index of the first of `rows`.
template <class Row>
std::optional<AppendResult> refuse_faulty(const std::vector<Row>& rows, std::size_t first) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (const std::string_view field = fault_of(rows[i]); !field.empty()) {
      return refused(field, first + i);
    }
  }
  return std::nullopt;
}

/// Place in `heads`, which are ascending, of the tenant's; their number when it has none.
std::size_t place_of(const std::vector<Head>& heads, TenantId tenant) {
  const auto head = std::ranges::lower_bound(heads, tenant, {}, &Head::tenant);
  if (head == heads.end() || head->tenant != tenant) return heads.size();
  return static_cast<std::size_t>(head - heads.begin());
}

/// Takes the numbers of `rows` from `next`, the next number of each head's tenant.
template <class Row>
bool are_numbered(const std::vector<Row>& rows, const std::vector<Head>& heads,
                  std::vector<std::uint64_t>& next) {
  return std::ranges::all_of(
      rows, [&](const Row& row) { return row.number == next[place_of(heads, row.tenant)]++; });
}

/// Name of the field at fault of heads, numbers and checkpoints, empty when there is none.
std::string_view fault_of_logs(const Train& train) {
  const auto not_ascending = [](const auto& a, const auto& b) { return a.tenant >= b.tenant; };
  const std::vector<Head>& heads = train.heads;
  if (std::ranges::adjacent_find(heads, not_ascending) != heads.end()) return "heads";
  const auto has_head = [&](const auto& row) { return place_of(heads, row.tenant) < heads.size(); };
  if (!std::ranges::all_of(train.rows, has_head)) return "heads";
  if (!std::ranges::all_of(train.changes, has_head)) return "heads";

  const std::vector<std::uint64_t> entries = entries_of_heads(train);
  std::vector<std::uint64_t> next;
  next.reserve(heads.size());
  for (std::size_t i = 0; i < heads.size(); ++i) {
    const std::uint64_t size = heads[i].size;
    if (entries[i] == 0 || size < entries[i] || size > kMaxBigint) return "heads";
    next.push_back(size - entries[i]);
  }
  if (!are_numbered(train.changes, heads, next)) return "number";
  if (!are_numbered(train.rows, heads, next)) return "number";

  const auto is_sound = [&](const Checkpoint& point) {
    const std::size_t place = place_of(heads, point.tenant);
    return place < heads.size() && heads[place].size == point.size &&
           point.frontier.size() == static_cast<std::size_t>(std::popcount(point.size));
  };
  const auto& points = train.checkpoints;
  if (std::ranges::adjacent_find(points, not_ascending) != points.end()) return "checkpoints";
  return std::ranges::all_of(points, is_sound) ? std::string_view{} : "checkpoints";
}

}  // namespace

std::vector<std::uint64_t> entries_of_heads(const Train& train) {
  std::vector<std::uint64_t> entries(train.heads.size());
  for (const StepRow& row : train.rows) ++entries[place_of(train.heads, row.tenant)];
  for (const ChangeRow& change : train.changes) ++entries[place_of(train.heads, change.tenant)];
  return entries;
}

std::optional<AppendResult> refuse_malformed(const Train& train) {
  const std::size_t leaves = train.rows.size() + train.changes.size();
  if (leaves == 0 || leaves > limits::kMaxTrainRows) return refused("rows", std::nullopt);
  if (train.epoch.value > kMaxBigint) return refused("epoch", std::nullopt);
  if (train.number.value > kMaxBigint) return refused("number", std::nullopt);
  if (auto refusal = refuse_faulty(train.rows, 0)) return refusal;
  if (auto refusal = refuse_faulty(train.changes, train.rows.size())) return refusal;
  if (const std::string_view field = fault_of_logs(train); !field.empty()) {
    return refused(field, std::nullopt);
  }
  return std::nullopt;
}

}  // namespace nakadachi::storage
