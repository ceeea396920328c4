#include <dirent.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "interface_link/socket/src/door_keeper.hpp"
#include "tests/net/socket/helpers.hpp"

// A door without its access handler would let everybody in, so the process must not outlive
// it. Each case runs in a child.

namespace nakadachi::socket {
namespace {

constexpr int kOutlived = 42;
constexpr int kNotSilenced = 98;

/// Runs `body` in a child; how the child ended.
int status_of_child(const std::function<void()>& body) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::signal(SIGABRT, SIG_DFL);  // the test framework's handler would report a failure
    // How it ends counts, not what it (or a sanitizer, about how it is made to) says.
    if (::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(kNotSilenced);
    ::alarm(60);
    body();
    ::_exit(kOutlived);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

/// The number of this process's thread with that name, 0 when there is none.
long find_thread(const std::string& wanted) {
  DIR* const directory = ::opendir("/proc/self/task");
  if (directory == nullptr) return 0;
  long found = 0;
  while (const dirent* entry = ::readdir(directory)) {  // NOLINT(concurrency-mt-unsafe)
    std::ifstream file("/proc/self/task/" + std::string(entry->d_name) + "/comm");
    std::string name;
    if (std::getline(file, name) && name == wanted) {
      found = std::strtol(entry->d_name, nullptr, 10);
    }
  }
  ::closedir(directory);
  return found;
}

void leave_thread(int) { ::pthread_exit(nullptr); }

}  // namespace

TEST_CASE("socket: the process ends when the library fails the access handler") {
  const int status = status_of_child([] {
    zmq::context_t context;
    const auto keeper = DoorKeeper::start(context);
    if (!keeper.ok()) return;
    context.shutdown();
    ::pause();
  });
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}

TEST_CASE("socket: the process ends when the access handler's thread ends") {
  const auto server = CurveKeyPair::make();
  const int status = status_of_child([&] {
    auto loop = Loop::make();
    const auto door = (*loop)->listen({.name = "door",
                                       .endpoint = "tcp://127.0.0.1:*",
                                       .keys = server,
                                       .table = *AccessTable::make({{server.public_key(), {1}}})},
                                      {});
    const long thread = find_thread("door-keeper");
    if (!door.ok() || thread == 0) return;
    ::signal(SIGUSR1, leave_thread);
    ::syscall(SYS_tgkill, ::getpid(), thread, SIGUSR1);
    ::pause();
  });
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}

TEST_CASE("socket: an access handler told to stop leaves the process alive") {
  const int status = status_of_child([] {
    zmq::context_t context;
    const auto keeper = DoorKeeper::start(context);
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == kOutlived);
}

TEST_CASE("socket: a context has one access handler") {
  zmq::context_t context;
  const auto first = DoorKeeper::start(context);
  REQUIRE(first.ok());
  const auto second = DoorKeeper::start(context);
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().code == ErrorCode::kConfigInvalid);
}

}  // namespace nakadachi::socket
