#include "supervisor.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace nakadachi::storage {
namespace {

// Orders of the owner; a smaller byte is the index of a program to start.
constexpr char kStopGently = 'g';
constexpr char kStopNow = 'n';
// The answer, once a program.
constexpr char kEndedWell = 'w';
constexpr char kEndedBadly = 'b';

constexpr int kPatienceMs = 10 * 1000;
constexpr int kNoProgram = 127;

/// What the forked process needs, made before the fork: the owner may have threads, so after it
/// neither memory is asked for nor anything called that is not async-signal-safe.
struct Prepared {
  std::vector<std::vector<char*>> programs;
  const char* log_file = nullptr;
  std::optional<Account> account;
  const char* remove_afterwards = nullptr;
  int channel = -1;
};

void close_all_but(int kept) {
  if (kept > 3) close_range(3, static_cast<unsigned>(kept) - 1, 0);
  close_range(static_cast<unsigned>(kept) + 1, ~0U, 0);
}

bool become(const Account& account) {
  return setgroups(1, &account.group) == 0 && setgid(account.group) == 0 &&
         setuid(account.user) == 0;
}

bool redirect_standard_streams(const char* log_file) {
  const int none = open("/dev/null", O_RDONLY);
  const int log = open(log_file, O_WRONLY | O_CREAT | O_APPEND, 0600);
  const bool redirected =
      none >= 0 && log >= 0 && dup2(none, 0) == 0 && dup2(log, 1) == 1 && dup2(log, 2) == 2;
  if (none > 2) close(none);
  if (log > 2) close(log);
  return redirected;
}

/// What the owner ignores or blocks must not be inherited by a program. SIGCHLD comes through a
/// descriptor, which is returned.
int reset_signals() {
  for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_DFL);
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t child_only;
  sigemptyset(&child_only);
  sigaddset(&child_only, SIGCHLD);
  sigprocmask(SIG_SETMASK, &child_only, nullptr);
  return signalfd(-1, &child_only, SFD_NONBLOCK | SFD_CLOEXEC);
}

[[noreturn]] void become_program(const std::vector<char*>& arguments, pid_t supervisor) {
  std::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // Last resort, when the supervisor itself is killed.
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (getppid() == supervisor) execv(arguments[0], arguments.data());
  _exit(kNoProgram);
}

/// The life of the forked process.
class Supervision {
 public:
  Supervision(const Prepared& plan, int child_signals)
      : plan_(plan), child_signals_(child_signals) {}

  [[noreturn]] void run() {
    while (!owner_gone_ || program_ > 0) {
      std::array<pollfd, 2> events = {
          {{.fd = child_signals_, .events = POLLIN, .revents = 0},
           {.fd = owner_gone_ ? -1 : plan_.channel, .events = POLLIN, .revents = 0}}};
      const int ready = poll(events.data(), events.size(), stopping_ ? kPatienceMs : -1);
      if (ready == 0 && program_ > 0) kill(program_, SIGKILL);
      if (ready <= 0) continue;
      if (events[0].revents != 0) see_children();
      if (events[1].revents != 0) hear_owner();
    }
    if (plan_.remove_afterwards != nullptr) {
      execl("/bin/rm", "rm", "-rf", "--", plan_.remove_afterwards, static_cast<char*>(nullptr));
    }
    _exit(0);
  }

 private:
  void see_children() {
    signalfd_siginfo info;
    while (read(child_signals_, &info, sizeof info) > 0) {
    }
    int status = 0;
    if (program_ <= 0 || waitpid(program_, &status, WNOHANG) != program_) return;
    program_ = 0;
    stopping_ = false;
    answer(WIFEXITED(status) && WEXITSTATUS(status) == 0 ? kEndedWell : kEndedBadly);
  }

  void hear_owner() {
    char order = kStopNow;
    const ssize_t heard = read(plan_.channel, &order, 1);
    if (heard < 0) return;
    owner_gone_ = heard == 0;
    const auto index = static_cast<unsigned char>(order);
    if (!owner_gone_ && index < plan_.programs.size()) {
      launch(plan_.programs[index]);
    } else if (program_ > 0) {
      kill(program_, !owner_gone_ && order == kStopGently ? SIGINT : SIGQUIT);
      stopping_ = true;
    }
  }

  void launch(const std::vector<char*>& arguments) {
    const pid_t self = getpid();
    program_ = fork();
    if (program_ == 0) become_program(arguments, self);
    if (program_ < 0) answer(kEndedBadly);
  }

  void answer(char byte) const { static_cast<void>(!write(plan_.channel, &byte, 1)); }

  const Prepared& plan_;
  int child_signals_;
  pid_t program_ = 0;
  bool stopping_ = false;
  bool owner_gone_ = false;
};

[[noreturn]] void supervise(const Prepared& plan) {
  setsid();  // signals of the owner's terminal are not for us
  close_all_but(plan.channel);
  const int child_signals = reset_signals();
  const bool ready = child_signals >= 0 && (!plan.account || become(*plan.account)) &&
                     redirect_standard_streams(plan.log_file) && chdir("/") == 0;
  if (!ready) _exit(kNoProgram);
  Supervision(plan, child_signals).run();
}

Error file_problem(int number) {
  return {.code = ErrorCode::kFileProblem, .detail = std::strerror(number)};
}

}  // namespace

Result<Supervisor> Supervisor::start(const Plan& plan) {
  std::vector<std::vector<std::string>> programs = plan.programs;
  Prepared prepared{.log_file = plan.log_file.c_str(), .account = plan.account};
  if (!plan.remove_afterwards.empty()) prepared.remove_afterwards = plan.remove_afterwards.c_str();
  for (std::vector<std::string>& program : programs) {
    std::vector<char*>& arguments = prepared.programs.emplace_back();
    for (std::string& argument : program) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
  }

  std::array<int, 2> ends = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return file_problem(errno);
  }
  prepared.channel = ends[1];
  const pid_t process = fork();
  if (process == 0) supervise(prepared);
  const int problem = errno;
  close(ends[1]);
  if (process < 0) {
    close(ends[0]);
    return file_problem(problem);
  }
  return Supervisor(process, ends[0]);
}

Supervisor::Supervisor(Supervisor&& other) noexcept
    : process_(std::exchange(other.process_, -1)),
      channel_(std::exchange(other.channel_, -1)),
      running_(other.running_),
      ended_well_(other.ended_well_) {}

Supervisor::~Supervisor() {
  if (process_ < 0) return;
  close(channel_);
  int status = 0;
  while (waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
}

void Supervisor::run(std::size_t index) {
  NAKADACHI_ASSERT(!running_);
  running_ = true;
  order(static_cast<char>(index));
}

bool Supervisor::wait() {
  hear_end(true);
  return ended_well_;
}

void Supervisor::stop(bool gently) {
  if (!running()) return;
  order(gently ? kStopGently : kStopNow);
  hear_end(true);
}

bool Supervisor::running() {
  hear_end(false);
  return running_;
}

void Supervisor::order(char byte) const {
  // A supervisor that is gone shows when its answer is read.
  static_cast<void>(send(channel_, &byte, 1, MSG_NOSIGNAL));
}

void Supervisor::hear_end(bool block) {
  if (!running_) return;
  char answer = kEndedBadly;
  ssize_t heard = 0;
  do {
    heard = recv(channel_, &answer, 1, block ? 0 : MSG_DONTWAIT);
  } while (heard < 0 && errno == EINTR);
  if (heard < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
  running_ = false;
  ended_well_ = heard == 1 && answer == kEndedWell;
}

}  // namespace nakadachi::storage
