// Changes that are durable together or not at all, wherever a train ends.

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "nakadachi/base/limits.hpp"
#include "nakadachi/copies/copy_shelf.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/quiet_pool.hpp"
#include "tests/support/staff_desk.hpp"

using namespace nakadachi;
using testing::answer_of;
using testing::hold;
using testing::kMayor;
using testing::QuietPool;
using testing::request;
using testing::Universe;

namespace {

constexpr std::size_t kOtherTown = 2;  // an institution of the second town

/// The rows of both towns share trains from now on.
void start_on_one_lane(QuietPool& pool) {
  tenant_vm::NodeSetup setup = pool.universe.node_setup({0, 1}, *pool.node_signer);
  for (tenant_vm::PartitionSetup& partition : setup.partitions) partition.lane = LaneId{7};
  pool.start_node(std::move(setup));
}

AddressNumber put_person(QuietPool& pool, std::string_view name) {
  const symbols::FourItems items{.name = *symbols::PersonName::parse(name),
                                 .birth_date = *symbols::BirthDate::parse("1980-04-02"),
                                 .sex = symbols::Sex::kMale,
                                 .home = *symbols::HomeAddress::parse("札幌市1")};
  const wire::PutPerson put{{}, {.four = items, .kana = {}}, {}};
  return answer_of<wire::PersonPut>(pool.command(request(pool, put), kMayor)).number;
}

Symbol draw_symbol(QuietPool& pool) { return *Symbol::from(pool.random.make<Salt>().view()); }

/// So many changes of the other town, about persons from this number on.
std::vector<wire::AdminRequest> bindings(QuietPool& pool, std::size_t count,
                                         std::uint64_t first = 900'000'000'000'000) {
  std::vector<wire::AdminRequest> requests;
  for (std::size_t i = 0; i < count; ++i) {
    const auto person = *AddressNumber::from_number(first + i);
    requests.push_back(request(pool, wire::BindSymbol{person, draw_symbol(pool)}, kOtherTown));
  }
  return requests;
}

/// Two persons, the second with a symbol and a flag; to make one of them takes six changes.
struct Two {
  explicit Two(QuietPool& pool)
      : survivor(put_person(pool, "佐藤 一郎")),
        former(put_person(pool, "佐藤 市郎")),
        symbol(draw_symbol(pool)) {
    answer_of<wire::Done>(pool.command(request(pool, wire::BindSymbol{former, symbol}), kMayor));
    answer_of<wire::Done>(pool.command(request(pool, hold(former)), kMayor));
  }

  AddressNumber survivor;
  AddressNumber former;
  Symbol symbol;
};
constexpr std::size_t kChangesOfMerge = 6;

std::size_t persons_in(QuietPool& pool) {
  return answer_of<wire::Persons>(pool.command(request(pool, wire::ListPersons{}), kMayor))
      .persons.size();
}

std::optional<AddressNumber> holder_of(QuietPool& pool, const Symbol& symbol) {
  return answer_of<wire::SymbolShown>(pool.command(request(pool, wire::ShowSymbol{symbol}), kMayor))
      .person;
}

std::size_t flags_of(QuietPool& pool, const AddressNumber& person) {
  return answer_of<wire::Flags>(pool.command(request(pool, wire::ShowFlags{person}), kMayor))
      .flags.size();
}

}  // namespace

TEST_CASE("two persons are made one as a whole, wherever a train ends and the node dies",
          "[tenant_vm]") {
  const std::size_t before =
      GENERATE(range(limits::kMaxTrainRows - kChangesOfMerge, limits::kMaxTrainRows + 1));
  CAPTURE(before);
  QuietPool pool;
  start_on_one_lane(pool);
  const Two two(pool);
  pool.on_append = testing::refuse_for_now;
  pool.send_commands(kOtherTown, bindings(pool, before));
  pool.send_command(kMayor, request(pool, wire::MergePersons{two.survivor, two.former}));
  std::size_t trains = 0;
  pool.on_append = [&](const storage::Train& train) {
    return ++trains == 1 ? pool.store.append(train) : testing::refuse_for_now(train);
  };
  pool.pass(testing::kRetryMs);
  REQUIRE(trains >= 1);
  pool.on_append = nullptr;
  start_on_one_lane(pool);

  const bool merged = before == limits::kMaxTrainRows - kChangesOfMerge;
  CHECK(persons_in(pool) == (merged ? 1 : 2));
  CHECK(holder_of(pool, two.symbol) == (merged ? two.survivor : two.former));
  CHECK(flags_of(pool, two.survivor) == (merged ? 1 : 0));
  CHECK(pool.told_operators.empty());
}

