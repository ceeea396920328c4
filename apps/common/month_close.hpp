#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/tariff_file.hpp"
#include "nakadachi/base/day.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/billing/bill.hpp"
#include "nakadachi/metering/usage.hpp"
#include "nakadachi/storage/bill_store.hpp"
#include "nakadachi/storage/meter_store.hpp"
#include "nakadachi/storage/tenant_directory.hpp"

/// Months and their bills, between the database and `billing` (docs/billing.md).
namespace nakadachi::apps {

/// A bill as it is kept: of each member a line 0 with name and population, then at ten
/// times a kind's number its yen and rows, behind it the other units that are not 0.
/// All that the bill was computed from is in them and the tariff. Errors: `kSumTooLarge`.
Result<std::vector<storage::BillLine>> stored_lines(const billing::Bill& bill);

/// SHA-256 of `billing::lines_csv` in English: whoever has that file can check it.
Digest digest_of(const billing::Bill& bill);

/// The bill of a closed month, computed anew from what was kept with it. Errors:
/// `kConfigInvalid` (its tariff), and `kStatementDiffers` with the month in the detail: lines or
/// digest are not those of the bill that this tariff makes of these units.
Result<billing::Bill> closed_bill(const storage::BilledMonth& month,
                                  const std::vector<storage::BillLine>& lines);

/// What a month is closed with.
struct ClosingOrder {
  metering::Month month;
  std::uint64_t cost_yen = 0;
  TariffFile tariff;
  Day today;             ///< in Japan
  bool dry_run = false;  ///< rolls up and computes, closes nothing; also before the month is over
  /// Closes also before the month is over: a trial over a database that nobody writes to any
  /// more, as the demo's.
  bool trial = false;
};

struct Closing {
  billing::Bill bill;
  /// Where an earlier roll-up of the month was not what it is now; nothing when there
  /// was none or it is the same.
  std::optional<metering::Difference> grown;
};

/// Rolls the month up, shares its cost among all bodies of the directory, and closes it.
/// Errors: `kConfigInvalid` with field "month" (not over yet, and no trial), `kRowConflict` with
/// field "month" (closed already), those of the stores and of `billing::make_bill`.
Result<Closing> close_month(storage::MeterStore& meter, storage::BillStore& bills,
                            storage::TenantDirectory& directory, const ClosingOrder& order);

/// Bill for programs.
nlohmann::json bill_json(const billing::Bill& bill);

/// The bill with the statement of one member alone. Errors: `kUnknownEnumValue` with field
/// "tenant" (no member).
Result<billing::Bill> only_member(billing::Bill bill, TenantId tenant);

}  // namespace nakadachi::apps
