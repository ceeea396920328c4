#include "apps/nakadachi/demo_morning.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace nakadachi::apps {
namespace {

constexpr std::uint64_t kFirstLoad = 1;
constexpr std::uint64_t kDifferential = 2;
constexpr std::uint64_t kFull = 3;

Error unlike(std::string_view what) {
  return {.code = ErrorCode::kInternal,
          .field = "staff_morning",
          .detail = std::string(what) + " did not come out as it has to"};
}

class Morning {
 public:
  Morning(const DemoPool& pool, const InstitutionCode& institution, admin::Client& client)
      : pool_(pool), institution_(institution), client_(client) {}

  Result<StaffCounts> work() {
    NAKADACHI_TRY(const AddressNumber person, care_for_persons());
    NAKADACHI_CHECK(acquire(person));
    NAKADACHI_CHECK(correct_symbol());
    NAKADACHI_CHECK(load_copies(person));
    NAKADACHI_CHECK(set_and_clear_flag(person));
    NAKADACHI_CHECK(set_mode());
    return counts_;
  }

 private:
  template <class Answer>
  Result<Answer> ask(wire::AdminCommand command) {
    ++counts_["requests"];
    return admin::as<Answer>(client_.ask({.key = {},
                                          .institution = institution_,
                                          .who = "demo staff",
                                          .why = "a morning's work",
                                          .command = std::move(command)}));
  }

  Result<AddressNumber> put_person(std::string_view name) {
    NAKADACHI_TRY(auto parsed, symbols::PersonName::parse(name));
    NAKADACHI_TRY(auto kana, symbols::KanaName::parse("モギイチロウ"));
    NAKADACHI_TRY(const auto born, symbols::BirthDate::parse("1961-07-01"));
    NAKADACHI_TRY(auto home, symbols::HomeAddress::parse("模擬町1-1"));
    symbols::FourItems four{std::move(parsed), born, symbols::Sex::kMale, std::move(home)};
    NAKADACHI_TRY(const auto put, ask<wire::PersonPut>(wire::PutPerson{
                                      std::nullopt, {std::move(four), std::move(kana)}, {}}));
    ++counts_["persons_issued"];
    return put.number;
  }

  /// One person comes under two spellings; they are found and made one.
  Result<AddressNumber> care_for_persons() {
    NAKADACHI_TRY(const AddressNumber survivor, put_person("模擬一郎"));
    NAKADACHI_TRY(const AddressNumber former, put_person("模擬一朗"));
    wire::FindPersons find;
    NAKADACHI_TRY(find.search.kana, symbols::KanaName::parse("モギイチロウ"));
    NAKADACHI_TRY(const auto found, ask<wire::Persons>(find));
    if (found.persons.size() != 2) return unlike("a search");
    counts_["persons_found"] += found.persons.size();
    NAKADACHI_CHECK(ask<wire::Done>(wire::MergePersons{survivor, former}));
    NAKADACHI_TRY(const auto left, ask<wire::Persons>(find));
    if (left.persons.size() != 1 || left.persons[0].aliases.size() != 1) return unlike("a merge");
    ++counts_["persons_merged"];
    return survivor;
  }

  /// Asked for twice it is the same number; of a person whose symbol is there it is refused.
  Result<void> acquire(const AddressNumber& person) {
    NAKADACHI_TRY(const auto begun, ask<wire::AcquisitionUnderWay>(wire::Acquire{person}));
    NAKADACHI_TRY(const auto again, ask<wire::AcquisitionUnderWay>(wire::Acquire{person}));
    if (begun.number != again.number) return unlike("an acquisition asked for twice");
    ++counts_["acquisitions_begun"];
    for (const DemoResidents::Known& known : pool_.residents().known()) {
      if (pool_.systems()[known.institution].institution != institution_) continue;
      const auto refused = ask<wire::AcquisitionUnderWay>(wire::Acquire{known.person});
      if (refused || refused.error().code != ErrorCode::kAlreadyAcquired) {
        return unlike("an acquisition of what is there");
      }
      ++counts_["already_acquired"];
      break;
    }
    return {};
  }

  /// A symbol is taken over for the wrong person, bound to the right one, and ended.
  Result<void> correct_symbol() {
    NAKADACHI_TRY(const AddressNumber wrong, put_person("模擬三郎"));
    NAKADACHI_TRY(const AddressNumber right, put_person("模擬四郎"));
    const Symbol symbol(std::array<std::uint8_t, Symbol::kSize>{0x4e});
    const auto holder = [&]() -> Result<std::optional<AddressNumber>> {
      NAKADACHI_TRY(const auto shown, ask<wire::SymbolShown>(wire::ShowSymbol{symbol}));
      return shown.person;
    };
    NAKADACHI_CHECK(ask<wire::Done>(wire::BindSymbol{wrong, symbol}));
    NAKADACHI_CHECK(ask<wire::Done>(wire::MoveSymbol{wrong, right}));
    NAKADACHI_TRY(const auto moved, holder());
    if (moved != right) return unlike("a symbol bound to another person");
    NAKADACHI_CHECK(ask<wire::Done>(wire::EndSymbol{right}));
    NAKADACHI_TRY(const auto ended, holder());
    if (ended) return unlike("the end of a symbol");
    ++counts_["symbols_corrected"];
    ++counts_["symbols_ended"];
    return {};
  }

