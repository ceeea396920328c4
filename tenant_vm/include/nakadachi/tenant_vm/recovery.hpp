#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "nakadachi/records/log_tree.hpp"
#include "nakadachi/storage/exchange_store.hpp"
#include "nakadachi/tenant_vm/node_core.hpp"

namespace nakadachi::tenant_vm {

/// What a writer found when it took a lane.
struct Recovered {
  storage::LaneGrant grant;
  std::uint64_t rows = 0;  ///< holdings, changes and steps that were read
};

/// Takes the lane for `writer` and tells the core all that the store has of the lane's
/// tenants, in pages of `page` rows; `LaneReady` is for the caller to say. Before that it
/// keeps the delegations by which the core will sign. Blocks.
/// Errors: those of the store; `kLogGap`, `kLogNumberTwice` and `kLogHeadDiffers` when
/// a tenant's log is not the one its last train signed: then nobody may write to it.
Result<Recovered> recover_lane(NodeCore& core, storage::ExchangeStore& store, LaneId lane,
                               const std::vector<TenantId>& tenants, std::string_view writer,
                               Timestamp now, std::size_t page);

/// Where a tenant's log stands: its last checkpoint and the entries behind it, which
/// have to lead to the head its last train states. Errors: as above.
Result<records::Frontier> recover_log(storage::ExchangeStore& store, TenantId tenant,
                                      std::size_t page);

}  // namespace nakadachi::tenant_vm
