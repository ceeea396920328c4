#include "apps/nakadachi/demo_wish.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "apps/common/psql.hpp"
#include "apps/common/text_table.hpp"
#include "nakadachi/base/assert.hpp"
#include "nakadachi/storage/exchange_store.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::chrono::milliseconds kWishTurn{100};
constexpr std::chrono::seconds kPatience{60};

Result<symbols::FourItems> wished() {
  NAKADACHI_TRY(auto name, symbols::PersonName::parse("模擬三郎"));
  NAKADACHI_TRY(const auto born, symbols::BirthDate::parse("1972-11-23"));
  NAKADACHI_TRY(auto home, symbols::HomeAddress::parse("模擬町2-3"));
  return symbols::FourItems{std::move(name), born, symbols::Sex::kMale, std::move(home)};
}

/// Of the person asked about, as the asker knows it.
std::uint64_t personal_number_of(const DemoPool& pool, const exchange::Query& query) {
  for (const DemoResidents::Known& known : pool.residents().known()) {
    const bool asker = pool.systems()[known.institution].institution == query.subject.asker;
    if (asker && known.person == query.person) return known.personal_number;
  }
  NAKADACHI_ASSERT(false);
  return 0;
}

/// Staff of one institution at the admin door.
class DeskOf {
 public:
  static Result<DeskOf> open(const DemoPool& pool, const InstitutionCode& institution) {
    const auto& systems = pool.systems();
    const auto system = std::ranges::find(systems, institution, &DemoPool::System::institution);
    NAKADACHI_ASSERT(system != systems.end());
    const auto place = static_cast<std::size_t>(system - systems.begin());
    NAKADACHI_TRY(auto client, pool.staff_of(place));
    return DeskOf(place, institution, std::move(client));
  }

  std::size_t place() const noexcept { return place_; }

  template <class Answer>
  Result<Answer> ask(wire::AdminCommand command) {
    return admin::as<Answer>(client_->ask({.key = {},
                                           .institution = institution_,
                                           .who = "demo staff",
                                           .why = "符号の取得の求め",
                                           .command = std::move(command)}));
  }

 private:
  DeskOf(std::size_t place, const InstitutionCode& institution,
         std::unique_ptr<admin::Client> client)
      : place_(place), institution_(institution), client_(std::move(client)) {}
  std::size_t place_;
  InstitutionCode institution_;
  std::unique_ptr<admin::Client> client_;
};

/// How many acquisitions have begun for wishes of others.
Result<std::uint64_t> until_begun(DeskOf& provider) {
  const auto give_up_at = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < give_up_at) {
    NAKADACHI_TRY(const auto list,
                  provider.ask<wire::AcquisitionWishes>(wire::ListAcquisitionRequests{}));
    const auto begun = std::ranges::count_if(list.wishes, &wire::AcquisitionWish::begun);
    if (begun > 0) return static_cast<std::uint64_t>(begun);
    std::this_thread::sleep_for(kWishTurn);
  }
  return Error{.code = ErrorCode::kTimedOut, .detail = "a wish was not followed"};
}

/// Acquisitions and wishes that the towns keep; no command shows when an asker's wish has ended.
Result<std::uint64_t> kept_by(DemoPool& pool) {
  NAKADACHI_TRY(const std::string psql, pool.cluster().program("psql"));
  NAKADACHI_TRY(const auto rows,
                run_psql(psql, pool.cluster().login("postgres"),
                         fmt::format("SELECT count(*) FROM nakadachi.holding WHERE section = {}",
                                     static_cast<int>(storage::Section::kAcquisition))));
  NAKADACHI_ASSERT(rows.size() == 1 && rows[0].size() == 1);
  return parse_decimal<std::uint64_t>(rows[0][0]).value_or(0);
}

/// Waits until the asker, too, knows that its wish is followed.
Result<void> until_over(DemoPool& pool, std::uint64_t kept_before) {
  const auto give_up_at = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < give_up_at) {
    NAKADACHI_TRY(const std::uint64_t kept, kept_by(pool));
    if (kept <= kept_before) return {};
    std::this_thread::sleep_for(5 * kWishTurn);
  }
  return Error{.code = ErrorCode::kTimedOut, .detail = "a wish did not end"};
}

}  // namespace

Result<std::map<std::string, std::uint64_t>> ask_provider(DemoPool& pool,
                                                          const exchange::Query& lack) {
  NAKADACHI_TRY(DeskOf asker, DeskOf::open(pool, lack.subject.asker));
  NAKADACHI_TRY(DeskOf provider, DeskOf::open(pool, lack.subject.provider));
  NAKADACHI_TRY(auto person, wished());
  NAKADACHI_TRY(const auto put, provider.ask<wire::PersonPut>(wire::PutPerson{
                                    std::nullopt, {.four = person, .kana = std::nullopt}, {}}));
  NAKADACHI_TRY(const std::uint64_t kept_before, kept_by(pool));
  std::map<std::string, std::uint64_t> counts;
  NAKADACHI_TRY(const auto asked,
                asker.ask<wire::Done>(wire::AskToAcquire{lack.key, std::move(person)}));
  counts["asked"] = asked.count;
  NAKADACHI_TRY(counts["begun"], until_begun(provider));
  NAKADACHI_TRY(const auto begun,
                provider.ask<wire::AcquisitionUnderWay>(wire::Acquire{put.number}));
  NAKADACHI_CHECK(pool.hand_over(provider.place(), begun.number, personal_number_of(pool, lack)));
  const auto again = provider.ask<wire::AcquisitionUnderWay>(wire::Acquire{put.number});
  const bool acquired = !again && again.error().code == ErrorCode::kAlreadyAcquired;
  counts["acquired"] = acquired ? 1 : 0;
  NAKADACHI_CHECK(until_over(pool, kept_before));
  return counts;
}

}  // namespace nakadachi::apps
