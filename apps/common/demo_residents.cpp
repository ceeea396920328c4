#include "apps/common/demo_residents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "nakadachi/base/assert.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::uint64_t kAddressSpace = 10'000'000'000;
constexpr std::string_view kResident = "TM00000000000001";
constexpr std::string_view kTax = "TM00000000000002";
constexpr std::string_view kCare = "TM00000000000003";
constexpr std::string_view kDayService = "TM90000000000016";
constexpr std::string_view kDisability = "TM90000000000017";
constexpr std::string_view kVaccination = "TM90000000000033";
constexpr std::string_view kPregnancy = "TM90000000000052";
constexpr std::string_view kAllowance = "TM90000000000044";
constexpr std::string_view kOwnAffair = "JM99000000000001";
constexpr std::string_view kNetworkAffair = "JM99000000000002";
constexpr std::string_view kTreatedAs = "JM01000000106000";  // 児童手当
constexpr std::string_view kUnlisted = "TM99999999999999";
constexpr std::string_view kDay = "2026-06-14";  // whose layouts are used

/// What real affairs ask of another town's mayor: rows of the table of Article 2.
struct Asked {
  std::string_view affair;
  std::string_view kind;
  std::string_view section;
};
constexpr std::array<Asked, 15> kByMayor = {{
    {"JM01000000048000", kTax, "市民税課"},           // 地方税の賦課徴収
    {"JM01000000048000", kResident, "市民税課"},      //
    {"JM01000000069000", kTax, "保険年金課"},         // 国民健康保険
    {"JM01000000106000", kTax, "子育て支援課"},       // 児童手当
    {"JM01000000106000", kResident, "子育て支援課"},  //
    {"JM01000000132000", kCare, "介護保険課"},        // 介護保険
    {"JM01000000132000", kTax, "介護保険課"},         //
    {"JM01000000108000", kTax, "福祉課"},             // 災害弔慰金
    {"JM01000000108000", kCare, "福祉課"},            //
    {"JM01000000048000", kPregnancy, "市民税課"},     // 森林環境税と地方税
    {"JM01000000037000", kDisability, "障害福祉課"},  //
    {"JM01000000144000", kDayService, "障害福祉課"},  //
    {"JM01000000025000", kVaccination, "健康課"},     // 予防接種
    {"JM01000000053000", kAllowance, "住宅課"},       // 公営住宅; 児童手当 is answered live
    {kNetworkAffair, kTax, "子育て支援課"},           // 子どもの医療費の助成, by ordinance
}};
constexpr std::size_t kAboutResidents = 1;  // in kByMayor
constexpr std::array<Asked, 2> kByBoard = {{
    {"JM01000000063000", kTax, "学務課"},  // 学校保健安全法の援助
    {"JM01000000063000", kResident, "学務課"},
}};
constexpr std::array<std::string_view, 7> kKinds = {
    kResident, kTax, kCare, kDayService, kDisability, kVaccination, kPregnancy};

// A share of the persons leads to each outcome, so that a run shows them all.
constexpr std::uint64_t kBoardOf = 5;        // one in five is asked about by the board
constexpr std::uint64_t kNoSymbol = 50;      // 7 of 50: provider holds no symbol
constexpr std::uint64_t kNoCopy = 25;        // 3 of 25
constexpr std::uint64_t kBeyondTable = 40;   // 13 of 40
constexpr std::uint64_t kInPart = 30;        // 17 of 30
constexpr std::uint64_t kHeld = 100;         // 11 of 100
constexpr std::uint64_t kNonDisclosed = 60;  // 23 of 60: 不開示, which changes no outcome
constexpr std::uint64_t kWithinBody = 20;    // 6 of 20: asked by the board of the same town
constexpr std::uint64_t kSeedStep = 7'919;
constexpr std::uint64_t kPersonsOfSeed = 10'000'000;
constexpr std::uint64_t kSeedsOfNumbers = 8'000;  // so that the numbers have 11 digits
constexpr std::uint16_t kNoSuchItem = 999;

