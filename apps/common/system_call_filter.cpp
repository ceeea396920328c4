#include "apps/common/system_call_filter.hpp"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <initializer_list>
#include <memory>
#include <system_error>
#include <vector>

namespace nakadachi::apps {
namespace {

/// Answered whatever the arguments are.
constexpr auto kAllowed = std::to_array<int>(
    {// Bytes over descriptors that are open.
     SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev),
     SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(dup), SCMP_SYS(fcntl), SCMP_SYS(fsync),
     SCMP_SYS(fdatasync),
     // What a file is; opening one is judged below.
     SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx),
     SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink),
     SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(getcwd), SCMP_SYS(fadvise64),
     // Connections. Making a socket is judged below; bind and listen are over.
     SCMP_SYS(connect), SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(shutdown), SCMP_SYS(sendto),
     SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
     SCMP_SYS(recvmmsg), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(getsockname),
     SCMP_SYS(getpeername),
     // Waiting.
     SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(epoll_create),
     SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
     SCMP_SYS(eventfd2), SCMP_SYS(futex), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
     SCMP_SYS(sched_yield), SCMP_SYS(restart_syscall),
     // Time, randomness, who we are.
     SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
     SCMP_SYS(times), SCMP_SYS(getrusage), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid),
     SCMP_SYS(getppid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
     SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getcpu), SCMP_SYS(sched_getaffinity),
     // Memory that needs no look at its arguments; keys of a connection are locked (libsodium).
     SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock),
     SCMP_SYS(munlock),
     // Threads and signals within the process.
     SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(membarrier), SCMP_SYS(exit),
     SCMP_SYS(exit_group), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
     SCMP_SYS(rt_sigpending), SCMP_SYS(rt_sigtimedwait), SCMP_SYS(rt_sigreturn),
     SCMP_SYS(sigaltstack), SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler)});

using Comparison = scmp_arg_cmp;

/// Argument number `argument` has exactly `value` in the bits of `mask`. The kernel reads most
/// arguments as 32 bits, so for those the mask leaves the others out as it does.
constexpr Comparison bits(unsigned argument, std::uint64_t mask, std::uint64_t value) {
  return {.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}
constexpr Comparison is(unsigned argument, std::uint64_t value) {
  return bits(argument, 0xffff'ffff, value);
}

struct Rule {
  std::uint32_t action = SCMP_ACT_ALLOW;
  int call = 0;
  std::vector<Comparison> when;
};

std::vector<Rule> rules_for_files_and_memory() {
  // A file opened for reading may be emptied (O_TRUNC) or made (O_CREAT) all the same.
  constexpr std::uint64_t kChanges = O_ACCMODE | O_CREAT | O_TRUNC;
  return {
      {.call = SCMP_SYS(open), .when = {bits(1, kChanges, O_RDONLY)}},
      {.call = SCMP_SYS(openat), .when = {bits(2, kChanges, O_RDONLY)}},
      {.call = SCMP_SYS(mmap), .when = {bits(2, PROT_EXEC, 0)}},
      {.call = SCMP_SYS(mprotect), .when = {bits(2, PROT_EXEC, 0)}},
      {.action = SCMP_ACT_ERRNO(EACCES),
       .call = SCMP_SYS(mmap),
       .when = {bits(2, PROT_EXEC, PROT_EXEC)}},
      {.action = SCMP_ACT_ERRNO(EACCES),
       .call = SCMP_SYS(mprotect),
       .when = {bits(2, PROT_EXEC, PROT_EXEC)}},
      // Non-blocking sockets; whether a descriptor is a terminal.
      {.call = SCMP_SYS(ioctl), .when = {is(1, FIONBIO)}},
      {.call = SCMP_SYS(ioctl), .when = {is(1, FIONREAD)}},
      {.call = SCMP_SYS(ioctl), .when = {is(1, TCGETS)}},
  };
}

std::vector<Rule> rules_for_threads() {
  constexpr std::uint64_t kSpaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
  return {
      {.call = SCMP_SYS(clone), .when = {bits(0, CLONE_THREAD | kSpaces, CLONE_THREAD)}},
      // Its flags stand in memory, where a filter sees nothing.
      {.action = SCMP_ACT_ERRNO(ENOSYS), .call = SCMP_SYS(clone3), .when = {}},
      // abort() and a thread's own signals.
      {.call = SCMP_SYS(tgkill), .when = {is(0, static_cast<std::uint64_t>(::getpid()))}},
      {.call = SCMP_SYS(prctl), .when = {is(0, PR_SET_NAME)}},
      // Every thread of ZeroMQ sets the usual policy for itself.
      {.call = SCMP_SYS(sched_setscheduler), .when = {is(1, 0 /* SCHED_OTHER */)}},
      // Asking for a limit, not setting one.
      {.call = SCMP_SYS(prlimit64), .when = {bits(2, ~std::uint64_t{0}, 0)}},
      {.call = SCMP_SYS(getrlimit), .when = {}},
  };
}

std::vector<Rule> rules_for_sockets(Service service) {
  const std::uint32_t local = service == Service::kNode ? SCMP_ACT_ALLOW  //
                                                        : SCMP_ACT_ERRNO(EAFNOSUPPORT);
  return {
      // Streams and datagrams (name resolution); a raw socket needs a privilege besides.
      {.call = SCMP_SYS(socket), .when = {is(0, AF_INET)}},
      {.call = SCMP_SYS(socket), .when = {is(0, AF_INET6)}},
      {.action = local, .call = SCMP_SYS(socket), .when = {is(0, AF_UNIX)}},
      {.action = SCMP_ACT_ERRNO(EAFNOSUPPORT),
       .call = SCMP_SYS(socket),
       .when = {is(0, AF_NETLINK)}},
  };
}

/// Makes the filter in `context` and gives it to the kernel. 0, or a negative errno.
int load(scmp_filter_ctx context, Service service) {
  // In every thread at once, those of ZeroMQ and of the database too.
  if (const int failed = seccomp_attr_set(context, SCMP_FLTATR_CTL_TSYNC, 1); failed != 0) {
    return failed;
  }
  if (const int failed = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
      failed != 0) {
    return failed;
  }
  for (const int call : kAllowed) {
    const int failed = seccomp_rule_add_array(context, SCMP_ACT_ALLOW, call, 0, nullptr);
    if (failed != 0) return failed;
  }
  for (const auto& rules :
       {rules_for_files_and_memory(), rules_for_threads(), rules_for_sockets(service)}) {
    for (const Rule& rule : rules) {
      const int failed =
          seccomp_rule_add_array(context, rule.action, rule.call,
                                 static_cast<unsigned>(rule.when.size()), rule.when.data());
      if (failed != 0) return failed;
    }
  }
  return seccomp_load(context);
}

}  // namespace

Result<void> filter_system_calls(Service service) {
  // Null where the kernel cannot, or may not be asked whether it can, end a process.
  const std::unique_ptr<void, decltype(&seccomp_release)> context(
      seccomp_init(SCMP_ACT_KILL_PROCESS), &seccomp_release);
  const int failed = context ? load(context.get(), service) : -EOPNOTSUPP;
  if (failed == 0) return {};
  return Error{.code = ErrorCode::kConfigInvalid,
               .field = "system_calls",
               .detail = "seccomp: " + std::system_category().message(-failed)};
}

}  // namespace nakadachi::apps
