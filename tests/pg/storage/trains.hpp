#pragma once

#include <fmt/format.h>

#include <map>
#include <string>

#include "nakadachi/base/random.hpp"
#include "nakadachi/storage/postgres_store.hpp"
#include "tests/support/postgres.hpp"
#include "tests/support/postgres_proxy.hpp"

/// Trains for tests of the store on PostgreSQL, and what the database says of them.
namespace nakadachi::testing {

/// A train of lane 1 with `rows` fresh rows of tenants 1 … 3.
inline storage::Train make_train(Random& random, Epoch epoch, std::uint64_t number,
                                 std::size_t rows, std::size_t sealed_bytes = 200) {
  storage::Train train;
  train.lane = LaneId{1};
  train.epoch = epoch;
  train.number = TrainNumber{number};
  for (std::size_t i = 0; i < rows; ++i) {
    storage::StepRow row;
    row.tenant = TenantId{static_cast<std::uint32_t>(1 + i % 3)};
    row.exchange = random.make<ExchangeId>();
    row.salt = random.make<Salt>();
    row.leaf = random.make<Digest>();
    row.sealed.resize(sealed_bytes);
    random.fill(row.sealed);
    train.rows.push_back(std::move(row));
  }
  return train;
}

/// Logins whose lane connection goes through the proxy.
inline storage::PostgresLogins through(const PostgresProxy& proxy, const TestDatabase& database) {
  storage::PostgresLogins logins = database.logins();
  logins.train += " host=" + proxy.directory();  // the last host counts
  return logins;
}

/// Whether a train of lane 1 is stored with all its rows. Anything between whole and absent
/// ends the test.
inline bool is_there(Sql& admin, std::uint64_t number, std::size_t rows) {
  const std::string train =
      admin
          .run(fmt::format("SELECT count(*) FROM nakadachi.train WHERE lane = 1 AND number = {}",
                           number))
          .value();
  const std::string steps =
      admin
          .run(fmt::format("SELECT count(*) FROM nakadachi.step WHERE lane = 1 AND train = {}",
                           number))
          .value();
  if (train == "1" && steps == std::to_string(rows)) return true;
  if (train == "0" && steps == "0") return false;
  throw std::runtime_error("train " + std::to_string(number) + " is there in part");
}

/// SQL by hand for the row of a train of one row.
inline std::string train_row_sql(int lane, std::uint64_t number, std::uint64_t epoch,
                                 int rows = 1) {
  return fmt::format(
      "INSERT INTO nakadachi.train (lane, number, epoch, rows, low_water_bucket, signed_at_ms,"
      " root, signer, signature) VALUES ({}, {}, {}, {}, 0, 0,"
      " decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'),"
      " decode(repeat('00', 64), 'hex'));",
      lane, number, epoch, rows);
}

/// SQL by hand for one step.
inline std::string step_row_sql(int lane, std::uint64_t number, std::uint64_t epoch, int tenant,
                                const std::string& exchange_byte, int leaf_index = 0,
                                const std::string& table = "step_all") {
  return fmt::format(
      "INSERT INTO nakadachi.{} (epoch, train, tenant, lane, outcome, step, leaf_index, exchange,"
      " salt, leaf, sealed) VALUES ({}, {}, {}, {}, 0, 1, {}, decode(repeat('{}', 16), 'hex'),"
      " decode(repeat('00', 16), 'hex'), decode(repeat('00', 32), 'hex'), '');",
      table, epoch, number, tenant, lane, leaf_index, exchange_byte);
}

}  // namespace nakadachi::testing
