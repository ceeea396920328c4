#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "nakadachi/base/result.hpp"
#include "pqxx_compat.hpp"
#include "sql_error.hpp"
#include "watchdog.hpp"

namespace nakadachi::storage {

/// What a session is for; decides its settings.
enum class Purpose : std::uint8_t {
  /// Writes trains. No limit of time in the server: it would turn a commit that still waits for
  /// its standby into an acknowledged one. Locks are waited for half as long as the call may take.
  kTrain,
  kTenant,    ///< reads and writes rows of one tenant at a time
  kOperator,  ///< tenants and lanes
  kFinance,   ///< roll-ups and bills
  kAdmin      ///< migrations; the only one that may be superuser
};

/// One login's connection: made when first used, dropped when broken and made anew by the next
/// call. One thread at a time.
class Session {
 public:
  Session(std::string login, Purpose purpose, std::int64_t call_timeout_ms);

  /// The connection, made if there is none or the server has closed it. Errors:
  /// `kStoreUnavailable`, `kConfigInvalid` for a login that row-level security does not hold.
  Result<Connection*> connect();

  /// Calls `body(Connection&)`, which returns a `Result`, and turns what it throws into errors.
  /// After the call's time is over the connection is cut, so it always ends.
  template <class Body>
  std::invoke_result_t<Body, Connection&> run(const Body& body) {
    NAKADACHI_TRY(Connection* const connection, connect());
    auto result = run_guarded(*connection, body);
    if (!result && result.error().detail == kStateReadOnly) connection->give_up();
    drop_if_broken();
    return result;
  }

  /// Where `run` does not fit: the caller holds this while it uses `connect()`'s connection and
  /// calls `drop_if_broken` afterwards.
  std::unique_ptr<Watchdog::Guard> guard(const Connection& connection) const;
  void drop_if_broken() noexcept;
  void drop() noexcept { connection_.reset(); }

 private:
  template <class Body>
  std::invoke_result_t<Body, Connection&> run_guarded(Connection& connection, const Body& body) {
    const Watchdog::Guard guard(watchdog_, connection.watched_socket(), call_timeout_ms_);
    try {
      return body(connection);
    } catch (const std::exception& thrown) {
      Error error = error_of(thrown);
      if (guard.expired()) error.detail = "no answer of the database in time";
      return error;
    }
  }
  /// Settings of a new connection; throws.
  Result<void> set_up(Connection& connection) const;

  std::string login_;
  Purpose purpose_;
  std::int64_t call_timeout_ms_;
  std::shared_ptr<Watchdog> watchdog_;
  std::unique_ptr<Connection> connection_;
};

/// `login` with limits of time for connecting and for noticing a dead peer, where it has none.
/// Errors: `kConfigInvalid` when it is not a libpq connection string.
Result<std::string> with_connection_defaults(const std::string& login, Purpose purpose);

}  // namespace nakadachi::storage
