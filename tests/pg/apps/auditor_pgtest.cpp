// The auditor's scripts over a small pool, as it was written and after somebody changed it.

#include "apps/common/auditor.hpp"

#include <algorithm>

#include "apps/common/month_close.hpp"
#include "tests/pg/apps/signed_pool.hpp"

namespace nakadachi::apps {
namespace {

using testing::Sql;

constexpr std::uint64_t kCost = 1'000'003;
constexpr std::uint64_t kRounds = 20;
constexpr metering::Month kMonth{.year = 2026, .month = 11};
/// 30 November 2026 in Japan, where the month is to be closed on trial.
constexpr std::int64_t kSecond = 1'796'000'000;

/// Body 1 asks body 2, body 2 asks body 3 and so on, twenty rounds of four trains: changes,
/// asked, provided, concluded. Every fifth question has no answer but lapses.
struct Pool : testing::SignedPool {
  Pool() {
    for (std::uint64_t round = 0; round < kRounds; ++round) add_round(round % 5 == 4, round);
    close(kMonth, *load_tariff("shipped"), kCost);
  }

  ExchangeId new_id() {
    ExchangeId id = first_id_of_bucket(static_cast<std::uint32_t>(kSecond / 64));
    random.fill(id.writable().last(12));
    return id;
  }

  storage::StepRow step(std::uint32_t tenant, const ExchangeId& id, storage::Step step,
                        std::uint16_t outcome, const Units& units) {
    return {.tenant = TenantId{tenant},
            .exchange = id,
            .step = step,
            .outcome = outcome,
            .units = units,
            .salt = random.make<Salt>(),
            .leaf = random.make<Digest>(),
            .sealed = Bytes(50)};
  }

