#pragma once

#include "nakadachi/records/log_entry.hpp"
#include "nakadachi/storage/exchange_store.hpp"

/// Rows as entries of their body's log.
namespace nakadachi::tenant_vm {

/// Of a row that is to be written, once it is numbered; and of one that was found.
records::LogEntry entry_of(const storage::StepRow& row);
records::LogEntry entry_of(const storage::ChangeRow& row);
records::LogEntry entry_of(TenantId tenant, const storage::LogEntry& stored);

}  // namespace nakadachi::tenant_vm
