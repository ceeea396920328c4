#include "nakadachi/storage/private_cluster.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "postgres_programs.hpp"
#include "supervisor.hpp"

namespace nakadachi::storage {
namespace {

constexpr std::string_view kMarker = "nakadachi-private-cluster";
constexpr std::string_view kSocketName = "/.s.PGSQL.5432";
constexpr std::chrono::seconds kStartPatience{60};
// Places in the supervisor's plan.
constexpr std::size_t kInitdb = 0;
constexpr std::size_t kServer = 1;

Error file_problem(std::string detail) {
  return {.code = ErrorCode::kFileProblem, .detail = std::move(detail)};
}

Result<std::optional<Account>> account_to_run_as(const std::string& name) {
  if (geteuid() != 0) return std::optional<Account>{};
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
      found == nullptr) {
    return file_problem(fmt::format("no account {} to run PostgreSQL as", name));
  }
  if (entry.pw_uid == 0) return file_problem("PostgreSQL does not run as root");
  return std::optional<Account>{{.user = entry.pw_uid, .group = entry.pw_gid}};
}

Result<std::string> make_temporary_directory() {
  const char* const parent = std::getenv("TMPDIR");
  std::string path = parent != nullptr && parent[0] == '/' ? parent : "/tmp";
  path += "/nkd-XXXXXX";  // short: the socket's whole path has a limit
  if (mkdtemp(path.data()) == nullptr) {
    return file_problem(fmt::format("{}: {}", path, std::strerror(errno)));
  }
  return path;
}

/// An existing folder must be empty or have been made by this program: it may be removed.
Result<void> make_directory(const std::filesystem::path& directory) {
  std::error_code problem;
  std::filesystem::create_directories(directory, problem);
  const bool empty = !problem && std::filesystem::is_empty(directory, problem);
  if (problem) return file_problem(fmt::format("{}: {}", directory.string(), problem.message()));
  if (!empty && !std::filesystem::exists(directory / kMarker)) {
    return file_problem(fmt::format("{} is in use for something else", directory.string()));
  }
  return {};
}

/// Owned by the account alone.
Result<void> hand_over(const std::filesystem::path& directory,
                       const std::optional<Account>& account) {
  std::ofstream(directory / kMarker) << "PostgreSQL server of one program; may be removed\n";
  for (const std::filesystem::path& path : {directory / kMarker, directory}) {
    if (account && chown(path.c_str(), account->user, account->group) != 0) {
      return file_problem(fmt::format("{}: {}", path.string(), std::strerror(errno)));
    }
  }
  std::error_code problem;
  std::filesystem::permissions(directory, std::filesystem::perms::owner_all, problem);
  if (problem) return file_problem(fmt::format("{}: {}", directory.string(), problem.message()));
  return {};
}

/// Major version of a cluster that is there already, 0 when there is none.
unsigned version_of_data(const std::filesystem::path& directory) {
  unsigned major = 0;
  std::ifstream(directory / "data" / "PG_VERSION") >> major;
  return major;
}

std::string last_words(const std::string& log_file) {
  std::ifstream log(log_file);
  std::stringstream text;
  text << log.rdbuf();
  const std::string all = text.str();
  constexpr std::size_t kEnough = 1000;
  return all.size() <= kEnough ? all : all.substr(all.size() - kEnough);
}

std::vector<std::vector<std::string>> programs_for(const std::string& bin,
                                                   const std::string& directory,
                                                   const std::string& address) {
  const std::string data = directory + "/data";
  // No password: only the owner of the directory reaches the socket in it.
  return {{bin + "/initdb", "--pgdata=" + data, "--username=postgres", "--auth=trust",
           "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"},
          {bin + "/postgres", "-D", data, "-k", directory, "-p", "5432", "-c",
           "listen_addresses=" + address,
           // As durable after a crash as syncing file by file, and not seconds slower.
           "-c", "recovery_init_sync_method=syncfs"}};
}

/// Whether the server says in its lock file that it takes connections. Cheaper than trying, and
/// leaves no trace in its log; but the file can be an older server's.
bool says_ready(const std::string& directory) {
  std::ifstream lock_file(directory + "/data/postmaster.pid");
  constexpr int kStatusLine = 8;
  std::string line;
  for (int i = 0; i < kStatusLine; ++i) std::getline(lock_file, line);
  return lock_file && line.starts_with("ready");
}

}  // namespace

