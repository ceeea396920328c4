// Loads of registered copies (副本), while questions are answered from them: single copies that
// come and go just when they are asked for, and full loads. What is sent is lost, doubled and
// delayed like everything else.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "apps/common/text_table.hpp"
#include "nakadachi/copies/copy_shelf.hpp"
#include "nakadachi/wire/statements.hpp"
#include "world.hpp"

namespace nakadachi::sim {
namespace {

constexpr std::int64_t kLoadTurnMs = 1'200;

constexpr std::string_view kWhy = "load ";
std::string why(std::uint64_t dataset) { return fmt::format("{}{}", kWhy, dataset); }

}  // namespace

/// One of each town, of a kind that is much asked for.
void World::schedule_loads() {
  for (const std::size_t institution : {std::size_t{0}, std::size_t{2}}) {
    const std::size_t place = loads_.size();
    loads_.push_back({.institution = institution, .kind = Universe::kind(random_.below(2))});
    after(3'000 + static_cast<std::int64_t>(random_.below(20'000)),
          [this, place] { begin_load(place); });
  }
}

/// Anew, too, when something later was registered in between: its end would be refused.
void World::begin_load(std::size_t place) {
  FullLoad& load = loads_[place];
  load.dataset = ++datasets_;
  load.persons.clear();
  for (std::size_t person = 0; person < testing::kPersons; ++person) {
    if (random_.chance(850)) load.persons.insert(person);
  }
  load.copies = load.persons.size();
  load_turn(place, load.dataset);
}

/// Sends what was not confirmed, and the end when all is.
void World::load_turn(std::size_t place, std::uint64_t dataset) {
  const FullLoad& load = loads_[place];
  if (load.ended || load.dataset != dataset) return;
  for (const std::size_t person : load.persons) {
    const copies::CopyContent content =
        universe_.copy_of(load.institution, person, load.kind, dataset);
    const RequestKey key =
        send_request(load.institution,
                     wire::PutCopy{.person = Universe::address_of(load.institution, person),
                                   .kind = load.kind,
                                   .content = *copies::encode(content)},
                     why(dataset));
    loading_.emplace(key, Loading{place, dataset, person});
  }
  if (load.persons.empty()) {
    const RequestKey key = send_request(
        load.institution, wire::EndFullLoad{load.kind, dataset, load.copies}, why(dataset));
    loading_.emplace(key, Loading{place, dataset, {}});
  }
  after(kLoadTurnMs, [this, place, dataset] { load_turn(place, dataset); });
}

void World::on_load_reply(const Loading& loading, const wire::AdminAnswer& answer) {
  FullLoad& load = loads_[loading.load];
  if (load.ended || load.dataset != loading.dataset) return;
  if (std::holds_alternative<wire::CopiesRefused>(answer)) return begin_load(loading.load);
  if (loading.person) {
    load.persons.erase(*loading.person);
  } else {
    load.ended = true;
    occurred(Occasion::kFullLoadEnded);
  }
}

bool World::all_loaded() const {
  return std::ranges::all_of(loads_, [](const FullLoad& load) { return load.ended; });
}

/// A copy comes or goes at nearly the same time as a permit to answer from it.
void World::load_sometimes(const wire::LinkItem& notice) {
  if (notice.kind != exchange::StatementKind::kPermit || !faulty() || !random_.chance(300)) return;
  const auto permit = wire::decode_permit(notice.statement);
  const InformationKind kind = permit->subject.kind;
  if (Universe::is_live(kind)) return;
  const auto [institution, person] = universe_.about(*permit);
  const AddressNumber address = Universe::address_of(institution, person);
  const std::uint64_t dataset = ++datasets_;
  wire::AdminCommand command = wire::EraseCopy{address, kind, dataset};
  if (random_.chance(650)) {
    command = wire::PutCopy{address, kind,
                            *copies::encode(universe_.copy_of(institution, person, kind, dataset))};
  }
  after(static_cast<std::int64_t>(random_.below(15)),
        [this, institution = institution, command, dataset] {
          send_request(institution, command, why(dataset));
        });
}