std::uint64_t personal_number_of(std::uint64_t seed, std::uint64_t person) {
  const std::uint64_t body =
      10'000'000'000 + seed % kSeedsOfNumbers * kPersonsOfSeed + person % kPersonsOfSeed;
  return body * 10 + personal_number_check_digit(body);
}

/// A value that fits the item, the same for the same person.
std::string value_of(const copies::LayoutItem& item, std::uint64_t person) {
  switch (item.type) {
    case copies::ItemType::kNumber: {
      std::string digits = std::to_string(1 + person * 137 % 9'000'000);
      if (digits.size() > item.max_length) digits.resize(item.max_length);
      return digits;
    }
    case copies::ItemType::kDate:
      return fmt::format("{:04}-{:02}-{:02}", 1950 + person % 70, 1 + person % 12, 1 + person % 28);
    case copies::ItemType::kFlag:
      return person % 2 == 0 ? "0" : "1";
    case copies::ItemType::kCode:
      return item.codes.empty() ? fmt::format("A{:05}", person % 100'000).substr(0, item.max_length)
                                : item.codes[person % item.codes.size()].code;
    case copies::ItemType::kText:
      break;
  }
  return "模擬";
}

}  // namespace

std::vector<std::size_t> persons_by_population(std::span<const Municipality> towns,
                                               std::uint64_t scale) {
  std::vector<std::size_t> persons;
  if (scale == 0) return persons;
  persons.reserve(towns.size());
  for (const Municipality& town : towns) {
    persons.push_back(std::max<std::size_t>(1, town.population / scale));
  }
  return persons;
}

DemoResidents::DemoResidents(const ResidentsPlan& plan, std::vector<InstitutionCode> institutions,
                             const copies::LayoutBook& layouts)
    : plan_(plan), institutions_(std::move(institutions)), layouts_(layouts) {
  std::uint64_t persons = 0;
  first_after_town_.reserve(plan.persons_of_town.size());
  for (const std::size_t of_town : plan.persons_of_town) {
    first_after_town_.push_back(persons += of_town);
  }
  if (!first_after_town_.empty()) plan_.persons = persons;
}

// Who lives where -------------------------------------------------------------

std::size_t DemoResidents::asking_town(std::uint64_t person) const {
  if (first_after_town_.empty()) return person % plan_.towns;
  const auto town = std::upper_bound(first_after_town_.begin(), first_after_town_.end(), person);
  return static_cast<std::size_t>(town - first_after_town_.begin());
}

std::size_t DemoResidents::providing_town(std::uint64_t person) const {
  const std::uint64_t step = 1 + person / plan_.towns % (plan_.towns - 1);
  return (asking_town(person) + step) % plan_.towns;
}

std::size_t DemoResidents::asking_institution(std::uint64_t person) const {
  return 2 * asking_town(person) + (person % kBoardOf == 4 ? 1 : 0);
}

AddressNumber DemoResidents::address_of(std::size_t institution, std::uint64_t person) {
  return *AddressNumber::from_number((institution / 2 + 1) * kAddressSpace + person);
}

std::vector<DemoResidents::Known> DemoResidents::known() const {
  std::vector<Known> known;
  known.reserve(2 * plan_.persons);
  for (std::uint64_t person = 0; person < plan_.persons; ++person) {
    const std::uint64_t number = personal_number_of(plan_.seed, person);
    const std::size_t asker = asking_institution(person);
    known.push_back({asker, address_of(asker, person), number});
    if (mixed(person, kNoSymbol, 7)) continue;
    const std::size_t provider = providing_institution(person);
    known.push_back({provider, address_of(provider, person), number});
  }
  return known;
}

// What is registered ----------------------------------------------------------

