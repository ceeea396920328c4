#include "nakadachi/rules/legal_table.hpp"

#include <algorithm>
#include <tuple>

#include "sum.hpp"
#include "tsv.hpp"

namespace nakadachi::rules {
namespace {

constexpr std::uint64_t key_of(std::uint16_t affair, InstitutionClass inquirer,
                               InstitutionClass provider, std::uint16_t kind) noexcept {
  return std::uint64_t{affair} << 48 | std::uint64_t{static_cast<std::uint16_t>(inquirer)} << 32 |
         std::uint64_t{static_cast<std::uint16_t>(provider)} << 16 | kind;
}

/// Whether a key begins with the same bits as `key`, the lowest `free_bits` aside.
bool has_prefix(const std::vector<std::uint64_t>& keys, std::uint64_t key,
                unsigned free_bits) noexcept {
  const std::uint64_t first = key >> free_bits << free_bits;
  const auto found = std::lower_bound(keys.begin(), keys.end(), first);
  return found != keys.end() && *found >> free_bits == key >> free_bits;
}

template <class Value>
void sort_unique(std::vector<Value>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

/// `*` for all: an empty list. Else ascending numbers.
std::optional<std::vector<std::uint16_t>> parse_data_items(std::string_view text) {
  std::vector<std::uint16_t> items;
  if (text == "*") return items;
  for (const std::string_view part : split(text, ",")) {
    const std::size_t dash = part.find('-');
    const auto first = parse_number<std::uint16_t>(part.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : parse_number<std::uint16_t>(part.substr(dash + 1));
    if (!first || !last || *first == 0 || *first > *last) return std::nullopt;
    for (unsigned number = *first; number <= *last; ++number) {
      items.push_back(static_cast<std::uint16_t>(number));
    }
  }
  sort_unique(items);
  return items;
}

}  // namespace

bool Verdict::covers(std::uint16_t data_item) const noexcept {
  if (!allowed) return false;
  return data_items.empty() || std::binary_search(data_items.begin(), data_items.end(), data_item);
}

LegalTable::LegalTable(const LegalFacts& facts) {
  for (const RuleRow& row : facts.rows) {
    affairs_.push_back({row.affair, row.item, false});
    kinds_.insert(kinds_.end(), row.kinds.begin(), row.kinds.end());
  }
  const auto by_code = [](const Affair& a, const Affair& b) { return a.code < b.code; };
  std::stable_sort(affairs_.begin(), affairs_.end(), by_code);
  affairs_.erase(std::unique(affairs_.begin(), affairs_.end(),
                             [](const Affair& a, const Affair& b) { return a.code == b.code; }),
                 affairs_.end());
  sort_unique(kinds_);

  for (const RuleRow& row : facts.rows) {
    const auto found =
        std::lower_bound(affairs_.begin(), affairs_.end(), Affair{row.affair, {}, false}, by_code);
    const auto affair = static_cast<std::uint16_t>(found - affairs_.begin());
    std::vector<InstitutionClass> providers;
    for (const InstitutionClass written : row.providers) {
      const auto members = facts.classes.members_of(written);
      providers.insert(providers.end(), members.begin(), members.end());
    }
    for (const InstitutionClass written : row.inquirers) {
      for (const InstitutionClass inquirer : facts.classes.members_of(written)) {
        for (const InstitutionClass provider : providers) {
          for (const InformationKind kind : row.kinds) {
            keys_.push_back(key_of(affair, inquirer, provider, *place_of(kinds_, kind)));
          }
        }
      }
    }
  }
  sort_unique(keys_);
  sum_up();
}

Result<LegalTable> LegalTable::parse(std::string_view tsv) {
  NAKADACHI_TRY(const LegalFacts facts, LegalFacts::parse(tsv));
  return LegalTable(facts);
}

std::optional<std::uint16_t> LegalTable::place_of(const std::vector<InformationKind>& kinds,
                                                  InformationKind kind) noexcept {
  const auto found = std::lower_bound(kinds.begin(), kinds.end(), kind);
  if (found == kinds.end() || *found != kind) return std::nullopt;
  return static_cast<std::uint16_t>(found - kinds.begin());
}

Result<LegalTable::Condition> LegalTable::read_condition(std::span<const std::string_view> fields) {
  const Error invalid{.code = ErrorCode::kConfigInvalid, .field = "conditions"};
  if (fields.size() < 4) return invalid;
  const auto item = ItemNumber::parse(fields[0]);
  const auto code = AffairCode::parse(fields[0]);
  const auto affair = std::find_if(affairs_.begin(), affairs_.end(), [&](const Affair& one) {
    return item ? one.item == *item : code.ok() && one.code == *code;
  });
  const auto procedure = ProcedureCode::parse(fields[1]);
  const auto kind = InformationKind::parse(fields[2]);
  const auto items = parse_data_items(fields[3]);
  if (affair == affairs_.end() || !procedure || !kind || !items) return invalid;
  const auto place = place_of(kinds_, *kind);
  if (!place) return invalid;
  affair->has_conditions = true;
  const Condition made{.affair = static_cast<std::uint16_t>(affair - affairs_.begin()),
                       .procedure = *procedure,
                       .kind = *place,
                       .first = static_cast<std::uint32_t>(data_items_.size()),
                       .count = static_cast<std::uint32_t>(items->size())};
  data_items_.insert(data_items_.end(), items->begin(), items->end());
  return made;
}

Result<LegalTable> LegalTable::with_conditions(std::string_view tsv) const {
  LegalTable made = *this;
  NAKADACHI_CHECK(for_each_line(tsv, [&](const auto& fields) -> Result<void> {
    NAKADACHI_TRY(const Condition condition, made.read_condition(fields));
    const auto key = [](const Condition& one) {
      return std::tuple(one.affair, one.procedure, one.kind);
    };
    const auto at =
        std::lower_bound(made.conditions_.begin(), made.conditions_.end(), condition,
                         [&](const Condition& a, const Condition& b) { return key(a) < key(b); });
    if (at != made.conditions_.end() && key(*at) == key(condition)) {
      return Error{.code = ErrorCode::kConfigInvalid, .field = "conditions"};
    }
    made.conditions_.insert(at, condition);
    return {};
  }));
  made.sum_up();
  return made;
}

void LegalTable::sum_up() {
  std::uint64_t sum = kFnvBasis;
  for (const std::uint64_t key : keys_) {
    const Affair& affair = affairs_[key >> 48];
    sum = add_to_sum(sum, affair.code.number());
    sum = add_to_sum(sum, std::uint64_t{affair.item.value()} << 32 | (key >> 16 & 0xFFFFFFFF));
    sum = add_to_sum(sum, kinds_[key & 0xFFFF].number());
  }
  for (const Condition& condition : conditions_) {
    sum = add_to_sum(sum, affairs_[condition.affair].code.number());
    sum = add_to_sum(sum, condition.procedure.number());
    sum = add_to_sum(sum, kinds_[condition.kind].number());
    sum = add_to_sum(sum, condition.count);
    for (std::uint32_t i = 0; i < condition.count; ++i) {
      sum = add_to_sum(sum, data_items_[condition.first + i]);
    }
  }
  fingerprint_ = sum;
}

Verdict LegalTable::judge(InstitutionClass inquirer, AffairCode affair, InstitutionClass provider,
                          InformationKind kind) const noexcept {
  Verdict verdict{.denial = Denial::kUnknownAffair, .fingerprint = fingerprint_};
  const auto found =
      std::lower_bound(affairs_.begin(), affairs_.end(), affair,
                       [](const Affair& one, AffairCode wanted) { return one.code < wanted; });
  if (found == affairs_.end() || found->code != affair) return verdict;
  verdict.item = found->item;
  const auto kind_place = place_of(kinds_, kind);
  const std::uint64_t key = key_of(static_cast<std::uint16_t>(found - affairs_.begin()), inquirer,
                                   provider, kind_place.value_or(0));
  if (kind_place && std::binary_search(keys_.begin(), keys_.end(), key)) {
    verdict.allowed = true;
    verdict.source = Source::kTable;
    verdict.denial = Denial::kNone;
  } else if (has_prefix(keys_, key, 16)) {
    verdict.denial = Denial::kKindNotNamed;
  } else if (has_prefix(keys_, key, 32)) {
    verdict.denial = Denial::kProviderNotNamed;
  } else {
    verdict.denial = Denial::kInquirerNotNamed;
  }
  return verdict;
}

Verdict LegalTable::judge(InstitutionClass inquirer, AffairCode affair, ProcedureCode procedure,
                          InstitutionClass provider, InformationKind kind) const noexcept {
  Verdict verdict = judge(inquirer, affair, provider, kind);
  if (!verdict.allowed) return verdict;
  const auto place =
      std::lower_bound(affairs_.begin(), affairs_.end(), affair,
                       [](const Affair& one, AffairCode wanted) { return one.code < wanted; });
  if (!place->has_conditions) return verdict;
  verdict.level = Level::kProcedure;
  const auto wanted = std::tuple(static_cast<std::uint16_t>(place - affairs_.begin()), procedure,
                                 *place_of(kinds_, kind));
  const auto key = [](const Condition& one) {
    return std::tuple(one.affair, one.procedure, one.kind);
  };
  const auto found =
      std::lower_bound(conditions_.begin(), conditions_.end(), wanted,
                       [&](const Condition& one, const auto& sought) { return key(one) < sought; });
  if (found == conditions_.end() || key(*found) != wanted) {
    verdict.allowed = false;
    verdict.source = Source::kNone;
    verdict.denial = Denial::kProcedureNotNamed;
    return verdict;
  }
  verdict.data_items = std::span(data_items_).subspan(found->first, found->count);
  return verdict;
}

}  // namespace nakadachi::rules
