#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nakadachi/storage/migrations.hpp"

namespace nakadachi::storage {

/// A migration of the program: number and name from its file's name, `0001_roles.sql`.
struct Migration {
  std::uint32_t number = 0;
  std::string_view name;
  std::string_view text;
};

/// The embedded ones, ascending, numbered from 1 without gaps.
std::vector<Migration> embedded_migrations();

/// `migration_status` and `migrate` for the migrations given.
Result<std::vector<MigrationState>> migration_status(const std::string& admin_login,
                                                     std::span<const Migration> known);
Result<std::vector<std::uint32_t>> migrate(const std::string& admin_login,
                                           std::span<const Migration> known);

}  // namespace nakadachi::storage