  void add(std::vector<storage::StepRow> rows, std::size_t changes = 0) {
    storage::Train train = testing::make_train(random, epoch, ++last, 0, 0, changes);
    train.rows = std::move(rows);
    for (storage::ChangeRow& change : train.changes) {
      change.change = new_id();
      const bool of_symbols = change.section <= storage::Section::kAcquisition;
      change.units = {.cause = of_symbols ? Cause::kSymbols : Cause::kHoldings,
                      .messages_in = 1,
                      .bytes_in = 1'500};
    }
    append(std::move(train));
  }

  void add_round(bool lapses, std::uint64_t round) {
    std::vector<storage::StepRow> asked;
    std::vector<storage::StepRow> provided;
    std::vector<storage::StepRow> concluded;
    for (std::uint32_t asker = 1; asker <= 3; ++asker) {
      const std::uint32_t provider = asker % 3 + 1;
      const auto bytes = static_cast<std::uint32_t>(300 + round * 7 + asker);
      const ExchangeId at_asker = new_id();
      asked.push_back(
          step(asker, at_asker, storage::Step::kAsked, 0,
               {.cause = Cause::kOwnQuery, .persons = 1, .messages_out = 1, .bytes_out = 111}));
      Units heard{.cause = Cause::kOwnQuery};
      if (!lapses) {
        heard.messages_in = 1;
        heard.bytes_in = bytes;
        provided.push_back(step(provider, new_id(), storage::Step::kProvided, 1,
                                {.cause = Cause::kAnswered,
                                 .persons = 1,
                                 .messages_in = 1,
                                 .messages_out = 1,
                                 .bytes_in = 140,
                                 .bytes_out = bytes}));
      }
      concluded.push_back(step(asker, at_asker, storage::Step::kConcluded, lapses ? 5 : 1, heard));
    }
    add({}, 4);
    add(std::move(asked));
    if (!lapses) add(std::move(provided));
    add(std::move(concluded));
  }

  void close(metering::Month month, TariffFile tariff, std::uint64_t cost_yen) {
    storage::MeterStore meter(database.login("nakadachi_finance"));
    storage::BillStore bills(database.login("nakadachi_finance"));
    storage::TenantDirectory directory(database.login("nakadachi_operator"), "");
    const auto closing = close_month(meter, bills, directory,
                                     {.month = month,
                                      .cost_yen = cost_yen,
                                      .tariff = std::move(tariff),
                                      .today = Day::of(Timestamp{kSecond * 1'000}),
                                      .trial = true});
    if (!closing) FAIL(describe(closing.error()));
  }

  Audit audit() {
    const auto psql = testing::test_cluster().program("psql");
    REQUIRE(psql);
    auto done = run_auditor(*psql, database.login("postgres"));
    if (!done) FAIL(describe(done.error()));
    return *std::move(done);
  }

  std::uint64_t last = 0;
};

TEST_CASE("the auditor recounts a pool that nobody changed and finds nothing") {
  Pool pool;
  const Audit audit = pool.audit();
  for (const Discrepancy& one : audit.found) UNSCOPED_INFO(text_of(one));
  CHECK(audit.found.empty());
  CHECK(audit.counts.exchanges == kRounds * 3);
  // Each round has 4 changes and 3 exchanges of 3 rows; every fifth lacks the answers.
  CHECK(audit.counts.records == kRounds * (4 + 9) - kRounds / 5 * 3);
  CHECK(audit.counts.yen == kCost);
  const std::uint64_t answered = kRounds / 5 * 4 * 3;
  std::uint64_t units =
      kRounds * 4 * 1'501 + kRounds * 3 * (1 + 1 + 111) + answered * (1 + 3 + 140);
  for (std::uint64_t round = 0; round < kRounds; ++round) {
    if (round % 5 == 4) continue;
    for (std::uint64_t asker = 1; asker <= 3; ++asker) units += 2 * (300 + round * 7 + asker);
  }
  CHECK(audit.counts.units == units);
}

TEST_CASE("exchanges are tallied town by town, at both sides, and laid beside another account") {
  Pool pool;
  constexpr std::uint64_t kLapsed = kRounds / 5;
  Tallies told;
  for (std::uint32_t town = 1; town <= 3; ++town) {
    told[{TenantId{town}, Side::kAsked, 1}] = kRounds - kLapsed;
    told[{TenantId{town}, Side::kAsked, 5}] = kLapsed;
    told[{TenantId{town}, Side::kProvided, 1}] = kRounds - kLapsed;
  }
  CHECK(pool.audit().tallies == told);
  CHECK(differences(pool.audit().tallies, told).empty());

  Sql admin(pool.database.login("postgres"));
  admin.must(
      "SET session_replication_role = replica;"
      "UPDATE nakadachi.step SET outcome = 2 WHERE tenant = 2 AND number = 3");
  const auto found = differences(pool.audit().tallies, told);
  REQUIRE(found.size() == 2);
  CHECK(text_of(found[0]) ==
        "auditor, tallies: 000002 asked with outcome 1: 15 recounted, 16 reported");
  CHECK(text_of(found[1]) ==
        "auditor, tallies: 000002 asked with outcome 2: 1 recounted, 0 reported");
}

TEST_CASE("the auditor reads and changes nothing") {
  Pool pool;
  Sql admin(pool.database.login("postgres"));
  const std::string tables =
      "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM nakadachi.billing_line AS t";
  const std::string before = admin.run(tables).value();
  pool.audit();
  CHECK(admin.run(tables).value() == before);
}

/// The shipped tariff with something else in the place of a line's beginning.
struct Variant {
  const char* former;
  const char* text;
};

TEST_CASE("the auditor shares a cost as the bill does, whatever the tariff") {
  Pool pool;
  Sql admin(pool.database.login("postgres"));
  // Causes of all kinds, whatever that makes of the logs; populations that divide badly.
  admin.must(
      "SET session_replication_role = replica;"
      "UPDATE nakadachi.step SET cause = 1 + number % 6, bytes_in = number % 7 * 100;"
      "UPDATE nakadachi.tenant SET population = 1 + tenant * 33331 % 70000");
  const std::string shipped = load_tariff("shipped")->text;
  const std::vector<Variant> variants = {{"method", "method"},
                                         {"asker_pays = true", "asker_pays = false"},
                                         {"\"by_population\"", "\"where_it_fell\""},
                                         {"base_ppm = 300_000", "base_ppm = 0"},
                                         {"base_ppm = 300_000", "base_ppm = 1_000_000"},
                                         {"kib = 1", "kib = 999_983"}};
  for (const Variant& variant : variants) {
    for (const std::uint64_t cost : {0ULL, 1ULL, 999'999'999'999ULL}) {
      CAPTURE(variant.text, cost);
      std::string text = shipped;
      text.replace(text.find(variant.former), std::string_view(variant.former).size(),
                   variant.text);
      const auto tariff = parse_tariff(text, "variant");
      REQUIRE(tariff);
      admin.must("DELETE FROM nakadachi.billing_line; DELETE FROM nakadachi.billing_month");
      pool.close(kMonth, *tariff, cost);
      pool.close({.year = 2026, .month = 10}, *tariff, cost);  // nothing was used
      const Audit audit = pool.audit();
      for (const Discrepancy& one : audit.found) UNSCOPED_INFO(text_of(one));
      CHECK(std::ranges::none_of(audit.found, [](const Discrepancy& one) {
        return one.script == "bills" || one.script == "units";
      }));
      CHECK(audit.counts.yen == 2 * cost);
    }
  }
}

/// What somebody did, and what the script of that name has to say of it.
struct Harm {
  const char* sql;
  const char* script;
  const char* tenant;
  const char* what;
};

const Harm kHarms[] = {
    // The first numbers of body 2: a change, asked, provided, concluded, each in a train.
    {"DELETE FROM nakadachi.step WHERE tenant = 2 AND step = 3 AND number = 3", "exchanges", "2",
     "number 1: asked and never concluded"},
    {"DELETE FROM nakadachi.step WHERE tenant = 2 AND number = 3", "logs", "2",
     "number 3 is missing"},
    {"UPDATE nakadachi.step SET outcome = 2 WHERE tenant = 2 AND number = 3", "exchanges", "",
     "outcome 2 with 302 bytes: 1 conclusions, 0 provisions"},
    {"UPDATE nakadachi.step SET outcome = 7 WHERE tenant = 2 AND number = 3", "exchanges", "2",
     "number 3: step 3 with outcome 7"},
    {"UPDATE nakadachi.step SET persons = 2 WHERE tenant = 2 AND number = 1", "exchanges", "2",
     "leg from number 1: 2 persons, not 1"},
    {"UPDATE nakadachi.step SET cause = 6 WHERE tenant = 2 AND number = 1", "exchanges", "2",
     "number 1: step 1 with cause 6"},
    {"UPDATE nakadachi.step SET cause = 1 WHERE tenant = 2 AND number = 2", "exchanges", "2",
     "number 2: step 2 with cause 1"},
    {"UPDATE nakadachi.step SET cause = 3 WHERE tenant = 2 AND number = 2", "exchanges", "2",
     "number 2: step 2 with cause 3"},
    {"UPDATE nakadachi.step SET cause = 2 WHERE tenant = 2 AND number = 3", "exchanges", "2",
     "number 3: step 3 with cause 2"},
    {"UPDATE nakadachi.change SET section = 3, cause = 4 WHERE tenant = 2 AND number = 0",
     "exchanges", "2", "number 0: change of section 3 with cause 4"},
    {"UPDATE nakadachi.change SET number = 0 WHERE tenant = 2 AND number = 4", "logs", "2",
     "number 4 is missing"},
    {"UPDATE nakadachi.log_end SET size = size - 1 WHERE tenant = 3", "logs", "3",
     "the log ends at 75, its last number says 76"},
    {"UPDATE nakadachi.step SET bytes_in = bytes_in + 1 WHERE tenant = 2 AND number = 3", "heads",
     "2", "number 3: not what train 4 of lane 1 signed (73 heads differ from here on)"},
    {"UPDATE nakadachi.change SET erase = NOT erase WHERE tenant = 1 AND number = 1", "heads", "1",
     "numbers 0 to 1: one is not what train 1 of lane 1 signed (76 heads differ from here on)"},
    {"UPDATE nakadachi.train SET heads = set_byte(heads, 43, get_byte(heads, 43) # 1)"
     " WHERE number = 9",
     "heads", "1",
     "the head of size 12 in train 9 of lane 1 is not that of the log, later heads "
     "are"},
    {"UPDATE nakadachi.train SET heads = substring(heads FROM 45) WHERE number = 9", "heads", "1",
     "numbers 10 to 11: train 9 of lane 1 states no head of this log"},
    {"UPDATE nakadachi.step SET leaf = sha256(leaf) WHERE tenant = 2 AND number = 3", "trains", "",
     "train 4 of lane 1: its leaves do not make the root that was signed"},
    {"DELETE FROM nakadachi.train WHERE number = 9", "trains", "",
     "train 9 of lane 1 is missing, its rows are there"},
    {"DELETE FROM nakadachi.step WHERE tenant = 2 AND number = 3", "trains", "",
     "train 4 of lane 1: 5 leaves, its row says 6"},
    {"UPDATE nakadachi.step SET bytes_in = bytes_in + 1 WHERE tenant = 2 AND number = 3", "units",
     "2", "2026-11-30 cause 1, bytes in: rolled up 5840, the rows say 5841"},
    {"UPDATE nakadachi.meter_day SET rows = 0 WHERE tenant = 3 AND cause = 5", "units", "3",
     "2026-11-30 cause 5, rows: rolled up 0, the rows say 20"},
    {"UPDATE nakadachi.billing_line SET yen = yen + (tenant - 2) WHERE line = 20", "bills", "3",
     nullptr},
    {"UPDATE nakadachi.billing_line SET yen = yen + 1 WHERE line = 10 AND tenant = 1", "bills", "",
     "2026-11: statements come to 1000004 yen, the pool's cost is 1000003"},
    {"UPDATE nakadachi.tenant SET population = population + 100000 WHERE tenant = 2", "bills", "2",
     nullptr},
    {"UPDATE nakadachi.billing_month SET tariff = replace(tariff, 'base_ppm', 'base')", "bills", "",
     "2026-11: the tariff cannot be read by this script"},
    {"UPDATE nakadachi.billing_month SET tariff = replace(tariff, 'person = 10', 'person = 11')",
     "bills", "1", nullptr},
};

TEST_CASE("what somebody changed is named by the auditor") {
  Pool pool;
  Sql admin(pool.database.login("postgres"));
  for (const Harm& harm : kHarms) {
    CAPTURE(harm.sql, harm.script, harm.tenant);
    // The rows of before are kept aside and put back: the pool takes long to make.
    admin.must(std::string("SET session_replication_role = replica;"
                           "CREATE SCHEMA kept; CREATE TABLE kept.step AS TABLE nakadachi.step;"
                           "CREATE TABLE kept.change AS TABLE nakadachi.change;"
                           "CREATE TABLE kept.train AS TABLE nakadachi.train;"
                           "CREATE TABLE kept.log_end AS TABLE nakadachi.log_end;"
                           "CREATE TABLE kept.meter_day AS TABLE nakadachi.meter_day;"
                           "CREATE TABLE kept.billing_line AS TABLE nakadachi.billing_line;"
                           "CREATE TABLE kept.billing_month AS TABLE nakadachi.billing_month;"
                           "CREATE TABLE kept.tenant AS TABLE nakadachi.tenant;") +
               harm.sql);
    const Audit audit = pool.audit();
    for (const Discrepancy& one : audit.found) UNSCOPED_INFO(text_of(one));
    CHECK(std::ranges::any_of(audit.found, [&](const Discrepancy& one) {
      return one.script == harm.script && one.tenant == harm.tenant &&
             (harm.what == nullptr || one.what == harm.what);
    }));
    for (const char* table : {"step", "change", "train", "log_end", "meter_day", "billing_line",
                              "billing_month", "tenant"}) {
      admin.must(std::string("DELETE FROM nakadachi.") + table + "; INSERT INTO nakadachi." +
                 table + " SELECT * FROM kept." + table);
    }
    admin.must("DROP SCHEMA kept CASCADE");
  }
  CHECK(pool.audit().found.empty());
}

}  // namespace
}  // namespace nakadachi::apps
