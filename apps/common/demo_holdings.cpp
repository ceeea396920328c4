// The part of a demo pool's start that goes through the admin door, as towns would.

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <thread>

#include "apps/common/demo_pool.hpp"
#include "apps/common/join_files.hpp"
#include "apps/common/text_table.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::string_view kWho = "demo";
constexpr std::chrono::milliseconds kPoll{100};
constexpr std::chrono::seconds kPatience{120};

wire::AdminRequest request_of(const InstitutionCode& institution, std::string_view why,
                              wire::AdminCommand command) {
  return {.key = {},
          .institution = institution,
          .who = std::string(kWho),
          .why = std::string(why),
          .command = std::move(command)};
}

}  // namespace

Result<std::unique_ptr<admin::Client>> DemoPool::staff_of(std::size_t institution) const {
  std::unique_ptr<admin::Client> client;
  // Its sockets stay where they were opened.
  NAKADACHI_CHECK(at("staff@" + towns_[institution / 2].code.text(), [&]() -> Result<void> {
    NAKADACHI_TRY(client, admin::Client::connect({.endpoint = admin_endpoint_,
                                                  .server_key = oltp_key_,
                                                  .keys = systems_[institution].staff_keys}));
    return {};
  }));
  return client;
}

/// Every request has to succeed; the first error is told.
Result<void> DemoPool::change_all(std::size_t institution,
                                  std::vector<wire::AdminRequest> requests) {
  if (requests.empty()) return {};
  NAKADACHI_TRY(const auto staff, staff_of(institution));
  Result<void> all;
  staff->ask_all(std::move(requests), [&all](std::size_t, const Result<wire::AdminAnswer>& answer) {
    if (!answer && all) all = answer.error();
  });
  return all;
}

Result<void> DemoPool::acquire_symbols() {
  if (!plan_.acquire) return take_over_symbols();
  NAKADACHI_CHECK(begin_acquisitions());
  NAKADACHI_TRY(const ChildProcess residents, start_hand_over("hand-over.tsv"));
  for (std::size_t i = 0; i < systems_.size(); ++i) NAKADACHI_CHECK(wait_for_symbols(i));
  return {};
}

Result<void> DemoPool::hand_over(std::size_t institution, std::uint64_t acquisition_number,
                                 std::uint64_t personal_number) const {
  constexpr std::string_view kRow = "wished.tsv";
  NAKADACHI_CHECK(write_private_file(
      file(kRow), write_hand_overs(
                      {{systems_[institution].institution, acquisition_number, personal_number}})));
  NAKADACHI_TRY(const ChildProcess residents, start_hand_over(kRow));
  return wait_for_symbols(institution);
}

/// A resident system that hands over what a file of the pool says.
Result<ChildProcess> DemoPool::start_hand_over(std::string_view rows) const {
  std::optional<ChildProcess> residents;
  NAKADACHI_CHECK(at("national_system", [&]() -> Result<void> {
    NAKADACHI_TRY(residents,
                  ChildProcess::start(
                      {plan_.program_directory + "/nakadachi-national", "hand-over", "--endpoint",
                       resident_endpoint_, "--server-key", to_z85(national_key_), "--key-file",
                       file("residents.curve"), "--file", file(rows)},
                      file("hand-over.log")));
    return {};
  }));
  return *std::move(residents);
}

/// Asks every institution's door for 取得番号 and writes down whom they mean, for the
/// resident systems.
Result<void> DemoPool::begin_acquisitions() {
  std::map<std::size_t, std::vector<DemoResidents::Known>> by_institution;
  for (const auto& known : residents_->known()) by_institution[known.institution].push_back(known);
  std::vector<HandOverRow> hand_overs;
  for (const auto& [institution, known] : by_institution) {
    const InstitutionCode& code = systems_[institution].institution;
    std::vector<wire::AdminRequest> requests;
    for (const auto& one : known) {
      requests.push_back(request_of(code, "joining", wire::Acquire{one.person}));
    }
    NAKADACHI_TRY(const auto staff, staff_of(institution));
    Result<void> all;
    staff->ask_all(std::move(requests), [&](std::size_t place, Result<wire::AdminAnswer> answer) {
      auto begun = admin::as<wire::AcquisitionUnderWay>(std::move(answer));
      if (!begun) {
        all = begun.error();
      } else {
        hand_overs.push_back({code, begun->number, known[place].personal_number});
      }
    });
    NAKADACHI_CHECK(all);
    symbols_ += known.size();
  }
  return write_private_file(file("hand-over.tsv"), write_hand_overs(hand_overs));
}

