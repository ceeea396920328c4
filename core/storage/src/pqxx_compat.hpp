#pragma once

#include <fcntl.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <utility>

/// The one place that knows how libpqxx 6.4 (Debian 12) and 7 (Debian 13) differ.
namespace nakadachi::storage {

#if PQXX_VERSION_MAJOR < 7

/// Keeps the libpq handle that libpqxx 6 hides; connection policies are its public way in.
class KeepingPolicy final : public pqxx::connect_direct {
 public:
  using pqxx::connect_direct::connect_direct;
  handle do_startconnect(handle original) override {
    return kept_ = pqxx::connect_direct::do_startconnect(original);
  }
  handle do_completeconnect(handle original) override {
    return kept_ = pqxx::connect_direct::do_completeconnect(original);
  }
  PGconn* kept() const noexcept { return kept_; }

 private:
  PGconn* kept_ = nullptr;
};

class PqxxConnection final : public pqxx::connection_base {
 public:
  explicit PqxxConnection(const std::string& conninfo)
      : pqxx::connection_base(policy_), policy_(conninfo) {
    init();
// It would connect again by itself and forget the session's settings.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    inhibit_reactivation(true);
#pragma GCC diagnostic pop
  }
  ~PqxxConnection() noexcept { close(); }
  PqxxConnection(const PqxxConnection&) = delete;
  PqxxConnection& operator=(const PqxxConnection&) = delete;
  PGconn* raw() const noexcept { return policy_.kept(); }

 private:
  KeepingPolicy policy_;
};

/// Runs one statement with `$1`, `$2` … bound to `arguments`.
template <class... Arguments>
pqxx::result exec_params(pqxx::transaction_base& transaction, const std::string& sql,
                         const Arguments&... arguments) {
  return transaction.exec_params(sql, arguments...);
}

#else

class PqxxConnection final {
 public:
  explicit PqxxConnection(const std::string& conninfo)
      : raw_(connect(conninfo)), connection_(pqxx::connection::seize_raw_connection(raw_)) {}
  operator pqxx::connection&() noexcept { return connection_; }  // NOLINT(*-explicit-*)
  PGconn* raw() const noexcept { return raw_; }

 private:
  static PGconn* connect(const std::string& conninfo) {
    std::unique_ptr<PGconn, decltype(&PQfinish)> made(PQconnectdb(conninfo.c_str()), &PQfinish);
    if (PQstatus(made.get()) != CONNECTION_OK) {
      throw pqxx::broken_connection(PQerrorMessage(made.get()));
    }
    return made.release();
  }

  PGconn* raw_;
  pqxx::connection connection_;
};

/// Runs one statement with `$1`, `$2` … bound to `arguments`.
template <class... Arguments>
pqxx::result exec_params(pqxx::transaction_base& transaction, const std::string& sql,
                         const Arguments&... arguments) {
  return transaction.exec(sql, pqxx::params{arguments...});
}

#endif

/// A connection for libpqxx and, where that has no word for it, for libpq. Throws what libpqxx
/// throws. Once broken it stays broken.
class Connection {
 public:
  explicit Connection(const std::string& conninfo)
      : pqxx_(conninfo), watched_socket_(fcntl(PQsocket(pqxx_.raw()), F_DUPFD_CLOEXEC, 0)) {
    // Notices would go to standard error.
    PQsetNoticeReceiver(pqxx_.raw(), &Connection::on_notice, this);
    if (watched_socket_ < 0) throw pqxx::broken_connection("no file descriptor left");
  }
  ~Connection() {
    if (watched_socket_ >= 0) ::close(watched_socket_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  PqxxConnection& pqxx() noexcept { return pqxx_; }
  PGconn* raw() const noexcept { return pqxx_.raw(); }
  bool alive() const noexcept { return !given_up_ && PQstatus(raw()) == CONNECTION_OK; }
  /// Whether the server has closed an idle connection: seen without asking it. Besides sparing a
  /// call its failure, this keeps libpqxx 6.4 from losing a result, as it does whenever a
  /// connection breaks under a statement.
  bool was_closed() noexcept {
    // The first look may find the server's farewell, the second then finds the end.
    return !alive() || PQconsumeInput(raw()) == 0 || PQisBusy(raw()) != 0 ||
           PQconsumeInput(raw()) == 0 || !alive();
  }
  /// From now on it counts as broken: nobody knows what it would say next.
  void give_up() noexcept { given_up_ = true; }

  /// A second descriptor of the socket, valid as long as this object, for the watchdog: libpq
  /// closes its own when it sees the connection break.
  int watched_socket() const noexcept { return watched_socket_; }

  /// Whether the server warned, since this was asked last, that somebody broke off what it was
  /// doing (class 57). At a commit it means: here, but perhaps not on the standby.
  bool take_intervention_warning() noexcept { return std::exchange(intervention_, false); }

 private:
  static void on_notice(void* self, const PGresult* notice) noexcept {
    const char* state = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
    if (state != nullptr && state[0] == '5' && state[1] == '7') {
      static_cast<Connection*>(self)->intervention_ = true;
    }
  }

  PqxxConnection pqxx_;
  int watched_socket_;
  bool intervention_ = false;
  bool given_up_ = false;
};

}  // namespace nakadachi::storage
