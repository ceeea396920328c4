#pragma once

#include <memory>
#include <string>

#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"
#include "session.hpp"

namespace nakadachi::storage {

/// A transaction bound to one tenant: the only way to run SQL on tenants' tables. What it reads
/// and writes is confined to that tenant by row-level security; the binding ends with the
/// transaction. Move-only; rolled back unless committed. The session is this object's alone
/// meanwhile.
class TenantTx {
 public:
  /// Connects if need be, begins and binds. The whole transaction has one call's time.
  /// Errors: `kStoreUnavailable`, `kConfigInvalid`.
  static Result<TenantTx> begin(Session& session, TenantId tenant);

  ~TenantTx();
  TenantTx(TenantTx&& other) noexcept;
  TenantTx& operator=(TenantTx&& other) = delete;

  /// Runs one statement with `$1`, `$2` … bound to `arguments`. After an error only dropping is
  /// left. Errors: as `error_of_state` maps them.
  template <class... Arguments>
  Result<pqxx::result> exec(const std::string& sql, const Arguments&... arguments) {
    NAKADACHI_ASSERT(work_ != nullptr);
    try {
      return exec_params(*work_, sql, arguments...);
    } catch (const std::exception& thrown) {
      return error_of(thrown);
    }
  }

  /// Errors: `kCommitUnknown` when the connection broke meanwhile, else nothing was written.
  Result<void> commit();

 private:
  TenantTx(Session& session, Connection& connection);

  Session* session_;
  std::unique_ptr<Watchdog::Guard> guard_;
  std::unique_ptr<pqxx::work> work_;
};

}  // namespace nakadachi::storage
