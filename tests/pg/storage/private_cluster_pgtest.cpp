#include "nakadachi/storage/private_cluster.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "nakadachi/storage/migrations.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/postgres.hpp"
#include "tests/support/temp_folder.hpp"

namespace nakadachi::storage {
namespace {

using testing::Sql;

/// That every account may look into.
struct OpenFolder : testing::TempFolder {
  OpenFolder() { std::filesystem::permissions(path(), std::filesystem::perms(0777)); }
};

bool is_alive(pid_t process) {
  // A zombie that nobody reaps is dead enough.
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  return std::getline(stat, text) && text.find(") Z") == std::string::npos;
}

pid_t server_of(const std::filesystem::path& directory) {
  pid_t process = 0;
  std::ifstream(directory / "data" / "postmaster.pid") >> process;
  return process;
}

TEST_CASE("a private server listens on a socket in a folder of its own only, and is durable") {
  Sql admin(testing::test_cluster().login("postgres"));
  CHECK(admin.run("SHOW listen_addresses").value().empty());
  CHECK(admin.run("SHOW fsync").value() == "on");
  CHECK(admin.run("SHOW synchronous_commit").value() == "on");
  CHECK(admin.run("SHOW full_page_writes").value() == "on");
  CHECK(admin.run("SHOW server_encoding").value() == "UTF8");
  const std::string directory = testing::test_cluster().directory();
  CHECK(admin.run("SHOW unix_socket_directories").value() == directory);
  struct stat status{};
  REQUIRE(stat(directory.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  CHECK(status.st_uid != 0);
}

TEST_CASE("a private server is gone with its folder when it is dropped") {
  const OpenFolder folder;
  const std::filesystem::path directory = folder.path() / "db";
  pid_t server = 0;
  {
    const auto cluster = PrivateCluster::start({.directory = directory.string()});
    REQUIRE(cluster);
    server = server_of(directory);
    REQUIRE(is_alive(server));
  }
  CHECK(!is_alive(server));
  CHECK(!std::filesystem::exists(directory));
}

TEST_CASE("a kept folder is taken up again with what is in it") {
  const OpenFolder folder;
  const PrivateCluster::Options options{.directory = (folder.path() / "db").string(), .keep = true};
  {
    const auto cluster = PrivateCluster::start(options);
    REQUIRE(cluster);
    Sql((*cluster)->login("postgres")).must("CREATE TABLE kept AS SELECT 42 AS value");
  }
  // What is there already is never removed, whatever the options say.
  for (const bool keep : {true, false}) {
    const auto cluster = PrivateCluster::start({.directory = options.directory, .keep = keep});
    REQUIRE(cluster);
    CHECK(Sql((*cluster)->login("postgres")).run("SELECT value FROM kept").value() == "42");
  }
  CHECK(std::filesystem::exists(options.directory));
}

TEST_CASE("folders with other content, paths too long and unknown accounts are refused untouched") {
  const OpenFolder folder;
  std::ofstream(folder.path() / "precious") << "data";
  const auto used = PrivateCluster::start({.directory = folder.path().string()});
  REQUIRE(!used);
  CHECK(used.error().code == ErrorCode::kFileProblem);
  CHECK(std::filesystem::exists(folder.path() / "precious"));

  const auto deep =
      PrivateCluster::start({.directory = (folder.path() / std::string(120, 'x')).string()});
  REQUIRE(!deep);
  CHECK(deep.error().code == ErrorCode::kFileProblem);

  if (geteuid() == 0) {
    CHECK(PrivateCluster::start({.account = "no-such-account"}).error().code ==
          ErrorCode::kFileProblem);
    CHECK(PrivateCluster::start({.account = "root"}).error().code == ErrorCode::kFileProblem);
  }
}

TEST_CASE("a server that cannot start says so in its own words") {
  const OpenFolder folder;
  const PrivateCluster::Options options{.directory = (folder.path() / "db").string(), .keep = true};
  REQUIRE(PrivateCluster::start(options));
  std::ofstream(folder.path() / "db" / "data" / "postgresql.conf", std::ios::app)
      << "nonsense = 1\n";
  const auto failed = PrivateCluster::start(options);
  REQUIRE(!failed);
  CHECK(failed.error().code == ErrorCode::kStoreUnavailable);
  CHECK_THAT(failed.error().detail, Catch::Matchers::ContainsSubstring("nonsense"));
}

TEST_CASE("after a crash the server comes back with what was committed") {
  const auto cluster = PrivateCluster::start({});
  REQUIRE(cluster);
  Sql before((*cluster)->login("postgres"));
  before.must("CREATE TABLE made AS SELECT 7 AS value");
  REQUIRE((*cluster)->crash());
  CHECK(!before.run("SELECT 1").ok());
  REQUIRE((*cluster)->crash());  // nothing more to do
  REQUIRE((*cluster)->restart());
  REQUIRE((*cluster)->restart());
  CHECK(Sql((*cluster)->login("postgres")).run("SELECT value FROM made").value() == "7");
}

/// Starts a cluster in a process of its own, which is then killed; its server's process.
pid_t start_and_be_killed(const std::filesystem::path& directory, bool crashed_before) {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  const pid_t child = fork();
  if (child == 0) {
    auto cluster = PrivateCluster::start({.directory = directory.string()});
    pid_t server = cluster ? server_of(directory) : -1;
    if (cluster && crashed_before) static_cast<void>((*cluster)->crash());
    static_cast<void>(!write(ends[1], &server, sizeof server));
    pause();
    _exit(0);
  }
  pid_t server = -1;
  CHECK(read(ends[0], &server, sizeof server) == sizeof server);
  close(ends[0]);
  close(ends[1]);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return server;
}

TEST_CASE("programs of the server's own version are found by name") {
  const auto cluster = PrivateCluster::start({});
  REQUIRE(cluster);
  const auto psql = (*cluster)->program("psql");
  REQUIRE(psql);
  CHECK(std::filesystem::path(*psql).filename() == "psql");
  const auto other = (*cluster)->program("no-such-program");
  REQUIRE_FALSE(other);
  CHECK(other.error().code == ErrorCode::kFileProblem);
}

TEST_CASE("nothing stays behind when the process is killed, whatever the server was doing") {
  for (const bool crashed_before : {false, true}) {
    INFO("crashed before " << crashed_before);
    const OpenFolder folder;
    const std::filesystem::path directory = folder.path() / "db";
    const pid_t server = start_and_be_killed(directory, crashed_before);
    REQUIRE(server > 0);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while ((is_alive(server) || std::filesystem::exists(directory)) &&
           std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    CHECK(!is_alive(server));
    CHECK(!std::filesystem::exists(directory));
  }
}

}  // namespace
}  // namespace nakadachi::storage
