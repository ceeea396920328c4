// What the towns of the simulated world hold from the beginning.

#include <utility>

#include "nakadachi/copies/copy_shelf.hpp"
#include "nakadachi/tenant_vm/holding_values.hpp"
#include "universe_facts.hpp"

namespace nakadachi::testing {

Symbol Universe::symbol_of(std::size_t institution, std::size_t person) const {
  return crypto::SymbolCipher(secret("symbols")).symbol_of(codes_[institution], person_id(person));
}

/// What a town holds, as it is sealed one by one.
struct Universe::Shelf {
  crypto::TenantCipher sealer;
  SeededRandom random;
  std::vector<storage::Holding> made = {};
};

void Universe::add_symbol(Shelf& shelf, std::size_t institution, std::size_t person) const {
  const AddressNumber address = address_of(institution, person);
  const InstitutionCode& code = codes_[institution];
  const HoldingKey key = *tenant_vm::symbol_key(shelf.sealer, code, address);
  const tenant_vm::StoredSymbol symbol{code, {address, symbol_of(institution, person)}};
  shelf.made.push_back({storage::Section::kSymbol, key,
                        *tenant_vm::seal_symbol(shelf.sealer, key, symbol, shelf.random)});
}

void Universe::add_copies(Shelf& shelf, std::size_t institution, std::size_t person) const {
  const AddressNumber address = address_of(institution, person);
  const InstitutionCode& code = codes_[institution];
  for (std::size_t k = 0; k < kLiveKind; ++k) {
    const auto kind = *InformationKind::parse(kKinds[k]);
    if (!holds(institution, person, kind)) continue;
    const HoldingKey key = *copies::copy_key(shelf.sealer, code, address, kind);
    const copies::StoredCopy copy{code, address, kind, copy_of(institution, person, kind)};
    shelf.made.push_back(
        {storage::Section::kCopy, key, *copies::seal_copy(shelf.sealer, key, copy, shelf.random)});
  }
}

std::vector<storage::Holding> Universe::holdings(std::size_t town) const {
  using storage::Section;
  Shelf shelf{.sealer = cipher(town), .random = SeededRandom(seed_ + town)};
  for (const std::size_t i : {2 * town, 2 * town + 1}) {
    const auto live = *InformationKind::parse(kKinds[kLiveKind]);
    const copies::AnswerSetting setting{codes_[i], live, copies::AnswerMode::kLive};
    const HoldingKey mode_key = *copies::answer_setting_key(shelf.sealer, codes_[i], live);
    shelf.made.push_back(
        {Section::kSetting, mode_key,
         *copies::seal_answer_setting(shelf.sealer, mode_key, setting, shelf.random)});
    for (std::size_t person = 0; person < kPersons; ++person) {
      if (!knows(i, person)) continue;
      add_symbol(shelf, i, person);
      add_copies(shelf, i, person);
      if (!flagged(i, person)) continue;
      const AddressNumber address = address_of(i, person);
      const HoldingKey key = *copies::flag_key(shelf.sealer, codes_[i], address);
      const copies::PersonFlags flags{codes_[i], address, {{copies::FlagSort::kHeld, {}, {}}}};
      shelf.made.push_back(
          {Section::kFlag, key, *copies::seal_flags(shelf.sealer, key, flags, shelf.random)});
    }
  }
  return std::move(shelf.made);
}

symbols::PersonItems Universe::sought_items(std::size_t town, bool moved) {
  return {.four = {.name = *symbols::PersonName::parse(town == 0 ? "尋 太郎" : "尋 次郎"),
                   .birth_date = *symbols::BirthDate::parse("1975-11-03"),
                   .sex = symbols::Sex::kMale,
                   .home = *symbols::HomeAddress::parse(moved ? "旧町1番地" : "新町2番地")},
          .kana = {}};
}

void Universe::found_sought(storage::MemoryStore& store, bool moved) const {
  for (std::size_t town = 0; town < kTowns; ++town) {
    const std::size_t person = sought_by(town);
    Shelf asker{.sealer = cipher(town), .random = SeededRandom(seed_ + person)};
    add_symbol(asker, 2 * town, person);
    const std::size_t provider = 2 * (1 - town);
    Shelf other{.sealer = cipher(1 - town), .random = SeededRandom(seed_ - person)};
    add_copies(other, provider, person);
    const AddressNumber number = address_of(provider, person);
    const HoldingKey key = *tenant_vm::person_key(other.sealer, number);
    const symbols::PersonRecord record{number, sought_items(town, moved), {}, {}};
    other.made.push_back({storage::Section::kPerson, key,
                          *tenant_vm::seal_person(other.sealer, key, record, other.random)});
    for (storage::Holding& one : asker.made) store.put_holding(tenant(town), std::move(one));
    for (storage::Holding& one : other.made) store.put_holding(tenant(1 - town), std::move(one));
  }
}

void Universe::found(storage::MemoryStore& store) const {
  for (std::size_t town = 0; town < kTowns; ++town) {
    for (storage::Holding& holding : holdings(town)) {
      store.put_holding(tenant(town), std::move(holding));
    }
  }
}

bool Universe::binds(const storage::MemoryStore& store, std::size_t institution,
                     std::size_t person) const {
  using storage::Section;
  const TenantId town = tenant(town_of(institution));
  crypto::TenantCipher keys = cipher(town_of(institution));
  const AddressNumber address = address_of(institution, person);
  const auto symbol = *tenant_vm::symbol_key(keys, codes_[institution], address);
  const auto acquisition = *tenant_vm::acquisition_key(keys, codes_[institution], address);
  return store.holdings().contains({town, Section::kSymbol, symbol}) &&
         !store.holdings().contains({town, Section::kAcquisition, acquisition});
}

}  // namespace nakadachi::testing
