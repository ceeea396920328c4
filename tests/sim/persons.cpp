// Persons (統合宛名): two business systems of a town know one person by numbers of their own, each
// is issued as a person, one gets a flag, and staff make one of them. What is sent is lost, doubled
// and delayed like everything else.

#include <algorithm>
#include <utility>

#include "nakadachi/tenant_vm/holding_values.hpp"
#include "world.hpp"

namespace nakadachi::sim {
namespace {

constexpr std::int64_t kPersonTurnMs = 1'700;
constexpr copies::Flag kFlagOfFormer{copies::FlagSort::kNonDisclosure, {}, {}};

symbols::BusinessNumber business_number(std::size_t side) {
  return *symbols::BusinessNumber::from_number({static_cast<std::uint32_t>(1 + side)}, 4711);
}

symbols::PersonItems items_of(std::size_t side) {
  return {.four = {.name = *symbols::PersonName::parse(side == 0 ? "中立 花子" : "中立　花子"),
                   .birth_date = *symbols::BirthDate::parse("1980-04-01"),
                   .sex = symbols::Sex::kFemale,
                   .home = *symbols::HomeAddress::parse("中央区一丁目1番1号")},
          .kana = {}};
}

}  // namespace

void World::schedule_merges() {
  for (const std::size_t institution : {std::size_t{0}, std::size_t{2}}) {
    const std::size_t place = merges_.size();
    merges_.push_back({.institution = institution});
    after(1'000 + static_cast<std::int64_t>(random_.below(15'000)),
          [this, place] { merge_turn(place); });
  }
}

/// Asks whom both systems mean; what comes back decides what is done next.
void World::merge_turn(std::size_t place) {
  const Merge& merge = merges_[place];
  if (is_merged(merge)) return;
  for (std::size_t side = 0; side < 2; ++side) {
    const RequestKey key =
        send_request(merge.institution, wire::FindPersonByNumber{business_number(side)});
    finding_.emplace(key, std::pair(place, side));
  }
  after(kPersonTurnMs, [this, place] { merge_turn(place); });
}

void World::on_person_found(std::size_t place, std::size_t side, const wire::Persons& found) {
  Merge& merge = merges_[place];
  if (found.persons.empty()) {
    merge.numbers[side].reset();
    send_request(merge.institution, wire::PutPerson{{}, items_of(side), {business_number(side)}});
    return;
  }
  merge.numbers[side] = found.persons.front().number;
  if (!merge.numbers[0] || !merge.numbers[1] || merge.numbers[0] == merge.numbers[1]) return;
  const auto [survivor, former] = std::pair(*merge.numbers[0], *merge.numbers[1]);
  if (merge.flagged != former) {
    const RequestKey key =
        send_request(merge.institution, wire::ChangeFlag{former, kFlagOfFormer, true});
    flagging_.emplace(key, std::pair(place, former));
  } else {
    send_request(merge.institution, wire::MergePersons{survivor, former});
  }
}

/// Whom business systems know, as the disk has it. What a node says may be of a change that is on
/// its way there.
std::vector<symbols::PersonRecord> World::persons_of(std::size_t town) const {
  std::vector<symbols::PersonRecord> persons;
  crypto::TenantCipher cipher = universe_.cipher(town);
  for (const auto& [name, value] : store_.holdings()) {
    const auto& [tenant, section, key] = name;
    if (tenant != universe_.tenant(town) || section != storage::Section::kPerson) continue;
    auto person = *tenant_vm::open_person(cipher, key, value);
    if (!person.business.empty()) persons.push_back(std::move(person));
  }
  return persons;
}

bool World::is_merged(const Merge& merge) const {
  const auto persons = persons_of(Universe::town_of(merge.institution));
  return persons.size() == 1 && persons.front().business.size() == 2;
}

bool World::all_merged() const {
  return std::ranges::all_of(merges_, [this](const Merge& merge) { return is_merged(merge); });
}

/// one-person: what was known of two is known of the one that is left, under all their numbers, on
/// the disk as in the node; and nothing is left of the other.
void World::check_persons() {
  for (const Merge& merge : merges_) {
    const std::size_t town = Universe::town_of(merge.institution);
    const symbols::PersonRecord person = persons_of(town).front();
    if (person.aliases.size() != 1) {
      return broken("one-person", "the survivor has not the other's number");
    }
    for (std::size_t side = 0; side < 2; ++side) {
      const auto found = answer_of<wire::Persons>(merge.institution,
                                                  wire::FindPersonByNumber{business_number(side)});
      if (found.persons != std::vector{person}) {
        return broken("one-person", "a node knows the person otherwise than its disk");
      }
    }
    crypto::TenantCipher cipher = universe_.cipher(town);
    const InstitutionCode institution = universe_.institution(merge.institution);
    const auto flags_at = [&](const AddressNumber& number) {
      const auto key = *copies::flag_key(cipher, institution, number);
      const auto stored =
          store_.holdings().find({universe_.tenant(town), storage::Section::kFlag, key});
      if (stored == store_.holdings().end()) return std::vector<copies::Flag>();
      return copies::open_flags(cipher, key, stored->second)->flags;
    };
    if (flags_at(person.number) != std::vector{kFlagOfFormer} ||
        !flags_at(person.aliases.front()).empty()) {
      return broken("one-person", "a flag did not go over to the survivor");
    }
    occurred(Occasion::kPersonsMerged);
  }
}

}  // namespace nakadachi::sim
