#include "apps/common/network_namespace.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "nakadachi/base/assert.hpp"

namespace nakadachi::apps {
namespace {

int open_current() { return ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC); }

Error problem(const char* what) {
  return {.code = ErrorCode::kFileProblem,
          .detail = std::string(what) + ": " + std::strerror(errno)};
}

}  // namespace

Result<NetworkNamespace> NetworkNamespace::create() {
  const int home = open_current();
  if (home < 0) return problem("network namespace");
  if (unshare(CLONE_NEWNET) != 0) {
    const Error refused = problem("a network namespace of its own (root is needed)");
    ::close(home);
    return refused;
  }
  const int handle = open_current();
  const bool back = setns(home, CLONE_NEWNET) == 0;
  ::close(home);
  NAKADACHI_ASSERT(back);  // else all that follows would happen in the wrong network
  if (handle < 0) return problem("network namespace");
  return NetworkNamespace(handle);
}

NetworkNamespace::~NetworkNamespace() {
  if (handle_ >= 0) ::close(handle_);
}

NetworkNamespace::Visit::Visit(int handle) : home_(open_current()) {
  NAKADACHI_ASSERT(home_ >= 0);
  NAKADACHI_ASSERT(setns(handle, CLONE_NEWNET) == 0);
}

NetworkNamespace::Visit::~Visit() {
  NAKADACHI_ASSERT(setns(home_, CLONE_NEWNET) == 0);
  ::close(home_);
}

}  // namespace nakadachi::apps
