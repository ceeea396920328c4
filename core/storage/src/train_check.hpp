#pragma once

#include <optional>

#include "nakadachi/storage/exchange_store.hpp"

namespace nakadachi::storage {

/// The refusal of a train that no store takes: no or too many rows and changes, numbers beyond
/// what the tables hold, a row that is too long or of no known step, a change of no known section
/// or that removes a holding and gives it a value. Nothing when it is well formed.
std::optional<AppendResult> refuse_malformed(const Train& train);

}  // namespace nakadachi::storage
