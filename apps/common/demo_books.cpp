#include "apps/common/demo_books.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "apps/common/log_check.hpp"
#include "apps/common/month_close.hpp"
#include "apps/common/psql.hpp"
#include "nakadachi/base/clock.hpp"
#include "nakadachi/storage/postgres_store.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::string_view kSuperuser = "postgres";

struct Damage {
  std::string_view thing;
  /// Changes one row and returns its tenant, and in words what and where.
  std::string_view sql;
};

// One from the middle of those there are, so that there are good ones on both sides of it.
constexpr std::array<Damage, 5> kDamages = {{
    {"record",
     "UPDATE nakadachi.step SET outcome = 3 - outcome WHERE (tenant, exchange, step) ="
     " (SELECT tenant, exchange, step FROM nakadachi.step WHERE step = 3 AND outcome IN (1, 2)"
     " ORDER BY tenant, number OFFSET (SELECT count(*) / 2 FROM nakadachi.step"
     " WHERE step = 3 AND outcome IN (1, 2)) LIMIT 1)"
     " RETURNING tenant, format('number %s: outcome %s for %s', number, outcome, 3 - outcome)"},
    {"unit",
     "UPDATE nakadachi.step SET bytes_out = bytes_out + 1000 WHERE (tenant, exchange, step) ="
     " (SELECT tenant, exchange, step FROM nakadachi.step WHERE step = 1"
     " ORDER BY tenant, number OFFSET (SELECT count(*) / 2 FROM nakadachi.step WHERE step = 1)"
     " LIMIT 1)"
     " RETURNING tenant, format('number %s: %s bytes out for %s', number, bytes_out,"
     " bytes_out - 1000)"},
    {"statement",
     "UPDATE nakadachi.step SET sealed = set_byte(sealed, octet_length(sealed) / 2,"
     " 255 - get_byte(sealed, octet_length(sealed) / 2)) WHERE (tenant, exchange, step) ="
     " (SELECT tenant, exchange, step FROM nakadachi.step WHERE step = 2"
     " ORDER BY tenant, number OFFSET (SELECT count(*) / 2 FROM nakadachi.step WHERE step = 2)"
     " LIMIT 1)"
     " RETURNING tenant, format('number %s: a byte of the sealed statement', number)"},
    {"leaf",
     "UPDATE nakadachi.step SET leaf = sha256(leaf) WHERE (tenant, exchange, step) ="
     " (SELECT tenant, exchange, step FROM nakadachi.step"
     " ORDER BY tenant, number OFFSET (SELECT count(*) / 2 FROM nakadachi.step) LIMIT 1)"
     " RETURNING tenant, format('number %s: leaf', number)"},
    {"head",
     "UPDATE nakadachi.train SET heads = set_byte(heads, 43, 255 - get_byte(heads, 43))"
     " WHERE (lane, number) = (SELECT lane, number FROM nakadachi.train"
     " ORDER BY lane, number OFFSET (SELECT count(*) / 2 FROM nakadachi.train) LIMIT 1)"
     " RETURNING ('x' || encode(substring(heads FOR 4), 'hex'))::bit(32)::integer,"
     " format('head of size %s in train %s of lane %s',"
     " ('x' || encode(substring(heads FROM 5 FOR 8), 'hex'))::bit(64)::bigint, number, lane)"},
}};

}  // namespace

Result<billing::Bill> close_running_month(DemoPool& pool, std::uint64_t cost_yen) {
  const std::string finance = pool.cluster().login("nakadachi_finance");
  storage::MeterStore meter(finance);
  storage::BillStore bills(finance);
  storage::TenantDirectory directory(pool.cluster().login("nakadachi_operator"), "");
  NAKADACHI_TRY(TariffFile tariff, load_tariff("shipped"));
  const Day today = Day::of(SystemClock().now());
  NAKADACHI_TRY(Closing closing, close_month(meter, bills, directory,
                                             {.month = metering::Month::of(today),
                                              .cost_yen = cost_yen,
                                              .tariff = std::move(tariff),
                                              .today = today,
                                              .trial = true}));
  return std::move(closing.bill);
}

Result<LogsVerified> verify_logs(DemoPool& pool) {
  storage::PostgresStore store(pool.cluster().logins());
  LogsVerified verified;
  for (const Municipality& town : pool.towns()) {
    const TenantId tenant{town.code.number()};
    NAKADACHI_TRY(const LogCheck check, check_log(store, tenant, crypto::Ed25519Verifier(), {}));
    if (check.wrong) {
      verified.wrong.push_back(
          fmt::format("records verify: {:06} {}", tenant.value, describe(*check.wrong)));
    } else {
      verified.entries += check.entries;
    }
  }
  return verified;
}

Result<Audit> audit_pool(DemoPool& pool) {
  NAKADACHI_TRY(const std::string psql, pool.cluster().program("psql"));
  return run_auditor(psql, pool.cluster().login(kSuperuser));
}

Result<std::string> damage(DemoPool& pool, std::string_view thing) {
  const auto found = std::ranges::find(kDamages, thing, &Damage::thing);
  if (found == kDamages.end()) return Error{.code = ErrorCode::kUnknownEnumValue, .field = "thing"};
  NAKADACHI_TRY(const std::string psql, pool.cluster().program("psql"));
  NAKADACHI_TRY(
      const auto rows,
      run_psql(psql, pool.cluster().login(kSuperuser),
               fmt::format("SET session_replication_role = replica;\n{};\n", found->sql)));
  if (rows.size() != 1 || rows.front().size() != 2) {
    return Error{.code = ErrorCode::kInternal, .detail = "nothing to damage"};
  }
  return fmt::format("{:0>6} {}", rows.front()[0], rows.front()[1]);
}

}  // namespace nakadachi::apps
