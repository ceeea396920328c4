#include "nakadachi/tenant_vm/recovery.hpp"

#include <optional>
#include <utility>

#include "nakadachi/records/log_head.hpp"
#include "nakadachi/tenant_vm/log_rows.hpp"

namespace nakadachi::tenant_vm {
namespace {

/// Reads pages with `read` until one is empty and gives each to `take`.
template <class Read, class Take>
Result<void> for_each_page(Read read, Take take) {
  while (true) {
    NAKADACHI_TRY(auto page, read());
    if (page.empty()) return {};
    take(std::move(page));
  }
}

/// What the tenant holds, then what it changed and asked lately; tells how many rows.
Result<std::uint64_t> recover_rows(NodeCore& core, storage::ExchangeStore& store, TenantId tenant,
                                   std::uint32_t from, Timestamp now, std::size_t page) {
  std::uint64_t rows = 0;
  std::optional<std::pair<storage::Section, HoldingKey>> after_holding;
  NAKADACHI_CHECK(for_each_page([&] { return store.scan_holdings(tenant, after_holding, page); },
                                [&](std::vector<storage::Holding> holdings) {
                                  after_holding =
                                      std::pair(holdings.back().section, holdings.back().key);
                                  rows += holdings.size();
                                  core.on(HoldingsRecovered{tenant, std::move(holdings)}, now);
                                }));
  std::optional<ExchangeId> after;
  NAKADACHI_CHECK(for_each_page([&] { return store.scan_changes(tenant, from, after, page); },
                                [&](std::vector<storage::StoredChange> changes) {
                                  after = changes.back().change;
                                  rows += changes.size();
                                  core.on(ChangesRecovered{tenant, std::move(changes)}, now);
                                }));
  after.reset();
  NAKADACHI_CHECK(for_each_page([&] { return store.scan(tenant, from, after, page); },
                                [&](std::vector<storage::StoredStep> steps) {
                                  after = steps.back().exchange;
                                  rows += steps.size();
                                  core.on(StepsRecovered{tenant, std::move(steps)}, now);
                                }));
  return rows;
}

/// What the last train of the tenant says of its log; nothing before the first one.
Result<std::optional<records::LogHead>> last_head(storage::ExchangeStore& store, TenantId tenant,
                                                  std::uint64_t size) {
  if (size == 0) return std::optional<records::LogHead>();
  NAKADACHI_TRY(const auto last, store.scan_log(tenant, size - 1, 1));
  if (last.empty()) return Error{.code = ErrorCode::kLogGap};
  const auto [lane, number] =
      std::visit([](const auto& row) { return std::pair(row.lane, row.train); }, last.front());
  NAKADACHI_TRY(const auto train, store.find_train(lane, number));
  if (!train) return Error{.code = ErrorCode::kLogHeadDiffers};
  for (const storage::Head& head : train->heads) {
    if (head.tenant == tenant) {
      return std::optional(records::LogHead{head.tenant, head.size, head.root});
    }
  }
  return Error{.code = ErrorCode::kLogHeadDiffers};
}

}  // namespace

Result<records::Frontier> recover_log(storage::ExchangeStore& store, TenantId tenant,
                                      std::size_t page) {
  records::Frontier frontier;
  NAKADACHI_TRY(auto checkpoint, store.last_checkpoint(tenant));
  if (checkpoint) {
    NAKADACHI_TRY(frontier,
                  records::Frontier::restore(checkpoint->size, std::move(checkpoint->frontier)));
  }
  while (true) {
    NAKADACHI_TRY(const auto entries, store.scan_log(tenant, frontier.size(), page));
    if (entries.empty()) break;
    for (const storage::LogEntry& row : entries) {
      if (storage::log_number(row) != frontier.size()) return Error{.code = ErrorCode::kLogGap};
      frontier.append(records::entry_hash(entry_of(tenant, row)));
    }
  }
  NAKADACHI_TRY(const auto head, last_head(store, tenant, frontier.size()));
  if (head && *head != records::head_of(tenant, frontier)) {
    return Error{.code = ErrorCode::kLogHeadDiffers};
  }
  return frontier;
}

Result<Recovered> recover_lane(NodeCore& core, storage::ExchangeStore& store, LaneId lane,
                               const std::vector<TenantId>& tenants, std::string_view writer,
                               Timestamp now, std::size_t page) {
  Recovered recovered;
  NAKADACHI_TRY(recovered.grant, store.take_lane(lane, writer));
  const std::uint32_t from = NodeCore::recovery_start(recovered.grant, now);
  core.on(LaneTaken{lane, recovered.grant}, now);
  for (const TenantId tenant : tenants) {
    NAKADACHI_CHECK(store.keep_delegations(tenant, core.delegations_of(tenant)));
    NAKADACHI_TRY(records::Frontier log, recover_log(store, tenant, page));
    core.on(LogRecovered{tenant, std::move(log)}, now);
    NAKADACHI_TRY(const std::uint64_t rows, recover_rows(core, store, tenant, from, now, page));
    recovered.rows += rows;
  }
  return recovered;
}

}  // namespace nakadachi::tenant_vm
