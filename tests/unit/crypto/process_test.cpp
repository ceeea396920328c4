#include "nakadachi/crypto/process.hpp"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "apps/common/system_call_filter.hpp"
#include "tests/unit/crypto/crypto_helpers.hpp"

namespace nakadachi::crypto::test {
namespace {

bool dumps_are_forbidden() {
  rlimit core{};
  return ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && ::getrlimit(RLIMIT_CORE, &core) == 0 &&
         core.rlim_cur == 0 && core.rlim_max == 0;
}

/// By the kernel's word, in KiB; -1 when it says nothing.
long locked_kib() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmLck:")) return std::strtol(line.c_str() + 6, nullptr, 10);
  }
  return -1;
}

/// No permission to lock, whoever runs the test.
void become_nobody_without_limit() {
  const rlimit little{.rlim_cur = 65536, .rlim_max = 65536};
  ::setrlimit(RLIMIT_MEMLOCK, &little);
  if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setresgid(65534, 65534, 65534) != 0 ||
                           ::setresuid(65534, 65534, 65534) != 0)) {
    ::_exit(2);
  }
}

TEST_CASE("dumps are forbidden whether or not memory can be locked") {
  CHECK(holds_in_child([] {
    const auto protection = protect_memory(false);
    return protection.ok() && protection->not_dumpable && dumps_are_forbidden();
  }));
}

TEST_CASE("where locking is not permitted it is told, or refused when required") {
  CHECK(holds_in_child([] {
    become_nobody_without_limit();
    const auto protection = protect_memory(false);
    return protection.ok() && !protection->locked && protection->not_dumpable;
  }));
  CHECK(holds_in_child([] {
    become_nobody_without_limit();
    const auto protection = protect_memory(true);
    return !protection.ok() && protection.error().code == ErrorCode::kConfigInvalid &&
           protection.error().detail.find("RLIMIT_MEMLOCK") != std::string::npos &&
           dumps_are_forbidden();
  }));
}

// Under sanitizers mlockall does nothing: they would lock all of their shadow.
TEST_CASE("memory that is said to be locked is locked, and none is where it is not") {
  CHECK(holds_in_child([] {
    const bool nothing_before = locked_kib() == 0;
    const auto protection = protect_memory(false);
    const bool locked = locked_kib() > 0;
    return nothing_before && protection.ok() &&
           (!apps::kSystemCallsCanBeFiltered || locked == protection->locked);
  }));
  CHECK(holds_in_child([] {
    become_nobody_without_limit();
    return protect_memory(false).ok() && locked_kib() == 0;
  }));
}

TEST_CASE("required protection is whole or an error") {
  CHECK(holds_in_child([] {
    const auto protection = protect_memory(true);
    if (!protection.ok()) return protection.error().code == ErrorCode::kConfigInvalid;
    return protection->locked && protection->not_dumpable && dumps_are_forbidden();
  }));
}

}  // namespace
}  // namespace nakadachi::crypto::test
