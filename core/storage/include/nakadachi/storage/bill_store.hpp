#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nakadachi/base/clock.hpp"
#include "nakadachi/base/day.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"

namespace nakadachi::storage {

/// The longest tariff and the longest name of an item that are kept.
inline constexpr std::size_t kMaxTariffBytes = 1024 * 1024;
inline constexpr std::size_t kMaxBillItemBytes = 200;

/// A month that was closed: what was shared out, by which tariff.
struct BilledMonth {
  Day first_day;               ///< the first of the month
  std::int64_t pool_cost = 0;  ///< yen
  std::string tariff;          ///< its whole text, UTF-8, not empty
  Digest digest;               ///< over the bill as it was computed
  Timestamp closed_at = {};    ///< the database's time; ignored when closing

  friend bool operator==(const BilledMonth&, const BilledMonth&) = default;
};

/// One line of a tenant's bill.
struct BillLine {
  TenantId tenant;
  std::uint16_t line = 0;  ///< its place in the tenant's bill, at most 0x7fff
  std::string item;        ///< what is charged, UTF-8, not empty
  std::int64_t units = 0;  ///< not negative
  std::int64_t yen = 0;    ///< negative for a credit

  friend bool operator==(const BillLine&, const BillLine&) = default;
};

/// Closed months and their bills. They are added to and read, never changed: the
/// database refuses it to this login. Blocking, one thread at a time. Every call can
/// end with `kStoreUnavailable` and, for a login that row-level security does not
/// hold, `kConfigInvalid`.
class BillStore {
 public:
  /// `finance_login`: role nakadachi_finance.
  explicit BillStore(std::string finance_login);
  ~BillStore();

  /// Closes the month with all its lines, or changes nothing. Errors:
  /// `kWrongFormat` when `first_day` is none; `kRowConflict` when the month is
  /// closed already or a line stands twice; `kStoreFailed` for what the tables do
  /// not hold, among it a tenant that never joined; `kCommitUnknown`: `months`
  /// tells whether it is closed.
  Result<void> close(const BilledMonth& month, const std::vector<BillLine>& lines);

  /// All closed months, ascending.
  Result<std::vector<BilledMonth>> months();

  /// The lines of a month, ascending by (tenant, line); none when it is not closed.
  Result<std::vector<BillLine>> lines(Day first_day);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nakadachi::storage
