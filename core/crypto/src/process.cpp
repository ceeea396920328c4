#include "nakadachi/crypto/process.hpp"

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace nakadachi::crypto {
namespace {

bool has_ipc_lock_capability() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return false;
  return (data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective & CAP_TO_MASK(CAP_IPC_LOCK)) != 0;
}

/// Whether memory that is allocated later can be locked too. Under a finite
/// limit mlockall succeeds now, and some later allocation or stack fails
/// instead: a daemon that dies under load is worse than one that does not start.
bool may_lock_without_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return false;
  limit.rlim_cur = limit.rlim_max;
  const bool raised = ::setrlimit(RLIMIT_MEMLOCK, &limit) == 0;
  return (raised && limit.rlim_cur == RLIM_INFINITY) || has_ipc_lock_capability();
}

/// Pages are locked when first touched: a page that was never touched holds no
/// key, and stacks of threads would otherwise be filled in to their full size.
bool lock_all() {
  return ::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0 ||
         (errno == EINVAL && ::mlockall(MCL_CURRENT | MCL_FUTURE) == 0);
}

bool forbid_dumps() {
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  const bool no_core = ::setrlimit(RLIMIT_CORE, &none) == 0;
  return ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && no_core;
}

}  // namespace

Result<MemoryProtection> protect_memory(bool required) {
  MemoryProtection protection;
  protection.not_dumpable = forbid_dumps();
  std::string why;
  if (!may_lock_without_limit()) {
    why = "set LimitMEMLOCK=infinity (RLIMIT_MEMLOCK) or grant CAP_IPC_LOCK";
  } else if (!lock_all()) {
    why = "mlockall: " + std::system_category().message(errno) + "; raise RLIMIT_MEMLOCK";
  } else {
    protection.locked = true;
  }
  if (!required || (protection.locked && protection.not_dumpable)) return protection;
  if (protection.locked) why = "core dumps could not be forbidden (RLIMIT_CORE)";
  return Error{.code = ErrorCode::kConfigInvalid, .field = "memory_protection", .detail = why};
}

}  // namespace nakadachi::crypto
