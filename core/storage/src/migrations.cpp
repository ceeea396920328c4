#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "migration_runner.hpp"
#include "nakadachi_embedded/migrations.hpp"
#include "session.hpp"
#include "text_values.hpp"

namespace nakadachi::storage {
namespace {

/// One row of nakadachi.migration.
struct Applied {
  std::uint32_t number = 0;
  std::string name;
  std::string checksum;
};

/// A migration may rewrite tables; only a server that is gone is given up.
constexpr std::int64_t kMigrationTimeoutMs = 6LL * 3600 * 1000;
constexpr std::int64_t kStatusTimeoutMs = 60 * 1000;

/// Where the runs of other programs are kept out, and what they did is written.
constexpr const char* kJournal =
    "CREATE SCHEMA IF NOT EXISTS nakadachi;"
    "CREATE TABLE IF NOT EXISTS nakadachi.migration ("
    "  number integer PRIMARY KEY CHECK (number > 0),"
    "  name text NOT NULL,"
    "  checksum text NOT NULL CHECK (checksum ~ '^[0-9a-f]{64}$'),"
    "  applied_at timestamptz NOT NULL DEFAULT now())";

bool has_journal(pqxx::transaction_base& transaction) {
  return !transaction.exec("SELECT to_regclass('nakadachi.migration')")[0][0].is_null();
}

std::vector<Applied> read_journal(pqxx::transaction_base& transaction) {
  std::vector<Applied> applied;
  for (const auto& row :
       transaction.exec("SELECT number, name, checksum FROM nakadachi.migration ORDER BY number")) {
    applied.push_back({number_of<std::uint32_t>(row[0]), std::string(view_of(row[1])),
                       std::string(view_of(row[2]))});
  }
  return applied;
}

std::string checksum_of(pqxx::transaction_base& transaction, std::string_view text) {
  const pqxx::result sum = exec_params(
      transaction, "SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')", std::string(text));
  return std::string(view_of(sum[0][0]));
}

std::vector<MigrationState> compare(pqxx::transaction_base& transaction,
                                    std::span<const Migration> known) {
  std::vector<MigrationState> states;
  for (const Migration& migration : known) {
    states.push_back({.number = migration.number,
                      .name = std::string(migration.name),
                      .checksum = checksum_of(transaction, migration.text),
                      .applied = false,
                      .applied_checksum = {}});
  }
  if (!has_journal(transaction)) return states;
  for (Applied& applied : read_journal(transaction)) {
    const auto state = std::ranges::find(states, applied.number, &MigrationState::number);
    if (state == states.end()) {
      states.push_back({.number = applied.number,
                        .name = std::move(applied.name),
                        .checksum = {},
                        .applied = true,
                        .applied_checksum = std::move(applied.checksum)});
      continue;
    }
    state->applied = true;
    if (state->checksum != applied.checksum) state->applied_checksum = std::move(applied.checksum);
  }
  std::ranges::sort(states, {}, &MigrationState::number);
  return states;
}

/// Errors: `kMigrationMismatch` when an applied one is not the program's.
Result<void> check_fit(const std::vector<MigrationState>& states) {
  bool earlier_missing = false;
  for (const MigrationState& state : states) {
    const bool out_of_order = state.applied && earlier_missing;
    if (state.applied_checksum || out_of_order) {
      return Error{.code = ErrorCode::kMigrationMismatch,
                   .detail = fmt::format(
                       "migration {}{}", state.number,
                       state.checksum.empty() ? " is newer than the program" : " differs")};
    }
    earlier_missing = earlier_missing || !state.applied;
  }
  return {};
}

/// Applies the first missing migration in a transaction of its own; its number, or 0 when none
/// is missing.
Result<std::uint32_t> apply_next(Connection& connection, std::span<const Migration> known) {
  std::uint32_t number = 0;
  try {
    pqxx::work transaction(connection.pqxx());
    if (!has_journal(transaction)) transaction.exec(kJournal);
    // Before anything is compared: a second run waits here and then finds the work done.
    transaction.exec("LOCK TABLE nakadachi.migration IN SHARE ROW EXCLUSIVE MODE");
    const std::vector<MigrationState> states = compare(transaction, known);
    NAKADACHI_CHECK(check_fit(states));
    const auto next = std::ranges::find(states, false, &MigrationState::applied);
    if (next == states.end()) return std::uint32_t{0};
    number = next->number;
    const auto migration = std::ranges::find(known, number, &Migration::number);
    transaction.exec(std::string(migration->text));
    transaction.exec("RESET ROLE");
    exec_params(transaction,
                "INSERT INTO nakadachi.migration (number, name, checksum) VALUES ($1, $2, $3)",
                std::to_string(number), next->name, next->checksum);
    transaction.commit();
    return number;
  } catch (const std::exception& thrown) {
    Error error = error_of(thrown);
    if (number == 0 || error.code == ErrorCode::kStoreUnavailable) return error;
    // Migrations hold no one's data: the server's words may be shown.
    error.code = ErrorCode::kStoreFailed;
    error.detail = fmt::format("migration {}: {}", number, thrown.what());
    return error;
  }
}

/// Two first runs at once both make the journal; the one that comes second is told so.
bool lost_race_for_journal(const Error& error) {
  return error.detail.starts_with("23505") || error.detail.starts_with("42P0");
}

Migration migration_of(std::string_view file_name, std::string_view content) {
  Migration migration{.number = 0, .name = file_name, .text = content};
  const auto [end, problem] =
      std::from_chars(file_name.data(), file_name.data() + file_name.size(), migration.number);
  NAKADACHI_ASSERT(problem == std::errc{} && *end == '_' && file_name.ends_with(".sql"));
  return migration;
}

}  // namespace

std::vector<Migration> embedded_migrations() {
  std::vector<Migration> migrations;
  for (const auto& file : embedded::migrations()) {
    migrations.push_back(migration_of(file.name, file.content));
    NAKADACHI_ASSERT(migrations.back().number == migrations.size());
  }
  return migrations;
}

Result<std::vector<MigrationState>> migration_status(const std::string& admin_login,
                                                     std::span<const Migration> known) {
  Session session(admin_login, Purpose::kAdmin, kStatusTimeoutMs);
  return session.run([&](Connection& connection) -> Result<std::vector<MigrationState>> {
    pqxx::work transaction(connection.pqxx());
    return compare(transaction, known);
  });
}

Result<std::vector<std::uint32_t>> migrate(const std::string& admin_login,
                                           std::span<const Migration> known) {
  Session session(admin_login, Purpose::kAdmin, kMigrationTimeoutMs);
  std::vector<std::uint32_t> done;
  bool retried = false;
  while (true) {
    const Result<std::uint32_t> number =
        session.run([&](Connection& connection) { return apply_next(connection, known); });
    if (number && *number == 0) return done;
    if (number) {
      done.push_back(*number);
    } else if (done.empty() && !retried && lost_race_for_journal(number.error())) {
      retried = true;
    } else {
      return number.error();
    }
  }
}

Result<std::vector<MigrationState>> migration_status(const std::string& admin_login) {
  return migration_status(admin_login, embedded_migrations());
}

Result<std::vector<std::uint32_t>> migrate(const std::string& admin_login) {
  return migrate(admin_login, embedded_migrations());
}

}  // namespace nakadachi::storage
