#include <fmt/format.h>

#include <algorithm>

#include "nakadachi/crypto/merkle.hpp"
#include "nakadachi/records/log_audit.hpp"
#include "nakadachi/tenant_vm/log_rows.hpp"
#include "nakadachi/wire/statements.hpp"
#include "tests/support/opened_rows.hpp"
#include "world.hpp"

namespace nakadachi::sim {
using testing::open_row;
using testing::OpenedRow;

void World::broken(std::string_view invariant, const std::string& how) {
  result_.broken.push_back(fmt::format("{} at {} ms: {}", invariant, now_ - kStart, how));
}

/// durable-before-visible: what leaves a node speaks of a step on disk.
void World::check_leaves_after_commit(const wire::LinkItem& item) {
  const bool of_a_step = item.kind == exchange::StatementKind::kInquiry ||
                         item.kind == exchange::StatementKind::kProvision;
  if (!of_a_step) return;
  const Digest leaf =
      crypto::leaf_hash(item.salt, static_cast<std::uint8_t>(item.kind), item.statement);
  const auto& rows = store_.rows();
  const bool stored = std::any_of(rows.begin(), rows.end(),
                                  [&](const auto& row) { return row.second.leaf == leaf; });
  if (!stored) broken("durable-before-visible", "a statement left before its step was durable");
}

/// durable-before-visible, for the business system.
void World::check_reply_is_durable(const Asked& asked) {
  const std::size_t town = Universe::town_of(asked.asker);
  crypto::TenantCipher cipher = universe_.cipher(town);
  const auto& rows = store_.rows();
  const bool stored = std::any_of(rows.begin(), rows.end(), [&](const auto& row) {
    if (std::get<TenantId>(row.first) != universe_.tenant(town)) return false;
    if (std::get<storage::Step>(row.first) != storage::Step::kConcluded) return false;
    const auto content = open_row(cipher, row.second);
    return content.ok() && content->key == asked.query.key;
  });
  if (!stored) broken("durable-before-visible", "an outcome was told before it was durable");
}

/// record-proved: whoever is told an outcome, for the first time or again after whatever
/// happened, can prove the record of it.
void World::check_receipt(const Asked& asked, const exchange::Reply& reply) {
  const auto checked = receipts_.check(asked.query, reply);
  if (checked) return;
  broken("record-proved",
         fmt::format("{} {}", text_of(checked.error().code).name, checked.error().field));
}

void World::check_end() {
  if (!all_settled()) {
    const auto waiting = std::count_if(asked_.begin(), asked_.end(), [](const Asked& asked) {
      return !asked.outcome && !asked.never_accepted;
    });
    std::size_t open = 0;
    for (const NodeProcess& process : nodes_) {
      if (process.core != nullptr) open += process.core->open_exchanges();
    }
    return broken("settled",
                  fmt::format("{} queries without an outcome, {} exchanges open", waiting, open));
  }
  check_law();  // first: an unlawful answer is mostly a wrong one too
  const auto concluded = conclusions();
  const auto provided = trains_of_provisions();
  for (const Asked& asked : asked_) {
    if (asked.never_accepted) {
      ++result_.never_accepted;
      continue;
    }
    ++result_.outcomes[asked.outcome->outcome];
    const auto of_it = concluded.find(asked.query.key);
    if (of_it == concluded.end()) return broken("one-outcome", "an outcome without a row");
    check_outcome(asked, of_it->second, provided);
    if (!result_.broken.empty()) return;
  }
  check_disk();
}

/// By leaf, for what is in no statement: which train brought it.
std::map<Digest, TrainNumber> World::trains_of_provisions() const {
  std::map<Digest, TrainNumber> trains;
  for (const auto& [key, stored] : store_.rows()) {
    if (stored.step == storage::Step::kProvided) trains.emplace(stored.leaf, stored.train);
  }
  return trains;
}

/// right-answer: what the law of the day, the copy that was registered and the staff make due.
void World::check_outcome(const Asked& asked, const exchange::Conclusion& concluded,
                          const std::map<Digest, TrainNumber>& provided) {
  const exchange::Reply& reply = *asked.outcome;
  const exchange::Subject& subject = asked.query.subject;
  if (reply.outcome == exchange::Outcome::kLapsed) return;
  const About about{universe_.index_of(subject.provider), Universe::ordinal_of(asked.query.person),
                    subject.kind};
  Universe::Then then{.asked_at = concluded.asked_at};
  if (const auto train = provided.find(concluded.provision_leaf); train != provided.end()) {
    then.registered = copy_before(about, train->second);
    then.bound = bound_before(about, train->second);
  } else if (was_issued(about, concluded.asked_at)) {
    then.bound = true;  // the core may not say that it is not
  }
  const Universe::Expected expected = universe_.expected(asked.query, then);
  const bool may_be_suspended =
      violated_at_ && concluded.concluded_at >= *violated_at_ && universe_.is_suspended(subject);
  const bool lawful = expected.outcome != exchange::Outcome::kRefused ||
                      expected.code == ErrorCode::kIdentityInDoubt;
  if (reply.code == ErrorCode::kProvisionSuspended && may_be_suspended && lawful) {
    return occurred(Occasion::kSuspended);
  }
  if (then.bound == false) occurred(Occasion::kAskedOfEndedSymbol);
  if (exchange::has_answer(reply.outcome)) {
    if (then.bound && !universe_.knows(about.institution, about.person)) {
      occurred(Occasion::kAnsweredOnceAcquired);
    }
    if (then.registered && *then.registered) occurred(Occasion::kAnsweredFromLaterCopy);
    if (expected.as_far_as_covered) occurred(Occasion::kAnsweredAsFarAsCovered);
  }
  const bool right = reply.outcome == expected.outcome && reply.answer == expected.answer &&
                     (reply.outcome != exchange::Outcome::kRefused || reply.code == expected.code);
  if (right) return;
  broken("right-answer",
         fmt::format("outcome {} ({}) where {} ({}) was due, kind {} of {} asked by {}",
                     static_cast<int>(reply.outcome), text_of(reply.code).name,
                     static_cast<int>(expected.outcome), text_of(expected.code).name,
                     subject.kind.text(), subject.provider.text(), subject.asker.text()));
}

bool World::was_issued(const About& about, Timestamp by) const {
  return std::ranges::any_of(issued_, [&](const national::IssuedSymbol& issued) {
    return issued.institution == universe_.institution(about.institution) &&
           issued.person == universe_.person_id(about.person) && issued.issued_at <= by;
  });
}

void World::check_disk() {
  const auto rows = open_all_rows();
  if (!rows) return;
  check_rows(*rows);
  check_conclusions(*rows);
  check_staffs_word(*rows);
  check_copies();
  check_persons();
  check_wishes();
  if (!result_.broken.empty()) return;
  check_units(*rows);
  check_changes();
  check_logs();
}

/// isolation: each row opens under the key of its town and no other.
std::optional<std::vector<OpenedRow>> World::open_all_rows() {
  auto rows = testing::open_rows(universe_, store_);
  if (!rows) {
    broken("isolation", "a row does not open under its tenant's key");
    return std::nullopt;
  }
  std::vector<crypto::TenantCipher> ciphers;
  for (std::size_t town = 0; town < kTowns; ++town) ciphers.push_back(universe_.cipher(town));
  for (const OpenedRow& row : *rows) {
    if (testing::open_row(ciphers[1 - row.town], row.stored)) {
      broken("isolation", "a row opens under another's key");
      return std::nullopt;
    }
  }
  return *std::move(rows);
}

namespace {

/// What the provider's row says otherwise than the asker's conclusion on it; empty when nothing.
std::string difference(const OpenedRow& provided, const exchange::Conclusion& conclusion) {
  const auto provision = wire::decode_provision(provided.content.statement);
  const auto permit = wire::decode_permit(provided.content.permit);
  if (!permit) return "permit";
  if (permit->request_hash != conclusion.request_hash) return "request";
  if (permit->subject != conclusion.subject) return "subject";
  if (permit->asked_at != conclusion.asked_at) return "time of the request";
  if (provision->outcome != conclusion.outcome) return "outcome";
  // That it lapsed may have been told by a word on its status alone; nothing else can.
  const bool by_status = conclusion.outcome == exchange::Outcome::kLapsed;
  if (by_status && conclusion.provision_leaf == Digest()) return {};
  if (provided.stored.leaf != conclusion.provision_leaf) return "leaf";
  if (permit->legal_item != conclusion.legal_item) return "item of the table";
  if (provision->provided_at != conclusion.provided_at) return "time of the provision";
  if (provision->non_disclosure != conclusion.provider_non_disclosure) return "non-disclosure";
  const bool refused = conclusion.outcome == exchange::Outcome::kRefused;
  return refused && provision->reason != conclusion.reason ? "reason" : "";
}

}  // namespace

/// provided-once and agreement, by what the disk holds.
void World::check_rows(const std::vector<OpenedRow>& rows) {
  std::map<Digest, const OpenedRow*> provided;
  std::map<Digest, exchange::Conclusion> concluded;
  for (const OpenedRow& row : rows) {
    const auto& [town, stored, content] = row;
    if (stored.step == storage::Step::kProvided) {
      const auto provision = wire::decode_provision(content.statement);
      if (!provided.emplace(provision->request_hash, &row).second) {
        return broken("provided-once", "a request was provided twice");
      }
    } else if (stored.step == storage::Step::kConcluded) {
      const auto conclusion = wire::decode_conclusion(content.statement);
      if (conclusion->request_hash != Digest()) {
        concluded.emplace(conclusion->request_hash, *conclusion);
      }
    }
  }
  check_agreement(provided, concluded);
}

/// agreement: both towns keep the same of a request.
void World::check_agreement(const std::map<Digest, const OpenedRow*>& provided,
                            const std::map<Digest, exchange::Conclusion>& concluded) {
  for (const auto& [request, row] : provided) {
    const auto at_asker = concluded.find(request);
    if (at_asker == concluded.end()) {
      return broken("agreement", "provided and never concluded");
    }
    const std::string what = difference(*row, at_asker->second);
    if (!what.empty()) return broken("agreement", "the two towns differ: " + what);
  }
  for (const auto& [request, conclusion] : concluded) {
    const bool needs_provider = exchange::has_answer(conclusion.outcome) ||
                                conclusion.outcome == exchange::Outcome::kNoData ||
                                conclusion.provision_leaf != Digest();
    if (needs_provider && !provided.contains(request)) {
      return broken("agreement", "the asker holds an outcome its provider does not know of");
    }
  }
}

/// one-outcome and refusal-recorded: what clients were told is on the disk, once.
void World::check_conclusions(const std::vector<OpenedRow>& rows) {
  std::map<RequestKey, std::size_t> outcomes;
  std::set<RequestKey> turned_away;
  std::set<RequestKey> reuses;
  for (const auto& [town, stored, content] : rows) {
    if (stored.step != storage::Step::kConcluded) continue;
    const auto conclusion = wire::decode_conclusion(content.statement);
    if (conclusion->reason == ErrorCode::kClockSkew) {
      turned_away.insert(content.key);  // not the outcome of its key
    } else if (conclusion->reason == ErrorCode::kSameKeyOtherContent) {
      reuses.insert(content.key);  // nor is this
    } else {
      ++outcomes[content.key];
    }
  }
  for (const Asked& asked : asked_) {
    const std::size_t wanted = asked.never_accepted ? 0 : 1;
    if (outcomes[asked.query.key] != wanted) {
      return broken("one-outcome", "rows and the client's outcome do not fit");
    }
    if (asked.never_accepted && !turned_away.contains(asked.query.key)) {
      return broken("refusal-recorded", "a query was turned away for good without a row");
    }
    if (asked.reused != reuses.contains(asked.query.key)) {
      return broken("refusal-recorded", "rows and the questions under a key used again do not fit");
    }
  }
}

/// log-intact: each body's log has every row of it once, and every train states what
/// the log came down to.
void World::check_logs() {
  constexpr std::size_t kAll = 1'000'000;
  for (std::size_t town = 0; town < kTowns; ++town) {
    const TenantId tenant = universe_.tenant(town);
    const LaneId lane{static_cast<std::uint16_t>(town + 1)};
    const auto entries = *store_.scan_log(tenant, 0, kAll);
    const auto trains = *store_.scan_trains(lane, TrainNumber{1}, kAll);
    const auto of_tenant = [&](const auto& row) { return std::get<0>(row.first) == tenant; };
    const auto rows = std::count_if(store_.rows().begin(), store_.rows().end(), of_tenant) +
                      std::count_if(store_.changes().begin(), store_.changes().end(), of_tenant);
    if (entries.size() != static_cast<std::size_t>(rows)) {
      return broken("log-intact", "the log has not every row once");
    }
    records::LogAudit audit(tenant);
    std::size_t next = 0;
    Result<void> fine;
    for (const storage::StoredTrain& train : trains) {
      for (const storage::Head& head : train.heads) {
        while (fine && next < head.size && next < entries.size()) {
          fine = audit.entry(tenant_vm::entry_of(tenant, entries[next++]));
        }
        if (fine) fine = audit.head({head.tenant, head.size, head.root});
      }
    }
    if (fine && !audit.finish()) fine = audit.finish().error();
    if (!fine) return broken("log-intact", std::string(text_of(fine.error().code).name));
  }
}

}  // namespace nakadachi::sim