copies::CopyContent DemoResidents::content_of(std::uint64_t person,
                                              const InformationKind& kind) const {
  const copies::Layout* const layout = layouts_.in_force(kind, *Day::parse(kDay));
  NAKADACHI_ASSERT(layout != nullptr);
  copies::CopyContent content{
      .layout_version = layout->version, .dataset = 1, .validity = {}, .items = {}};
  std::size_t bytes = 0;
  for (const copies::LayoutItem& item : layout->items) {
    if (!item.required && bytes >= plan_.answer_bytes) continue;
    std::string value = value_of(item, lot_of(person));
    // Great sums and long words where a long answer is wanted.
    if (item.type == copies::ItemType::kText && plan_.answer_bytes > 0) {
      for (std::size_t characters = 4; characters <= item.max_length; characters += 2) {
        value += "模擬";
      }
    }
    if (item.type == copies::ItemType::kNumber && item.max_length > 4 && plan_.answer_bytes > 0) {
      value.resize(item.max_length, '0');
    }
    bytes += value.size();
    content.items.push_back({item.number, std::move(value)});
  }
  return content;
}

std::vector<DemoResidents::Copy> DemoResidents::copies() const {
  std::vector<Copy> copies;
  for (std::uint64_t person = 0; person < plan_.persons; ++person) {
    if (mixed(person, kNoCopy, 3)) continue;
    const std::size_t provider = providing_institution(person);
    for (const std::string_view code : kKinds) {
      const auto kind = *InformationKind::parse(code);
      if (plan_.everything_answered && code != kResident) continue;
      copies.push_back({provider, address_of(provider, person), kind, content_of(person, kind)});
    }
  }
  return copies;
}

InformationKind DemoResidents::live_kind() { return *InformationKind::parse(kAllowance); }
AffairCode DemoResidents::own_affair() { return *AffairCode::parse(kOwnAffair); }
AffairCode DemoResidents::network_affair() { return *AffairCode::parse(kNetworkAffair); }
AffairCode DemoResidents::treated_as() { return *AffairCode::parse(kTreatedAs); }
InformationKind DemoResidents::own_kind() { return *InformationKind::parse(kTax); }

std::optional<copies::CopyContent> DemoResidents::live_answer(const AddressNumber& person) const {
  const std::uint64_t number = person.reveal() % kAddressSpace;
  if (mixed(number, kNoCopy, 3)) return std::nullopt;
  return content_of(number, live_kind());
}

std::vector<DemoResidents::Held> DemoResidents::held() const {
  std::vector<Held> held;
  for (std::uint64_t person = 0; person < plan_.persons; ++person) {
    if (!mixed(person, kHeld, 11)) continue;
    const std::size_t provider = providing_institution(person);
    held.push_back({provider, address_of(provider, person), decision_on(person)});
  }
  return held;
}

DemoResidents::Decision DemoResidents::decision_on(std::uint64_t person) const {
  constexpr std::array kDecisions = {Decision::kApprove, Decision::kApprove, Decision::kDoubt,
                                     Decision::kLeave,   Decision::kApprove, Decision::kApproveLate,
                                     Decision::kCorrect, Decision::kLeave};
  return kDecisions.at(lot_of(person) / kHeld % kDecisions.size());
}

std::vector<DemoResidents::Person> DemoResidents::non_disclosed() const {
  std::vector<Person> persons;
  for (std::uint64_t person = 0; person < plan_.persons; ++person) {
    if (!mixed(person, kNonDisclosed, 23)) continue;
    const std::size_t provider = providing_institution(person);
    persons.push_back({provider, address_of(provider, person)});
  }
  return persons;
}

std::uint64_t DemoResidents::lot_of(std::uint64_t person) const {
  return person + plan_.seed * kSeedStep;
}

std::optional<DemoResidents::Suspended> DemoResidents::suspended() const {
  if (plan_.everything_answered) return std::nullopt;
  return Suspended{2 * (plan_.towns - 1), *InformationKind::parse(kCare)};
}

// What is asked ---------------------------------------------------------------

