#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/storage/postgres_store.hpp"
#include "nakadachi/storage/private_cluster.hpp"

namespace nakadachi::testing {

/// The server of this test program, started when first asked for and gone with the program.
storage::PrivateCluster& test_cluster();

/// A database of its own on the test server, with all migrations unless told otherwise; dropped
/// at the end.
class TestDatabase {
 public:
  enum class Content { kMigrated, kEmpty };
  explicit TestDatabase(Content content = Content::kMigrated);
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  /// Connection string for a role; "postgres" is the superuser.
  std::string login(std::string_view role) const;
  storage::PostgresLogins logins() const;
  /// Joins tenants first … first + count - 1 to `lane`.
  void join(std::uint32_t first, std::uint32_t count, LaneId lane) const;

 private:
  std::string name_;
};

/// What the server answered to a statement.
struct Answer {
  std::string sqlstate;  ///< empty when it was carried out
  std::vector<std::vector<std::string>> rows;

  bool ok() const { return sqlstate.empty(); }
  /// The only value of the only row; a failed statement or another shape ends the test.
  std::string value() const;
};

/// A plain connection for SQL written by hand.
class Sql {
 public:
  explicit Sql(const std::string& login);
  /// The rows of COPY … TO STDOUT have their whole line as only value.
  Answer run(const std::string& statements);
  /// COPY … FROM STDIN with these data.
  Answer copy(const std::string& statement, const std::string& data);
  /// Runs it and throws when it fails: for setting up.
  void must(const std::string& statements);
  PGconn* raw() { return connection_.get(); }

 private:
  Answer copied_out();

  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

}  // namespace nakadachi::testing
