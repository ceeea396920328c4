#pragma once

#include <cstdint>

namespace nakadachi::testing {

/// How often this thread has asked for memory so far. Naming it replaces the
/// program's `operator new` by one that counts.
std::uint64_t allocations_of_this_thread() noexcept;

}  // namespace nakadachi::testing
