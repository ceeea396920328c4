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

/// Name of the field at fault, empty when there is none.
std::string_view fault_of(const StepRow& row) {
  if (row.step < Step::kAsked || row.step > Step::kHeld) return "step";
  if (row.sealed.size() > limits::kMaxTrainBytes) return "sealed";
  if (row.tenant.value == 0 || row.tenant.value > kMaxInteger) return "tenant";
  return {};
}

}  // namespace

std::optional<AppendResult> refuse_malformed(const Train& train) {
  if (train.rows.empty() || train.rows.size() > limits::kMaxTrainRows) {
    return refused("rows", std::nullopt);
  }
  if (train.epoch.value > kMaxBigint) return refused("epoch", std::nullopt);
  if (train.number.value > kMaxBigint) return refused("number", std::nullopt);
  for (std::size_t i = 0; i < train.rows.size(); ++i) {
    if (const std::string_view field = fault_of(train.rows[i]); !field.empty()) {
      return refused(field, i);
    }
  }
  return std::nullopt;
}

}  // namespace nakadachi::storage