TEST_CASE("when the store refuses one change of a request, it refuses all of it", "[tenant_vm]") {
  const bool store_can_tell = GENERATE(false, true);
  const std::size_t bad = GENERATE(range(std::size_t{0}, kChangesOfMerge));
  CAPTURE(store_can_tell, bad);
  QuietPool pool;
  start_on_one_lane(pool);
  const Two two(pool);
  std::optional<storage::ChangeRow> refused;
  pool.on_append = testing::refuse_for_now;
  const auto merge = request(pool, wire::MergePersons{two.survivor, two.former});
  pool.send_commands(kOtherTown, bindings(pool, 5));
  pool.send_command(kMayor, merge);
  pool.send_commands(kOtherTown, bindings(pool, 5, 910'000'000'000'000));
  pool.on_append = [&](const storage::Train& train) -> storage::AppendResult {
    const auto of_merge = std::ranges::find_if(train.changes, [&](const auto& change) {
      return change.tenant == pool.universe.tenant(Universe::town_of(kMayor));
    });
    if (of_merge == train.changes.end()) return pool.store.append(train);
    const auto place = static_cast<std::size_t>(of_merge - train.changes.begin()) + bad;
    REQUIRE(place < train.changes.size());
    storage::AppendResult result{.commit = storage::Commit::kFailed,
                                 .error = {.code = ErrorCode::kStoreFailed}};
    if (store_can_tell) result.bad_row = train.rows.size() + place;
    return result;
  };
  pool.pass(testing::kRetryMs);
  pool.on_append = nullptr;
  std::size_t done = 0;
  for (const wire::AdminReply& reply : pool.admin_replies) {
    if (reply.key == merge.key) {
      REQUIRE_FALSE(reply.answer.ok());
      CHECK(reply.answer.error().code == ErrorCode::kStoreFailed);
    } else if (reply.answer.ok()) {
      ++done;
    }
  }
  CHECK(done == 10);  // whatever stood in the train with it
  CHECK(pool.admin_replies.size() == 11);

  start_on_one_lane(pool);
  CHECK(persons_in(pool) == 2);
  CHECK(holder_of(pool, two.symbol) == two.former);
  CHECK(flags_of(pool, two.former) == 1);
}

TEST_CASE("a symbol is bound and its 取得番号 erased with one train", "[tenant_vm]") {
  QuietPool pool;
  start_on_one_lane(pool);
  const AddressNumber person = put_person(pool, "佐藤 一郎");
  const auto begun = answer_of<wire::AcquisitionUnderWay>(
      pool.command(request(pool, wire::Acquire{person}), kMayor));
  pool.on_append = testing::refuse_for_now;
  pool.send_commands(kOtherTown, bindings(pool, limits::kMaxTrainRows - 1));
  pool.hand_over(kMayor, begun.number, testing::kPersons);
  std::size_t trains = 0;
  pool.on_append = [&](const storage::Train& train) {
    return ++trains == 1 ? pool.store.append(train) : testing::refuse_for_now(train);
  };
  pool.pass(testing::kRetryMs);
  pool.on_append = nullptr;
  start_on_one_lane(pool);
  const auto shown =
      answer_of<wire::SymbolShown>(pool.command(request(pool, wire::ShowSymbol{person}), kMayor));
  CHECK(shown.bound != shown.under_way_until.has_value());
}

TEST_CASE("a merge that no train holds is refused, and nothing is changed", "[tenant_vm]") {
  QuietPool pool;
  start_on_one_lane(pool);
  const Two two(pool);
  const copies::CopyContent content = pool.universe.copy_of(kMayor, 1, Universe::kind(0));
  crypto::TenantCipher cipher = pool.universe.cipher(Universe::town_of(kMayor));
  for (std::size_t i = 0; i < limits::kMaxTrainRows / 2; ++i) {
    const auto kind = *InformationKind::parse(fmt::format("TM{:014}", i));
    const InstitutionCode mayor = pool.universe.institution(kMayor);
    const HoldingKey key = *copies::copy_key(cipher, mayor, two.former, kind);
    const copies::StoredCopy copy{
        .institution = mayor, .person = two.former, .kind = kind, .content = content};
    pool.store.put_holding(pool.universe.tenant(Universe::town_of(kMayor)),
                           {.section = storage::Section::kCopy,
                            .key = key,
                            .value = *copies::seal_copy(cipher, key, copy, pool.random)});
  }
  start_on_one_lane(pool);
  const auto merged =
      pool.command(request(pool, wire::MergePersons{two.survivor, two.former}), kMayor);
  REQUIRE_FALSE(merged.ok());
  CHECK(merged.error().code == ErrorCode::kTooManyItems);
  CHECK(persons_in(pool) == 2);
  CHECK(holder_of(pool, two.symbol) == two.former);
}