/// What the journal says of copies; every request of the simulation names its load.
World::CopyLog World::copy_log() {
  CopyLog log;
  for (const auto& [name, change] : store_.changes()) {
    if (change.section != storage::Section::kCopy) continue;
    const auto record = open_record(name.first == universe_.tenant(0) ? 0 : 1, change);
    if (!record) {
      broken("isolation", "a change does not open under its tenant's key");
      return {};
    }
    const std::string_view dataset = std::string_view(record->reason.why()).substr(kWhy.size());
    log[{name.first, change.key}].emplace(
        change.number,
        CopyChange{apps::parse_decimal<std::uint64_t>(dataset).value(), record->operation});
  }
  return log;
}

/// later-load-wins: whatever overtook what, no load has undone a later one.
void World::check_loads_in_order(const CopyLog& log) {
  // Where nothing is left, nothing tells which load has removed it.
  const auto undone = [](const auto& former, const auto& next) {
    return former.second.operation != copies::Operation::kDelete &&
           former.second.dataset > next.second.dataset;
  };
  for (const auto& [key, changes] : log) {
    if (std::ranges::adjacent_find(changes, undone) != changes.end()) {
      return broken("later-load-wins", "a copy of a later load was changed by a former one");
    }
    for (const auto& [number, change] : changes) {
      using copies::Operation;
      occurred(change.operation == Operation::kRegister  ? Occasion::kCopyRegistered
               : change.operation == Operation::kReplace ? Occasion::kCopyReplaced
                                                         : Occasion::kCopyErased);
    }
  }
}

/// What a full load should have removed: a former copy that was there before the load's last
/// change of anything.
bool World::is_left_over(const FullLoad& load, const CopyLog& log, const HoldingKey& key) const {
  const TenantId tenant = universe_.tenant(Universe::town_of(load.institution));
  std::uint64_t end = 0;
  for (const auto& [name, changes] : log) {
    for (const auto& [number, change] : changes) {
      if (name.first == tenant && change.dataset == load.dataset) end = std::max(end, number);
    }
  }
  const auto changes = log.find({tenant, key});
  return changes == log.end() || changes->second.rbegin()->first < end;
}

/// copies-reconcile: a node counts what its disk holds, by kind and load, and no copy of a kind
/// is older than the full load that has ended.
void World::check_copies() {
  const CopyLog log = copy_log();
  check_loads_in_order(log);
  std::array<CopiesByLoad, kInstitutions> kept;
  for (const auto& [name, value] : store_.holdings()) {
    const auto& [tenant, section, key] = name;
    if (section != storage::Section::kCopy) continue;
    crypto::TenantCipher cipher = universe_.cipher(tenant == universe_.tenant(0) ? 0 : 1);
    const auto copy = copies::open_copy(cipher, key, value);
    if (!copy) return broken("isolation", "a copy does not open under its tenant's key");
    const std::size_t institution = universe_.index_of(copy->institution);
    ++kept[institution][std::pair(copy->kind, copy->content.dataset)];
    for (const FullLoad& load : loads_) {
      const bool former = load.institution == institution && load.kind == copy->kind &&
                          copy->content.dataset < load.dataset;
      if (former && is_left_over(load, log, key)) {
        return broken("copies-reconcile", "a full load has left a former copy");
      }
    }
  }
  for (std::size_t i = 0; i < kInstitutions; ++i) {
    if (counts_of(i) != kept[i]) return broken("copies-reconcile", "a node counts other copies");
  }
}

/// As the node says that holds them.
World::CopiesByLoad World::counts_of(std::size_t institution) {
  CopiesByLoad counts;
  const auto told = answer_of<wire::CopyCounts>(institution, wire::CountCopies{});
  for (const wire::CopyCount& count : told.counts) {
    counts[{count.kind, count.dataset}] = count.copies;
  }
  return counts;
}

}  // namespace nakadachi::sim
