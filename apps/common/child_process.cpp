#include "apps/common/child_process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "apps/common/text_table.hpp"

namespace nakadachi::apps {
namespace {

constexpr auto kPoll = std::chrono::milliseconds(10);
constexpr int kPollsUntilKill = 1'000;
constexpr int kPollsUntilReady = 6'000;

[[noreturn]] void become(const std::vector<char*>& arguments, int log_file, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // the parent died before the line above
  dup2(log_file, STDOUT_FILENO);
  dup2(log_file, STDERR_FILENO);
  execv(arguments.front(), arguments.data());
  _exit(127);
}

std::string last_words(const std::string& log_path) {
  constexpr std::size_t kMost = 800;
  const auto text = read_file(log_path);
  if (!text) return {};
  return text->size() <= kMost ? *text : text->substr(text->size() - kMost);
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const std::vector<std::string>& arguments,
                                         const std::string& log_path) {
  const int log_file = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_file < 0) {
    return Error{.code = ErrorCode::kFileProblem, .detail = log_path + ": " + std::strerror(errno)};
  }
  std::vector<char*> raw;
  raw.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) raw.push_back(const_cast<char*>(argument.c_str()));
  raw.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(raw, log_file, parent);
  ::close(log_file);
  if (pid < 0) {
    return Error{.code = ErrorCode::kFileProblem,
                 .detail = std::string("fork: ") + std::strerror(errno)};
  }
  return ChildProcess(pid);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    stop();
    pid_ = std::exchange(other.pid_, -1);
  }
  return *this;
}

ChildProcess::~ChildProcess() { stop(); }

bool ChildProcess::running() {
  if (pid_ < 0) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

int ChildProcess::stop() {
  if (pid_ < 0) return 0;
  ::kill(pid_, SIGTERM);
  for (int i = 0; i < kPollsUntilKill; ++i) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != 0) {
      pid_ = -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    std::this_thread::sleep_for(kPoll);
  }
  kill();
  return -1;
}

void ChildProcess::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::uint64_t ChildProcess::cpu_us() const {
  const auto stat = read_file("/proc/" + std::to_string(pid_) + "/stat");
  if (!stat) return 0;
  // Fields 14 and 15 in clock ticks; the name in field 2 may hold spaces.
  const auto fields = split(std::string_view(*stat).substr(stat->rfind(')') + 2), ' ');
  const std::uint64_t ticks =
      std::stoull(std::string(fields[11])) + std::stoull(std::string(fields[12]));
  return ticks * 1'000'000 / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
}

Result<std::string> wait_until_ready(ChildProcess& child, const std::string& ready_path,
                                     const std::string& log_path) {
  for (int i = 0; i < kPollsUntilReady; ++i) {
    if (std::filesystem::exists(ready_path)) return read_file(ready_path);
    if (!child.running()) {
      return Error{.code = ErrorCode::kInternal, .detail = log_path + ": " + last_words(log_path)};
    }
    std::this_thread::sleep_for(kPoll);
  }
  return Error{.code = ErrorCode::kTimedOut, .detail = ready_path};
}

}  // namespace nakadachi::apps
