#include <utility>

#include "tests/support/catch.hpp"
#include "tests/support/quiet_pool.hpp"
#include "tests/support/refused_apart.hpp"
#include "tests/support/staff_desk.hpp"

using namespace nakadachi;
using exchange::Outcome;
using testing::QuietPool;
using testing::request;
using testing::Universe;

namespace {

tenant_vm::SystemId system_of(const exchange::Query& query) {
  return {static_cast<std::uint32_t>(Universe::system_of(query) + 1)};
}

tenant_vm::CallersReplaced without(tenant_vm::CallersReplaced callers, tenant_vm::SystemId system) {
  std::erase_if(callers.systems, [&](const auto& rights) { return rights.system == system; });
  return callers;
}

/// The system's number is now that of the other institution of its body.
tenant_vm::CallersReplaced handed_over(tenant_vm::CallersReplaced callers,
                                       tenant_vm::SystemId system, const Universe& universe) {
  const std::size_t holder = system.value - 1;
  std::size_t other = 0;
  while (other == holder || Universe::town_of(other) != Universe::town_of(holder)) ++other;
  for (tenant_vm::CallerRights& rights : callers.systems) {
    if (rights.system == system) rights.institution = universe.institution(other);
  }
  return callers;
}

ErrorCode error_of(const Result<wire::AdminAnswer>& answer) {
  REQUIRE_FALSE(answer.ok());
  return answer.error().code;
}

}  // namespace

TEST_CASE("a system that is no longer there is unknown, and known again when it is back",
          "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  pool.replace_callers(without(pool.universe.callers(), system_of(query)));
  const auto refused = pool.ask(query);
  CHECK_FALSE(refused.concluded);
  CHECK(refused.code == ErrorCode::kUnknownKey);
  CHECK(pool.store.rows().empty());
  pool.replace_callers(pool.universe.callers());
  CHECK(pool.ask(query).outcome == Outcome::kAnswered);
}

TEST_CASE("what a system asked before it went is concluded and kept for when it is back",
          "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  bool gone = false;
  pool.on_item = [&](wire::LinkItem& item) {
    // The question is durable and on its way.
    if (!gone && item.kind == exchange::StatementKind::kInquiry) {
      gone = true;
      pool.replace_callers(without(pool.universe.callers(), system_of(query)));
    }
    return true;
  };
  CHECK(pool.ask(query).outcome == Outcome::kAnswered);  // the door sends it to nobody
  REQUIRE(gone);
  const std::size_t rows = pool.store.rows().size();
  CHECK(pool.ask(query).code == ErrorCode::kUnknownKey);

  pool.replace_callers(pool.universe.callers());
  const auto again = pool.ask(query);
  CHECK(again.outcome == Outcome::kAnswered);
  CHECK(again.answer == pool.universe.expected(query).answer);
  CHECK(pool.store.rows().size() == rows);
}

TEST_CASE("what still waits for its turn is judged by the new callers", "[tenant_vm]") {
  const bool removed = GENERATE(true, false);
  CAPTURE(removed);
  QuietPool pool;
  tenant_vm::NodeSetup setup = pool.universe.node_setup({0, 1}, *pool.node_signer);
  for (tenant_vm::PartitionSetup& partition : setup.partitions) partition.quota.max_in_flight = 1;
  pool.start_node(std::move(setup));
  const exchange::Query first = pool.query_for(Outcome::kAnswered);
  exchange::Query second = pool.query_for(Outcome::kAnswered);
  while (system_of(second) != system_of(first)) second = pool.query_for(Outcome::kAnswered);
  bool gone = false;
  pool.on_item = [&](wire::LinkItem& item) {
    if (!gone && item.kind == exchange::StatementKind::kInquiry) {
      gone = true;
      const auto callers = pool.universe.callers();
      pool.replace_callers(removed ? without(callers, system_of(first))
                                   : handed_over(callers, system_of(first), pool.universe));
    }
    return true;
  };
  const Timestamp since = pool.now;
  const auto replies = pool.ask(Universe::system_of(first), {first, second});
  REQUIRE(replies.size() == 2);
  CHECK(replies[0].key == first.key);
  CHECK(replies[0].outcome == Outcome::kAnswered);
  CHECK(replies[1].key == second.key);
  CHECK(replies[1].code == ErrorCode::kUnknownKey);
  CHECK_FALSE(replies[1].concluded);
  CHECK(pool.store.rows().size() == 4);  // it was the institution's when it came: recorded
  testing::expect_refused_apart(pool, second, ErrorCode::kUnknownKey, since);
}

