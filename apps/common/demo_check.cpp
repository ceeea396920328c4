#include "apps/common/demo_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "nakadachi/crypto/hash.hpp"
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
  exchange::Provision provision;
  exchange::Permit permit;
  Digest leaf;
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

/// What the provider's row says otherwise than the conclusion at the asker; empty when nothing.
std::string_view difference(const Provided& provided, const Concluded& concluded) {
  const auto& [row, conclusion, bytes_in] = concluded;
  if (provided.permit.subject != conclusion.subject) return "subjects";
  if (provided.permit.asked_at != conclusion.asked_at) return "times of the request";
  if (provided.provision.outcome != conclusion.outcome) return "outcomes";
  // That it lapsed may have been told by a word on its status alone; nothing else can.
  const bool by_status = conclusion.outcome == exchange::Outcome::kLapsed;
  if (by_status && conclusion.provision_leaf == Digest()) return {};
  if (provided.leaf != conclusion.provision_leaf) return "leaves of the provision";
  if (provided.permit.legal_item != conclusion.legal_item) return "items of the table";
  if (provided.provision.provided_at != conclusion.provided_at) return "times of the provision";
  if (provided.provision.non_disclosure != conclusion.provider_non_disclosure) {
    return "words on non-disclosure";
  }
  const bool refused = conclusion.outcome == exchange::Outcome::kRefused;
  if (refused && provided.provision.reason != conclusion.reason) return "reasons";
  return provided.bytes_out != bytes_in ? "bytes metered" : "";
}

/// Whether the client was told what was recorded.
bool is_as_told(const exchange::Conclusion& conclusion, const exchange::Reply& reply) {
  const Digest answer_hash = reply.answer.empty() ? Digest() : crypto::sha256({reply.answer});
  return conclusion.outcome == reply.outcome && conclusion.legal_item == reply.legal_item &&
         conclusion.answer_hash == answer_hash &&
         (reply.outcome != exchange::Outcome::kRefused || conclusion.reason == reply.code);
}

/// Why questions are refused without an outcome of their key (docs/records.md).
constexpr std::array kReasonsApart = {ErrorCode::kUnknownKey, ErrorCode::kClockSkew,
                                      ErrorCode::kClosedHours, ErrorCode::kSameKeyOtherContent};

bool is_apart(const exchange::Conclusion& conclusion) {
  return conclusion.request_hash == Digest() &&
         std::ranges::find(kReasonsApart, conclusion.reason) != kReasonsApart.end();
}

/// Whether the units are those that the statement's row has (docs/metering.md). Of what came in
/// before a conclusion it knows nothing; which of a provider's causes it was, the row alone does
/// not say, and nobody is outside the demo's pool.
bool units_fit(storage::Step step, const Units& units, const wire::StoredContent& content) {
  const bool by_asker = step == storage::Step::kAsked || step == storage::Step::kConcluded;
  Units wanted{.cause = by_asker ? Cause::kOwnQuery : units.cause};
  if (units.cause == Cause::kOutside) return false;
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

  Result<RowCheck> run(const ClientOutcomes& told, const ClientErrors& errors) {
    for (const Municipality& town : pool_->towns()) {
      NAKADACHI_CHECK(read_town(TenantId{town.code.number()}));
    }
    for (const auto& [key, reply] : told) compare(key, reply);
    find_provided_for_nobody();
    if (ledger_.concluded.size() != told.size()) {
      contradiction(
          fmt::format("{} conclusions for {} queries", ledger_.concluded.size(), told.size()));
    }
    compare_apart(errors);
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
    const bool of_symbols = stored.section == storage::Section::kSymbol ||
                            stored.section == storage::Section::kAcquisition;
    if (stored.units.cause != (of_symbols ? Cause::kSymbols : Cause::kHoldings)) {
      contradiction(name.text() + ": its cause is not that of what was changed");
    }
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
    const auto permit = wire::decode_permit(content.permit);
    if (!permit) return contradiction(name.text() + ": it has no permit");
    if (wire::permit_hash(content.permit) != provision->permit_hash) {
      contradiction(name.text() + ": its permit is not the one of its statement");
    }
    const Provided row{name, *provision, *permit, stored.leaf, stored.units.bytes_out};
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
    if (is_apart(*conclusion)) {
      ++check_.apart[{name.tenant, Side::kAsked, stored.outcome}];
      ++apart_[conclusion->reason];
      return;
    }
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
    if (!is_as_told(conclusion, reply)) {
      return contradiction(row.text() + ": the client was told something else");
    }
    const auto provided = ledger_.provided.find(conclusion.request_hash);
    const bool by_provider = exchange::has_answer(reply.outcome) ||
                             reply.outcome == exchange::Outcome::kNoData ||
                             conclusion.provision_leaf != Digest();
    if (provided == ledger_.provided.end()) {
      if (by_provider) contradiction(row.text() + ": no row at the provider");
      return;
    }
    provided->second.concluded = true;
    ++check_.told[{provided->second.row.tenant, Side::kProvided, outcome}];
    if (const auto what = difference(provided->second, concluded->second); !what.empty()) {
      contradiction(fmt::format("{} and {}: the two towns hold different {}", row.text(),
                                provided->second.row.text(), what));
    }
  }

  /// Each such refusal was told to a client, and each that was told is recorded.
  void compare_apart(const ClientErrors& errors) {
    for (const ErrorCode reason : kReasonsApart) {
      const auto heard = errors.find(reason);
      const std::uint64_t told = heard == errors.end() ? 0 : heard->second;
      if (apart_[reason] == told) continue;
      contradiction(fmt::format("{} refusals by {}, told to clients {} times", apart_[reason],
                                text_of(reason).name, told));
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
  std::map<ErrorCode, std::uint64_t> apart_;
  RowCheck check_;
};

}  // namespace

Result<RowCheck> check_rows(DemoPool& pool, const ClientOutcomes& told,
                            const ClientErrors& errors) {
  return Checker(pool).run(told, errors);
}

}  // namespace nakadachi::apps
