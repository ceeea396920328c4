// A node as it is started: what it does with its memory, and what it does not start with.

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "apps/common/child_process.hpp"
#include "apps/common/demo_pool.hpp"
#include "apps/common/run_program.hpp"
#include "apps/common/system_call_filter.hpp"
#include "apps/common/text_table.hpp"
#include "tests/net/demo/small_pool.hpp"
#include "tests/support/catch.hpp"

namespace nakadachi::apps {
namespace {

using Catch::Matchers::ContainsSubstring;

constexpr gid_t kNobodysGroup = 65534;
const std::string kProgram = std::string(NAKADACHI_BIN_DIR) + "/nakadachi";

/// Whether the files in the process's folder in /proc are root's although the process is not, or
/// not its group's: so the kernel guards a process that may not be dumped, traced and read.
bool is_guarded(pid_t process) {
  struct stat status{};
  REQUIRE(::stat(fmt::format("/proc/{}/status", process).c_str(), &status) == 0);
  return ::geteuid() == 0 ? status.st_gid == 0 : status.st_uid == 0;
}

/// A size in KiB by the kernel's word.
long memory_kib(pid_t process, const std::string& name) {
  const auto status = read_file(fmt::format("/proc/{}/status", process));
  REQUIRE(status.ok());
  const std::size_t begin = status->find("\n" + name + ":");
  REQUIRE(begin != std::string::npos);
  return std::strtol(status->c_str() + begin + name.size() + 2, nullptr, 10);
}

/// Whether its memory as a whole is locked: a library locks a little for itself in any case.
bool is_locked(pid_t process) {
  return memory_kib(process, "VmLck") > memory_kib(process, "VmSize") / 2;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  REQUIRE(text.find(what) != std::string::npos);
  return text.replace(text.find(what), what.size(), by);
}

/// What a node says that does not start with this configuration.
std::string refusal(const DemoPool& pool, const std::string& config,
                    std::vector<std::string> before = {}) {
  const std::string file = pool.directory() + "/other.toml";
  REQUIRE(write_private_file(file, config));
  before.insert(before.end(), {kProgram, "node", "--config", file});
  const auto end = run_program(before, "");
  REQUIRE(end.ok());
  CHECK(end->status == 1);
  return end->complaint;
}

/// Starts what follows without the right to lock much memory, whoever runs the test.
std::vector<std::string> with_little_lockable() {
  std::vector<std::string> start;
  if (::geteuid() == 0) start = {"/usr/bin/setpriv", "--bounding-set", "-ipc_lock"};
  start.insert(start.end(), {"/usr/bin/prlimit", "--memlock=65536:65536"});
  return start;
}

}  // namespace

TEST_CASE("a started node cannot be read by others, and says so when it is not locked", "[demo]") {
  // So that files of root's group are not the group's of whom root has started.
  if (::geteuid() == 0) REQUIRE(::setresgid(kNobodysGroup, kNobodysGroup, kNobodysGroup) == 0);
  const auto pool = small_pool();
  const auto other = ChildProcess::start({"/bin/sleep", "600"}, pool->directory() + "/sleep.log");
  REQUIRE(other.ok());
  for (int i = 0; is_guarded(other->pid()) && i < 6'000; ++i)
    ::usleep(10'000);  // until it is sleep
  CHECK_FALSE(is_guarded(other->pid()));
  CHECK(is_guarded(pool->node().pid()));

  if (!kSystemCallsCanBeFiltered) return;  // sanitizers lock nothing
  const auto log = read_file(pool->directory() + "/node.log");
  REQUIRE(log.ok());
  const bool warned = log->find("\"memory_not_locked\"") != std::string::npos;
  CHECK(is_locked(pool->node().pid()) != warned);
}

TEST_CASE("a node does not start with an older registry, or unlocked in production", "[demo]") {
  const auto pool = small_pool();
  const auto config = read_file(pool->directory() + "/node.toml");
  REQUIRE(config.ok());
  const std::uint64_t serial = pool->registry()->serial();
  // With this very one it runs.
  const std::string least = fmt::format("least_serial = {}\n", serial);
  const std::string newer =
      replaced(*config, least, fmt::format("least_serial = {}\n", serial + 1));
  const std::string older = "older than one seen before";
  CHECK_THAT(refusal(*pool, newer), ContainsSubstring(older) && ContainsSubstring("registry.bin") &&
                                        ContainsSubstring("trust.least_serial"));

  const std::string production = replaced(newer, "profile = \"demo\"", "profile = \"production\"");
  CHECK_THAT(refusal(*pool, production, with_little_lockable()),
             ContainsSubstring("RLIMIT_MEMLOCK") && !ContainsSubstring(older));
  CHECK_THAT(refusal(*pool, newer, with_little_lockable()), ContainsSubstring(older));
}

}  // namespace nakadachi::apps
