#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "nakadachi/base/result.hpp"
#include "nakadachi/storage/postgres_store.hpp"

namespace nakadachi::storage {

/// A PostgreSQL server of one's own for demo, tests and benchmarks: `initdb` in a
/// directory, a unix socket in it, TCP only where it is asked for, all durability
/// settings at their defaults (fsync, synchronous_commit and full_page_writes on).
/// Started by root it runs as an unprivileged account. It stays in the network
/// namespace of the thread that made it. Stopped and removed when dropped, and also
/// when the process ends in any other way. One thread at a time.
class PrivateCluster {
 public:
  struct Options {
    /// Empty: a new one under the temporary directory. Otherwise a new or empty
    /// one, or one that was kept: then its server is started again, and it is kept
    /// again whatever `keep` says.
    std::string directory;
    bool keep = false;                 ///< leave the directory when dropped
    std::string account = "postgres";  ///< who runs it when the caller is root
    /// Where it listens by TCP besides, port 5432, without TLS; empty: nowhere.
    std::string address = {};
    /// Who may come there, as in 10.1.1.0/24; believed to be whom they say, as over the
    /// socket: for networks of one's own. Of a new cluster; a kept one knows it.
    std::string trusted_clients = {};
  };

  /// Errors: `kFileProblem` (directory, programs not found: says which package),
  /// `kStoreUnavailable` with the server's own words in `detail`.
  static Result<std::unique_ptr<PrivateCluster>> start(const Options& options);
  ~PrivateCluster();
  PrivateCluster(const PrivateCluster&) = delete;
  PrivateCluster& operator=(const PrivateCluster&) = delete;

  const std::string& directory() const noexcept { return directory_; }
  /// Connection string for a login role; "postgres" is the cluster's superuser.
  std::string login(std::string_view role) const;
  PostgresLogins logins() const;
  /// Path of a program of the server's own version, "psql" for one. Errors: `kFileProblem`
  /// (not installed).
  Result<std::string> program(std::string_view name) const;
  /// Kills the server without warning (SIGQUIT: immediate shutdown), as a crash would.
  /// May be called while other threads use connections. Does not fail.
  Result<void> crash();
  /// Starts it again after `crash`. Errors: `kStoreUnavailable`.
  Result<void> restart();

 private:
  struct Server;
  explicit PrivateCluster(Options options);
  /// Everything up to the first start of the server.
  Result<void> prepare();

  Options options_;
  std::string directory_;
  std::string programs_;  ///< the folder they are in
  std::unique_ptr<Server> server_;
};

}  // namespace nakadachi::storage
