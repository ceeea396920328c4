#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "apps/common/demo_pool.hpp"
#include "nakadachi/exchange/messages.hpp"

namespace nakadachi::apps {

/// After a question whose provider held no symbol: the provider's staff enter the person, the
/// asker's ask it with name, birth date, sex and address to acquire one (施行令26条3項), and it
/// is followed by and by until the symbol is there. Tells how often each thing came about.
/// Errors: those of the door; `kTimedOut` when the wish is not followed within a minute.
Result<std::map<std::string, std::uint64_t>> ask_provider(DemoPool& pool,
                                                          const exchange::Query& lack);

}  // namespace nakadachi::apps
