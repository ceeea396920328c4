#include "train_delivery.hpp"

#include <charconv>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "sql_error.hpp"
#include "train_copy.hpp"

namespace nakadachi::storage {
namespace {

using ResultPointer = std::unique_ptr<PGresult, decltype(&PQclear)>;

std::string_view field_of(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

std::optional<std::size_t> leading_number(std::string_view text) {
  std::size_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{}) return std::nullopt;
  return number;
}

/// The first number behind the table's name in "COPY step_all, line 3, column sealed". The words
/// may be in any language; the table's name has no digit.
std::optional<std::size_t> line_in(std::string_view context) {
  constexpr std::string_view kBefore = "COPY step_all";
  const std::size_t at = context.find(kBefore);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = context.substr(at + kBefore.size());
  rest = rest.substr(0, rest.find('\n'));
  const std::size_t digit = rest.find_first_of("0123456789");
  return digit == std::string_view::npos ? std::nullopt : leading_number(rest.substr(digit));
}

/// The leaf index of the row or change an error speaks of. Our own functions put it into DETAIL.
/// Lines of binary COPY are rows, counted from 1; the server names the right one also where it
/// inserts many at once.
std::optional<std::size_t> row_at_fault(const PGresult* result, std::size_t leaves) {
  std::optional<std::size_t> row;
  const std::string_view state = field_of(result, PG_DIAG_SQLSTATE);
  if (state == kStateTenantOfAnotherLane || state == kStateUniqueViolation) {
    row = leading_number(field_of(result, PG_DIAG_MESSAGE_DETAIL));
  }
  if (const auto line = line_in(field_of(result, PG_DIAG_CONTEXT)); !row && line && *line > 0) {
    row = *line - 1;
  }
  return row && *row < leaves ? row : std::nullopt;
}

/// One train on its way.
class Delivery {
 public:
  Delivery(Connection& connection, const Train& train) : connection_(connection), train_(train) {}

  AppendResult run() {
    static_cast<void>(connection_.take_intervention_warning());
    if (send_query() && send_rows()) read_end();
    settle();
    return verdict();
  }

 private:
  /// True when the server waits for rows.
  bool send_query() {
    if (PQsendQuery(raw(), train_sql(train_).c_str()) == 0) return false;
    while (const ResultPointer result = next()) {
      if (PQresultStatus(result.get()) == PGRES_COPY_IN) return true;
      if (!note(result.get())) return false;
    }
    return false;
  }

  /// True when the end of the data is, or may be, on its way.
  bool send_rows() {
    const Bytes data = copy_data(train_);
    const auto* const bytes = reinterpret_cast<const char*>(data.data());
    if (PQputCopyData(raw(), bytes, static_cast<int>(data.size())) != 1) return false;
    // libpq keeps a failure to send to itself until it reads. Looking now tells a connection that
    // broke before the end of the data was sent from one that broke later.
    if (PQconsumeInput(raw()) == 0) return false;
    end_sent_ = true;
    return PQputCopyEnd(raw(), nullptr) == 1;
  }

  void read_end() {
    while (const ResultPointer result = next()) {
      if (!note(result.get())) return;
      if (std::string_view(PQcmdStatus(result.get())) == "COMMIT") committed_ = true;
    }
  }

  /// Remembers an error; true when there was none.
  bool note(const PGresult* result) {
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return true;
    const std::string_view state = field_of(result, PG_DIAG_SQLSTATE);
    if (error_ || state.empty()) return false;
    rolled_back_ = field_of(result, PG_DIAG_SEVERITY_NONLOCALIZED) == "ERROR";
    error_ = error_of_state(state, field_of(result, PG_DIAG_CONSTRAINT_NAME));
    if (error_->code == ErrorCode::kRowConflict &&
        field_of(result, PG_DIAG_TABLE_NAME) == "train") {
      error_->code = ErrorCode::kStoreFailed;  // the number was used meanwhile
    }
    bad_row_ = row_at_fault(result, train_.rows.size() + train_.changes.size());
    return false;
  }

  /// Leaves the connection idle, or given up where that is not possible.
  void settle() {
    if (!connection_.alive()) return;
    if (error_ || committed_) {
      while (const ResultPointer result = next()) {
        if (PQresultStatus(result.get()) == PGRES_COPY_IN) break;
      }
    }
    if (PQtransactionStatus(raw()) == PQTRANS_INERROR) {
      const ResultPointer rolled_back(PQexec(raw(), "ROLLBACK"), &PQclear);
    }
    const bool read_only = error_ && error_->detail == kStateReadOnly;
    if (read_only || PQtransactionStatus(raw()) != PQTRANS_IDLE) connection_.give_up();
  }

  AppendResult verdict() {
    const bool gave_up_standby = connection_.take_intervention_warning();
    if (committed_ && !gave_up_standby) {
      return {.commit = Commit::kCommitted, .error = {}, .bad_row = {}};
    }
    if (!committed_ && (!end_sent_ || rolled_back_)) {
      Error error =
          error_.value_or(Error{.code = ErrorCode::kStoreUnavailable, .detail = "connection lost"});
      return {.commit = Commit::kFailed, .error = std::move(error), .bad_row = bad_row_};
    }
    Error error{.code = ErrorCode::kCommitUnknown};
    if (error_) error.detail = error_->detail;
    return {.commit = Commit::kUnknown, .error = std::move(error), .bad_row = {}};
  }

  PGconn* raw() const { return connection_.raw(); }
  ResultPointer next() const { return {PQgetResult(raw()), &PQclear}; }

  Connection& connection_;
  const Train& train_;
  bool end_sent_ = false;
  bool committed_ = false;
  bool rolled_back_ = false;
  std::optional<Error> error_;
  std::optional<std::size_t> bad_row_;
};

}  // namespace

AppendResult deliver(Connection& connection, const Train& train) {
  try {
    return Delivery(connection, train).run();
  } catch (const std::exception&) {
    // Out of memory, at a place nobody knows.
    connection.give_up();
    return {
        .commit = Commit::kUnknown, .error = {.code = ErrorCode::kCommitUnknown}, .bad_row = {}};
  }
}

}  // namespace nakadachi::storage
