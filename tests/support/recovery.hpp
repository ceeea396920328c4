#pragma once

#include <optional>
#include <utility>

#include "nakadachi/storage/exchange_store.hpp"
#include "nakadachi/tenant_vm/node_core.hpp"

namespace nakadachi::testing {

/// Gives a core a lane with one tenant and all the store has of it, in pages of `page`
/// rows; `LaneReady` is for the caller to say.
inline void recover_lane(tenant_vm::NodeCore& core, storage::ExchangeStore& store, LaneId lane,
                         TenantId tenant, Timestamp now, std::size_t page) {
  const auto grant = store.take_lane(lane, "test");
  const std::uint32_t from = tenant_vm::NodeCore::recovery_start(*grant, now);
  core.on(tenant_vm::LaneTaken{lane, *grant}, now);
  std::optional<std::pair<storage::Section, HoldingKey>> after_holding;
  while (true) {
    auto holdings = *store.scan_holdings(tenant, after_holding, page);
    if (holdings.empty()) break;
    after_holding = std::pair(holdings.back().section, holdings.back().key);
    core.on(tenant_vm::HoldingsRecovered{tenant, std::move(holdings)}, now);
  }
  std::optional<ExchangeId> after;
  while (true) {
    auto changes = *store.scan_changes(tenant, from, after, page);
    if (changes.empty()) break;
    after = changes.back().change;
    core.on(tenant_vm::ChangesRecovered{tenant, std::move(changes)}, now);
  }
  after.reset();
  while (true) {
    auto steps = *store.scan(tenant, from, after, page);
    if (steps.empty()) break;
    after = steps.back().exchange;
    core.on(tenant_vm::StepsRecovered{tenant, std::move(steps)}, now);
  }
}

}  // namespace nakadachi::testing
