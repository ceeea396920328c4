#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/base/result.hpp"

namespace nakadachi::apps {

/// Runs SQL with psql, apart from all our own code, and returns the rows that it prints, each
/// of fields that hold neither tab nor line break. `psql` is a path, `login` a connection string.
/// Stops at the first statement that fails. Errors: `kFileProblem` (psql cannot be started),
/// `kStoreUnavailable` with psql's own words.
Result<std::vector<std::vector<std::string>>> run_psql(const std::string& psql,
                                                       const std::string& login,
                                                       std::string_view sql);

}  // namespace nakadachi::apps
