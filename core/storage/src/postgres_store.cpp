#include "nakadachi/storage/postgres_store.hpp"

#include <limits>
#include <utility>

#include "session.hpp"
#include "step_pages.hpp"
#include "tenant_tx.hpp"
#include "text_values.hpp"
#include "train_check.hpp"
#include "train_delivery.hpp"

namespace nakadachi::storage {
namespace {

constexpr const char* kColumns =
    "SELECT exchange, step, outcome, lane, epoch, train, leaf_index, salt, leaf, sealed"
    " FROM nakadachi.step WHERE tenant = $1";

StoredStep step_of(const pqxx::row& row) {
  return {.exchange = fixed_of<ExchangeId>(row[0]),
          .step = static_cast<Step>(number_of<std::uint8_t>(row[1])),
          .outcome = number_of<std::uint16_t>(row[2]),
          .lane = LaneId{number_of<std::uint16_t>(row[3])},
          .epoch = Epoch{number_of<std::uint64_t>(row[4])},
          .train = TrainNumber{number_of<std::uint64_t>(row[5])},
          .leaf_index = number_of<std::uint16_t>(row[6]),
          .salt = fixed_of<Salt>(row[7]),
          .leaf = fixed_of<Digest>(row[8]),
          .sealed = bytes_of(row[9])};
}

Result<std::vector<StoredStep>> steps_of(const pqxx::result& rows) {
  std::vector<StoredStep> steps;
  steps.reserve(static_cast<std::size_t>(rows.size()));
  try {
    for (const auto& row : rows) steps.push_back(step_of(row));
  } catch (const std::exception& thrown) {
    return error_of(thrown);
  }
  return steps;
}

/// Beyond what the column holds no tenant can have rows.
bool storable(TenantId tenant) {
  return tenant.value <= static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max());
}

bool storable(std::uint64_t number) {
  return number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

}  // namespace

struct PostgresStore::Impl {
  explicit Impl(PostgresLogins logins)
      : train(std::move(logins.train), Purpose::kTrain, logins.call_timeout_ms),
        node(std::move(logins.node), Purpose::kTenant, logins.call_timeout_ms) {}

  Session train;
  Session node;
};

PostgresStore::PostgresStore(PostgresLogins logins)
    : impl_(std::make_unique<Impl>(std::move(logins))) {}

PostgresStore::~PostgresStore() = default;

Result<LaneGrant> PostgresStore::take_lane(LaneId lane, std::string_view writer) {
  if (writer.size() > kMaxWriterBytes) {
    return Error{.code = ErrorCode::kWrongLength, .field = "writer"};
  }
  return impl_->train.run([&](Connection& connection) -> Result<LaneGrant> {
    pqxx::nontransaction transaction(connection.pqxx());
    const pqxx::result granted =
        exec_params(transaction, "SELECT * FROM nakadachi.take_lane($1, $2)",
                    std::to_string(lane.value), std::string(writer));
    return LaneGrant{.epoch = Epoch{number_of<std::uint64_t>(granted[0][0])},
                     .last = TrainNumber{number_of<std::uint64_t>(granted[0][1])},
                     .low_water_bucket = number_of<std::uint32_t>(granted[0][2])};
  });
}

AppendResult PostgresStore::append(const Train& train) {
  if (auto refusal = refuse_malformed(train)) return *refusal;
  const Result<AppendResult> result = impl_->train.run(
      [&](Connection& connection) -> Result<AppendResult> { return deliver(connection, train); });
  if (result) return *result;
  // `deliver` throws nothing: there was no connection to send the train over.
  return {.commit = Commit::kFailed, .error = result.error(), .bad_row = {}};
}

Result<TrainFate> PostgresStore::read_back(LaneId lane, Epoch epoch, TrainNumber number) {
  if (!storable(epoch.value)) return ErrorCode::kLaneLost;
  return impl_->train.run([&](Connection& connection) -> Result<TrainFate> {
    pqxx::nontransaction transaction(connection.pqxx());
    const pqxx::result fate = exec_params(
        transaction, "SELECT * FROM nakadachi.read_back($1, $2, $3)", std::to_string(lane.value),
        std::to_string(epoch.value), std::to_string(storable(number.value) ? number.value : 0));
    return TrainFate{.committed = fate[0][0].as<bool>(),
                     .epoch = Epoch{number_of<std::uint64_t>(fate[0][1])}};
  });
}

Result<std::vector<StoredStep>> PostgresStore::find(TenantId tenant, const ExchangeId& exchange) {
  if (!storable(tenant)) return std::vector<StoredStep>{};
  NAKADACHI_TRY(TenantTx transaction, TenantTx::begin(impl_->node, tenant));
  NAKADACHI_TRY(const pqxx::result rows,
                transaction.exec(std::string(kColumns) + " AND exchange = $2 ORDER BY step",
                                 std::to_string(tenant.value), text_of(exchange.view())));
  return steps_of(rows);
}

Result<std::vector<StoredStep>> PostgresStore::scan(TenantId tenant, std::uint32_t from_bucket,
                                                    const std::optional<ExchangeId>& after,
                                                    std::size_t limit) {
  if (!storable(tenant)) return std::vector<StoredStep>{};
  const ExchangeId first = first_id_of_bucket(from_bucket);
  const bool goes_on = after && *after >= first;
  const std::size_t most = page_limit(limit);
  NAKADACHI_TRY(TenantTx transaction, TenantTx::begin(impl_->node, tenant));
  NAKADACHI_TRY(
      const pqxx::result rows,
      transaction.exec(std::string(kColumns) +
                           (goes_on ? " AND exchange > $2" : " AND exchange >= $2") +
                           " ORDER BY exchange, step LIMIT $3",
                       std::to_string(tenant.value), text_of((goes_on ? *after : first).view()),
                       std::to_string(most + 1)));
  NAKADACHI_TRY(std::vector<StoredStep> steps, steps_of(rows));
  drop_split_exchange(steps, most);
  return steps;
}

}  // namespace nakadachi::storage
