#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "nakadachi/storage/exchange_store.hpp"

namespace nakadachi::storage {

/// The refusal of a train that no store takes: no or too many rows and changes, numbers beyond
/// what the tables hold, a row that is too long or of no known step, a change of no known section
/// or that removes a holding and gives it a value, heads that are not those of the train's tenants
/// or at which their numbers do not end, a checkpoint at no head. Nothing when it is well formed.
std::optional<AppendResult> refuse_malformed(const Train& train);

/// How many entries the train brings to the log of each head's tenant, in the order of its heads.
/// Each of its rows and changes is of a tenant that has a head.
std::vector<std::uint64_t> entries_of_heads(const Train& train);

}  // namespace nakadachi::storage
