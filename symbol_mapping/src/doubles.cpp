#include "doubles.hpp"

#include <algorithm>
#include <string>

#include "folding.hpp"
#include "nakadachi/base/bytes.hpp"

namespace nakadachi::symbols {
namespace {

using Group = std::vector<const PersonRecord*>;

/// With two characters, one that differs is half of the name.
constexpr std::size_t kLeastSimilarLength = 3;

struct Keyed {
  std::uint64_t key;
  const PersonRecord* record;
};

void append_text(Bytes& bytes, std::string_view text) {
  for (const char32_t point : fold(text)) append_big_endian<4>(bytes, point);
}

std::uint64_t key_of(const BirthDate& date, unsigned sex, std::string_view text) {
  Bytes bytes;
  append_big_endian<2>(bytes, date.reveal().year);
  append_big_endian<1>(bytes, date.reveal().month);
  append_big_endian<1>(bytes, date.reveal().day);
  append_big_endian<1>(bytes, sex);
  append_text(bytes, text);
  return hash_bytes(bytes);
}

bool similar(std::string_view a, std::string_view b) {
  const std::u32string folded_a = fold(a);
  const std::u32string folded_b = fold(b);
  if (folded_a == folded_b) return !folded_a.empty();
  return std::min(folded_a.size(), folded_b.size()) >= kLeastSimilarLength &&
         differ_by_one(folded_a, folded_b);
}

std::string_view kana_text(const PersonRecord& record) noexcept {
  return record.items.kana ? record.items.kana->reveal() : std::string_view();
}

/// Splits `run` into what hangs together by `alike`. Runs are a few persons long.
template <class Alike>
void cluster(Group run, Alike alike, std::vector<std::vector<AddressNumber>>& groups) {
  while (!run.empty()) {
    Group group = {run.front()};
    run.erase(run.begin());
    for (std::size_t i = 0; i < group.size(); ++i) {
      const auto rest = std::stable_partition(
          run.begin(), run.end(),
          [&](const PersonRecord* other) { return !alike(*group[i], *other); });
      group.insert(group.end(), rest, run.end());
      run.erase(rest, run.end());
    }
    if (group.size() < 2) continue;
    std::vector<AddressNumber>& numbers = groups.emplace_back();
    for (const PersonRecord* member : group) numbers.push_back(member->number);
    std::sort(numbers.begin(), numbers.end());
  }
}

/// Sorts by key, and clusters those whose keys are equal, since different persons may share one.
template <class Alike>
std::vector<std::vector<AddressNumber>> cluster_runs(std::vector<Keyed> keyed, Alike alike) {
  std::sort(keyed.begin(), keyed.end(), [](const Keyed& a, const Keyed& b) {
    return a.key != b.key ? a.key < b.key : a.record->number < b.record->number;
  });
  std::vector<std::vector<AddressNumber>> groups;
  for (auto first = keyed.begin(); first != keyed.end();) {
    const auto end = std::find_if(
        first, keyed.end(), [key = first->key](const Keyed& each) { return each.key != key; });
    if (end - first > 1) {
      Group run;
      for (auto each = first; each != end; ++each) run.push_back(each->record);
      cluster(std::move(run), alike, groups);
    }
    first = end;
  }
  std::sort(groups.begin(), groups.end());
  return groups;
}

/// By a text of each person, with birth date and sex; who has no such text is left out.
template <class TextOf>
std::vector<std::vector<AddressNumber>> group_by(const std::vector<const PersonRecord*>& persons,
                                                 TextOf text_of) {
  std::vector<Keyed> keyed;
  for (const PersonRecord* record : persons) {
    const FourItems& four = record->items.four;
    const std::string_view text = text_of(*record);
    if (text.empty()) continue;
    keyed.push_back({key_of(four.birth_date, static_cast<unsigned>(four.sex), text), record});
  }
  return cluster_runs(std::move(keyed), [text_of](const PersonRecord& a, const PersonRecord& b) {
    return a.items.four.birth_date == b.items.four.birth_date &&
           a.items.four.sex == b.items.four.sex && fold(text_of(a)) == fold(text_of(b));
  });
}

}  // namespace

std::uint64_t folded_hash(std::string_view text) {
  Bytes bytes;
  append_text(bytes, text);
  return hash_bytes(bytes);
}

std::vector<std::vector<AddressNumber>> group_by_name(
    const std::vector<const PersonRecord*>& persons) {
  return group_by(persons,
                  [](const PersonRecord& record) { return record.items.four.name.reveal(); });
}

std::vector<std::vector<AddressNumber>> group_by_kana(
    const std::vector<const PersonRecord*>& persons) {
  return group_by(persons, kana_text);
}

std::vector<std::vector<AddressNumber>> group_by_home(
    const std::vector<const PersonRecord*>& persons) {
  std::vector<Keyed> keyed;
  keyed.reserve(persons.size());
  for (const PersonRecord* record : persons) {
    const FourItems& four = record->items.four;
    keyed.push_back({key_of(four.birth_date, 0, four.home.reveal()), record});
  }
  return cluster_runs(std::move(keyed), [](const PersonRecord& a, const PersonRecord& b) {
    const FourItems& one = a.items.four;
    const FourItems& other = b.items.four;
    return one.birth_date == other.birth_date &&
           fold(one.home.reveal()) == fold(other.home.reveal()) &&
           (similar(one.name.reveal(), other.name.reveal()) || similar(kana_text(a), kana_text(b)));
  });
}

}  // namespace nakadachi::symbols
