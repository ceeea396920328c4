#include "train_check.hpp"

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

/// Name of the field at fault, empty when there is none.
std::string_view fault_of(const StepRow& row) {
  if (row.step < Step::kAsked || row.step > Step::kHeld) return "step";
  if (row.sealed.size() > limits::kMaxTrainBytes) return "sealed";
  if (!storable(row.tenant)) return "tenant";
  return {};
}

std::string_view fault_of(const ChangeRow& change) {
  if (change.section < Section::kSymbol || change.section > Section::kSetting) return "section";
  if (change.record.size() > limits::kMaxTrainBytes) return "record";
  const std::size_t most = change.erase ? 0 : limits::kMaxTrainBytes;
  if (change.value.size() > most) return "value";
  if (!storable(change.tenant)) return "tenant";
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

}  // namespace

std::optional<AppendResult> refuse_malformed(const Train& train) {
  const std::size_t leaves = train.rows.size() + train.changes.size();
  if (leaves == 0 || leaves > limits::kMaxTrainRows) return refused("rows", std::nullopt);
  if (train.epoch.value > kMaxBigint) return refused("epoch", std::nullopt);
  if (train.number.value > kMaxBigint) return refused("number", std::nullopt);
  if (auto refusal = refuse_faulty(train.rows, 0)) return refusal;
  return refuse_faulty(train.changes, train.rows.size());
}

}  // namespace nakadachi::storage
