#include "nakadachi/tenant_vm/log_rows.hpp"

namespace nakadachi::tenant_vm {
namespace {

static_assert(records::kChangeLeafKind == storage::kChangeLeafKind);

/// Of a new row or of one found again.
template <class Step>
records::LogEntry of_step(TenantId tenant, const Step& row) {
  return {.tenant = tenant,
          .number = row.number,
          .sort = records::EntrySort::kStep,
          .id = row.exchange,
          .part = static_cast<std::uint8_t>(row.step),
          .outcome = row.outcome,
          .erase = false,
          .key = {},
          .units = row.units,
          .leaf = row.leaf};
}

template <class Change>
records::LogEntry of_change(TenantId tenant, const Change& row) {
  return {.tenant = tenant,
          .number = row.number,
          .sort = records::EntrySort::kChange,
          .id = row.change,
          .part = static_cast<std::uint8_t>(row.section),
          .outcome = 0,
          .erase = row.erase,
          .key = row.key,
          .units = row.units,
          .leaf = row.leaf};
}

}  // namespace

records::LogEntry entry_of(const storage::StepRow& row) { return of_step(row.tenant, row); }

records::LogEntry entry_of(const storage::ChangeRow& row) { return of_change(row.tenant, row); }

records::LogEntry entry_of(TenantId tenant, const storage::LogEntry& stored) {
  if (const auto* const step = std::get_if<storage::StoredStep>(&stored)) {
    return of_step(tenant, *step);
  }
  return of_change(tenant, std::get<storage::StoredChange>(stored));
}

}  // namespace nakadachi::tenant_vm
