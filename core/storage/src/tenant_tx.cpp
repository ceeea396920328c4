#include "tenant_tx.hpp"

#include <utility>

namespace nakadachi::storage {

TenantTx::TenantTx(Session& session, Connection& connection)
    : session_(&session),
      guard_(session.guard(connection)),
      work_(std::make_unique<pqxx::work>(connection.pqxx())) {}

Result<TenantTx> TenantTx::begin(Session& session, TenantId tenant) {
  NAKADACHI_TRY(Connection* const connection, session.connect());
  std::optional<TenantTx> begun;
  try {
    begun.emplace(TenantTx(session, *connection));
  } catch (const std::exception& thrown) {
    session.drop_if_broken();
    return error_of(thrown);
  }
  NAKADACHI_TRY(
      const pqxx::result bound,
      begun->exec("SELECT set_config('nakadachi.tenant', $1, true)", std::to_string(tenant.value)));
  NAKADACHI_ASSERT(bound.size() == 1);
  return std::move(*begun);
}

TenantTx::TenantTx(TenantTx&& other) noexcept
    : session_(std::exchange(other.session_, nullptr)),
      guard_(std::move(other.guard_)),
      work_(std::move(other.work_)) {}

TenantTx::~TenantTx() {
  if (session_ == nullptr) return;
  work_.reset();
  guard_.reset();
  session_->drop_if_broken();
}

Result<void> TenantTx::commit() {
  NAKADACHI_ASSERT(work_ != nullptr);
  try {
    work_->commit();
    return {};
  } catch (const std::exception& thrown) {
    return error_of(thrown);
  }
}

}  // namespace nakadachi::storage
