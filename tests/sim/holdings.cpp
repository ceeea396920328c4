// What towns held when they answered, by the trains before the answer; and whether answers are
// as it says.

#include <algorithm>

#include "nakadachi/copies/copy_shelf.hpp"
#include "nakadachi/tenant_vm/holding_values.hpp"
#include "nakadachi/wire/statements.hpp"
#include "world.hpp"

namespace nakadachi::sim {

using storage::Section;
using testing::OpenedRow;

/// What a change leaves is not to be seen in the journal.
void World::note_holdings(const storage::Train& train) {
  for (const storage::ChangeRow& row : train.changes) {
    crypto::TenantCipher cipher = universe_.cipher(row.tenant == universe_.tenant(0) ? 0 : 1);
    if (row.section == Section::kFlag) {
      auto& left = flags_left_[row.change];
      left = row.erase ? std::vector<copies::Flag>()
                       : copies::open_flags(cipher, row.key, row.value)->flags;
      if (std::ranges::any_of(left, [](const copies::Flag& flag) {
            return flag.period.from || flag.period.until;
          })) {
        occurred(Occasion::kFlagOfAPeriod);
      }
    } else if (row.section == Section::kCopy) {
      Universe::Registered& left = copies_left_[row.change];
      left.reset();
      if (!row.erase) left = copies::open_copy(cipher, row.key, row.value)->content;
    } else if (row.section == Section::kSetting) {
      modes_left_[row.change] = copies::open_answer_setting(cipher, row.key, row.value)->mode;
    }
  }
}

/// The last change of a holding in the trains before `train`; null when there was none.
const storage::StoredChange* World::last_before(std::size_t town, Section section,
                                                const HoldingKey& key, TrainNumber train) const {
  const storage::StoredChange* last = nullptr;
  for (const auto& [name, change] : store_.changes()) {
    const bool counts = name.first == universe_.tenant(town) && change.section == section &&
                        change.key == key && change.train < train;
    if (counts && (last == nullptr || last->number < change.number)) last = &change;
  }
  return last;
}

copies::FlagState World::flags_before(const About& about, Day day, TrainNumber train) const {
  const std::size_t town = Universe::town_of(about.institution);
  crypto::TenantCipher cipher = universe_.cipher(town);
  copies::PersonFlags flags{universe_.institution(about.institution),
                            Universe::address_of(about.institution, about.person),
                            {}};
  const auto key = *copies::flag_key(cipher, flags.institution, flags.person);
  if (const auto* const last = last_before(town, Section::kFlag, key, train)) {
    flags.flags = flags_left_.at(last->change);
  } else if (universe_.flagged(about.institution, about.person)) {
    flags.flags = {{copies::FlagSort::kHeld, {}, {}}};
  }
  return copies::state_on(flags, about.kind, day);
}

/// Nothing when it was never changed.
std::optional<Universe::Registered> World::copy_before(const About& about,
                                                       TrainNumber train) const {
  const std::size_t town = Universe::town_of(about.institution);
  crypto::TenantCipher cipher = universe_.cipher(town);
  const auto key =
      *copies::copy_key(cipher, universe_.institution(about.institution),
                        Universe::address_of(about.institution, about.person), about.kind);
  const auto* const last = last_before(town, Section::kCopy, key, train);
  if (last == nullptr) return std::nullopt;
  return copies_left_.at(last->change);
}

copies::AnswerMode World::mode_before(const About& about, TrainNumber train) const {
  const std::size_t town = Universe::town_of(about.institution);
  crypto::TenantCipher cipher = universe_.cipher(town);
  const auto key =
      *copies::answer_setting_key(cipher, universe_.institution(about.institution), about.kind);
  const auto* const last = last_before(town, Section::kSetting, key, train);
  if (last != nullptr) return modes_left_.at(last->change);
  return Universe::is_live(about.kind) ? copies::AnswerMode::kLive : copies::AnswerMode::kCopy;
}

/// Whether the provider had the person's symbol; nothing when that was never changed.
std::optional<bool> World::bound_before(const About& about, TrainNumber train) const {
  const std::size_t town = Universe::town_of(about.institution);
  crypto::TenantCipher cipher = universe_.cipher(town);
  const auto key = *tenant_vm::symbol_key(cipher, universe_.institution(about.institution),
                                          Universe::address_of(about.institution, about.person));
  const auto* const last = last_before(town, Section::kSymbol, key, train);
  return last == nullptr ? std::nullopt : std::optional(!last->erase);
}

/// Nothing, and `isolation` is broken, when it does not open.
std::optional<copies::ChangeRecord> World::open_record(std::size_t town,
                                                       const storage::StoredChange& change) const {
  const auto opened = universe_.cipher(town).open(
      {.table = "change", .column = "record", .row = change.change.view()}, change.record);
  if (!opened) return std::nullopt;
  return copies::decode_change(*opened).value();
}

/// By request.
std::map<Digest, World::About> World::abouts(const std::vector<OpenedRow>& rows) const {
  std::map<Digest, About> made;
  for (const OpenedRow& row : rows) {
    if (row.stored.step != storage::Step::kAsked) continue;
    const auto inquiry = wire::decode_inquiry(row.content.statement);
    const auto [institution, person] = universe_.about(*inquiry, row.content.within_body);
    made.emplace(wire::request_hash(row.content.statement),
                 About{institution, person, inquiry->subject.kind});
  }
  return made;
}

/// flag-obeyed and mode-obeyed: what staff have set before an answer, by the trains before it,
/// was obeyed by it. A flag or mode that holds was decided on by staff; 不開示 is told as it was,
/// also when staff have decided.
void World::check_staffs_word(const std::vector<OpenedRow>& rows) {
  const auto about = abouts(rows);
  std::set<Digest> held;
  for (const OpenedRow& row : rows) {
    if (row.stored.step != storage::Step::kHeld) continue;
    const auto permit = wire::decode_permit(row.content.statement);
    held.insert(permit->request_hash);
    const About& who = about.at(permit->request_hash);
    const Day day = Day::of(permit->issued_at);
    if (mode_before(who, row.stored.train) == copies::AnswerMode::kApproval &&
        !flags_before(who, day, row.stored.train).held) {
      occurred(Occasion::kHeldByMode);
    }
  }
  for (const OpenedRow& row : rows) {
    if (row.stored.step != storage::Step::kProvided) continue;
    const auto provision = wire::decode_provision(row.content.statement);
    const auto who = about.find(provision->request_hash);
    if (who == about.end() || !exchange::has_answer(provision->outcome)) continue;
    const copies::FlagState flags =
        flags_before(who->second, Day::of(provision->provided_at), row.stored.train);
    if (provision->non_disclosure != flags.non_disclosure) {
      return broken("flag-obeyed", "an answer tells 不開示 otherwise than was durable before");
    }
    if (held.contains(provision->request_hash)) continue;
    if (flags.held) {
      return broken("flag-obeyed", "an answer was given past a flag that was durable before");
    }
    if (mode_before(who->second, row.stored.train) == copies::AnswerMode::kApproval) {
      return broken("mode-obeyed", "an answer was given without the staff it has to wait for");
    }
  }
}

}  // namespace nakadachi::sim
