#include "tests/support/postgres.hpp"

#include <fmt/format.h>

#include <atomic>
#include <stdexcept>

#include "nakadachi/storage/migrations.hpp"
#include "nakadachi/storage/tenant_directory.hpp"

// libpqxx 6.4 loses one result when a connection breaks under a statement, which tests here do on
// purpose. Read by the leak sanitizer, where there is one.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:pqxx::connection_base::\n"; }
// NOLINTEND(readability-identifier-naming)

namespace nakadachi::testing {
namespace {

using Reply = std::unique_ptr<PGresult, decltype(&PQclear)>;

template <class T>
T must_have(Result<T> result) {
  if (!result) throw std::runtime_error(describe(result.error()));
  return std::move(result).value();
}

Answer answer_of(const PGresult* reply) {
  Answer answer;
  const ExecStatusType status = PQresultStatus(reply);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    const char* const state = PQresultErrorField(reply, PG_DIAG_SQLSTATE);
    answer.sqlstate = state == nullptr ? "connection" : state;
  }
  for (int row = 0; row < PQntuples(reply); ++row) {
    auto& values = answer.rows.emplace_back();
    for (int column = 0; column < PQnfields(reply); ++column) {
      values.emplace_back(PQgetvalue(reply, row, column));
    }
  }
  return answer;
}

}  // namespace

storage::PrivateCluster& test_cluster() {
  static const std::unique_ptr<storage::PrivateCluster> cluster =
      must_have(storage::PrivateCluster::start({}));
  return *cluster;
}

TestDatabase::TestDatabase(Content content) {
  static std::atomic<unsigned> made = 0;
  name_ = fmt::format("test_{}", ++made);
  Sql(test_cluster().login("postgres")).must("CREATE DATABASE " + name_);
  if (content == Content::kMigrated) must_have(storage::migrate(login("postgres")));
}

TestDatabase::~TestDatabase() {
  Sql(test_cluster().login("postgres")).run("DROP DATABASE " + name_ + " WITH (FORCE)");
}

std::string TestDatabase::login(std::string_view role) const {
  return test_cluster().login(role) + " dbname=" + name_;  // the last dbname counts
}

storage::PostgresLogins TestDatabase::logins() const {
  return {.train = login("nakadachi_train"), .node = login("nakadachi_node")};
}

void TestDatabase::join(std::uint32_t first, std::uint32_t count, LaneId lane) const {
  storage::TenantDirectory directory(login("nakadachi_operator"), "");
  for (std::uint32_t i = 0; i < count; ++i) {
    const Result<void> joined = directory.join(
        {.tenant = TenantId{first + i}, .name = "試験町", .population = 1000, .lane = lane});
    if (!joined) throw std::runtime_error(describe(joined.error()));
  }
}

std::string Answer::value() const {
  if (!ok()) throw std::runtime_error("statement failed: " + sqlstate);
  if (rows.size() != 1 || rows[0].size() != 1) throw std::runtime_error("not one value");
  return rows[0][0];
}

Sql::Sql(const std::string& login) : connection_(PQconnectdb(login.c_str()), &PQfinish) {
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    throw std::runtime_error(PQerrorMessage(connection_.get()));
  }
  PQsetNoticeReceiver(connection_.get(), [](void*, const PGresult*) {}, nullptr);
}

Answer Sql::run(const std::string& statements) {
  const Reply reply(PQexec(connection_.get(), statements.c_str()), &PQclear);
  return PQresultStatus(reply.get()) == PGRES_COPY_OUT ? copied_out() : answer_of(reply.get());
}

Answer Sql::copied_out() {
  std::vector<std::vector<std::string>> rows;
  char* line = nullptr;
  while (PQgetCopyData(connection_.get(), &line, 0) > 0) {
    std::string text(line);
    PQfreemem(line);
    while (text.ends_with('\n')) text.pop_back();
    rows.push_back({std::move(text)});
  }
  Answer answer;
  while (const Reply reply{PQgetResult(connection_.get()), &PQclear}) {
    if (answer.ok()) answer = answer_of(reply.get());
  }
  answer.rows = std::move(rows);
  return answer;
}

Answer Sql::copy(const std::string& statement, const std::string& data) {
  const Reply begun(PQexec(connection_.get(), statement.c_str()), &PQclear);
  if (PQresultStatus(begun.get()) != PGRES_COPY_IN) return answer_of(begun.get());
  PQputCopyData(connection_.get(), data.data(), static_cast<int>(data.size()));
  PQputCopyEnd(connection_.get(), nullptr);
  Answer answer;
  while (const Reply reply{PQgetResult(connection_.get()), &PQclear}) {
    if (answer.ok()) answer = answer_of(reply.get());
  }
  return answer;
}

void Sql::must(const std::string& statements) {
  const Reply reply(PQexec(connection_.get(), statements.c_str()), &PQclear);
  if (!answer_of(reply.get()).ok()) {
    throw std::runtime_error(statements + ": " + PQresultErrorMessage(reply.get()));
  }
}

}  // namespace nakadachi::testing
