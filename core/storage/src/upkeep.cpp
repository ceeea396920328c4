#include "nakadachi/storage/upkeep.hpp"

#include "session.hpp"

namespace nakadachi::storage {
namespace {

/// Copies of a large town are some gigabytes; a rewrite reads and writes them once.
constexpr std::int64_t kWipeTimeoutMs = 6LL * 3'600 * 1'000;

/// Of a table or of all its partitions.
constexpr const char* kSize =
    "SELECT coalesce(sum(pg_total_relation_size(relid)), 0) FROM pg_partition_tree($1)";

}  // namespace

Result<WipedBytes> wipe_erased(const std::string& admin_login, Holdings which) {
  const std::string table =
      which == Holdings::kAll ? "nakadachi.holding" : "nakadachi.holding_acquisition";
  Session session(admin_login, Purpose::kAdmin, kWipeTimeoutMs);
  return session.run([&](Connection& connection) -> Result<WipedBytes> {
    pqxx::nontransaction statements(connection.pqxx());  // VACUUM refuses to run in one
    const auto size = [&] {
      return exec_params(statements, kSize, table)[0][0].as<std::uint64_t>();
    };
    WipedBytes wiped;
    wiped.before = size();
    statements.exec("VACUUM FULL " + table);
    statements.exec("CHECKPOINT");
    wiped.after = size();
    return wiped;
  });
}

}  // namespace nakadachi::storage
