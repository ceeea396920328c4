#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"

namespace nakadachi::storage {

/// One tenant as the service knows it.
struct TenantRow {
  TenantId tenant;
  std::string name;
  std::uint32_t population = 0;
  LaneId lane;

  friend bool operator==(const TenantRow&, const TenantRow&) = default;
};

/// One wrapped secret of a tenant: its master key, an institution's signing or
/// sealing key. What wraps it is said in core/crypto/keys.hpp.
struct WrappedKeyRow {
  std::string purpose;  ///< "master", "signing/<institution>", "sealing/<institution>"
  std::uint32_t version = 1;
  Bytes wrapped;

  friend bool operator==(const WrappedKeyRow&, const WrappedKeyRow&) = default;
};

/// Tenants, their lanes and wrapped keys. Blocking, one thread at a time.
class TenantDirectory {
 public:
  /// `operator_login`: role nakadachi_operator (joins tenants, assigns lanes; no
  /// keys, no steps). `node_login`: role nakadachi_node (keys of one bound
  /// tenant). Either may be empty when only the other's calls are used.
  TenantDirectory(std::string operator_login, std::string node_login);
  ~TenantDirectory();

  /// Adds the tenant and makes its lane when new. Errors: `kRowConflict` when it
  /// has joined already, `kStoreUnavailable`.
  Result<void> join(const TenantRow& tenant);
  /// All tenants, ascending by id. Either login. Errors: `kStoreUnavailable`.
  Result<std::vector<TenantRow>> tenants();
  /// Errors: `kRowConflict` when this purpose and version is there already.
  Result<void> put_key(TenantId tenant, const WrappedKeyRow& key);
  /// Ascending by purpose and version.
  Result<std::vector<WrappedKeyRow>> keys(TenantId tenant);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nakadachi::storage
