#include "apps/common/live_walls.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <filesystem>

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

/// Leaves everything that would end this process together with who started it.
void detach() {
  setsid();
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGINT, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  close_range(0, ~0U, 0);
  for (int standard = 0; standard < 3; ++standard) ::open("/dev/null", O_RDWR);
  umask(077);
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

Result<void> RuleChange::prepare() const {
  std::error_code problem;
  std::filesystem::create_directories(folder_, problem);
  std::filesystem::permissions(folder_, std::filesystem::perms::owner_all, problem);
  if (problem) {
    return Error{.code = ErrorCode::kFileProblem, .detail = folder_ + ": " + problem.message()};
  }
  NAKADACHI_TRY(const std::string former, current_rules());
  // The file that says so is made first: two changes at a time have one winner.
  const int pending =
      ::open(path("pending").c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (pending < 0 && errno == EEXIST) {
    return Error{.code = ErrorCode::kWallsPending,
                 .detail = "confirm the former change or roll it back"};
  }
  if (pending < 0) {
    return Error{.code = ErrorCode::kFileProblem,
                 .detail = path("pending") + ": " + std::strerror(errno)};
  }
  ::close(pending);
  std::filesystem::remove(path("rolled_back"), problem);
  return write_private_file(path("former.nft"), former);
}

Result<void> RuleChange::apply(const std::string& rules, seconds patience) const {
  NAKADACHI_CHECK(prepare());
  // First the way back, then the step.
  auto done = leave_watcher(patience);
  if (done) done = load_and_check(rules);
  if (!done && take_pending()) {
    const auto restored = restore();
    if (!restored) return restored;
  }
  return done;
}

Result<void> RuleChange::load_and_check(const std::string& rules) const {
  NAKADACHI_TRY(const auto expected, list_as_if(rules));
  NAKADACHI_CHECK(load(rules));
  NAKADACHI_TRY(const auto live, list_walls());
  for (const walls::Drift& drift : walls::compare(expected, live)) {
    if (drift.kind == walls::Drift::Kind::kForeignChain) continue;
    return not_applied("the kernel holds something else in " + drift.object);
  }
  return {};
}

/// Whoever renames the file decides what becomes of the change; nobody else does then.
bool RuleChange::take_pending() const {
  return std::rename(path("pending").c_str(), path("decided").c_str()) == 0;
}

Result<void> RuleChange::restore() const {
  NAKADACHI_TRY(const std::string former, read_file(path("former.nft")));
  return load(former);
}

Result<void> RuleChange::confirm() const {
  if (take_pending()) return {};
  const bool late = std::filesystem::exists(path("rolled_back"));
  return Error{.code = ErrorCode::kWallsPending,
               .detail = late ? "too late, the former rules are back" : "no change waits"};
}

Result<void> RuleChange::roll_back() const {
  if (!take_pending()) {
    return Error{.code = ErrorCode::kWallsPending, .detail = "no change waits"};
  }
  return restore();
}

Result<void> RuleChange::leave_watcher(seconds patience) const {
  const pid_t child = fork();
  if (child < 0) {
    return Error{.code = ErrorCode::kFileProblem,
                 .detail = std::string("fork: ") + std::strerror(errno)};
  }
  if (child == 0) {
    detach();
    if (fork() == 0) watch(patience);  // the child of a child belongs to nobody
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  return {};
}

void RuleChange::watch(seconds patience) const {
  const milliseconds end = now() + patience;
  while (now() < end) {
    if (::access(path("pending").c_str(), F_OK) != 0) return;
    sleep_for(kWatch);
  }
  if (!take_pending()) return;
  // Said first: who sees the former rules may begin the next change, which takes the word back.
  static_cast<void>(write_private_file(path("rolled_back"), "nobody confirmed in time\n"));
  for (int attempt = 0; attempt < kRestoreTries; ++attempt) {
    if (restore()) return;
    sleep_for(seconds(1));
  }
  static_cast<void>(write_private_file(path("rolled_back"), "the former rules cannot be loaded\n"));
}

}  // namespace nakadachi::apps
