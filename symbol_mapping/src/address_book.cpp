#include "nakadachi/symbol_mapping/address_book.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "doubles.hpp"
#include "folding.hpp"

namespace nakadachi::symbols {
namespace {

constexpr std::uint64_t kFirstNumber = 100'000'000'000'000;
constexpr std::uint64_t kNumbers = 900'000'000'000'000;

std::uint64_t index_key(const BirthDate& date) noexcept {
  const BirthDate::Parts& parts = date.reveal();
  return std::uint64_t{parts.year} << 16 | std::uint64_t{parts.month} << 8 | parts.day;
}

template <class Text>
bool fits(const std::optional<Text>& wanted, const Text* held, AddressBook::Spelling spelling) {
  if (!wanted) return true;
  if (held == nullptr) return false;
  if (spelling == AddressBook::Spelling::kExact) return *held == *wanted;
  return fold(held->reveal()) == fold(wanted->reveal());
}

const KanaName* kana_of(const PersonRecord& record) noexcept {
  return record.items.kana ? &*record.items.kana : nullptr;
}

template <class T>
void insert_sorted(std::vector<T>& list, const T& value) {
  list.insert(std::upper_bound(list.begin(), list.end(), value), value);
}

}  // namespace

bool AddressBook::is_taken(const AddressNumber& number) const {
  return persons_.contains(number) || aliases_.contains(number);
}

const PersonRecord* AddressBook::find(const AddressNumber& number) const {
  const auto alias = aliases_.find(number);
  const auto found = persons_.find(alias == aliases_.end() ? number : alias->second);
  return found == persons_.end() ? nullptr : &found->second;
}

const PersonRecord* AddressBook::find(const BusinessNumber& business) const {
  const auto found = by_business_.find(business);
  return found == by_business_.end() ? nullptr : &persons_.at(found->second);
}

/// Puts a person into the indexes of items.
void AddressBook::enter(const PersonRecord& record) {
  by_name_.emplace(folded_hash(record.items.four.name.reveal()), record.number);
  if (record.items.kana) by_kana_.emplace(folded_hash(record.items.kana->reveal()), record.number);
  by_birth_date_.emplace(index_key(record.items.four.birth_date), record.number);
}

void AddressBook::leave(const PersonRecord& record) {
  by_name_.erase({folded_hash(record.items.four.name.reveal()), record.number});
  if (record.items.kana) by_kana_.erase({folded_hash(record.items.kana->reveal()), record.number});
  by_birth_date_.erase({index_key(record.items.four.birth_date), record.number});
}

/// Whether a number of any sort that the record has is somebody's who is not the record's.
bool AddressBook::is_anothers(const PersonRecord& record) const {
  const auto& aliases = record.aliases;
  const auto is_own = [&](const AddressNumber& number) {
    return number == record.number || std::ranges::find(aliases, number) != aliases.end();
  };
  const auto anothers_alias = [&](const AddressNumber& number) {
    const auto alias = aliases_.find(number);
    return alias != aliases_.end() && !is_own(alias->second);
  };
  const auto anothers_business = [&](const BusinessNumber& business) {
    const PersonRecord* const holder = find(business);
    return holder != nullptr && !is_own(holder->number);
  };
  return aliases_.contains(record.number) ||
         std::ranges::find(aliases, record.number) != aliases.end() ||
         std::ranges::any_of(aliases, anothers_alias) ||
         std::ranges::any_of(record.business, anothers_business);
}

void AddressBook::take_out(const AddressNumber& number) {
  const auto found = persons_.find(number);
  if (found == persons_.end()) return;
  const PersonRecord& record = found->second;
  leave(record);
  for (const AddressNumber& alias : record.aliases) aliases_.erase(alias);
  for (const BusinessNumber& each : record.business) by_business_.erase(each);
  persons_.erase(found);
}

Result<void> AddressBook::put(PersonRecord record) {
  if (is_anothers(record)) return Error{.code = ErrorCode::kRowConflict, .field = "person"};
  take_out(record.number);
  for (const AddressNumber& alias : record.aliases) take_out(alias);
  for (const AddressNumber& alias : record.aliases) aliases_.emplace(alias, record.number);
  for (const BusinessNumber& each : record.business) by_business_.emplace(each, record.number);
  enter(record);
  const AddressNumber number = record.number;
  persons_.emplace(number, std::move(record));
  return {};
}

AddressNumber AddressBook::draw() const {
  while (true) {
    const auto number = AddressNumber::from_number(kFirstNumber + random_.next_u64() % kNumbers);
    if (!is_taken(*number)) return *number;
  }
}

Result<PersonRecord> AddressBook::would_put(const std::optional<AddressNumber>& number,
                                            PersonItems items,
                                            std::span<const BusinessNumber> business) const {
  const PersonRecord* const known = number ? find(*number) : nullptr;
  if (number && known == nullptr) return ErrorCode::kUnknownPerson;
  PersonRecord record = known != nullptr ? *known : PersonRecord{draw(), {items}, {}, {}};
  record.items = std::move(items);
  for (const BusinessNumber& each : business) {
    const PersonRecord* const holder = find(each);
    if (holder != known && holder != nullptr) {
      return Error{.code = ErrorCode::kRowConflict, .field = "business_number"};
    }
    if (std::ranges::find(record.business, each) != record.business.end()) continue;
    if (record.business.size() >= limits::kMaxNumbersPerPerson) return ErrorCode::kTooManyItems;
    insert_sorted(record.business, each);
  }
  return record;
}

Result<AddressBook::Merged> AddressBook::would_merge(const AddressNumber& survivor,
                                                     const AddressNumber& former) const {
  const PersonRecord* const to = find(survivor);
  const PersonRecord* const from = find(former);
  if (to == nullptr || from == nullptr) return ErrorCode::kUnknownPerson;
  if (to == from) return Error{.code = ErrorCode::kRowConflict, .field = "person"};
  if (to->business.size() + from->business.size() > limits::kMaxNumbersPerPerson ||
      to->aliases.size() + from->aliases.size() >= limits::kMaxNumbersPerPerson) {
    return ErrorCode::kTooManyItems;
  }
  Merged merged{.from = from->number, .to = to->number, .person = *to};
  insert_sorted(merged.person.aliases, merged.from);
  for (const AddressNumber& alias : from->aliases) insert_sorted(merged.person.aliases, alias);
  for (const BusinessNumber& business : from->business) {
    insert_sorted(merged.person.business, business);
  }
  return merged;
}

std::vector<const PersonRecord*> AddressBook::under(const Index& index, std::uint64_t key) const {
  std::vector<const PersonRecord*> found;
  const auto least = AddressNumber::from_number(0).value();
  for (auto at = index.lower_bound({key, least}); at != index.end() && at->first == key; ++at) {
    found.push_back(&persons_.at(at->second));
  }
  return found;
}

/// Who is under the most telling index; the others are checked one by one.
std::vector<const PersonRecord*> AddressBook::candidates(const Search& wanted) const {
  if (wanted.name) return under(by_name_, folded_hash(wanted.name->reveal()));
  if (wanted.kana) return under(by_kana_, folded_hash(wanted.kana->reveal()));
  return under(by_birth_date_, index_key(*wanted.birth_date));
}

std::vector<const PersonRecord*> AddressBook::list(const std::optional<AddressNumber>& after,
                                                   std::size_t limit) const {
  std::vector<const PersonRecord*> found;
  auto next = after ? persons_.upper_bound(*after) : persons_.begin();
  for (; next != persons_.end() && found.size() < limit; ++next) found.push_back(&next->second);
  return found;
}

Result<std::vector<const PersonRecord*>> AddressBook::search(const Search& wanted) const {
  if (!wanted.name && !wanted.kana && !wanted.birth_date) {
    return Error{.code = ErrorCode::kMissingField, .field = "search"};
  }
  std::vector<const PersonRecord*> found = candidates(wanted);
  std::erase_if(found, [&wanted](const PersonRecord* record) {
    const FourItems& four = record->items.four;
    return !fits(wanted.name, &four.name, wanted.spelling) ||
           !fits(wanted.kana, kana_of(*record), wanted.spelling) ||
           (wanted.birth_date && *wanted.birth_date != four.birth_date);
  });
  if (found.size() > limits::kMaxPersonsFound) {
    return Error{.code = ErrorCode::kTooManyItems, .field = "search"};
  }
  return found;
}

AddressBook::Match AddressBook::match(const FourItems& items) const {
  Match match;
  std::size_t whole = 0;
  const std::u32string name = fold(items.name.reveal());
  const std::u32string home = fold(items.home.reveal());
  for (const PersonRecord* const record : under(by_name_, folded_hash(items.name.reveal()))) {
    const FourItems& four = record->items.four;
    if (four.birth_date != items.birth_date || fold(four.name.reveal()) != name) continue;
    if (match.candidates.size() < limits::kMaxPersonsFound) {
      match.candidates.push_back(record->number);
    }
    if (four.sex != items.sex || fold(four.home.reveal()) != home) continue;
    ++whole;
    match.person = record->number;
  }
  if (whole != 1 || !items.birth_date.is_known()) match.person.reset();
  return match;
}

std::vector<AddressBook::Doubles> AddressBook::find_doubles() const {
  std::vector<const PersonRecord*> persons;
  persons.reserve(persons_.size());
  for (const auto& [number, record] : persons_) {
    if (record.items.four.birth_date.is_known()) persons.push_back(&record);
  }
  std::vector<Doubles> doubles;
  std::set<std::vector<AddressNumber>> listed;
  const auto list = [&](Likeness likeness, std::vector<std::vector<AddressNumber>> groups) {
    for (std::vector<AddressNumber>& group : groups) {
      if (listed.insert(group).second) doubles.push_back({likeness, std::move(group)});
    }
  };
  list(Likeness::kSameName, group_by_name(persons));
  list(Likeness::kSameKana, group_by_kana(persons));
  list(Likeness::kSimilarName, group_by_home(persons));
  return doubles;
}

}  // namespace nakadachi::symbols
