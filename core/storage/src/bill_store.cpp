#include "nakadachi/storage/bill_store.hpp"

#include <string_view>
#include <utility>

#include "finance.hpp"
#include "session.hpp"
#include "text_values.hpp"

namespace nakadachi::storage {
namespace {

bool is_first_of_month(Day day) { return day.text().ends_with("-01"); }

/// One column of the lines as the text of an array.
template <class Text>
std::string array_of(const std::vector<BillLine>& lines, const Text& text) {
  std::string array = "{";
  for (const BillLine& line : lines) {
    if (&line != lines.data()) array += ',';
    array += text(line);
  }
  array += '}';
  return array;
}

std::string quoted(std::string_view text) {
  std::string word = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') word += '\\';
    word += c;
  }
  word += '"';
  return word;
}

void add_lines(pqxx::transaction_base& transaction, Day first_day,
               const std::vector<BillLine>& lines) {
  exec_params(
      transaction,
      "INSERT INTO nakadachi.billing_line (month, tenant, line, units, yen, item)"
      " SELECT $1::date, a.tenant, a.line, a.units, a.yen, a.item"
      " FROM unnest($2::integer[], $3::smallint[], $4::bigint[], $5::bigint[], $6::text[])"
      " AS a (tenant, line, units, yen, item)",
      first_day.text(),
      array_of(lines, [](const BillLine& line) { return std::to_string(line.tenant.value); }),
      array_of(lines, [](const BillLine& line) { return std::to_string(line.line); }),
      array_of(lines, [](const BillLine& line) { return std::to_string(line.units); }),
      array_of(lines, [](const BillLine& line) { return std::to_string(line.yen); }),
      array_of(lines, [](const BillLine& line) { return quoted(line.item); }));
}

}  // namespace

struct BillStore::Impl {
  explicit Impl(std::string login)
      : finance(std::move(login), Purpose::kFinance, kFinanceTimeoutMs) {}

  Session finance;
};

BillStore::BillStore(std::string finance_login)
    : impl_(std::make_unique<Impl>(std::move(finance_login))) {}

BillStore::~BillStore() = default;

Result<void> BillStore::close(const BilledMonth& month, const std::vector<BillLine>& lines) {
  if (!is_first_of_month(month.first_day)) {
    return Error{.code = ErrorCode::kWrongFormat, .field = "first_day"};
  }
  return impl_->finance.run([&](Connection& connection) -> Result<void> {
    pqxx::work transaction(connection.pqxx());
    exec_params(transaction,
                "INSERT INTO nakadachi.billing_month (month, pool_cost, tariff, digest)"
                " VALUES ($1, $2, $3, $4)",
                month.first_day.text(), std::to_string(month.pool_cost), month.tariff,
                text_of(month.digest.view()));
    if (!lines.empty()) add_lines(transaction, month.first_day, lines);
    transaction.commit();
    return {};
  });
}

Result<std::vector<BilledMonth>> BillStore::months() {
  return impl_->finance.run([](Connection& connection) -> Result<std::vector<BilledMonth>> {
    pqxx::nontransaction transaction(connection.pqxx());
    const pqxx::result found = transaction.exec(
        "SELECT month - date '1970-01-01', pool_cost, tariff, digest,"
        " floor(extract(epoch FROM closed_at) * 1000)::bigint"
        " FROM nakadachi.billing_month ORDER BY month");
    std::vector<BilledMonth> months;
    months.reserve(static_cast<std::size_t>(found.size()));
    for (const auto& row : found) {
      months.push_back({.first_day = day_of(row[0]),
                        .pool_cost = number_of<std::int64_t>(row[1]),
                        .tariff = std::string(view_of(row[2])),
                        .digest = fixed_of<Digest>(row[3]),
                        .closed_at = Timestamp{number_of<std::int64_t>(row[4])}});
    }
    return months;
  });
}

Result<std::vector<BillLine>> BillStore::lines(Day first_day) {
  return impl_->finance.run([&](Connection& connection) -> Result<std::vector<BillLine>> {
    pqxx::nontransaction transaction(connection.pqxx());
    const pqxx::result found =
        exec_params(transaction,
                    "SELECT tenant, line, item, units, yen FROM nakadachi.billing_line"
                    " WHERE month = $1 ORDER BY tenant, line",
                    first_day.text());
    std::vector<BillLine> lines;
    lines.reserve(static_cast<std::size_t>(found.size()));
    for (const auto& row : found) {
      lines.push_back({.tenant = TenantId{number_of<std::uint32_t>(row[0])},
                       .line = number_of<std::uint16_t>(row[1]),
                       .item = std::string(view_of(row[2])),
                       .units = number_of<std::int64_t>(row[3]),
                       .yen = number_of<std::int64_t>(row[4])});
    }
    return lines;
  });
}

}  // namespace nakadachi::storage
