#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "nakadachi/base/day.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/base/units.hpp"
#include "nakadachi/storage/exchange_store.hpp"

namespace nakadachi::storage {

/// What a tenant's rows of one day and cause were metered with, added up.
struct MeterRow {
  TenantId tenant;
  Day day;  ///< on which the exchange began on this side, or the change was made
  Cause cause = Cause::kOwnQuery;
  std::uint64_t rows = 0;
  std::uint64_t persons = 0;
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;

  friend bool operator==(const MeterRow&, const MeterRow&) = default;
};

/// Kind of message: the step of an exchange, or what was changed.
using MessageKind = std::variant<Step, Section>;

/// What a tenant's rows of one kind were metered with, added up.
struct KindRow {
  TenantId tenant;
  MessageKind kind;
  std::uint64_t rows = 0;
  std::uint64_t persons = 0;
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;

  friend bool operator==(const KindRow&, const KindRow&) = default;
};

/// Units a day, rolled up in the database, as finance sees them: no row of an
/// exchange is behind this login. Blocking, one thread at a time. Every call can end
/// with `kStoreUnavailable` and, for a login that row-level security does not hold,
/// `kConfigInvalid`.
class MeterStore {
 public:
  /// `finance_login`: role nakadachi_finance.
  explicit MeterStore(std::string finance_login);
  ~MeterStore();

  /// Makes the roll-up of these days, both included, from the rows that are there
  /// now, in the place of an earlier one. A later step of an exchange counts on the
  /// day the exchange began, so a day can still grow. Nothing changes on failure.
  /// Errors: `kWrongFormat` when `until` is before `from`.
  Result<void> roll_up(Day from, Day until);

  /// Removes all roll-ups; `roll_up` makes them again, with the same figures.
  Result<void> forget();

  /// What was rolled up of these days, both included, ascending by (tenant, day,
  /// cause). What has no rows is not listed.
  Result<std::vector<MeterRow>> days(Day from, Day until);

  /// What the rows of these days, both included, come to by kind of message, ascending by
  /// (tenant, kind), steps first. Not from a roll-up: all rows of the days are read. What has
  /// no rows is not listed.
  Result<std::vector<KindRow>> kinds(Day from, Day until);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nakadachi::storage
