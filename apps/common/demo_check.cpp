#include "apps/common/demo_check.hpp"

#include <fmt/format.h>

#include <optional>
#include <set>

#include "nakadachi/crypto/merkle.hpp"
#include "nakadachi/storage/postgres_store.hpp"
#include "nakadachi/wire/statements.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::size_t kPage = 2'000;
constexpr std::size_t kMostContradictions = 20;

/// A row by the name under which people find it.
struct RowName {
  TenantId tenant;
  std::uint64_t number = 0;
  std::string text() const { return fmt::format("{:06} number {}", tenant.value, number); }
};

struct Concluded {
  RowName row;
  exchange::Conclusion conclusion;
  std::uint32_t bytes_in = 0;
};

struct Provided {
  RowName row;
  exchange::Outcome outcome = exchange::Outcome::kAnswered;
  std::uint32_t bytes_out = 0;
  bool concluded = false;  ///< by some query's asker
};

/// Rows of all towns, by the names that tie them together.
struct Ledger {
  std::map<RequestKey, Concluded> concluded;
  std::map<Digest, Provided> provided;
};

std::uint32_t size_of(const Bytes& statement) {
  return static_cast<std::uint32_t>(statement.size());
}

/// Whether the units are those that the statement's row has (docs/metering.md). Of what came in
/// before a conclusion it knows nothing.
bool units_fit(storage::Step step, const Units& units, const wire::StoredContent& content) {
  Units wanted{.cause = units.cause};
  const std::uint32_t size = size_of(content.statement);
  switch (step) {
    case storage::Step::kAsked:
      wanted.persons = 1;
      wanted.messages_out = content.within_body ? 0 : 1;
      wanted.bytes_out = content.within_body ? 0 : size;
      break;
    case storage::Step::kHeld:
      wanted.persons = 1;
      wanted.messages_in = content.within_body ? 0 : 1;
      wanted.bytes_in = content.within_body ? 0 : size;
      break;
    case storage::Step::kProvided: {
      const bool travelled = units.cause != Cause::kOwnQuery;
      wanted.messages_out = travelled ? 1 : 0;
      wanted.bytes_out = travelled ? size : 0;
      if (units.persons == 0) break;  // it was held before, and the permit metered there
      wanted.persons = 1;
      wanted.messages_in = travelled ? 1 : 0;
      wanted.bytes_in = travelled ? size_of(content.permit) : 0;
      break;
    }
    case storage::Step::kConcluded:
      wanted.persons = units.persons;
      wanted.messages_in = units.bytes_in > 0 ? 1 : 0;
      wanted.bytes_in = units.bytes_in;
      break;
  }
  return units == wanted;
}

class Checker {
 public:
  explicit Checker(DemoPool& pool) : pool_(&pool), store_(pool.cluster().logins()) {}

  Result<RowCheck> run(const ClientOutcomes& told) {
    for (const Municipality& town : pool_->towns()) {
      NAKADACHI_CHECK(read_town(TenantId{town.code.number()}));
    }
    for (const auto& [key, reply] : told) compare(key, reply);
    find_provided_for_nobody();
    if (ledger_.concluded.size() != told.size()) {
      contradiction(
          fmt::format("{} conclusions for {} queries", ledger_.concluded.size(), told.size()));
    }
    check_.trains = trains_.size();
    return std::move(check_);
  }

 private:
  Result<void> read_town(TenantId tenant) {
    NAKADACHI_TRY(crypto::TenantCipher cipher, pool_->cipher_of(tenant));
    if (!cipher.has_key()) return Error{.code = ErrorCode::kKeyUnavailable};
    std::optional<ExchangeId> after;
    while (true) {
      NAKADACHI_TRY(const auto page, store_.scan(tenant, 0, after, kPage));
      if (page.empty()) break;
      after = page.back().exchange;
      for (const storage::StoredStep& row : page) read_step(cipher, {tenant, row.number}, row);
    }
    after.reset();
    while (true) {
      NAKADACHI_TRY(const auto page, store_.scan_changes(tenant, 0, after, kPage));
      if (page.empty()) return {};
      after = page.back().change;
      for (const storage::StoredChange& row : page) read_change(cipher, {tenant, row.number}, row);
    }
  }

  void read_change(crypto::TenantCipher& cipher, const RowName& name,
                   const storage::StoredChange& stored) {
    ++check_.changes;
    const auto record = cipher.open(
        {.table = "change", .column = "record", .row = stored.change.view()}, stored.record);
    if (!record) return contradiction(name.text() + ": its sealed record does not open");
    if (crypto::leaf_hash(stored.salt, storage::kChangeLeafKind, *record) != stored.leaf) {
      contradiction(name.text() + ": its leaf is not that of its record");
    }
  }

