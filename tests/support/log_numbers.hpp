#pragma once

#include <cstdint>
#include <map>

#include "nakadachi/base/random.hpp"
#include "nakadachi/storage/exchange_store.hpp"

/// Places in the logs of tenants for trains that no lane made.
namespace nakadachi::testing {

/// How long the logs of tenants are. A tenant that is missing has no entries.
using LogSizes = std::map<TenantId, std::uint64_t>;

/// Numbers the train's rows and changes as logs of these sizes go on, and gives it their heads,
/// with random roots. Former heads and checkpoints of it are gone.
void number_train(storage::Train& train, const LogSizes& sizes, Random& random);

/// The train was committed: its logs are as long as its heads say.
void grow(LogSizes& sizes, const storage::Train& train);

}  // namespace nakadachi::testing