struct PrivateCluster::Server {
  Supervisor supervisor;
  std::string log_file;
};

PrivateCluster::PrivateCluster(Options options) : options_(std::move(options)) {}

Result<std::unique_ptr<PrivateCluster>> PrivateCluster::start(const Options& options) {
  std::unique_ptr<PrivateCluster> cluster(new PrivateCluster(options));
  NAKADACHI_CHECK(cluster->prepare());
  NAKADACHI_CHECK(cluster->restart());
  return cluster;
}

Result<void> PrivateCluster::prepare() {
  NAKADACHI_TRY(const std::optional<Account> account, account_to_run_as(options_.account));
  if (options_.directory.empty()) {
    NAKADACHI_TRY(directory_, make_temporary_directory());
  } else {
    const std::string absolute = std::filesystem::absolute(options_.directory).string();
    NAKADACHI_CHECK(make_directory(absolute));
    directory_ = absolute;
  }
  const unsigned version = version_of_data(directory_);
  if (version != 0) options_.keep = true;
  if (directory_.size() + kSocketName.size() >= sizeof(sockaddr_un::sun_path)) {
    return file_problem(fmt::format("{}: path too long for a socket in it", directory_));
  }
  NAKADACHI_CHECK(hand_over(directory_, account));
  NAKADACHI_TRY(const PostgresPrograms programs, find_postgres(version));
  programs_ = programs.folder;
  const std::string log_file = directory_ + "/server.log";
  NAKADACHI_TRY(
      Supervisor supervisor,
      Supervisor::start({.programs = programs_for(programs.folder, directory_, options_.address),
                         .log_file = log_file,
                         .account = account,
                         .remove_afterwards = options_.keep ? "" : directory_}));
  server_ = std::make_unique<Server>(Server{std::move(supervisor), log_file});
  if (version != 0) return {};
  server_->supervisor.run(kInitdb);
  if (!server_->supervisor.wait()) {
    return Error{.code = ErrorCode::kStoreUnavailable, .detail = last_words(log_file)};
  }
  if (!options_.trusted_clients.empty()) {
    std::ofstream(directory_ + "/data/pg_hba.conf", std::ios::app)
        << fmt::format("host all all {} trust\n", options_.trusted_clients);
  }
  return {};
}

PrivateCluster::~PrivateCluster() {
  if (server_ && options_.keep) server_->supervisor.stop(true);
  server_.reset();
  if (options_.keep || directory_.empty()) return;
  // What the account could not remove, or was made before there was a supervisor.
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string PrivateCluster::login(std::string_view role) const {
  return fmt::format("host={} port=5432 user={} dbname=postgres", directory_, role);
}

PostgresLogins PrivateCluster::logins() const {
  return {.train = login("nakadachi_train"), .node = login("nakadachi_node")};
}

Result<std::string> PrivateCluster::program(std::string_view name) const {
  std::string path = fmt::format("{}/{}", programs_, name);
  if (access(path.c_str(), X_OK) == 0) return path;
  return file_problem(path + " is not installed: install the package postgresql-client");
}

Result<void> PrivateCluster::crash() {
  server_->supervisor.stop(false);
  return {};
}

Result<void> PrivateCluster::restart() {
  if (server_->supervisor.running()) return {};
  server_->supervisor.run(kServer);
  const std::string conninfo = login("postgres");
  const auto deadline = std::chrono::steady_clock::now() + kStartPatience;
  while (server_->supervisor.running() && std::chrono::steady_clock::now() < deadline) {
    if (says_ready(directory_) && PQping(conninfo.c_str()) == PQPING_OK) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  server_->supervisor.stop(false);
  return Error{.code = ErrorCode::kStoreUnavailable, .detail = last_words(server_->log_file)};
}

}  // namespace nakadachi::storage
