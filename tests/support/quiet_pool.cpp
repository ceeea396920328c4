#include "tests/support/quiet_pool.hpp"

#include <algorithm>
#include <utility>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/tenant_vm/recovery.hpp"

namespace nakadachi::testing {

QuietPool::QuietPool(std::uint64_t seed)
    : universe(seed),
      random(seed),
      node_random(seed + 1),
      national_random(seed + 2),
      node_signer(universe.make_signer("node")),
      national(std::make_unique<national::NationalCore>(
          universe.national_setup(), universe.core_signer(), universe.verifier(), national_random)),
      receipts_(universe.registry(), universe.verifier()) {
  universe.found(store);
  start_node(universe.node_setup({0, 1}, *node_signer));
}

void QuietPool::start_node(tenant_vm::NodeSetup setup) {
  constexpr std::size_t kPage = 50;
  std::map<LaneId, std::vector<TenantId>> lanes;
  for (const auto& partition : setup.partitions) lanes[partition.lane].push_back(partition.tenant);
  node = std::make_unique<tenant_vm::NodeCore>(std::move(setup), *node_signer, universe.verifier(),
                                               node_random);
  for (const auto& [lane, tenants] : lanes) {
    NAKADACHI_ASSERT(tenant_vm::recover_lane(*node, store, lane, tenants, "test", now, kPage).ok());
    happen(tenant_vm::LaneReady{lane});
  }
}

std::vector<exchange::Reply> QuietPool::ask(std::size_t system,
                                            std::vector<exchange::Query> queries) {
  replies.clear();
  std::vector<wire::DecodedQuery> decoded;
  for (exchange::Query& query : queries) {
    asked_.insert_or_assign(query.key, query);
    decoded.push_back({query.key, std::move(query)});
  }
  happen(
      tenant_vm::QueriesArrived{{1}, {static_cast<std::uint32_t>(system + 1)}, std::move(decoded)});
  settle();
  return replies;
}

exchange::Reply QuietPool::ask_unreadable(const RequestKey& key, ErrorCode why) {
  replies.clear();
  std::vector<wire::DecodedQuery> decoded;
  decoded.push_back({key, why});
  happen(tenant_vm::QueriesArrived{{1}, {1}, std::move(decoded)});
  NAKADACHI_ASSERT(replies.size() == 1);
  return replies.front();
}

exchange::Reply QuietPool::ask(const exchange::Query& query) {
  const auto told = ask(Universe::system_of(query), {query});
  NAKADACHI_ASSERT(told.size() == 1);
  return told.front();
}

Result<wire::AdminAnswer> QuietPool::command(const wire::AdminRequest& request,
                                             std::size_t institution) {
  return command_as({static_cast<std::uint32_t>(institution + 1)}, request);
}

void QuietPool::send_command(std::size_t institution, const wire::AdminRequest& request) {
  send({static_cast<std::uint32_t>(institution + 1)}, {&request, 1});
}

void QuietPool::send_commands(std::size_t institution,
                              const std::vector<wire::AdminRequest>& requests) {
  send({static_cast<std::uint32_t>(institution + 1)}, requests);
}

void QuietPool::send(tenant_vm::StaffId staff, std::span<const wire::AdminRequest> requests) {
  admin_replies.clear();
  auto decoded = wire::decode_admin_requests(wire::encode_admin_requests(requests));
  NAKADACHI_ASSERT(decoded.ok());
  happen(tenant_vm::AdminRequestsArrived{{2}, staff, *std::move(decoded)});
  settle();
}

Result<wire::AdminAnswer> QuietPool::command_as(tenant_vm::StaffId staff,
                                                const wire::AdminRequest& request) {
  send(staff, {&request, 1});
  NAKADACHI_ASSERT(admin_replies.size() == 1);
  const auto reply = wire::decode_admin_reply(wire::encode_admin_reply(admin_replies.front()));
  NAKADACHI_ASSERT(reply.ok() && reply->reply);
  return reply->reply->answer;
}

void QuietPool::hand_over_live(std::size_t system, std::vector<exchange::HandOver> answers) {
  happen(tenant_vm::HandOversArrived{
      {3}, {static_cast<std::uint32_t>(system + 1)}, std::move(answers)});
  settle();
}

void QuietPool::hand_over(std::size_t institution, std::uint64_t number, std::size_t person) {
  national->on_hand_over(universe.institution(institution), number, universe.person_id(person),
                         now);
  run_national();
  settle();
}

void QuietPool::deliver(std::vector<wire::LinkItem> items) {
  happen(tenant_vm::ItemsArrived{std::move(items)});
  settle();
}

/// Until nothing more happens by itself within a few trains' time.
void QuietPool::settle() {
  for (int i = 0; i < 40; ++i) pass(1);
}

void QuietPool::pass(std::int64_t ms) {
  const Timestamp until = now + ms;
  while (true) {
    const auto deadline = node->deadline();
    const Timestamp next = deadline ? std::max(*deadline, now + 1) : until;
    if (next >= until) break;
    now = next;
    happen(tenant_vm::Tick{});
  }
  now = until;
  happen(tenant_vm::Tick{});
}

void QuietPool::happen(tenant_vm::Event event) {
  events_.push_back(std::move(event));
  while (!events_.empty() || !to_national_.empty()) {
    if (events_.empty()) {
      run_national();
      continue;
    }
    tenant_vm::Event next = std::move(events_.front());
    events_.pop_front();
    tenant_vm::Actions actions = node->on(std::move(next), now);
    for (tenant_vm::Action& action : actions) carry_out(action);
  }
}

void QuietPool::carry_out(tenant_vm::Action& action) {
  if (auto* reply = std::get_if<tenant_vm::SendReply>(&action)) {
    take_reply(reply->reply);
  } else if (auto* asked = std::get_if<tenant_vm::SendQuestion>(&action)) {
    questions.push_back(std::move(asked->question));
  } else if (auto* answer = std::get_if<tenant_vm::SendAdminReply>(&action)) {
    admin_replies.push_back(std::move(answer->reply));
  } else if (auto* item = std::get_if<tenant_vm::SendItem>(&action)) {
    if (on_item(item->item)) to_national_.push_back(std::move(item->item));
  } else if (auto* append = std::get_if<tenant_vm::AppendTrain>(&action)) {
    const storage::Train& train = *append->train;
    events_.emplace_back(
        tenant_vm::TrainSettled{train.lane, on_append ? on_append(train) : store.append(train)});
  } else if (auto* fate = std::get_if<tenant_vm::AskFate>(&action)) {
    events_.emplace_back(
        tenant_vm::FateTold{fate->lane, store.read_back(fate->lane, fate->epoch, fate->number)});
  } else if (auto* find = std::get_if<tenant_vm::FindSteps>(&action)) {
    events_.emplace_back(
        tenant_vm::StepsFound{find->lookup, store.find(find->tenant, find->exchange)});
  } else if (auto* prove = std::get_if<tenant_vm::FindProof>(&action)) {
    const tenant_vm::ProofName& name = prove->name;
    auto found =
        store.find_proof(name.tenant, name.lane, name.train, prove->entry_number, name.institution);
    if (on_proof) on_proof(found);
    events_.emplace_back(tenant_vm::ProofFound{name, std::move(found)});
  } else if (auto* keep = std::get_if<tenant_vm::KeepDelegations>(&action)) {
    NAKADACHI_ASSERT(store.keep_delegations(keep->tenant, keep->delegations).ok());
  } else if (auto* lost = std::get_if<tenant_vm::GiveUpLane>(&action)) {
    lanes_given_up.push_back(lost->lane);
  } else if (auto* told = std::get_if<tenant_vm::TellOperators>(&action)) {
    told_operators.push_back(*told);
  }
}

void QuietPool::take_reply(const exchange::Reply& sent) {
  const auto frames = wire::encode_replies({&sent, 1});
  auto read = wire::decode_replies(frames.front());
  NAKADACHI_ASSERT(read.ok() && read->replies.size() == 1 && read->replies[0] == sent);
  exchange::Reply& reply = read->replies[0];
  if (reply.concluded && !on_proof) {
    NAKADACHI_ASSERT(receipts_.check(asked_.at(reply.key), reply).ok());
  }
  replies.push_back(std::move(reply));
}

void QuietPool::run_national() {
  national->on_items(std::exchange(to_national_, {}), now);
  std::vector<wire::LinkItem> down;
  for (wire::LinkItem& item : national->due(now)) {
    if (on_item(item)) down.push_back(std::move(item));
  }
  if (!down.empty()) events_.emplace_back(tenant_vm::ItemsArrived{std::move(down)});
}

exchange::Query QuietPool::query_for(exchange::Outcome outcome, ErrorCode code) {
  while (true) {
    exchange::Query query = universe.make_query(random.below(kInstitutions), now, random);
    const Universe::Expected expected = universe.expected(query);
    const bool fits = expected.outcome == outcome && !universe.waits_for_staff(query) &&
                      !Universe::is_live(query) && !Universe::is_within_body(query) &&
                      (outcome != exchange::Outcome::kRefused || expected.code == code);
    if (fits) return query;
  }
}

std::uint64_t QuietPool::errors(ErrorCode code) const {
  const auto found = node->counts().errors.find(code);
  return found == node->counts().errors.end() ? 0 : found->second;
}

}  // namespace nakadachi::testing
