#include "apps/nakadachi/demo_check.hpp"

#include <fmt/format.h>

#include <optional>
#include <set>

#include "nakadachi/storage/postgres_store.hpp"
#include "nakadachi/wire/statements.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::size_t kPage = 2'000;
constexpr std::size_t kMostContradictions = 20;

/// Rows of all towns, by the names that tie them together.
struct Ledger {
  std::map<RequestKey, exchange::Conclusion> concluded;
  std::map<Digest, exchange::Outcome> provided;
};

class Checker {
 public:
  explicit Checker(DemoPool& pool) : pool_(&pool), store_(pool.cluster().logins()) {}

  Result<RowCheck> run(const ClientOutcomes& told) {
    for (const Municipality& town : pool_->towns()) {
      NAKADACHI_CHECK(read_town(TenantId{town.code.number()}));
    }
    for (const auto& [key, reply] : told) compare(key, reply);
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
    std::optional<ExchangeId> after;
    while (true) {
      NAKADACHI_TRY(const auto page, store_.scan(tenant, 0, after, kPage));
      if (page.empty()) return {};
      after = page.back().exchange;
      for (const storage::StoredStep& row : page) NAKADACHI_CHECK(read_row(cipher, row));
    }
  }

  Result<void> read_row(crypto::TenantCipher& cipher, const storage::StoredStep& stored) {
    ++check_.rows;
    trains_.emplace(stored.lane, stored.train);
    Bytes row(stored.exchange.view().begin(), stored.exchange.view().end());
    row.push_back(static_cast<std::uint8_t>(stored.step));
    NAKADACHI_TRY(const Bytes plain,
                  cipher.open({.table = "step", .column = "sealed", .row = row}, stored.sealed));
    NAKADACHI_TRY(const wire::StoredContent content, wire::decode_stored_content(plain));
    switch (stored.step) {
      case storage::Step::kAsked:
        break;
      case storage::Step::kHeld:
        ++check_.held;
        break;
      case storage::Step::kProvided: {
        NAKADACHI_TRY(const auto provision, wire::decode_provision(content.statement));
        if (!ledger_.provided.emplace(provision.request_hash, provision.outcome).second) {
          contradiction("a request was provided twice");
        }
        break;
      }
      case storage::Step::kConcluded: {
        NAKADACHI_TRY(const auto conclusion, wire::decode_conclusion(content.statement));
        if (!ledger_.concluded.emplace(content.key, conclusion).second) {
          contradiction("a query was concluded twice");
        }
        break;
      }
    }
    return {};
  }

  void compare(const RequestKey& key, const exchange::Reply& reply) {
    const std::string name = to_hex(key.view());
    const auto concluded = ledger_.concluded.find(key);
    if (concluded == ledger_.concluded.end()) {
      return contradiction(name + ": no conclusion at the asker");
    }
    const exchange::Conclusion& conclusion = concluded->second;
    if (conclusion.outcome != reply.outcome) {
      return contradiction(name + ": the client was told another outcome");
    }
    const auto provided = ledger_.provided.find(conclusion.request_hash);
    const bool by_provider =
        exchange::has_answer(reply.outcome) || reply.outcome == exchange::Outcome::kNoData;
    if (by_provider && provided == ledger_.provided.end()) {
      return contradiction(name + ": no row at the provider");
    }
    if (provided != ledger_.provided.end() && provided->second != conclusion.outcome) {
      return contradiction(name + ": the two towns hold different outcomes");
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
