#include "nakadachi/storage/tenant_directory.hpp"

#include <utility>

#include "nakadachi/storage/postgres_store.hpp"
#include "session.hpp"
#include "tenant_tx.hpp"
#include "text_values.hpp"

namespace nakadachi::storage {

struct TenantDirectory::Impl {
  Impl(std::string operator_login, std::string node_login)
      : has_operator(!operator_login.empty()),
        operators(std::move(operator_login), Purpose::kOperator, kDefaultCallTimeoutMs),
        node(std::move(node_login), Purpose::kTenant, kDefaultCallTimeoutMs) {}

  bool has_operator;
  Session operators;
  Session node;
};

TenantDirectory::TenantDirectory(std::string operator_login, std::string node_login)
    : impl_(std::make_unique<Impl>(std::move(operator_login), std::move(node_login))) {}

TenantDirectory::~TenantDirectory() = default;

Result<void> TenantDirectory::join(const TenantRow& tenant) {
  return impl_->operators.run([&](Connection& connection) -> Result<void> {
    pqxx::work transaction(connection.pqxx());
    exec_params(transaction,
                "INSERT INTO nakadachi.lane (lane) VALUES ($1) ON CONFLICT (lane) DO NOTHING",
                std::to_string(tenant.lane.value));
    exec_params(transaction,
                "INSERT INTO nakadachi.tenant (tenant, name, population, lane)"
                " VALUES ($1, $2, $3, $4)",
                std::to_string(tenant.tenant.value), tenant.name, std::to_string(tenant.population),
                std::to_string(tenant.lane.value));
    transaction.commit();
    return {};
  });
}

Result<std::vector<TenantRow>> TenantDirectory::tenants() {
  Session& session = impl_->has_operator ? impl_->operators : impl_->node;
  return session.run([](Connection& connection) -> Result<std::vector<TenantRow>> {
    pqxx::nontransaction transaction(connection.pqxx());
    std::vector<TenantRow> tenants;
    for (const auto& row :
         transaction.exec("SELECT tenant, name, population, lane FROM nakadachi.tenants()")) {
      tenants.push_back({.tenant = TenantId{number_of<std::uint32_t>(row[0])},
                         .name = std::string(view_of(row[1])),
                         .population = number_of<std::uint32_t>(row[2]),
                         .lane = LaneId{number_of<std::uint16_t>(row[3])}});
    }
    return tenants;
  });
}

Result<void> TenantDirectory::put_key(TenantId tenant, const WrappedKeyRow& key) {
  NAKADACHI_TRY(TenantTx transaction, TenantTx::begin(impl_->node, tenant));
  NAKADACHI_TRY(
      const pqxx::result done,
      transaction.exec("INSERT INTO nakadachi.tenant_key (tenant, purpose, version, wrapped)"
                       " VALUES ($1, $2, $3, $4)",
                       std::to_string(tenant.value), key.purpose, std::to_string(key.version),
                       text_of(key.wrapped)));
  static_cast<void>(done);
  return transaction.commit();
}

Result<std::vector<WrappedKeyRow>> TenantDirectory::keys(TenantId tenant) {
  NAKADACHI_TRY(TenantTx transaction, TenantTx::begin(impl_->node, tenant));
  NAKADACHI_TRY(const pqxx::result rows,
                transaction.exec("SELECT purpose, version, wrapped FROM nakadachi.tenant_key"
                                 " WHERE tenant = $1 ORDER BY purpose COLLATE \"C\", version",
                                 std::to_string(tenant.value)));
  std::vector<WrappedKeyRow> keys;
  try {
    for (const auto& row : rows) {
      keys.push_back({.purpose = std::string(view_of(row[0])),
                      .version = number_of<std::uint32_t>(row[1]),
                      .wrapped = bytes_of(row[2])});
    }
  } catch (const std::exception& thrown) {
    return error_of(thrown);
  }
  return keys;
}

}  // namespace nakadachi::storage
