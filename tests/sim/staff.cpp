// Staff of the towns: decide on held requests, set flags while answers are given,
// acquire symbols. What they send is lost, doubled and delayed like everything else.

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

/// What a change of flags leaves is not to be seen in the journal.
void World::note_flags(const storage::Train& train) {
  for (const storage::ChangeRow& row : train.changes) {
    if (row.section != storage::Section::kFlag) continue;
    copies::FlagState& left = flags_left_[row.change];
    left = {};
    if (row.erase) continue;
    crypto::TenantCipher cipher = universe_.cipher(row.tenant == universe_.tenant(0) ? 0 : 1);
    const auto flags = copies::open_flags(cipher, row.key, row.value);
    left = copies::state_on(*flags, {}, Day::of(now_));  // of every kind and for good
  }
}

/// What the changes in trains before `train` have left; nothing: what there was at first.
std::optional<copies::FlagState> World::flags_before(std::size_t institution, std::size_t person,
                                                     TrainNumber train) const {
  const std::size_t town = Universe::town_of(institution);
  crypto::TenantCipher cipher = universe_.cipher(town);
  const HoldingKey key = *copies::flag_key(cipher, universe_.institution(institution),
                                           Universe::address_of(institution, person));
  const storage::StoredChange* last = nullptr;
  for (const auto& [name, change] : store_.changes()) {
    const bool counts = name.first == universe_.tenant(town) && change.key == key &&
                        change.section == storage::Section::kFlag && change.train < train;
    if (counts && (last == nullptr || last->train < change.train)) last = &change;
  }
  return last == nullptr ? std::nullopt : std::optional(flags_left_.at(last->change));
}

/// A flag and the permit it concerns arrive at nearly the same time.
void World::flag_sometimes(const wire::LinkItem& notice) {
  if (notice.kind != exchange::StatementKind::kPermit || !faulty()) return;
  if (!random_.chance(400)) return;
  const auto permit = wire::decode_permit(notice.statement);
  const auto about = universe_.about(*permit);
  if (!universe_.may_be_flagged(about.first, about.second)) return;
  const bool held = random_.chance(500);
  const bool set = held || random_.chance(600);
  after(static_cast<std::int64_t>(random_.below(15)), [this, about, held, set] {
    const auto sort = held ? copies::FlagSort::kHeld : copies::FlagSort::kNonDisclosure;
    send_request(about.first,
                 wire::ChangeFlag{.person = Universe::address_of(about.first, about.second),
                                  .flag = {sort, {}, {}},
                                  .set = set});
  });
}

void World::send_request(std::size_t institution, wire::AdminCommand command) {
  const std::size_t node = node_of_town_[Universe::town_of(institution)];
  const wire::AdminRequest request{.key = make_request_key(now_, random_),
                                   .institution = universe_.institution(institution),
                                   .who = "staff",
                                   .why = "simulated",
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
}

void World::on_staff_reply(std::size_t institution, const Bytes& frame) {
  const auto decoded = wire::decode_admin_reply(frame);
  if (!decoded->reply || !decoded->reply->answer) return;  // the next turn asks again
  const wire::AdminAnswer& answer = *decoded->reply->answer;
  if (const auto* const held = std::get_if<wire::HeldRequests>(&answer)) {
    for (const wire::HeldRequest& request : held->requests) decide(institution, request);
  } else if (const auto* const begun = std::get_if<wire::AcquisitionUnderWay>(&answer)) {
    hand_over(institution, acquiring_.at(decoded->reply->key), begun->number);
  }
}

void World::decide(std::size_t institution, const wire::HeldRequest& held) {
  using Staff = Universe::Staff;
  const Staff staff = universe_.staff_about(institution, held.person);
  if (staff == Staff::kLeave) return;
  wire::Decide command{.request = held.request, .refusal = {}};
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
  });
}

bool World::is_acquired(const Acquisition& acquisition) const {
  return universe_.binds(store_, acquisition.institution, acquisition.person);
}

/// flag-obeyed: an answer committed after a flag has waited for staff.
void World::check_flags(const std::map<Digest, TrainNumber>& provided,
                        const std::map<Digest, std::pair<std::size_t, std::size_t>>& about,
                        const std::set<Digest>& held) {
  for (const auto& [request, train] : provided) {
    const auto who = about.find(request);
    if (who == about.end() || held.contains(request)) continue;
    const auto [institution, person] = who->second;
    const auto flags = flags_before(institution, person, train);
    if (flags && flags->held) {
      return broken("flag-obeyed", "an answer was given past a flag that was durable before");
    }
  }
}

/// flag-obeyed: an answer says 不開示 as the trains before it have left it, also when staff have
/// decided on it.
void World::check_non_disclosure(const std::vector<testing::OpenedRow>& rows) {
  std::map<Digest, std::pair<std::size_t, std::size_t>> about;  // institution and person
  for (const auto& [town, stored, content] : rows) {
    if (stored.step != storage::Step::kAsked) continue;
    const auto inquiry = wire::decode_inquiry(content.statement);
    about.emplace(wire::request_hash(content.statement),
                  universe_.about(*inquiry, content.within_body));
  }
  for (const auto& [town, stored, content] : rows) {
    if (stored.step != storage::Step::kProvided) continue;
    const auto provision = wire::decode_provision(content.statement);
    const auto who = about.find(provision->request_hash);
    if (who == about.end() || !exchange::has_answer(provision->outcome)) continue;
    const auto [institution, person] = who->second;
    const auto flags = flags_before(institution, person, stored.train);
    if (provision->non_disclosure != (flags && flags->non_disclosure)) {
      return broken("flag-obeyed", "an answer tells 不開示 otherwise than was durable before");
    }
  }
}

}  // namespace nakadachi::sim
