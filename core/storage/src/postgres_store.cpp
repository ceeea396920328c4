#include "nakadachi/storage/postgres_store.hpp"

#include <limits>
#include <stdexcept>
#include <utility>

#include "heads.hpp"
#include "pages.hpp"
#include "session.hpp"
#include "tenant_tx.hpp"
#include "text_values.hpp"
#include "train_check.hpp"
#include "train_delivery.hpp"

namespace nakadachi::storage {
namespace {

// Steps and changes have the same columns in the same places, so that a log is read as one list.
constexpr const char* kSteps =
    "SELECT number, lane, epoch, train, leaf_index, cause, persons, messages_in, messages_out,"
    " bytes_in, bytes_out, salt, leaf, exchange, sealed, step, outcome,"
    " false AS erase, NULL::bytea AS key"
    " FROM nakadachi.step WHERE tenant = $1";
constexpr const char* kChanges =
    "SELECT number, lane, epoch, train, leaf_index, cause, persons, messages_in, messages_out,"
    " bytes_in, bytes_out, salt, leaf, change, record, section, 0, erase, key"
    " FROM nakadachi.change WHERE tenant = $1";
// As the two above, without what is sealed: for who needs the entries of a log alone.
constexpr const char* kStepEntries =
    "SELECT number, lane, epoch, train, leaf_index, cause, persons, messages_in, messages_out,"
    " bytes_in, bytes_out, salt, leaf, exchange, ''::bytea AS sealed, step, outcome,"
    " false AS erase, NULL::bytea AS key"
    " FROM nakadachi.step WHERE tenant = $1";
constexpr const char* kChangeEntries =
    "SELECT number, lane, epoch, train, leaf_index, cause, persons, messages_in, messages_out,"
    " bytes_in, bytes_out, salt, leaf, change, ''::bytea, section, 0, erase, key"
    " FROM nakadachi.change WHERE tenant = $1";
constexpr const char* kHoldings =
    "SELECT section, key, value FROM nakadachi.holding WHERE tenant = $1";

Units units_of(const pqxx::row& row) {
  return {.cause = static_cast<Cause>(number_of<std::uint8_t>(row[5])),
          .persons = number_of<std::uint16_t>(row[6]),
          .messages_in = number_of<std::uint16_t>(row[7]),
          .messages_out = number_of<std::uint16_t>(row[8]),
          .bytes_in = number_of<std::uint32_t>(row[9]),
          .bytes_out = number_of<std::uint32_t>(row[10])};
}

StoredStep step_of(const pqxx::row& row) {
  return {.exchange = fixed_of<ExchangeId>(row[13]),
          .step = static_cast<Step>(number_of<std::uint8_t>(row[15])),
          .outcome = number_of<std::uint16_t>(row[16]),
          .lane = LaneId{number_of<std::uint16_t>(row[1])},
          .epoch = Epoch{number_of<std::uint64_t>(row[2])},
          .train = TrainNumber{number_of<std::uint64_t>(row[3])},
          .leaf_index = number_of<std::uint16_t>(row[4]),
          .number = number_of<std::uint64_t>(row[0]),
          .units = units_of(row),
          .salt = fixed_of<Salt>(row[11]),
          .leaf = fixed_of<Digest>(row[12]),
          .sealed = bytes_of(row[14])};
}

StoredChange change_of(const pqxx::row& row) {
  return {.change = fixed_of<ExchangeId>(row[13]),
          .section = static_cast<Section>(number_of<std::uint8_t>(row[15])),
          .key = fixed_of<HoldingKey>(row[18]),
          .erase = row[17].as<bool>(),
          .lane = LaneId{number_of<std::uint16_t>(row[1])},
          .epoch = Epoch{number_of<std::uint64_t>(row[2])},
          .train = TrainNumber{number_of<std::uint64_t>(row[3])},
          .leaf_index = number_of<std::uint16_t>(row[4]),
          .number = number_of<std::uint64_t>(row[0]),
          .units = units_of(row),
          .salt = fixed_of<Salt>(row[11]),
          .leaf = fixed_of<Digest>(row[12]),
          .record = bytes_of(row[14])};
}

/// Only changes have a key.
LogEntry entry_of(const pqxx::row& row) {
  if (row[18].is_null()) return step_of(row);
  return change_of(row);
}

Checkpoint checkpoint_of(TenantId tenant, const pqxx::row& row) {
  auto frontier = decode_digests(bytes_of(row[1]));
  if (!frontier) throw std::range_error("not the frontier expected");
  return {
      .tenant = tenant, .size = number_of<std::uint64_t>(row[0]), .frontier = std::move(*frontier)};
}

StoredTrain train_of(LaneId lane, const pqxx::row& row) {
  auto heads = decode_heads(bytes_of(row[9]));
  if (!heads) throw std::range_error("not the heads expected");
  return {.lane = lane,
          .epoch = Epoch{number_of<std::uint64_t>(row[1])},
          .number = TrainNumber{number_of<std::uint64_t>(row[0])},
          .low_water_bucket = number_of<std::uint32_t>(row[2]),
          .rows = number_of<std::uint16_t>(row[3]),
          .changes = number_of<std::uint16_t>(row[4]),
          .root = fixed_of<Digest>(row[6]),
          .signed_at = Timestamp{number_of<std::int64_t>(row[5])},
          .signer = fixed_of<PublicKey>(row[7]),
          .signature = fixed_of<Signature>(row[8]),
          .heads = std::move(*heads)};
}

KeptDelegation delegation_of(const pqxx::row& row) {
  const auto institution = InstitutionCode::from_number(number_of<std::uint64_t>(row[0]));
  if (!institution) throw std::range_error("not the institution expected");
  return {.institution = *institution,
          .node_key = fixed_of<PublicKey>(row[1]),
          .from = Timestamp{number_of<std::int64_t>(row[2])},
          .until = Timestamp{number_of<std::int64_t>(row[3])},
          .signature = fixed_of<Signature>(row[4])};
}

Holding holding_of(const pqxx::row& row) {
  return {.section = static_cast<Section>(number_of<std::uint8_t>(row[0])),
          .key = fixed_of<HoldingKey>(row[1]),
          .value = bytes_of(row[2])};
}

template <class Read>
auto all_of(const pqxx::result& rows, const Read& read)
    -> Result<std::vector<decltype(read(rows[0]))>> {
  std::vector<decltype(read(rows[0]))> all;
  all.reserve(static_cast<std::size_t>(rows.size()));
  try {
    for (const auto& row : rows) all.push_back(read(row));
  } catch (const std::exception& thrown) {
    return error_of(thrown);
  }
  return all;
}

/// What is there when `rows` are one or none.
template <class Read>
auto one_of(const pqxx::result& rows, const Read& read)
    -> Result<std::optional<decltype(read(rows[0]))>> {
  using Found = std::optional<decltype(read(rows[0]))>;
  NAKADACHI_TRY(auto found, all_of(rows, read));
  return found.empty() ? Found() : Found(std::move(found.front()));
}

/// The greatest checkpoint of at most `entry_number`, and the entries from it up to the head.
Result<void> read_log(TenantTx& transaction, TenantId tenant, std::uint64_t entry_number,
                      std::uint64_t size, StoredProof& proof) {
  NAKADACHI_TRY(const pqxx::result points,
                transaction.exec("SELECT size, frontier FROM nakadachi.log_checkpoint"
                                 " WHERE tenant = $1 AND size <= $2 ORDER BY size DESC LIMIT 1",
                                 std::to_string(tenant.value), std::to_string(entry_number)));
  NAKADACHI_TRY(proof.checkpoint,
                one_of(points, [&](const pqxx::row& row) { return checkpoint_of(tenant, row); }));
  constexpr const char* kPart = " AND number >= $2 AND number < $3)";
  std::string sql = "(";
  sql.append(kStepEntries).append(kPart).append(" UNION ALL (").append(kChangeEntries);
  sql.append(kPart).append(" ORDER BY number");
  NAKADACHI_TRY(const pqxx::result rows,
                transaction.exec(sql, std::to_string(tenant.value),
                                 std::to_string(proof.checkpoint ? proof.checkpoint->size : 0),
                                 std::to_string(size)));
  NAKADACHI_TRY(proof.entries, all_of(rows, entry_of));
  return {};
}

Result<std::optional<KeptDelegation>> read_delegation(TenantTx& transaction, TenantId tenant,
                                                      const StoredTrain& train,
                                                      const InstitutionCode& wished) {
  NAKADACHI_TRY(
      const pqxx::result rows,
      transaction.exec("SELECT institution, node_key, from_ms, until_ms, signature"
                       " FROM nakadachi.delegation WHERE tenant = $1 AND node_key = $2"
                       " AND from_ms <= $3 AND until_ms > $3"
                       " ORDER BY institution = $4 DESC, until_ms DESC LIMIT 1",
                       std::to_string(tenant.value), text_of(train.signer.view()),
                       std::to_string(train.signed_at.ms), std::to_string(wished.number())));
  return one_of(rows, delegation_of);
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
                transaction.exec(std::string(kSteps) + " AND exchange = $2 ORDER BY step",
                                 std::to_string(tenant.value), text_of(exchange.view())));
  return all_of(rows, step_of);
}

Result<std::vector<StoredStep>> PostgresStore::scan(TenantId tenant, std::uint32_t from_bucket,
                                                    const std::optional<ExchangeId>& after,
                                                    std::size_t limit) {
  if (!storable(tenant)) return std::vector<StoredStep>{};
  const ExchangeId first = first_id_of_bucket(from_bucket);
  const bool goes_on = after && *after >= first;
  const std::size_t most = steps_of_page(limit);
  NAKADACHI_TRY(TenantTx transaction, TenantTx::begin(impl_->node, tenant));
  NAKADACHI_TRY(const pqxx::result rows,
                transaction.exec(
                    std::string(kSteps) + (goes_on ? " AND exchange > $2" : " AND exchange >= $2") +
                        " ORDER BY exchange, step LIMIT $3",
                    std::to_string(tenant.value), text_of((goes_on ? *after : first).view()),
                    std::to_string(most + 1)));
  NAKADACHI_TRY(std::vector<StoredStep> steps, all_of(rows, step_of));
  drop_split_exchange(steps, most);
  return steps;
}

Result<std::vector<Holding>> PostgresStore::scan_holdings(
    TenantId tenant, const std::optional<std::pair<Section, HoldingKey>>& after,
    std::size_t limit) {
  if (!storable(tenant)) return std::vector<Holding>{};
  // No section has number 0: the least of all comes after that.
  const auto [section, key] = after.value_or(std::pair{Section{}, HoldingKey{}});
  NAKADACHI_TRY(TenantTx transaction, TenantTx::begin(impl_->node, tenant));
  NAKADACHI_TRY(
      const pqxx::result rows,
      transaction.exec(std::string(kHoldings) + " AND (section, key) > ($2::smallint, $3::bytea)"
                                                " ORDER BY section, key LIMIT $4",
                       std::to_string(tenant.value), std::to_string(static_cast<unsigned>(section)),
                       text_of(key.view()), std::to_string(rows_of_page(limit))));
  return all_of(rows, holding_of);
}

Result<std::vector<StoredChange>> PostgresStore::scan_changes(
    TenantId tenant, std::uint32_t from_bucket, const std::optional<ExchangeId>& after,
    std::size_t limit) {
  if (!storable(tenant)) return std::vector<StoredChange>{};
  const ExchangeId first = first_id_of_bucket(from_bucket);
  const bool goes_on = after && *after >= first;
  NAKADACHI_TRY(TenantTx transaction, TenantTx::begin(impl_->node, tenant));
  NAKADACHI_TRY(const pqxx::result rows,
                transaction.exec(
                    std::string(kChanges) + (goes_on ? " AND change > $2" : " AND change >= $2") +
                        " ORDER BY change LIMIT $3",
                    std::to_string(tenant.value), text_of((goes_on ? *after : first).view()),
                    std::to_string(rows_of_page(limit))));
  return all_of(rows, change_of);
}

Result<std::optional<StoredChange>> PostgresStore::find_change(TenantId tenant,
                                                               const ExchangeId& change) {
  if (!storable(tenant)) return std::optional<StoredChange>{};
  NAKADACHI_TRY(TenantTx transaction, TenantTx::begin(impl_->node, tenant));
  NAKADACHI_TRY(const pqxx::result rows,
                transaction.exec(std::string(kChanges) + " AND change = $2",
                                 std::to_string(tenant.value), text_of(change.view())));
  return one_of(rows, change_of);
}

Result<std::vector<LogEntry>> PostgresStore::scan_log(TenantId tenant, std::uint64_t from_number,
                                                      std::size_t limit) {
  if (!storable(tenant) || !storable(from_number)) return std::vector<LogEntry>{};
  // One statement: a train that commits between two would leave a gap.
  constexpr const char* kPage = " AND number >= $2 ORDER BY number LIMIT $3)";
  std::string sql = "(";
  sql.append(kSteps).append(kPage).append(" UNION ALL (").append(kChanges).append(kPage);
  sql.append(" ORDER BY number LIMIT $3");
  NAKADACHI_TRY(TenantTx transaction, TenantTx::begin(impl_->node, tenant));
  NAKADACHI_TRY(const pqxx::result rows,
                transaction.exec(sql, std::to_string(tenant.value), std::to_string(from_number),
                                 std::to_string(rows_of_page(limit))));
  return all_of(rows, entry_of);
}

Result<std::optional<Checkpoint>> PostgresStore::last_checkpoint(TenantId tenant) {
  if (!storable(tenant)) return std::optional<Checkpoint>{};
  NAKADACHI_TRY(TenantTx transaction, TenantTx::begin(impl_->node, tenant));
  NAKADACHI_TRY(const pqxx::result rows,
                transaction.exec("SELECT size, frontier FROM nakadachi.log_checkpoint"
                                 " WHERE tenant = $1 ORDER BY size DESC LIMIT 1",
                                 std::to_string(tenant.value)));
  return one_of(rows, [&](const pqxx::row& row) { return checkpoint_of(tenant, row); });
}

Result<std::optional<StoredTrain>> PostgresStore::find_train(LaneId lane, TrainNumber number) {
  NAKADACHI_TRY(std::vector<StoredTrain> found, scan_trains(lane, number, 1));
  if (found.empty() || found.front().number != number) return std::optional<StoredTrain>{};
  return std::optional<StoredTrain>{std::move(found.front())};
}

Result<std::vector<StoredTrain>> PostgresStore::scan_trains(LaneId lane, TrainNumber from,
                                                            std::size_t limit) {
  if (!storable(from.value)) return std::vector<StoredTrain>{};
  return impl_->node.run([&](Connection& connection) -> Result<std::vector<StoredTrain>> {
    pqxx::nontransaction transaction(connection.pqxx());
    const pqxx::result rows = exec_params(
        transaction,
        "SELECT number, epoch, low_water_bucket, rows, changes, signed_at_ms, root, signer,"
        " signature, heads FROM nakadachi.trains($1, $2, $3)",
        std::to_string(lane.value), std::to_string(from.value),
        std::to_string(rows_of_page(limit)));
    return all_of(rows, [&](const pqxx::row& row) { return train_of(lane, row); });
  });
}

Result<void> PostgresStore::keep_delegations(TenantId tenant,
                                             std::span<const KeptDelegation> delegations) {
  if (delegations.empty()) return {};
  NAKADACHI_TRY(TenantTx transaction, TenantTx::begin(impl_->node, tenant));
  for (const KeptDelegation& delegation : delegations) {
    NAKADACHI_TRY(
        const pqxx::result done,
        transaction.exec(
            "INSERT INTO nakadachi.delegation (tenant, institution, node_key, from_ms, until_ms,"
            " signature) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            std::to_string(tenant.value), std::to_string(delegation.institution.number()),
            text_of(delegation.node_key.view()), std::to_string(delegation.from.ms),
            std::to_string(delegation.until.ms), text_of(delegation.signature.view())));
    static_cast<void>(done);
  }
  return transaction.commit();
}

Result<std::vector<Digest>> PostgresStore::leaves_of(LaneId lane, TrainNumber number) {
  return impl_->node.run([&](Connection& connection) -> Result<std::vector<Digest>> {
    pqxx::nontransaction transaction(connection.pqxx());
    const pqxx::result rows =
        exec_params(transaction, "SELECT leaf FROM nakadachi.train_leaves($1, $2)",
                    std::to_string(lane.value), std::to_string(number.value));
    return all_of(rows, [](const pqxx::row& row) { return fixed_of<Digest>(row[0]); });
  });
}

Result<StoredProof> PostgresStore::find_proof(TenantId tenant, LaneId lane, TrainNumber number,
                                              std::uint64_t entry_number,
                                              const InstitutionCode& wished) {
  if (!storable(tenant)) return no_head_behind();
  NAKADACHI_TRY(auto train, find_train(lane, number));
  const Head* const head = train ? head_behind(*train, tenant, entry_number) : nullptr;
  if (head == nullptr) return no_head_behind();
  StoredProof proof;
  NAKADACHI_TRY(proof.leaves, leaves_of(lane, number));
  NAKADACHI_TRY(TenantTx transaction, TenantTx::begin(impl_->node, tenant));
  NAKADACHI_TRY(const auto delegation, read_delegation(transaction, tenant, *train, wished));
  if (!delegation) return no_delegation();
  proof.delegation = *delegation;
  NAKADACHI_CHECK(read_log(transaction, tenant, entry_number, head->size, proof));
  proof.train = *std::move(train);
  return proof;
}

}  // namespace nakadachi::storage
