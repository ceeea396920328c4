#include "apps/common/live_walls.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <utility>

#include "apps/common/network_namespace.hpp"
#include "apps/common/run_program.hpp"
#include "apps/common/text_table.hpp"

namespace nakadachi::apps {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kNft = "/usr/sbin/nft";
constexpr std::string_view kTable = "inet nakadachi_walls";
constexpr auto kWatch = milliseconds(100);
constexpr int kRestoreTries = 5;

Error not_applied(std::string words) {
  return {.code = ErrorCode::kWallsNotApplied, .detail = std::move(words)};
}

Result<std::string> run_nft(const std::vector<std::string>& options, std::string_view input) {
  std::vector<std::string> arguments = {kNft};
  arguments.insert(arguments.end(), options.begin(), options.end());
  NAKADACHI_TRY(const ProgramEnd end, run_program(arguments, input));
  if (end.status != 0) return not_applied(end.complaint);
  return end.output;
}

Result<void> load(std::string_view rules) {
  const auto loaded = run_nft({"-f", "-"}, rules);
  if (!loaded) return loaded.error();
  return {};
}

/// What has to be loaded to have the table again as it is now, be it that there is none.
Result<std::string> current_rules() {
  std::string rules = fmt::format("table {0}\ndelete table {0}\n", kTable);
  NAKADACHI_TRY(const auto tables, list_walls());
  const bool is_there =
      std::any_of(tables.begin(), tables.end(),
                  [](const walls::ListedTable& table) { return table.name == kTable; });
  if (!is_there) return rules;
  NAKADACHI_TRY(const std::string listed,
                run_nft({"--stateless", "list", "table", "inet", "nakadachi_walls"}, ""));
  return rules + listed;
}

/// Time that goes on while the machine sleeps, and that nobody sets.
milliseconds now() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return seconds(time.tv_sec) + milliseconds(time.tv_nsec / 1'000'000);
}

void sleep_for(milliseconds time) {
  const timespec wanted{time.count() / 1000, time.count() % 1000 * 1'000'000};
  nanosleep(&wanted, nullptr);
}

/// Leaves everything that would end this process together with who started it, and every open file
/// but `kept`, which becomes `kKept`.
constexpr int kKept = 3;
void detach(int kept) {
  setsid();
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  dup2(kept, kKept);
  close_range(0, kKept - 1, 0);
  close_range(kKept + 1, ~0U, 0);
  for (int standard = 0; standard < kKept; ++standard) ::open("/dev/null", O_RDWR);
  umask(077);
}

Error system_problem(const std::string& what) {
  return {.code = ErrorCode::kFileProblem, .detail = what + ": " + std::strerror(errno)};
}

Error pending_problem(std::string words) {
  return {.code = ErrorCode::kWallsPending, .detail = std::move(words)};
}

class OpenFile {
 public:
  explicit OpenFile(int handle) noexcept : handle_(handle) {}
  OpenFile(OpenFile&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile() {
    if (handle_ >= 0) ::close(handle_);
  }
  int handle() const noexcept { return handle_; }

 private:
  int handle_;
};

/// Held from every look at the folder until what follows from it is done, in the kernel too. nft
/// inherits it, so a load that outlives who began it is waited for.
Result<OpenFile> lock_folder(const std::string& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, problem);
  if (problem) {
    return Error{.code = ErrorCode::kFileProblem, .detail = folder + ": " + problem.message()};
  }
  OpenFile lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY));
  while (flock(lock.handle(), LOCK_EX) != 0) {
    if (errno != EINTR) return system_problem(folder);
  }
  return lock;
}

/// Whether no folder names the open file `handle` any more.
bool is_removed(int handle) {
  struct stat status{};
  return fstat(handle, &status) != 0 || status.st_nlink == 0;
}

}  // namespace

Result<std::vector<walls::ListedTable>> list_walls() {
  NAKADACHI_TRY(const std::string listing, run_nft({"--stateless", "list", "ruleset"}, ""));
  return walls::parse_listing(listing);
}

Result<std::vector<walls::ListedTable>> list_as_if(const std::string& rules) {
  NAKADACHI_TRY(const auto space, NetworkNamespace::create());
  return space.inside([&]() -> Result<std::vector<walls::ListedTable>> {
    NAKADACHI_CHECK(load(rules));
    return list_walls();
  });
}

Result<void> RuleChange::apply(const std::string& rules, seconds patience) const {
  NAKADACHI_TRY(const auto expected, list_as_if(rules));
  NAKADACHI_TRY(const OpenFile lock, lock_folder(folder_));
  NAKADACHI_CHECK(refuse_while_pending());
  NAKADACHI_TRY(const std::string former, current_rules());
  NAKADACHI_CHECK(write_private_file(path("next.nft"), rules));
  NAKADACHI_CHECK(write_private_file(path("former.nft"), former));
  NAKADACHI_CHECK(remove("rolled_back"));
  NAKADACHI_CHECK(write_private_file(path("pending"), ""));
  // First the way back, then the step.
  if (auto left = leave_watcher(patience); !left) {
    NAKADACHI_CHECK(remove("pending"));
    return left;
  }
  auto done = load_and_check(rules, expected);
  if (done) return done;
  if (const auto back = restore(); !back) {
    return not_applied(
        done.error().detail +
        "; the former rules are not back, `rollback` tries again: " + back.error().detail);
  }
  return done;
}

