#include "nakadachi/storage/tenant_directory.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/postgres.hpp"

namespace nakadachi::storage {
namespace {

using testing::TestDatabase;

TenantRow town(std::uint32_t tenant, std::uint16_t lane) {
  return {.tenant = TenantId{tenant}, .name = "北町", .population = 4321, .lane = LaneId{lane}};
}

TEST_CASE("tenants that joined are listed in order, for operators and for nodes") {
  const TestDatabase database;
  TenantDirectory operators(database.login("nakadachi_operator"), "");
  TenantDirectory nodes("", database.login("nakadachi_node"));
  CHECK(operators.tenants()->empty());
  REQUIRE(operators.join(town(20, 2)));
  REQUIRE(operators.join(town(1000001, 1)));
  REQUIRE(operators.join(town(10, 2)));
  const std::vector<TenantRow> expected = {town(10, 2), town(20, 2), town(1000001, 1)};
  CHECK((*operators.tenants() == expected));
  CHECK((*nodes.tenants() == expected));
}

TEST_CASE("a tenant joins once, and what the tables cannot hold does not join at all") {
  const TestDatabase database;
  TenantDirectory operators(database.login("nakadachi_operator"), "");
  REQUIRE(operators.join(town(1, 1)));
  CHECK(operators.join(town(1, 2)).error().code == ErrorCode::kRowConflict);
  CHECK(operators.join(town(0, 3)).error().code == ErrorCode::kStoreFailed);
  CHECK(operators.join(town(0xffffffffU, 3)).error().code == ErrorCode::kStoreFailed);
  // The lane of a join that failed was not made either.
  testing::Sql admin(database.login("postgres"));
  CHECK(admin.run("SELECT count(*) FROM nakadachi.lane").value() == "1");
  CHECK(operators.tenants()->size() == 1);
}

TEST_CASE("keys come back as they were put, each tenant's alone, ascending") {
  const TestDatabase database;
  database.join(1, 2, LaneId{1});
  TenantDirectory nodes("", database.login("nakadachi_node"));
  const WrappedKeyRow master{.purpose = "master", .version = 1, .wrapped = {0, 255, 92, 10}};
  const WrappedKeyRow newer{.purpose = "master", .version = 2, .wrapped = {7}};
  const WrappedKeyRow sealing{
      .purpose = "sealing/1000000000000001", .version = 1, .wrapped = Bytes(300, 0xab)};
  REQUIRE(nodes.put_key(TenantId{1}, sealing));
  REQUIRE(nodes.put_key(TenantId{1}, newer));
  REQUIRE(nodes.put_key(TenantId{1}, master));
  CHECK((*nodes.keys(TenantId{1}) == std::vector<WrappedKeyRow>{master, newer, sealing}));
  CHECK(nodes.keys(TenantId{2})->empty());
  CHECK(nodes.put_key(TenantId{1}, master).error().code == ErrorCode::kRowConflict);
  CHECK(nodes.put_key(TenantId{3}, master).error().code == ErrorCode::kStoreFailed);
  CHECK(nodes.put_key(TenantId{2}, master));
}

TEST_CASE("a directory without a server says that it is unavailable") {
  TenantDirectory directory("host=/nonexistent user=nakadachi_operator",
                            "host=/nonexistent user=nakadachi_node");
  CHECK(directory.tenants().error().code == ErrorCode::kStoreUnavailable);
  CHECK(directory.join(town(1, 1)).error().code == ErrorCode::kStoreUnavailable);
  CHECK(directory.keys(TenantId{1}).error().code == ErrorCode::kStoreUnavailable);
  CHECK(directory.put_key(TenantId{1}, {}).error().code == ErrorCode::kStoreUnavailable);
}

}  // namespace
}  // namespace nakadachi::storage
