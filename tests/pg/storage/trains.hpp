#pragma once

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <string>

#include "nakadachi/base/random.hpp"
#include "nakadachi/storage/postgres_store.hpp"
#include "tests/support/log_numbers.hpp"
#include "tests/support/postgres.hpp"
#include "tests/support/postgres_proxy.hpp"

/// Trains for tests of the store on PostgreSQL, and what the database says of them.
namespace nakadachi::testing {

/// A fresh change of a fresh holding.
inline storage::ChangeRow make_change(Random& random, TenantId tenant,
                                      storage::Section section = storage::Section::kCopy,
                                      std::size_t value_bytes = 200) {
  storage::ChangeRow change;
  change.tenant = tenant;
  change.change = random.make<ExchangeId>();
  change.section = section;
  change.key = random.make<HoldingKey>();
  change.salt = random.make<Salt>();
  change.leaf = random.make<Digest>();
  change.record.resize(100);
  random.fill(change.record);
  change.value.resize(value_bytes);
  random.fill(change.value);
  return change;
}

/// A train of lane 1 with `rows` fresh rows and `changes` fresh changes of tenants 1 … 3, numbered
/// as their logs go on.
inline storage::Train make_train(Random& random, Epoch epoch, std::uint64_t number,
                                 std::size_t rows, std::size_t sealed_bytes = 200,
                                 std::size_t changes = 0, const LogSizes& sizes = {}) {
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
  for (std::size_t i = 0; i < changes; ++i) {
    train.changes.push_back(make_change(random, TenantId{static_cast<std::uint32_t>(1 + i % 3)},
                                        static_cast<storage::Section>(1 + i % 8)));
  }
  number_train(train, sizes, random);
  return train;
}

/// Logins whose lane connection goes through the proxy.
inline storage::PostgresLogins through(const PostgresProxy& proxy, const TestDatabase& database) {
  storage::PostgresLogins logins = database.logins();
  logins.train += " host=" + proxy.directory();  // the last host counts
  return logins;
}

/// Whether a train of lane 1 is stored with all its rows, all its changes and all they set.
/// Anything between whole and absent ends the test.
inline bool is_there(Sql& admin, const storage::Train& train) {
  const auto count = [&](const std::string& of) {
    return std::stoul(admin.run("SELECT count(*) FROM nakadachi." + of).value());
  };
  const std::string name = fmt::format("lane = 1 AND train = {}", train.number.value);
  std::string keys = "''";
  for (const storage::ChangeRow& change : train.changes) {
    keys += ", '\\x" + to_hex(change.key.view()) + "'";
  }
  const std::array<std::size_t, 4> found = {
      count(fmt::format("train WHERE lane = 1 AND number = {}", train.number.value)),
      count("step WHERE " + name), count("change WHERE " + name),
      count("holding WHERE key IN (" + keys + ")")};
  const std::size_t changes = train.changes.size();
  if (found == std::array<std::size_t, 4>{1, train.rows.size(), changes, changes}) return true;
  if (found == std::array<std::size_t, 4>{}) return false;
  throw std::runtime_error(fmt::format("train {} is there in part", train.number.value));
}

/// SQL by hand for the row of a train, of one step unless told otherwise; `heads` in hexadecimal.
inline std::string train_row_sql(int lane, std::uint64_t number, std::uint64_t epoch, int rows = 1,
                                 int changes = 0, const std::string& heads = {}) {
  return fmt::format(
      "INSERT INTO nakadachi.train (lane, number, epoch, rows, changes, low_water_bucket,"
      " signed_at_ms, root, signer, signature, heads) VALUES ({}, {}, {}, {}, {}, 0, 0,"
      " decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex'),"
      " decode(repeat('00', 64), 'hex'), '\\x{}');",
      lane, number, epoch, rows, changes, heads);
}

/// One head in hexadecimal, of a root of zeros.
inline std::string head_hex(std::uint32_t tenant, std::uint64_t size) {
  return fmt::format("{:08x}{:016x}{:064x}", tenant, size, 0);
}

/// SQL by hand for one change, of a holding whose key is like its id and whose value is 0x77.
inline std::string change_sql(int lane, std::uint64_t number, std::uint64_t epoch, int tenant,
                              const std::string& id_byte, bool erase = false,
                              std::uint64_t place = 0) {
  const auto bytes = [](const std::string& byte, int count) {
    std::string hex = "\\x";
    for (int i = 0; i < count; ++i) hex += byte;
    return hex;
  };
  return fmt::format(
      "SELECT nakadachi.add_changes({}, {}, {}, '{{{}}}', '{{{}}}', '{{3}}', '{{{}}}', '{{5}}',"
      " '{{1}}', '{{1}}', '{{0}}', '{{1}}', '{{0}}', ARRAY['{}'], ARRAY['{}'], ARRAY['{}'],"
      " ARRAY['{}'], ARRAY['\\x01'], ARRAY['\\x77']);",
      lane, epoch, number, tenant, place, erase ? "t" : "f", bytes(id_byte, 16), bytes(id_byte, 16),
      bytes("00", 16), bytes("00", 32));
}

/// SQL by hand for one step.
inline std::string step_row_sql(int lane, std::uint64_t number, std::uint64_t epoch, int tenant,
                                const std::string& exchange_byte, int leaf_index = 0,
                                const std::string& table = "step_all", std::uint64_t place = 0) {
  return fmt::format(
      "INSERT INTO nakadachi.{} (epoch, train, number, tenant, lane, outcome, bytes_in, bytes_out,"
      " step, leaf_index, cause, persons, messages_in, messages_out, exchange, salt, leaf, sealed)"
      " VALUES ({}, {}, {}, {}, {}, 0, 0, 0, 1, {}, 1, 0, 0, 0, decode(repeat('{}', 16), 'hex'),"
      " decode(repeat('00', 16), 'hex'), decode(repeat('00', 32), 'hex'), '');",
      table, epoch, number, place, tenant, lane, leaf_index, exchange_byte);
}

}  // namespace nakadachi::testing
