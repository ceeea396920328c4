#pragma once

#include "nakadachi/base/result.hpp"

namespace nakadachi::crypto {

/// How far the process could protect its memory.
struct MemoryProtection {
  bool locked = false;        ///< mlockall: keys never reach swap
  bool not_dumpable = false;  ///< no core dumps, no ptrace by others
};

/// Locks all present and future memory and forbids dumps. Call first in `main`,
/// before any key is read. Memory is locked only where later allocations cannot
/// fail by it: without a limit on locked memory or with CAP_IPC_LOCK.
/// Errors: `kConfigInvalid` naming the limit to raise (RLIMIT_MEMLOCK) when
/// `required`; otherwise the result tells what holds. What could be set stays set.
Result<MemoryProtection> protect_memory(bool required);

}  // namespace nakadachi::crypto