TEST_CASE("a change that waits for another one is refused when its right has gone", "[tenant_vm]") {
  QuietPool pool;
  const AddressNumber person = Universe::address_of(0, 1);
  const auto flag = [&](bool set) { return request(pool, testing::hold(person, set)); };
  const wire::AdminRequest first = flag(true);
  const wire::AdminRequest second = flag(false);
  bool gone = false;
  pool.on_append = [&](const storage::Train& train) {
    if (!std::exchange(gone, true)) {
      pool.send_command(0, second);  // of the same flag: it waits
      CHECK(pool.admin_replies.empty());
      auto callers = pool.universe.callers();
      callers.staff.clear();
      pool.replace_callers(std::move(callers));
    }
    return pool.store.append(train);
  };
  pool.send_command(0, first);
  REQUIRE(pool.admin_replies.size() == 2);
  for (const wire::AdminReply& reply : pool.admin_replies) {
    if (reply.key == first.key) {
      CHECK(reply.answer.ok());
    } else {
      CHECK(reply.key == second.key);
      CHECK(error_of(reply.answer) == ErrorCode::kUnknownKey);
    }
  }
}

TEST_CASE("rights that were taken away are refused and recorded from then on", "[tenant_vm]") {
  QuietPool pool;
  const exchange::Query query = pool.query_for(Outcome::kAnswered);
  auto callers = pool.universe.callers();
  for (tenant_vm::CallerRights& rights : callers.systems) {
    if (rights.system == system_of(query)) rights.affairs.clear();
  }
  pool.replace_callers(std::move(callers));
  const auto refused = pool.ask(query);
  CHECK(refused.outcome == Outcome::kRefused);
  CHECK(refused.code == ErrorCode::kAffairNotAllowed);
}

TEST_CASE("live questions go to no system that may no longer answer", "[tenant_vm]") {
  QuietPool pool;
  exchange::Query query = pool.query_for(Outcome::kAnswered);
  while (!Universe::is_live(query) || pool.universe.waits_for_staff(query) ||
         pool.universe.expected(query).outcome != Outcome::kAnswered) {
    query =
        pool.universe.make_query(pool.random.below(testing::kInstitutions), pool.now, pool.random);
  }
  std::size_t provider = 0;
  while (pool.universe.institution(provider) != query.subject.provider) ++provider;
  pool.hand_over_live(provider, {});  // it listens
  const tenant_vm::SystemId listener{static_cast<std::uint32_t>(provider + 1)};
  const bool removed = GENERATE(true, false);
  CAPTURE(removed);
  pool.replace_callers(removed ? without(pool.universe.callers(), listener)
                               : handed_over(pool.universe.callers(), listener, pool.universe));
  CHECK(pool.ask(Universe::system_of(query), {query}).empty());
  CHECK(pool.questions.empty());
  pool.replace_callers(pool.universe.callers());
  pool.hand_over_live(provider, {});
  CHECK(pool.questions.size() == 1);
}

TEST_CASE("staff and operators come and go", "[tenant_vm]") {
  QuietPool pool;
  const auto list = [&] { return pool.command(request(pool, wire::ListHeld{}), 0); };
  const auto tenants = [&] {
    return pool.command_as(testing::kOperator, request(pool, wire::ListTenants{}));
  };
  REQUIRE(list().ok());
  REQUIRE(tenants().ok());
  pool.replace_callers({.systems = pool.universe.callers().systems, .staff = {}, .operators = {}});
  CHECK(error_of(list()) == ErrorCode::kUnknownKey);
  CHECK(error_of(tenants()) == ErrorCode::kUnknownKey);
  pool.replace_callers(pool.universe.callers());
  CHECK(list().ok());
  CHECK(tenants().ok());
}