std::vector<AffairCode> DemoResidents::affairs_of(std::size_t institution) const {
  std::vector<AffairCode> affairs;
  const auto add = [&affairs](const Asked& asked) {
    const AffairCode affair = *AffairCode::parse(asked.affair);
    if (std::find(affairs.begin(), affairs.end(), affair) == affairs.end()) {
      affairs.push_back(affair);
    }
  };
  if (institution % 2 == 1) {
    for (const Asked& asked : kByBoard) add(asked);
    affairs.push_back(own_affair());
  } else {
    for (const Asked& asked : kByMayor) add(asked);
  }
  return affairs;
}

DemoResidents::PlannedQuery DemoResidents::query(std::uint64_t i) const {
  const std::uint64_t person = i % plan_.persons;
  const std::uint64_t round = i / plan_.persons;
  if (mixed(person, kWithinBody, 6)) return query_within_body(person);
  const std::size_t asker = asking_institution(person);
  const Asked& asked = asker % 2 == 1 ? kByBoard[(person / kBoardOf + round) % kByBoard.size()]
                       : plan_.everything_answered
                           ? kByMayor[kAboutResidents]
                           : kByMayor[(person / plan_.towns + round) % kByMayor.size()];
  PlannedQuery planned{.system = asker, .person = address_of(asker, person), .subject = {}};
  exchange::Subject& subject = planned.subject;
  subject.asker = institutions_[asker];
  subject.provider = institutions_[providing_institution(person)];
  subject.affair = *AffairCode::parse(asked.affair);
  subject.procedure = *ProcedureCode::parse("JT00000000000001");
  subject.kind = *InformationKind::parse(plan_.everything_answered ? kResident : asked.kind);
  subject.section = std::string(asked.section);
  if (mixed(person, kBeyondTable, 13)) subject.kind = *InformationKind::parse(kUnlisted);
  if (mixed(person, kInPart, 17)) subject.items = {1, 2, kNoSuchItem};
  planned.expected = expected(person, subject);
  return planned;
}

/// 番号法19条11号: an education board asks the mayor of its own town.
DemoResidents::PlannedQuery DemoResidents::query_within_body(std::uint64_t person) const {
  const std::size_t provider = providing_institution(person);
  PlannedQuery planned{
      .system = provider + 1, .person = address_of(provider, person), .subject = {}};
  exchange::Subject& subject = planned.subject;
  subject.asker = institutions_[provider + 1];
  subject.provider = institutions_[provider];
  subject.affair = own_affair();
  subject.procedure = *ProcedureCode::parse("JT00000000000001");
  subject.kind = own_kind();
  subject.section = "学務課";
  planned.expected = expected_of_provider(person, subject);
  return planned;
}

/// In the order in which the pool judges: the law, Article 28, symbols, then the provider.
exchange::Outcome DemoResidents::expected(std::uint64_t person,
                                          const exchange::Subject& subject) const {
  using exchange::Outcome;
  if (mixed(person, kBeyondTable, 13)) return Outcome::kRefused;
  const auto violation = suspended();
  if (violation && subject.kind == violation->kind &&
      providing_institution(person) == violation->institution) {
    return Outcome::kRefused;
  }
  if (mixed(person, kNoSymbol, 7)) return Outcome::kProviderHoldsNoSymbol;
  return expected_of_provider(person, subject);
}

/// Flags, then what is registered.
exchange::Outcome DemoResidents::expected_of_provider(std::uint64_t person,
                                                      const exchange::Subject& subject) const {
  using exchange::Outcome;
  if (mixed(person, kHeld, 11)) {
    const Decision decision = decision_on(person);
    if (decision == Decision::kLeave) return Outcome::kLapsed;
    if (decision == Decision::kDoubt || decision == Decision::kCorrect) return Outcome::kRefused;
  }
  if (mixed(person, kNoCopy, 3)) return Outcome::kNoData;
  return subject.items.empty() ? Outcome::kAnswered : Outcome::kAnsweredInPart;
}

}  // namespace nakadachi::apps
