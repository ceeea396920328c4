#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "apps/common/auditor.hpp"
#include "apps/common/demo_pool.hpp"

namespace nakadachi::apps {

/// What a client was told, by request key.
using ClientOutcomes = std::map<RequestKey, exchange::Reply>;
/// How often clients were told an error in the place of an outcome.
using ClientErrors = std::map<ErrorCode, std::uint64_t>;

/// What the rows of all towns say, compared with what the clients were told.
struct RowCheck {
  std::uint64_t rows = 0;     ///< steps
  std::uint64_t changes = 0;  ///< of what towns hold
  std::uint64_t trains = 0;
  std::uint64_t held = 0;  ///< requests that waited for staff
  /// What clients were told, at the town that asked and at the one that provided.
  Tallies told;
  /// Refusals that are no outcome of their key and so of no exchange (docs/records.md): a
  /// conclusion each at the asker, which no clear column tells apart. As many of each reason as
  /// clients were told of.
  Tallies apart;
  /// Every contradiction found, the first twenty; empty when clients and both towns agree.
  std::vector<std::string> contradictions;
};

/// What only the towns' keys can tell. Opens every row of every town and compares: each sealed
/// statement is the one of its leaf and its clear columns (outcome and, as far as it can tell,
/// units); each query has exactly one conclusion at the asker, equal to what its client was told,
/// and exactly one provision at the provider when the conclusion rests on one, the same in
/// subject, times, item of the table, outcome, reason, 不開示 and bytes. Refusals apart are
/// counted against `errors`, what clients were told. Errors: `kStoreUnavailable`,
/// `kKeyUnavailable`.
Result<RowCheck> check_rows(DemoPool& pool, const ClientOutcomes& told, const ClientErrors& errors);

}  // namespace nakadachi::apps
