// The database under the filter of a node's system calls: what connecting anew asks of the kernel.

#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "apps/common/system_call_filter.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/postgres.hpp"

namespace nakadachi::apps {
namespace {

using testing::Sql;
using testing::TestDatabase;

/// Two pipes between parent and child: each can wait until the other has come to a point.
class Steps {
 public:
  Steps() { REQUIRE((::pipe(to_child_.data()) == 0 && ::pipe(to_parent_.data()) == 0)); }
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;
  ~Steps() {
    for (const int fd : {to_child_[0], to_child_[1], to_parent_[0], to_parent_[1]}) ::close(fd);
  }

  bool child_waits() { return tell(to_parent_[1]) && hear(to_child_[0]); }
  bool parent_hears() {
    ::close(to_parent_[1]);  // so that the child's end is heard too
    to_parent_[1] = -1;
    return hear(to_parent_[0]);
  }
  bool parent_lets_go() { return tell(to_child_[1]); }

 private:
  static bool tell(int fd) { return ::write(fd, "!", 1) == 1; }
  static bool hear(int fd) {
    char byte = 0;
    return ::read(fd, &byte, 1) == 1;
  }

  std::array<int, 2> to_child_{};
  std::array<int, 2> to_parent_{};
};

/// As a node does it: connected before the filter, and again after it. Which step failed, or 0.
int use_store(const storage::PostgresLogins& logins, Steps& steps) {
  storage::PostgresStore store(logins);
  if (!store.take_lane(LaneId{1}, "test")) return 1;
  // A sanitized program tries memory by calls (pipe2) that the filter does not let through.
  if (kSystemCallsCanBeFiltered && !filter_system_calls(Service::kNode)) return 2;
  if (!store.find(TenantId{1}, ExchangeId{})) return 3;
  if (!steps.child_waits()) return 4;
  if (!store.find(TenantId{1}, ExchangeId{})) return 5;
  if (!store.take_lane(LaneId{1}, "test again")) return 6;
  return 0;
}

TEST_CASE("under the filter a node's store connects anew") {
  const TestDatabase database;
  database.join(1, 1, LaneId{1});
  const storage::PostgresLogins logins = database.logins();
  Steps steps;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(use_store(logins, steps));

  const bool connected = steps.parent_hears();
  if (connected) {
    Sql(database.login("postgres"))
        .must(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename LIKE 'nakadachi%'");
    CHECK(steps.parent_lets_go());
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CAPTURE(status);
  CHECK(connected);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

}  // namespace
}  // namespace nakadachi::apps
