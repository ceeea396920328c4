#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "apps/common/auditor.hpp"
#include "apps/common/demo_pool.hpp"
#include "nakadachi/billing/bill.hpp"

/// What the demo does with its books when the exchanges are over and the node has stopped:
/// nobody writes to them any more.
namespace nakadachi::apps {

/// Rolls the running month up and closes it with the shipped tariff, before it is over: a trial
/// close, which no command for a real database makes. Errors: those of `close_month`.
Result<billing::Bill> close_running_month(DemoPool& pool, std::uint64_t cost_yen);

/// Every log of the pool gone through as `nakadachi records verify` does.
struct LogsVerified {
  std::uint64_t entries = 0;       ///< of good logs
  std::vector<std::string> wrong;  ///< of each log that is not, by body, what is wrong first
};
/// Errors: those of the store.
Result<LogsVerified> verify_logs(DemoPool& pool);

/// The auditor of docs/audit.md over the pool's database. Errors: those of `run_auditor`.
Result<Audit> audit_pool(DemoPool& pool);

/// Damages one thing in the pool's database, past all triggers, as somebody with the rights of
/// its superuser could: of a `record` the outcome, of a `unit` the bytes, of a `statement` a
/// sealed byte, of a `leaf` or a `head` the hash. Returns what it was, by body and number.
/// Errors: `kUnknownEnumValue` (no such thing), those of `run_psql`.
Result<std::string> damage(DemoPool& pool, std::string_view thing);

}  // namespace nakadachi::apps
