#pragma once

#include "tests/support/quiet_pool.hpp"

namespace nakadachi::testing {

/// Expects exactly one row of a refusal for `reason` that is no outcome of its key: in the town
/// of the asker, of this query by this caller, made at `since` or later.
void expect_refused_apart(const QuietPool& pool, const exchange::Query& query, ErrorCode reason,
                          Timestamp since);

}  // namespace nakadachi::testing
