#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nakadachi/base/result.hpp"

namespace nakadachi::storage {

/// One numbered migration, embedded in the program, and what the database says of it.
struct MigrationState {
  std::uint32_t number = 0;
  std::string name;
  std::string
      checksum;  ///< SHA-256 of its text as hexadecimal, empty when only the database has it
  bool applied = false;
  /// Set when it was applied with another text than the program has now.
  std::optional<std::string> applied_checksum;
};

/// Compares program and database, ascending by number; also lists what the database has and
/// the program does not know. `admin_login` may create roles and objects (a superuser).
/// Errors: `kStoreUnavailable`, `kConfigInvalid` (the login is no connection string).
Result<std::vector<MigrationState>> migration_status(const std::string& admin_login);

/// Applies what is missing, each migration in a transaction of its own, under a
/// lock that keeps two runs apart. Returns the numbers applied.
/// Errors: `kMigrationMismatch` (an applied one has another checksum, or the
/// database is newer than the program): nothing is changed; `kStoreFailed` with
/// the number in `detail`: earlier ones stay, this one and later ones are not there.
Result<std::vector<std::uint32_t>> migrate(const std::string& admin_login);

}  // namespace nakadachi::storage