  Result<std::uint32_t> put(const AddressNumber& person, copies::CopyContent content,
                            std::uint64_t dataset) {
    content.dataset = dataset;
    NAKADACHI_TRY(Bytes encoded, copies::encode(content));
    NAKADACHI_TRY(const auto done, ask<wire::Done>(wire::PutCopy{person, DemoResidents::own_kind(),
                                                                 std::move(encoded)}));
    counts_["copies_registered"] += done.count;
    return done.count;
  }

  /// A load, what changed since, and all anew, which leaves the other person out.
  Result<void> load_copies(const AddressNumber& person) {
    const InformationKind kind = DemoResidents::own_kind();
    const auto copies = pool_.residents().copies();
    const auto model = std::ranges::find(copies, kind, &DemoResidents::Copy::kind);
    if (model == copies.end()) return {};
    NAKADACHI_TRY(const AddressNumber other, put_person("模擬二郎"));
    NAKADACHI_TRY(const auto first, put(person, model->content, kFirstLoad));
    NAKADACHI_TRY(const auto second, put(other, model->content, kFirstLoad));
    NAKADACHI_TRY(const auto changed, put(person, model->content, kDifferential));
    if (first + second + changed != 3) return unlike("a load");

    copies::CopyContent wrong = model->content;
    wrong.items.front().value = "誤";
    const auto refused = put(person, wrong, kFull);
    if (refused || refused.error().code != ErrorCode::kWrongFormat) return unlike("a wrong copy");
    ++counts_["copies_refused"];

    NAKADACHI_CHECK(put(person, model->content, kFull));
    NAKADACHI_TRY(const auto ended, ask<wire::Done>(wire::EndFullLoad{kind, kFull, 1}));
    if (ended.count != 1) return unlike("the end of a full load");
    counts_["left_behind_erased"] += ended.count;
    NAKADACHI_CHECK(ask<wire::Done>(wire::EraseCopy{person, kind}));
    NAKADACHI_TRY(const auto left, ask<wire::CopyCounts>(wire::CountCopies{}));
    if (!left.counts.empty()) return unlike("a deletion");
    NAKADACHI_CHECK(ask<wire::Done>(wire::MergePersons{person, other}));
    ++counts_["persons_merged"];
    return {};
  }

  Result<void> set_and_clear_flag(const AddressNumber& person) {
    const copies::Flag flag{.sort = copies::FlagSort::kNonDisclosure,
                            .kind = DemoResidents::own_kind(),
                            .period = {Day::parse("2026-04-01"), Day::parse("2099-09-30")}};
    NAKADACHI_CHECK(ask<wire::Done>(wire::ChangeFlag{person, flag, true}));
    NAKADACHI_TRY(const auto shown, ask<wire::Flags>(wire::ShowFlags{person}));
    if (shown.flags != std::vector{flag}) return unlike("a flag");
    NAKADACHI_CHECK(ask<wire::Done>(wire::ChangeFlag{person, flag, false}));
    counts_["flags_changed"] += 2;
    return {};
  }

  Result<void> set_mode() {
    const InformationKind kind = DemoResidents::own_kind();
    const auto approval = copies::AnswerMode::kApproval;
    NAKADACHI_CHECK(ask<wire::Done>(wire::SetAnswerMode{kind, approval}));
    NAKADACHI_TRY(const auto set, ask<wire::AnswerModes>(wire::ListAnswerModes{}));
    if (set.modes.size() != 1 || set.modes[0] != std::pair(kind, approval)) {
      return unlike("an answer mode");
    }
    NAKADACHI_CHECK(ask<wire::Done>(wire::SetAnswerMode{kind, copies::AnswerMode::kCopy}));
    counts_["modes_changed"] += 2;
    return {};
  }

  const DemoPool& pool_;
  InstitutionCode institution_;
  admin::Client& client_;
  StaffCounts counts_;
};

}  // namespace

Result<StaffCounts> staff_morning(const DemoPool& pool) {
  const std::size_t board = pool.systems().size() - 1;
  NAKADACHI_TRY(const auto client, pool.staff_of(board));
  return Morning(pool, pool.systems()[board].institution, *client).work();
}

}  // namespace nakadachi::apps
