// What rows are metered with, computed anew: from the statements on the disk, from what the
// core system sent and from who lives where, and not by the code that counted (docs/metering.md).

#include <fmt/format.h>

#include "nakadachi/wire/statements.hpp"
#include "world.hpp"

namespace nakadachi::sim {
namespace {

using testing::OpenedRow;
using LegName = std::pair<std::size_t, ExchangeId>;  // of a town

/// What one row has to be seen beside.
struct Books {
  explicit Books(const std::vector<OpenedRow>& rows) {
    for (const OpenedRow& row : rows) {
      if (row.stored.step == storage::Step::kHeld) held.emplace(row.town, row.stored.exchange);
      if (row.stored.step == storage::Step::kProvided) provided.emplace(row.stored.leaf, &row);
    }
  }
  std::set<LegName> held;
  std::map<Digest, const OpenedRow*> provided;  // by leaf
};

/// Whether nothing of it has travelled.
bool is_within_body(const exchange::Subject& subject) {
  exchange::Query query{.key = {}, .person = *AddressNumber::from_number(0), .subject = subject};
  return Universe::is_within_body(query);
}

struct Travelled {
  std::uint16_t messages = 0;
  std::uint32_t bytes = 0;
};
Travelled travelled(const exchange::Subject& subject, const Bytes& statement) {
  if (is_within_body(subject)) return {};
  return {.messages = 1, .bytes = static_cast<std::uint32_t>(statement.size())};
}

Units due_when_asked(const OpenedRow& row) {
  const auto inquiry = wire::decode_inquiry(row.content.statement);
  const Travelled out = travelled(inquiry->subject, row.content.statement);
  return {.cause = Cause::kOwnQuery,
          .persons = 1,
          .messages_out = out.messages,
          .bytes_out = out.bytes};
}

/// Both towns belong to the pool.
Cause due_cause(const exchange::Subject& subject, bool held) {
  if (is_within_body(subject)) return Cause::kOwnQuery;
  return held ? Cause::kApproval : Cause::kAnswered;
}

Units due_when_held(const OpenedRow& row) {
  const auto permit = wire::decode_permit(row.content.statement);
  const Travelled in = travelled(permit->subject, row.content.statement);
  return {.cause = due_cause(permit->subject, true),
          .persons = 1,
          .messages_in = in.messages,
          .bytes_in = in.bytes};
}

Units due_when_provided(const OpenedRow& row, const Books& books) {
  const auto permit = wire::decode_permit(row.content.permit);
  const bool held = books.held.contains({row.town, row.stored.exchange});
  const Travelled in = held ? Travelled{} : travelled(permit->subject, row.content.permit);
  const Travelled out = travelled(permit->subject, row.content.statement);
  return {.cause = due_cause(permit->subject, held),
          .persons = static_cast<std::uint16_t>(held ? 0 : 1),
          .messages_in = in.messages,
          .messages_out = out.messages,
          .bytes_in = in.bytes,
          .bytes_out = out.bytes};
}

/// What came in is the statement that decided: the provision or the core's refusal. That a
/// request has lapsed is a status, which is no statement of a step and counts nothing.
Units due_when_concluded(const OpenedRow& row, const Books& books,
                         const std::map<Digest, std::set<std::size_t>>& refusals) {
  const auto conclusion = wire::decode_conclusion(row.content.statement);
  Units due{.cause = Cause::kOwnQuery};
  if (conclusion->request_hash == Digest()) {
    due.persons = 1;  // refused before anything was asked
    return due;
  }
  if (conclusion->provision_leaf != Digest()) {
    const auto provided = books.provided.find(conclusion->provision_leaf);
    if (provided == books.provided.end()) return due;  // and `agreement` is broken
    const Travelled in = travelled(conclusion->subject, provided->second->content.statement);
    due.messages_in = in.messages;
    due.bytes_in = in.bytes;
  } else if (conclusion->outcome != exchange::Outcome::kLapsed) {
    due.messages_in = 1;
    const auto told = refusals.find(conclusion->request_hash);
    const bool as_told = told != refusals.end() && told->second.contains(row.stored.units.bytes_in);
    if (as_told) due.bytes_in = row.stored.units.bytes_in;  // one of them has decided
  }
  return due;
}

std::string text_of(const Units& units) {
  return fmt::format("cause {}, {} persons, {} + {} messages, {} + {} bytes",
                     static_cast<int>(units.cause), units.persons, units.messages_in,
                     units.messages_out, units.bytes_in, units.bytes_out);
}

}  // namespace

/// The core's refusals and notices are in no row.
void World::note_size(const wire::LinkItem& sent) {
  if (sent.kind == exchange::StatementKind::kSymbolNotice) notices_.insert(sent.statement.size());
  if (sent.kind != exchange::StatementKind::kRefusal) return;
  refusals_[wire::decode_refusal(sent.statement)->request_hash].insert(sent.statement.size());
}

/// The journal keeps no value.
void World::note_values(const storage::Train& train) {
  for (const storage::ChangeRow& row : train.changes) values_[row.change] = row.value.size();
}

/// units-once: every row has the units that its statement makes due, none of them on another
/// row too. units-agree: what one side sent is what the other received.
void World::check_units(const std::vector<OpenedRow>& rows) {
  const Books books(rows);
  const auto due_of = [&](const OpenedRow& row) {
    switch (row.stored.step) {
      case storage::Step::kAsked:
        return due_when_asked(row);
      case storage::Step::kHeld:
        return due_when_held(row);
      case storage::Step::kProvided:
        return due_when_provided(row, books);
      case storage::Step::kConcluded:
        break;
    }
    return due_when_concluded(row, books, refusals_);
  };
  std::map<LegName, unsigned> persons;
  std::map<Digest, std::uint32_t> sent;  // by the provision's leaf
  for (const OpenedRow& row : rows) {
    const Units due = due_of(row);
    if (row.stored.units != due) {
      return broken("units-once",
                    fmt::format("step {}: {}, due {}", static_cast<int>(row.stored.step),
                                text_of(row.stored.units), text_of(due)));
    }
    persons[{row.town, row.stored.exchange}] += row.stored.units.persons;
    if (row.stored.step == storage::Step::kProvided) {
      sent.emplace(row.stored.leaf, row.stored.units.bytes_out);
    }
  }
  for (const auto& [leg, count] : persons) {
    if (count != 1) return broken("units-once", "a leg of an exchange has not one person");
  }
  for (const OpenedRow& row : rows) {
    if (row.stored.step != storage::Step::kConcluded) continue;
    const auto conclusion = wire::decode_conclusion(row.content.statement);
    const auto provided = sent.find(conclusion->provision_leaf);
    if (provided != sent.end() && provided->second != row.stored.units.bytes_in) {
      return broken("units-agree", "what one side sent is not what the other received");
    }
  }
}

/// Nothing when no notice had the size that was counted.
std::optional<Units> World::due_for_change(const storage::StoredChange& change,
                                           const copies::ChangeRecord& record) const {
  const bool of_symbols = change.section == storage::Section::kSymbol ||
                          change.section == storage::Section::kAcquisition;
  Units due{.cause = of_symbols ? Cause::kSymbols : Cause::kHoldings};
  if (record.reason.who() != "nakadachi") {  // a request of staff, of one part or several
    const std::size_t sealed = values_.at(change.change);
    const ByteView id = change.change.view();
    const bool first_part = id[id.size() - 2] == 0 && id[id.size() - 1] == 0;
    due.messages_in = first_part ? 1 : 0;
    due.bytes_in =
        sealed == 0 ? 0 : static_cast<std::uint32_t>(sealed - crypto::TenantCipher::kOverhead);
  } else if (record.reason.why() == "acquisition ended" ||
             record.reason.why() == "asked by another body") {  // a notice or a wish has come
    const bool of_notice = record.reason.why() == "acquisition ended";
    const std::set<std::size_t>& sizes = of_notice ? notices_ : wish_sizes_;
    if (!sizes.contains(change.units.bytes_in)) return std::nullopt;
    due.messages_in = 1;
    due.bytes_in = change.units.bytes_in;
  }
  return due;  // of what the notice brings, or what has lapsed, nothing more has come
}

void World::count_occasions(const storage::StoredChange& change,
                            const copies::ChangeRecord& record) {
  if (change.section == storage::Section::kSetting) occurred(Occasion::kAnswerModeSet);
  if (change.section != storage::Section::kFlag) return;
  const bool set = record.operation == copies::Operation::kSet;
  occurred(set ? Occasion::kFlagSet : Occasion::kFlagCleared);
  if (record.kind) occurred(Occasion::kFlagOfOneKind);
}

/// units-once, for what towns hold.
void World::check_changes() {
  for (std::size_t town = 0; town < kTowns; ++town) {
    for (const auto& [name, change] : store_.changes()) {
      if (name.first != universe_.tenant(town)) continue;
      const auto record = open_record(town, change);
      if (!record) return broken("isolation", "a change does not open under its tenant's key");
      count_occasions(change, *record);
      const auto due = due_for_change(change, *record);
      if (due != change.units) {
        return broken(
            "units-once",
            fmt::format("change, {}: {}, due {}", record->reason.why(), text_of(change.units),
                        due ? text_of(*due) : "the size of a notice that was sent"));
      }
    }
  }
}

}  // namespace nakadachi::sim
