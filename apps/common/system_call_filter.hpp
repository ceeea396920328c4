#pragma once

#include "nakadachi/base/result.hpp"

namespace nakadachi::apps {

/// Whose calls are filtered. Both keep their connections, threads and files; only a node may
/// open local sockets, as its database may be reached by one.
enum class Service { kNode, kGateway };

/// Whether `filter_system_calls` is for this build: sanitizers call what a service does not
/// (ptrace, clone, personality), at times of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSystemCallsCanBeFiltered = false;
#else
inline constexpr bool kSystemCallsCanBeFiltered = true;
#endif

/// From here on the kernel answers to this process, in all its threads and for good, only the
/// system calls that a service at work makes (seccomp(2)). Call it when files are open, doors are
/// bound and the memory is locked: nothing of that is possible again. It also sets
/// no_new_privs.
///
/// Allowed: what moves bytes over open descriptors; memory that is not executable; threads of
/// this process; time, randomness, waiting; reading files (keys, callers and law read again,
/// resolver and password files when a connection is made anew); IP sockets that connect, and for a
/// node local ones; abort.
///
/// Refused with an error, because libraries ask for it and go on without: executable memory
/// (EACCES: no library is loaded any more), clone3 (ENOSYS: glibc takes clone, whose flags can be
/// seen), netlink sockets and a gateway's local ones (EAFNOSUPPORT: name resolution).
///
/// Everything else ends the process at once with SIGSYS, and the kernel's log names the call's
/// number: other programs, processes, files opened for writing, made, renamed or removed,
/// binding, raw packets, tracing, mounts, namespaces, modules, keys of the kernel, calls of
/// another architecture.
///
/// Errors: `kConfigInvalid` when the kernel or a container's rules do not take the filter; the
/// process may go on unfiltered then.
Result<void> filter_system_calls(Service service);

}  // namespace nakadachi::apps
