#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/records/log_entry.hpp"
#include "nakadachi/records/log_head.hpp"
#include "nakadachi/records/log_tree.hpp"

namespace nakadachi::records {

/// Goes through one body's whole log as it is stored and finds the first thing that
/// is wrong with it: entries in order of number, and between them the heads that
/// trains state, each when its last entry has been given. Remembers no entry.
///
/// It does not look at signatures: the trains whose heads are given have been checked.
/// A log that was cut off behind a train is found by nobody but who kept a later head
/// (`check_continues`).
///
/// The first error stays: whatever is given afterwards is answered with it.
class LogAudit {
 public:
  explicit LogAudit(TenantId tenant) : tenant_(tenant) {}
  /// From a checkpoint on. What is before it, and the checkpoint itself until the
  /// first head behind it agrees, is taken on trust.
  LogAudit(TenantId tenant, Frontier checkpoint)
      : tenant_(tenant), frontier_(std::move(checkpoint)), stated_(frontier_.size()) {}

  /// The next entry. Errors: `kAnotherTenant`, `kLogGap` (its number is too high),
  /// `kLogNumberTwice` (too low), those of `check_form`.
  Result<void> entry(const LogEntry& entry);
  /// Also whether the entry was made for this statement; for who can open it.
  /// Errors: those above, and `kStatementDiffers`.
  Result<void> entry(const LogEntry& entry, const Salt& salt, ByteView statement);

  /// The head that a train states after the entries given so far. Errors:
  /// `kAnotherTenant`, `kLogGap` (it counts entries that were not given),
  /// `kLogHeadDiffers` (it counts fewer than were given, or has another root: an
  /// entry up to here is not what it was when the train was signed).
  Result<void> head(const LogHead& stated);

  /// The head of the whole log. Errors: the one that stays, or `kLogHeadDiffers` when
  /// no train states the last entries.
  Result<LogHead> finish() const;

 private:
  Result<void> fail(Error error);

  TenantId tenant_;
  Frontier frontier_;
  std::uint64_t stated_ = 0;  ///< size of the log at the last head
  std::optional<Error> error_;
};

}  // namespace nakadachi::records