  void read_step(crypto::TenantCipher& cipher, const RowName& name,
                 const storage::StoredStep& stored) {
    ++check_.rows;
    trains_.emplace(stored.lane, stored.train);
    Bytes row(stored.exchange.view().begin(), stored.exchange.view().end());
    row.push_back(static_cast<std::uint8_t>(stored.step));
    const auto plain =
        cipher.open({.table = "step", .column = "sealed", .row = row}, stored.sealed);
    if (!plain) return contradiction(name.text() + ": its sealed statement does not open");
    const auto content = wire::decode_stored_content(*plain);
    if (!content) return contradiction(name.text() + ": its statement cannot be read");
    const std::uint8_t kind = storage::leaf_kind(stored.step);
    if (crypto::leaf_hash(stored.salt, kind, content->statement) != stored.leaf) {
      contradiction(name.text() + ": its leaf is not that of its statement");
    }
    if (!units_fit(stored.step, stored.units, *content)) {
      contradiction(name.text() + ": its units are not those of its statement");
    }
    if (stored.step == storage::Step::kHeld) ++check_.held;
    if (stored.step == storage::Step::kProvided) take_provided(name, stored, *content);
    if (stored.step == storage::Step::kConcluded) take_concluded(name, stored, *content);
  }

  void compare_outcome(const RowName& name, const storage::StoredStep& stored,
                       exchange::Outcome outcome) {
    if (stored.outcome == static_cast<std::uint16_t>(outcome)) return;
    contradiction(fmt::format("{}: outcome {}, its statement says {}", name.text(), stored.outcome,
                              static_cast<std::uint16_t>(outcome)));
  }

  void take_provided(const RowName& name, const storage::StoredStep& stored,
                     const wire::StoredContent& content) {
    const auto provision = wire::decode_provision(content.statement);
    if (!provision) return contradiction(name.text() + ": its statement is no provision");
    compare_outcome(name, stored, provision->outcome);
    const Provided row{name, provision->outcome, stored.units.bytes_out};
    const auto [other, first] = ledger_.provided.emplace(provision->request_hash, row);
    if (!first) {
      contradiction(fmt::format("{} and {}: a request was provided twice", other->second.row.text(),
                                name.text()));
    }
  }

  void take_concluded(const RowName& name, const storage::StoredStep& stored,
                      const wire::StoredContent& content) {
    const auto conclusion = wire::decode_conclusion(content.statement);
    if (!conclusion) return contradiction(name.text() + ": its statement is no conclusion");
    compare_outcome(name, stored, conclusion->outcome);
    const Concluded row{name, *conclusion, stored.units.bytes_in};
    const auto [other, first] = ledger_.concluded.emplace(content.key, row);
    if (!first) {
      contradiction(fmt::format("{} and {}: a query was concluded twice", other->second.row.text(),
                                name.text()));
    }
  }

  void compare(const RequestKey& key, const exchange::Reply& reply) {
    const auto concluded = ledger_.concluded.find(key);
    if (concluded == ledger_.concluded.end()) {
      return contradiction(to_hex(key.view()) + ": no conclusion at the asker");
    }
    const auto& [row, conclusion, bytes_in] = concluded->second;
    const auto outcome = static_cast<std::uint32_t>(reply.outcome);
    ++check_.told[{row.tenant, Side::kAsked, outcome}];
    if (conclusion.outcome != reply.outcome) {
      return contradiction(row.text() + ": the client was told another outcome");
    }
    const auto provided = ledger_.provided.find(conclusion.request_hash);
    const bool by_provider =
        exchange::has_answer(reply.outcome) || reply.outcome == exchange::Outcome::kNoData;
    if (provided == ledger_.provided.end()) {
      if (by_provider) contradiction(row.text() + ": no row at the provider");
      return;
    }
    provided->second.concluded = true;
    ++check_.told[{provided->second.row.tenant, Side::kProvided, outcome}];
    const std::string both = row.text() + " and " + provided->second.row.text();
    if (provided->second.outcome != conclusion.outcome) {
      return contradiction(both + ": the two towns hold different outcomes");
    }
    if (by_provider && provided->second.bytes_out != bytes_in) {
      contradiction(both + ": the two towns metered different bytes");
    }
  }

  void find_provided_for_nobody() {
    for (const auto& [request, provided] : ledger_.provided) {
      if (!provided.concluded) contradiction(provided.row.text() + ": provided, asked by nobody");
    }
  }

  void contradiction(std::string text) {
    if (check_.contradictions.size() < kMostContradictions) {
      check_.contradictions.push_back(std::move(text));
    }
  }

  DemoPool* pool_;
  storage::PostgresStore store_;
  Ledger ledger_;
  std::set<std::pair<LaneId, TrainNumber>> trains_;
  RowCheck check_;
};

}  // namespace

Result<RowCheck> check_rows(DemoPool& pool, const ClientOutcomes& told) {
  return Checker(pool).run(told);
}

}  // namespace nakadachi::apps
