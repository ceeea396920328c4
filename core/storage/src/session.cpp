#include "session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "nakadachi/storage/login.hpp"

namespace nakadachi::storage {
namespace {

/// Settings a connection string of ours has unless it says otherwise. A peer that vanished is
/// noticed after about ten seconds.
struct Setting {
  std::string_view name;
  std::string_view value;
};
constexpr std::array<Setting, 8> kConnectionDefaults = {{{"connect_timeout", "5"},
                                                         // no login of ours is by Kerberos
                                                         {"gssencmode", "disable"},
                                                         {"keepalives_idle", "5"},
                                                         {"keepalives_interval", "2"},
                                                         {"keepalives_count", "3"},
                                                         {"tcp_user_timeout", "10000"},
                                                         {"client_encoding", "UTF8"},
                                                         // for trains only: never a standby
                                                         {"target_session_attrs", "read-write"}}};

constexpr std::string_view kDefaultPort = "5432";

std::string_view application_name(Purpose purpose) {
  switch (purpose) {
    case Purpose::kTrain:
      return "nakadachi-train";
    case Purpose::kTenant:
      return "nakadachi-node";
    case Purpose::kOperator:
      return "nakadachi-operator";
    case Purpose::kFinance:
      return "nakadachi-finance";
    case Purpose::kAdmin:
      return "nakadachi-admin";
  }
  return "nakadachi";
}

using LoginOptions = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

Result<LoginOptions> parse_login(const std::string& login) {
  char* message = nullptr;
  LoginOptions options(PQconninfoParse(login.c_str(), &message), &PQconninfoFree);
  PQfreemem(message);  // it can quote the string, and with it a password
  if (!options) return Error{.code = ErrorCode::kConfigInvalid, .field = "login"};
  return options;
}

void append_setting(std::string& conninfo, std::string_view name, std::string_view value) {
  conninfo.append(conninfo.empty() ? "" : " ").append(name).append("='");
  for (const char c : value) {
    if (c == '\'' || c == '\\') conninfo.push_back('\\');
    conninfo.push_back(c);
  }
  conninfo.push_back('\'');
}

/// The server notices a vanished client too, or the lane's lock would outlive its holder by hours.
std::string settings_sql(Purpose purpose, std::int64_t call_timeout_ms) {
  const bool bounded = purpose != Purpose::kTrain && purpose != Purpose::kAdmin;
  return fmt::format(
      "SET default_transaction_isolation = 'read committed';"
      "SET bytea_output = 'hex';"
      "SET standard_conforming_strings = on;"
      "SET lock_timeout = {};"
      "SET statement_timeout = {};"
      "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;"
      "SELECT set_config('synchronous_commit', 'on', false)"
      "  WHERE current_setting('synchronous_commit') = 'off'",
      purpose == Purpose::kAdmin ? 0 : call_timeout_ms / 2, bounded ? call_timeout_ms : 0);
}

}  // namespace

Result<std::vector<std::string>> servers_of(const std::string& login) {
  NAKADACHI_TRY(const LoginOptions options, parse_login(login));
  const auto list = [&](std::string_view name) {
    std::vector<std::string> values;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
      if (name != option->keyword || option->val == nullptr) continue;
      std::string_view rest = option->val;
      for (std::size_t comma = 0; comma != std::string_view::npos;) {
        comma = rest.find(',');
        values.emplace_back(rest.substr(0, comma));
        if (comma != std::string_view::npos) rest.remove_prefix(comma + 1);
      }
    }
    return values;
  };
  if (!list("service").empty()) {
    return Error{.code = ErrorCode::kConfigInvalid,
                 .field = "login",
                 .detail = "service= names its servers in another file"};
  }
  const std::vector<std::string> addresses = list("hostaddr");
  const std::vector<std::string> names = list("host");
  const std::vector<std::string> ports = list("port");
  std::vector<std::string> servers;
  for (std::size_t i = 0; i < std::max(addresses.size(), names.size()); ++i) {
    // Where both stand, the address is connected to and the name only checked.
    std::string host = i < addresses.size() ? addresses[i] : "";
    if (host.empty() && i < names.size()) host = names[i];
    if (host.empty() || host.front() == '/' || host.front() == '@') continue;  // a local socket
    const std::size_t which = ports.size() == 1 ? 0 : i;
    const std::string port = which < ports.size() ? ports[which] : "";
    servers.push_back(fmt::format("{}:{}",
                                  host.find(':') == std::string::npos ? host : "[" + host + "]",
                                  port.empty() ? kDefaultPort : port));
  }
  return servers;
}

Result<std::string> with_connection_defaults(const std::string& login, Purpose purpose) {
  NAKADACHI_TRY(const LoginOptions options, parse_login(login));
  std::string conninfo;
  append_setting(conninfo, "fallback_application_name", application_name(purpose));
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) append_setting(conninfo, option->keyword, option->val);
  }
  for (const Setting& setting : kConnectionDefaults) {
    bool given = false;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
      given = given || (setting.name == option->keyword && option->val != nullptr);
    }
    const bool for_this = purpose == Purpose::kTrain || setting.name != "target_session_attrs";
    if (!given && for_this) append_setting(conninfo, setting.name, setting.value);
  }
  return conninfo;
}

Session::Session(std::string login, Purpose purpose, std::int64_t call_timeout_ms)
    : login_(std::move(login)),
      purpose_(purpose),
      call_timeout_ms_(call_timeout_ms),
      watchdog_(Watchdog::shared()) {}

Result<Connection*> Session::connect() {
  if (connection_ && connection_->was_closed()) drop();
  if (connection_) return connection_.get();
  NAKADACHI_TRY(const std::string conninfo, with_connection_defaults(login_, purpose_));
  try {
    connection_ = std::make_unique<Connection>(conninfo);
  } catch (const std::exception& thrown) {
    Error error = error_of(thrown);
    error.code = ErrorCode::kStoreUnavailable;
    return error;
  }
  const Result<void> ready =
      run_guarded(*connection_, [this](Connection& connection) { return set_up(connection); });
  if (!ready) {
    drop();
    return ready.error();
  }
  return connection_.get();
}

Result<void> Session::set_up(Connection& connection) const {
  pqxx::nontransaction transaction(connection.pqxx());
  transaction.exec(settings_sql(purpose_, call_timeout_ms_));
  if (purpose_ == Purpose::kAdmin) return {};
  const pqxx::result role = transaction.exec(
      "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user");
  if (role.size() != 1 || role[0][0].as<bool>()) {
    return Error{.code = ErrorCode::kConfigInvalid,
                 .field = "login",
                 .detail = "the role is superuser or passes by row-level security"};
  }
  return {};
}

std::unique_ptr<Watchdog::Guard> Session::guard(const Connection& connection) const {
  return std::make_unique<Watchdog::Guard>(watchdog_, connection.watched_socket(),
                                           call_timeout_ms_);
}

void Session::drop_if_broken() noexcept {
  if (connection_ && !connection_->alive()) drop();
}

}  // namespace nakadachi::storage
