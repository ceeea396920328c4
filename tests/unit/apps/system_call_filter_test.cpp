#include "apps/common/system_call_filter.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "apps/common/text_table.hpp"
#include "nakadachi/base/random.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::apps {
namespace {

constexpr int kUnfiltered = 99;

/// How a process of its own ended that put itself under the filter and did `work`, whose value
/// it exits with: the status waitpid(2) gives.
int end_of(Service service, const std::function<int()>& work) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::prctl(PR_SET_DUMPABLE, 0);  // no core files of those that are killed
    ::_exit(filter_system_calls(service) ? work() : kUnfiltered);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

bool is_killed(Service service, const std::function<int()>& work) {
  const int status = end_of(service, work);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

/// Whether it ran to its end, which it reached with 0.
bool goes_on(Service service, const std::function<int()>& work) {
  const int status = end_of(service, work);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int call(long number, long a = 0, long b = 0, long c = 0, long d = 0) {
  return static_cast<int>(::syscall(number, a, b, c, d));
}

struct Deed {
  const char* name;
  std::function<int()> work;
};

std::vector<Deed> forbidden_deeds(const std::string& file) {
  const char* const path = file.c_str();
  return {
      // Other programs and processes.
      {"execve", [] { return ::execl("/bin/true", "true", nullptr); }},
      {"fork", [] { return static_cast<int>(::fork()); }},
      {"vfork", [] { return call(SYS_vfork); }},
      {"a thread in a namespace of its own",
       [] { return call(SYS_clone, CLONE_THREAD | CLONE_VM | CLONE_SIGHAND | CLONE_NEWNET); }},
      {"ptrace", [] { return static_cast<int>(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }},
      {"another's memory", [] { return call(SYS_process_vm_readv, ::getppid()); }},
      {"kill", [] { return ::kill(::getppid(), 0); }},
      {"another's thread", [] { return call(SYS_tgkill, ::getppid(), ::getppid(), 0); }},
      {"setuid", [] { return ::setuid(65534); }},
      {"more privileges or fewer", [] { return ::prctl(PR_SET_DUMPABLE, 1); }},
      {"a limit",
       [] {
         const rlimit none{};
         return ::setrlimit(RLIMIT_NOFILE, &none);
       }},
      // Files.
      {"open to write", [path] { return ::open(path, O_WRONLY); }},
      {"open to read and write", [path] { return ::open(path, O_RDWR); }},
      {"open to read, and empty", [path] { return ::open(path, O_RDONLY | O_TRUNC); }},
      {"open to read, and make", [path] { return ::open(path, O_RDONLY | O_CREAT, 0600); }},
      {"open a file without a name", [] { return ::open("/tmp", O_TMPFILE | O_RDWR, 0600); }},
      {"openat2", [path] { return call(SYS_openat2, AT_FDCWD, reinterpret_cast<long>(path)); }},
      {"rename", [path] { return ::rename(path, "/tmp/nakadachi-other"); }},
      {"unlink", [path] { return ::unlink(path); }},
      {"chmod", [path] { return ::chmod(path, 0777); }},
      {"mkdir", [] { return ::mkdir("/tmp/nakadachi-folder", 0700); }},
      // The network.
      {"packet socket", [] { return ::socket(AF_PACKET, SOCK_RAW, 0); }},
      {"socket of a virtual machine", [] { return ::socket(AF_VSOCK, SOCK_STREAM, 0); }},
      {"bind", [] { return ::bind(0, nullptr, 0); }},
      {"listen", [] { return ::listen(0, 1); }},
      // The kernel.
      {"mount", [] { return ::mount("none", "/mnt", "tmpfs", 0, nullptr); }},
      {"unshare", [] { return ::unshare(CLONE_NEWUSER); }},
      {"bpf", [] { return call(SYS_bpf); }},
      {"io_uring", [] { return call(SYS_io_uring_setup, 1); }},
      {"keyctl", [] { return call(SYS_keyctl); }},
      {"a module", [] { return call(SYS_init_module); }},
      {"userfaultfd", [] { return call(SYS_userfaultfd, 0); }},
      {"another filter", [] { return call(SYS_seccomp, 1); }},
      {"typing into a terminal", [] { return call(SYS_ioctl, 0, 0x5412 /* TIOCSTI */); }},
#ifdef __x86_64__
      {"a call of x32", [] { return call(0x4000'0000 + SYS_getpid); }},
#endif
  };
}

class File {
 public:
  File() {
    const int made = ::mkstemp(name_.data());
    REQUIRE(made >= 0);
    ::close(made);
    REQUIRE(write_private_file(name_, "kept"));
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::unlink(name_.c_str()); }
  const std::string& name() const { return name_; }

 private:
  std::string name_ = "/tmp/nakadachi-filter-XXXXXX";
};

TEST_CASE("under the filter a forbidden call ends the process") {
  const File file;
  for (const Service service : {Service::kNode, Service::kGateway}) {
    for (const Deed& deed : forbidden_deeds(file.name())) {
      CAPTURE(static_cast<int>(service), deed.name);
      CHECK(is_killed(service, deed.work));
    }
  }
  CHECK(*read_file(file.name()) == "kept");
}

TEST_CASE("under the filter what libraries do without is refused with an error") {
  for (const Service service : {Service::kNode, Service::kGateway}) {
    CHECK(goes_on(service, [] {
      const auto fails_with = [](long result, int error) { return result == -1 && errno == error; };
      void* const page =
          ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      const bool refused =
          page != MAP_FAILED && fails_with(::mprotect(page, 4096, PROT_READ | PROT_EXEC), EACCES) &&
          fails_with(reinterpret_cast<long>(::mmap(nullptr, 4096, PROT_READ | PROT_EXEC,
                                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)),
                     EACCES) &&
          fails_with(::socket(AF_NETLINK, SOCK_RAW, 0), EAFNOSUPPORT) &&
          fails_with(call(SYS_clone3), ENOSYS);
      return refused ? 0 : 1;
    }));
  }
  const auto local = [] { return ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : errno; };
  CHECK(goes_on(Service::kNode, local));
  CHECK(WEXITSTATUS(end_of(Service::kGateway, local)) == EAFNOSUPPORT);
}

TEST_CASE("the filter holds threads that were there before it") {
  const int status = [] {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      std::atomic<bool> filtered{false};
      std::thread before([&] {
        while (!filtered) std::this_thread::yield();
        ::mkdir("/tmp/nakadachi-folder", 0700);
      });
      filtered = filter_system_calls(Service::kNode).ok();
      before.join();
      ::_exit(0);
    }
    int ended = 0;
    REQUIRE(::waitpid(child, &ended, 0) == child);
    return ended;
  }();
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS));
}

#ifdef __x86_64__
TEST_CASE("the filter does not let calls of 32 bits pass by") {
  const int status = end_of(Service::kNode, [] {
    int answer = 20;  // getpid in 32 bits; in 64 it is writev
    asm volatile("int $0x80" : "+a"(answer) : : "memory");
    return 0;
  });
  // A kernel without such calls answers with SIGSEGV.
  CHECK((WIFSIGNALED(status) && (WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGSEGV)));
}
#endif

TEST_CASE("a filtered process can still abort") {
  const int status = end_of(Service::kGateway, []() -> int {
    std::signal(SIGABRT, SIG_DFL);  // not as a failure of this test
    std::abort();
  });
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT));
}

// What a service does at work --------------------------------------------------------------------

/// A listening socket on the loopback interface, and its address.
struct Listener {
  Listener() {
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(fd, generic, size) == 0);
    REQUIRE(::listen(fd, 8) == 0);
    REQUIRE(::getsockname(fd, generic, &size) == 0);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { ::close(fd); }

  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
};

bool connects_and_accepts(const Listener& listener) {
  const int near = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(near, reinterpret_cast<const sockaddr*>(&listener.address),
                sizeof listener.address) != 0) {
    return false;
  }
  const int far = ::accept4(listener.fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  const int yes = 1;
  char byte = 'a';
  return far >= 0 && ::setsockopt(near, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes) == 0 &&
         ::send(near, &byte, 1, MSG_NOSIGNAL) == 1 && ::recv(far, &byte, 1, 0) == 1 &&
         ::close(near) == 0 && ::close(far) == 0;
}

bool resolves_names() {
  addrinfo* found = nullptr;
  const bool resolved = ::getaddrinfo("localhost", "5432", nullptr, &found) == 0;
  if (resolved) ::freeaddrinfo(found);
  return resolved;
}

/// Memory beyond what the heap holds, given back and taken again, in several threads.
bool threads_allocate() {
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&done] {
      for (int round = 0; round < 8; ++round) {
        std::vector<std::string> many(1000, std::string(1000, 'x'));
        many.emplace_back(std::size_t{4} << 20, 'y');
        done += static_cast<int>(many.size() == 1001);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return done == 32;
}

bool is_marked_as_filtered() {
  const auto status = read_file("/proc/self/status");
  return status && status->find("NoNewPrivs:\t1\n") != std::string::npos &&
         status->find("Seccomp:\t2\n") != std::string::npos;
}

int work_as_usual(const Listener& listener, const std::string& file) {
  if (!threads_allocate()) return 1;
  if (!connects_and_accepts(listener)) return 2;
  if (!resolves_names()) return 3;
  if (const auto content = read_file(file); !content || *content != "kept") return 4;
  SystemRandom random;
  std::array<std::uint8_t, 32> bytes{};
  random.fill(bytes);
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return is_marked_as_filtered() ? 0 : 5;
}

TEST_CASE("under the filter threads, sockets, memory, names, time and files to read go on") {
  if (!kSystemCallsCanBeFiltered) return;
  const File file;
  const Listener listener;
  for (const Service service : {Service::kNode, Service::kGateway}) {
    const int status = end_of(service, [&] { return work_as_usual(listener, file.name()); });
    CAPTURE(static_cast<int>(service), status);
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  }
}

}  // namespace
}  // namespace nakadachi::apps
