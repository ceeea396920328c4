// Staff of the towns: decide on held requests, set flags while answers are given,
// acquire symbols. What they send is lost, doubled and delayed like everything else.

#include <algorithm>

#include "nakadachi/wire/statements.hpp"
#include "world.hpp"

namespace nakadachi::sim {
namespace {

constexpr std::int64_t kTurnMs = 1'500;
constexpr std::int64_t kHandOverMs = 300;

}  // namespace

void World::schedule_staff() {
  for (std::size_t i = 0; i < kInstitutions; ++i) {
    after(200 + static_cast<std::int64_t>(100 * i), [this, i] { staff_turn(i); });
    for (std::size_t newcomer = 0; newcomer < testing::kNewcomers; ++newcomer) {
      acquisitions_.push_back({.institution = i, .person = testing::kPersons + newcomer});
    }
  }
}

/// Looks at what is held, and begins what is not acquired yet.
void World::staff_turn(std::size_t institution) {
  send_request(institution, wire::ListHeld{});
  for (const Acquisition& acquisition : acquisitions_) {
    if (acquisition.institution != institution || is_acquired(acquisition)) continue;
    send_request(institution, wire::Acquire{Universe::address_of(institution, acquisition.person)});
  }
  after(kTurnMs, [this, institution] { staff_turn(institution); });
}

/// A flag and the permit it concerns arrive at nearly the same time.
void World::flag_sometimes(const wire::LinkItem& notice) {
  if (notice.kind != exchange::StatementKind::kPermit || !faulty()) return;
  if (!random_.chance(400)) return;
  const auto permit = wire::decode_permit(notice.statement);
  const auto about = universe_.about(*permit);
  if (!universe_.may_be_flagged(about.first, about.second)) return;
  copies::Flag flag;
  flag.sort = random_.chance(500) ? copies::FlagSort::kHeld : copies::FlagSort::kNonDisclosure;
  if (random_.chance(400))
    flag.kind = random_.chance(700) ? permit->subject.kind : Universe::kind(0);
  const Day last_of_old_law = Day::of(kStart);
  if (random_.chance(200)) flag.period.until = last_of_old_law;
  if (random_.chance(200)) flag.period.from = Day{last_of_old_law.number + 1};
  if (flag.period.from && flag.period.until) flag.period = {};
  const bool set = random_.chance(600);
  after(static_cast<std::int64_t>(random_.below(15)), [this, about, flag, set] {
    send_request(
        about.first,
        wire::ChangeFlag{
            .person = Universe::address_of(about.first, about.second), .flag = flag, .set = set});
  });
}

/// Answers of a kind wait for staff for a while, from when one is about to be given.
void World::set_mode_sometimes(const wire::LinkItem& notice) {
  if (notice.kind != exchange::StatementKind::kPermit || !faulty() || !random_.chance(150)) return;
  const auto permit = wire::decode_permit(notice.statement);
  const InformationKind kind = permit->subject.kind;
  if (Universe::is_live(kind)) return;
  const std::size_t provider = universe_.index_of(permit->subject.provider);
  const auto begin = static_cast<std::int64_t>(random_.below(15));
  const auto set = [this, provider, kind](copies::AnswerMode mode) {
    send_request(provider, wire::SetAnswerMode{kind, mode});
  };
  after(begin, [set] { set(copies::AnswerMode::kApproval); });
  after(begin + 2'000, [set] { set(copies::AnswerMode::kCopy); });
}

/// The symbol that a permit needs ends, and is taken over again from a backup. Nobody's whom the
/// institution asks about itself: it would not ask any more.
void World::end_symbol_sometimes(const wire::LinkItem& notice) {
  if (notice.kind != exchange::StatementKind::kPermit || !faulty() || !random_.chance(150)) return;
  const auto [institution, person] = universe_.about(*wire::decode_permit(notice.statement));
  const AddressNumber number = Universe::address_of(institution, person);
  const auto asks = [&, institution = institution](const Asked& asked) {
    return asked.asker == institution && asked.query.person == number;
  };
  if (person >= testing::kPersons || std::ranges::any_of(asked_, asks)) return;
  const auto end = static_cast<std::int64_t>(random_.below(15));
  after(end, [this, institution = institution, number] {
    send_request(institution, wire::EndSymbol{number});
  });
  const Symbol symbol = universe_.symbol_of(institution, person);
  after(end + 2'000, [this, institution = institution, number, symbol] {
    send_request(institution, wire::BindSymbol{number, symbol});
  });
}

RequestKey World::send_request(std::size_t institution, wire::AdminCommand command,
                               std::string_view why) {
  const std::size_t node = node_of_town_[Universe::town_of(institution)];
  const wire::AdminRequest request{.key = make_request_key(now_, random_),
                                   .institution = universe_.institution(institution),
                                   .who = "staff",
                                   .why = std::string(why),
                                   .command = std::move(command)};
  if (const auto* const acquire = std::get_if<wire::Acquire>(&request.command)) {
    acquiring_.emplace(request.key, acquire->person.reveal() % 1'000'000);
  }
  const tenant_vm::ClientId client{kStaffClients + institution};
  send("staff to node", wire::encode_admin_requests({&request, 1}),
       [this, node, client, institution](const Bytes& frame) {
         node_event(node,
                    tenant_vm::AdminRequestsArrived{client,
                                                    {static_cast<std::uint32_t>(institution + 1)},
                                                    *wire::decode_admin_requests(frame)});
       });
  return request.key;
}

void World::on_staff_reply(std::size_t institution, const Bytes& frame) {
  const auto decoded = wire::decode_admin_reply(frame);
  if (!decoded->reply || !decoded->reply->answer) return;  // the next turn asks again
  const wire::AdminAnswer& answer = *decoded->reply->answer;
  if (const auto found = finding_.find(decoded->reply->key); found != finding_.end()) {
    const auto [place, side] = found->second;
    return on_person_found(place, side, std::get<wire::Persons>(answer));
  }
  if (const auto flagged = flagging_.find(decoded->reply->key); flagged != flagging_.end()) {
    merges_[flagged->second.first].flagged = flagged->second.second;
    return;
  }
  if (const auto wishing = wishing_.find(decoded->reply->key); wishing != wishing_.end()) {
    wishes_[wishing->second].told = true;
    return;
  }
  if (const auto found = correcting_.find(decoded->reply->key); found != correcting_.end()) {
    wishes_[found->second].corrected = true;
    return;
  }
  if (const auto loading = loading_.find(decoded->reply->key); loading != loading_.end()) {
    return on_load_reply(loading->second, answer);
  }
  if (const auto* const held = std::get_if<wire::HeldRequests>(&answer)) {
    for (const wire::HeldRequest& request : held->requests) decide(institution, request);
  } else if (const auto* const begun = std::get_if<wire::AcquisitionUnderWay>(&answer)) {
    hand_over(institution, acquiring_.at(decoded->reply->key), begun->number);
  } else if (const auto* const wishes = std::get_if<wire::AcquisitionWishes>(&answer)) {
    on_wishes(institution, *wishes);
  } else if (const auto* const under_way = std::get_if<wire::Acquisitions>(&answer)) {
    on_acquisitions(institution, *under_way);
  }
}

void World::decide(std::size_t institution, const wire::HeldRequest& held) {
  using Staff = Universe::Staff;
  const Staff staff = universe_.staff_about(institution, held.person);
  if (staff == Staff::kLeave) return;
  wire::Decide command{.request = held.request, .person = held.person, .refusal = {}};
  if (staff == Staff::kRefuse) command.refusal = ErrorCode::kIdentityInDoubt;
  if (faulty() && random_.chance(400)) {  // staff see 支援措置 just before they decide
    send_request(institution, wire::ChangeFlag{.person = held.person,
                                               .flag = {copies::FlagSort::kNonDisclosure, {}, {}},
                                               .set = random_.chance(600)});
  }
  send_request(institution, command);
}

/// The resident system goes on until 機構 is there to take it.
void World::hand_over(std::size_t institution, std::size_t person, std::uint64_t number) {
  after(kHandOverMs, [this, institution, person, number] {
    if (national_ == nullptr) return hand_over(institution, person, number);
    trace("hand over");
    national_->on_hand_over(universe_.institution(institution), number, universe_.person_id(person),
                            now_);
    national_due();
    if (Universe::is_sought(person)) ask_as_symbol_comes(1 - Universe::town_of(institution));
  });
}

bool World::is_acquired(const Acquisition& acquisition) const {
  return universe_.binds(store_, acquisition.institution, acquisition.person);
}

}  // namespace nakadachi::sim
