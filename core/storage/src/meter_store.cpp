#include "nakadachi/storage/meter_store.hpp"

#include <stdexcept>
#include <utility>

#include "finance.hpp"
#include "session.hpp"
#include "text_values.hpp"

namespace nakadachi::storage {

namespace {

constexpr std::uint8_t kFirstSection = 16;  // kinds from here on are sections (0010_kinds.sql)

MessageKind kind_of(std::uint8_t number) {
  if (number < kFirstSection) return static_cast<Step>(number);
  return static_cast<Section>(number - kFirstSection);
}

}  // namespace

struct MeterStore::Impl {
  explicit Impl(std::string login)
      : finance(std::move(login), Purpose::kFinance, kFinanceTimeoutMs) {}

  Session finance;
};

MeterStore::MeterStore(std::string finance_login)
    : impl_(std::make_unique<Impl>(std::move(finance_login))) {}

MeterStore::~MeterStore() = default;

Result<void> MeterStore::roll_up(Day from, Day until) {
  if (until < from) return Error{.code = ErrorCode::kWrongFormat, .field = "until"};
  return impl_->finance.run([&](Connection& connection) -> Result<void> {
    pqxx::nontransaction transaction(connection.pqxx());
    exec_params(transaction, "SELECT nakadachi.roll_up($1, $2)", from.text(), until.text());
    return {};
  });
}

Result<void> MeterStore::forget() {
  return impl_->finance.run([](Connection& connection) -> Result<void> {
    pqxx::nontransaction transaction(connection.pqxx());
    transaction.exec("SELECT nakadachi.forget_roll_up()");
    return {};
  });
}

Result<std::vector<MeterRow>> MeterStore::days(Day from, Day until) {
  return impl_->finance.run([&](Connection& connection) -> Result<std::vector<MeterRow>> {
    pqxx::nontransaction transaction(connection.pqxx());
    const pqxx::result found = exec_params(
        transaction,
        "SELECT tenant, day - date '1970-01-01', cause, rows, persons, messages_in, messages_out,"
        " bytes_in, bytes_out FROM nakadachi.meter_day WHERE day BETWEEN $1 AND $2"
        " ORDER BY tenant, day, cause",
        from.text(), until.text());
    std::vector<MeterRow> rows;
    rows.reserve(static_cast<std::size_t>(found.size()));
    for (const auto& row : found) {
      rows.push_back({.tenant = TenantId{number_of<std::uint32_t>(row[0])},
                      .day = day_of(row[1]),
                      .cause = static_cast<Cause>(number_of<std::uint8_t>(row[2])),
                      .rows = number_of<std::uint64_t>(row[3]),
                      .persons = number_of<std::uint64_t>(row[4]),
                      .messages_in = number_of<std::uint64_t>(row[5]),
                      .messages_out = number_of<std::uint64_t>(row[6]),
                      .bytes_in = number_of<std::uint64_t>(row[7]),
                      .bytes_out = number_of<std::uint64_t>(row[8])});
    }
    return rows;
  });
}

Result<std::vector<KindRow>> MeterStore::kinds(Day from, Day until) {
  return impl_->finance.run([&](Connection& connection) -> Result<std::vector<KindRow>> {
    pqxx::nontransaction transaction(connection.pqxx());
    const pqxx::result found = exec_params(
        transaction,
        "SELECT tenant, kind, rows, persons, messages_in, messages_out, bytes_in, bytes_out"
        " FROM nakadachi.used_by_kind($1, $2)",
        from.text(), until.text());
    std::vector<KindRow> rows;
    rows.reserve(static_cast<std::size_t>(found.size()));
    for (const auto& row : found) {
      rows.push_back({.tenant = TenantId{number_of<std::uint32_t>(row[0])},
                      .kind = kind_of(number_of<std::uint8_t>(row[1])),
                      .rows = number_of<std::uint64_t>(row[2]),
                      .persons = number_of<std::uint64_t>(row[3]),
                      .messages_in = number_of<std::uint64_t>(row[4]),
                      .messages_out = number_of<std::uint64_t>(row[5]),
                      .bytes_in = number_of<std::uint64_t>(row[6]),
                      .bytes_out = number_of<std::uint64_t>(row[7])});
    }
    return rows;
  });
}

}  // namespace nakadachi::storage