Result<void> RuleChange::load_and_check(const std::string& rules,
                                        const std::vector<walls::ListedTable>& expected) {
  NAKADACHI_CHECK(load(rules));
  NAKADACHI_TRY(const auto live, list_walls());
  for (const walls::Drift& drift : walls::compare(expected, live)) {
    if (drift.kind == walls::Drift::Kind::kForeignChain) continue;
    return not_applied("the kernel holds something else in " + drift.object);
  }
  return {};
}

bool RuleChange::is_pending() const { return ::access(path("pending").c_str(), F_OK) == 0; }

bool RuleChange::is_watched() const {
  const OpenFile pending(::open(path("pending").c_str(), O_RDONLY | O_CLOEXEC));
  return flock(pending.handle(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

std::string RuleChange::unwatched() const {
  return fmt::format(
      "nobody watches the former change any more: `rollback` puts back what was there before it; "
      "to keep what is loaded remove {}",
      path("pending"));
}

Result<void> RuleChange::refuse_while_pending() const {
  if (!is_pending()) return {};
  return pending_problem(is_watched() ? "confirm the former change or roll it back" : unwatched());
}

/// Whenever the machine stops, its next start finds the former rules or these.
Result<void> RuleChange::write_kept(std::string_view rules) const {
  const std::filesystem::path folder = std::filesystem::absolute(kept_).parent_path();
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  NAKADACHI_CHECK(write_private_file(kept_, rules));
  const OpenFile renamed(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fsync(renamed.handle()) != 0) return system_problem(folder.string());
  return {};
}

Result<void> RuleChange::remove(const char* name) const {
  if (::unlink(path(name).c_str()) != 0 && errno != ENOENT) return system_problem(path(name));
  return {};
}

/// The change waits until its former rules are back: what fails can be tried again.
Result<void> RuleChange::restore() const {
  NAKADACHI_TRY(const std::string former, read_file(path("former.nft")));
  NAKADACHI_CHECK(load(former));
  NAKADACHI_CHECK(remove("rolled_back"));
  return remove("pending");
}

Result<void> RuleChange::confirm() const {
  NAKADACHI_TRY(const OpenFile lock, lock_folder(folder_));
  if (auto late = read_file(path("rolled_back"))) return pending_problem(*std::move(late));
  if (!is_pending()) return pending_problem("no change waits");
  if (!is_watched()) return pending_problem(unwatched());
  NAKADACHI_TRY(const std::string rules, read_file(path("next.nft")));
  NAKADACHI_CHECK(write_kept(rules));
  return remove("pending");
}

Result<void> RuleChange::keep(std::string_view rules) const {
  NAKADACHI_TRY(const OpenFile lock, lock_folder(folder_));
  NAKADACHI_CHECK(refuse_while_pending());
  return write_kept(rules);
}

Result<void> RuleChange::roll_back() const {
  NAKADACHI_TRY(const OpenFile lock, lock_folder(folder_));
  if (!is_pending()) return pending_problem("no change waits");
  return restore();
}

Result<void> RuleChange::leave_watcher(seconds patience) const {
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) return system_problem("pipe");
  const OpenFile ready(ends[0]);
  pid_t child = -1;
  {
    const OpenFile says_so(ends[1]);
    child = fork();
    if (child < 0) return system_problem("fork");
    if (child == 0) {
      detach(says_so.handle());
      if (fork() == 0) watch(patience);  // the child of a child belongs to nobody
      _exit(0);
    }
  }
  // Nothing comes, and the pipe ends, if either process could not be had.
  char word = 0;
  ssize_t got = -1;
  do {
    got = ::read(ready.handle(), &word, 1);
  } while (got < 0 && errno == EINTR);
  waitpid(child, nullptr, 0);
  if (got == 1) return {};
  return Error{.code = ErrorCode::kFileProblem,
               .detail = "the process that would put the former rules back could not be started"};
}

/// systemd makes a scope for a shell that then puts this process in its place: processes that are
/// in a scope when a session ends may be ended with it, whatever they left before.
bool RuleChange::leave_scope_of_session() const {
  if (!std::filesystem::is_directory(manager_.runs_here)) return true;
  const std::string self = fmt::format("{}", getpid());
  const auto end = run_program(
      {manager_.makes_scopes, "--scope", "--quiet", "--collect", "--slice=system.slice",
       "--unit=nakadachi-walls-" + self, "--", "/bin/sh", "-c",
       "echo \"$1\" > \"/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)/cgroup.procs\"", "sh",
       self},
      "");
  return end && end->status == 0;
}

void RuleChange::watch(seconds patience) const {
  if (!leave_scope_of_session()) return;
  const int pending = ::open(path("pending").c_str(), O_RDONLY | O_CLOEXEC);
  if (flock(pending, LOCK_EX | LOCK_NB) != 0 || ::write(kKept, "", 1) != 1) return;
  ::close(kKept);
  static_cast<void>(lock_folder(folder_));  // once: time counts from when the rules are loaded
  const milliseconds end = now() + patience;
  while (now() < end) {
    if (is_removed(pending)) return;
    sleep_for(kWatch);
  }
  for (int attempt = 0; attempt < kRestoreTries; ++attempt) {
    if (attempt > 0) sleep_for(seconds(1));
    const auto lock = lock_folder(folder_);
    if (!lock) continue;
    if (is_removed(pending)) return;
    const auto back = restore();
    static_cast<void>(write_private_file(
        path("rolled_back"),
        back ? "too late, the former rules are back"
             : "too late, but the former rules cannot be loaded, `rollback` tries again: " +
                   back.error().detail));
    if (back) return;
  }
}

}  // namespace nakadachi::apps
