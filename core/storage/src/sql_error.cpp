#include "sql_error.hpp"

#include <array>
#include <pqxx/pqxx>
#include <string>

namespace nakadachi::storage {
namespace {

bool is_passing(std::string_view sqlstate) {
  // Conflicts that go away, connection, resources, intervention, system; also a server that has
  // become a standby (25006), a lock not had in time (55P03), logins not yet set up (28, 3D).
  static constexpr std::array<std::string_view, 9> kPassing = {
      "40", "08", "53", "57", "58", kStateReadOnly, "55P03", "28", "3D"};
  for (const std::string_view start : kPassing) {
    if (sqlstate.starts_with(start)) return true;
  }
  return false;
}

/// libpq's own words about a connection, on one line.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const char put = c == '\n' || c == '\t' ? ' ' : c;
    if (put != ' ' || (!line.empty() && line.back() != ' ')) line.push_back(put);
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace

Error error_of_state(std::string_view sqlstate, std::string_view constraint) {
  Error error{.code = ErrorCode::kStoreFailed, .detail = std::string(sqlstate)};
  if (!constraint.empty()) error.detail.append(" ").append(constraint);
  if (sqlstate == kStateLaneLost) {
    error.code = ErrorCode::kLaneLost;
  } else if (sqlstate == kStateUniqueViolation) {
    error.code = ErrorCode::kRowConflict;
  } else if (is_passing(sqlstate)) {
    error.code = ErrorCode::kStoreUnavailable;
  }
  return error;
}

Error error_of(const std::exception& thrown) {
  if (dynamic_cast<const pqxx::in_doubt_error*>(&thrown) != nullptr ||
      dynamic_cast<const pqxx::statement_completion_unknown*>(&thrown) != nullptr) {
    return Error{.code = ErrorCode::kCommitUnknown};
  }
  if (const auto* refused = dynamic_cast<const pqxx::sql_error*>(&thrown)) {
    return error_of_state(refused->sqlstate());
  }
  if (dynamic_cast<const pqxx::transaction_rollback*>(&thrown) != nullptr) {
    return Error{.code = ErrorCode::kStoreUnavailable, .detail = "40"};
  }
  if (dynamic_cast<const pqxx::broken_connection*>(&thrown) != nullptr) {
    return Error{.code = ErrorCode::kStoreUnavailable, .detail = one_line(thrown.what())};
  }
  // A conversion that failed would quote the value.
  return Error{.code = ErrorCode::kStoreFailed, .detail = "unexpected answer of the database"};
}

}  // namespace nakadachi::storage