Result<void> DemoPool::wait_for_symbols(std::size_t institution) const {
  const auto give_up_at = std::chrono::steady_clock::now() + kPatience;
  NAKADACHI_TRY(const auto staff, staff_of(institution));
  while (true) {
    NAKADACHI_TRY(const auto counts,
                  admin::as<wire::SymbolCounts>(staff->ask(
                      request_of(systems_[institution].institution, "", wire::CountSymbols{}))));
    if (counts.under_way == 0) return {};
    if (std::chrono::steady_clock::now() > give_up_at) {
      return Error{.code = ErrorCode::kTimedOut,
                   .detail = fmt::format("{} symbols have not come, see {}", counts.under_way,
                                         file("hand-over.log"))};
    }
    std::this_thread::sleep_for(kPoll);
  }
}

/// As when a town comes over from a server of its own.
Result<void> DemoPool::take_over_symbols() {
  std::map<std::pair<InstitutionCode, std::uint64_t>, Symbol> symbols;
  NAKADACHI_TRY(const auto issued, read_issued_symbols(file("national/symbols.tsv")));
  for (const IssuedSymbol& one : issued) {
    symbols.emplace(std::pair(one.institution, one.personal_number), one.symbol);
  }
  std::map<std::size_t, std::vector<wire::AdminRequest>> by_institution;
  for (const auto& known : residents_->known()) {
    const InstitutionCode& code = systems_[known.institution].institution;
    by_institution[known.institution].push_back(
        request_of(code, "taken over",
                   wire::BindSymbol{known.person, symbols.at({code, known.personal_number})}));
    ++symbols_;
  }
  for (auto& [institution, requests] : by_institution) {
    NAKADACHI_CHECK(change_all(institution, std::move(requests)));
  }
  return {};
}

Result<void> DemoPool::register_copies() {
  std::map<std::size_t, std::vector<wire::AdminRequest>> by_institution;
  for (const DemoResidents::Copy& copy : residents_->copies()) {
    NAKADACHI_TRY(Bytes content, copies::encode(copy.content));
    by_institution[copy.institution].push_back(
        request_of(systems_[copy.institution].institution, "first load",
                   wire::PutCopy{copy.person, copy.kind, std::move(content)}));
    ++copies_;
  }
  for (auto& [institution, requests] : by_institution) {
    NAKADACHI_CHECK(change_all(institution, std::move(requests)));
  }
  return {};
}

Result<void> DemoPool::set_flags() {
  std::map<std::size_t, std::vector<wire::AdminRequest>> by_institution;
  for (const DemoResidents::Held& held : residents_->held()) {
    by_institution[held.institution].push_back(request_of(
        systems_[held.institution].institution, "自動応答不可",
        wire::ChangeFlag{
            held.person, {.sort = copies::FlagSort::kHeld, .kind = {}, .period = {}}, true}));
  }
  for (const DemoResidents::Person& marked : residents_->non_disclosed()) {
    by_institution[marked.institution].push_back(request_of(
        systems_[marked.institution].institution, "不開示",
        wire::ChangeFlag{marked.person,
                         {.sort = copies::FlagSort::kNonDisclosure, .kind = {}, .period = {}},
                         true}));
  }
  for (auto& [institution, requests] : by_institution) {
    NAKADACHI_CHECK(change_all(institution, std::move(requests)));
  }
  return {};
}

Result<void> DemoPool::set_answer_modes() {
  if (plan_.everything_answered) return {};
  for (std::size_t i = 0; i < systems_.size(); ++i) {
    if (!is_mayor(i)) continue;
    NAKADACHI_CHECK(change_all(i, {request_of(systems_[i].institution, "即時の引渡し",
                                              wire::SetAnswerMode{DemoResidents::live_kind(),
                                                                  copies::AnswerMode::kLive})}));
  }
  return {};
}

}  // namespace nakadachi::apps
