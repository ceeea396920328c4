#include "nakadachi/socket/door_users.hpp"

#include "tests/support/catch.hpp"

namespace nakadachi::socket {
namespace {

CurvePublicKey key(std::uint8_t number) {
  std::array<std::uint8_t, 32> bytes{};
  bytes[0] = number;
  return CurvePublicKey(bytes);
}

UserId user_of(const DoorUsers::Renewed& renewed, std::uint8_t number) {
  const auto* const known = renewed.table->find(key(number), {0});
  REQUIRE(known != nullptr);
  return known->user;
}

}  // namespace

TEST_CASE("door users: each key is a user of its own, and stays it") {
  DoorUsers users;
  const auto first = users.renew({{7, key(1)}, {8, key(2)}});
  REQUIRE(first.ok());
  CHECK(first->came == 2);
  CHECK(first->went == 0);
  const auto both = users.renew({{7, key(3)}, {7, key(1)}, {8, key(2)}});
  REQUIRE(both.ok());
  CHECK(both->came == 1);
  CHECK(both->went == 0);
  CHECK(user_of(*both, 1) == user_of(*first, 1));
  CHECK(user_of(*both, 2) == user_of(*first, 2));
  CHECK(user_of(*both, 3) != user_of(*both, 1));
  CHECK(DoorUsers::holder_of(user_of(*both, 1)) == 7);
  CHECK(DoorUsers::holder_of(user_of(*both, 3)) == 7);
  CHECK(DoorUsers::holder_of(user_of(*both, 2)) == 8);

  const auto rolled = users.renew({{7, key(3)}});
  REQUIRE(rolled.ok());
  CHECK(rolled->came == 0);
  CHECK(rolled->went == 2);
  CHECK(user_of(*rolled, 3) == user_of(*both, 3));
  CHECK_FALSE(rolled->table->holds(user_of(*both, 1), {0}));
}

TEST_CASE("door users: a key that changes hands is another user") {
  DoorUsers users;
  const auto before = users.renew({{7, key(1)}});
  const auto after = users.renew({{8, key(1)}});
  REQUIRE(before.ok());
  REQUIRE(after.ok());
  CHECK(after->came == 1);
  CHECK(after->went == 1);
  CHECK_FALSE(after->table->holds(user_of(*before, 1), {0}));
  CHECK(DoorUsers::holder_of(user_of(*after, 1)) == 8);
}

TEST_CASE("door users: a key that is tied to another place is another user") {
  DoorUsers users;
  const auto anywhere = users.renew({{7, key(1)}});
  const auto tied = users.renew({{.holder = 7, .key = key(1), .place = "business@011002"}});
  REQUIRE(anywhere.ok());
  REQUIRE(tied.ok());
  CHECK_FALSE(tied->table->holds(user_of(*anywhere, 1), {0}));
  const auto again = users.renew({{.holder = 7, .key = key(1), .place = "business@011002"}});
  REQUIRE(again.ok());
  CHECK(user_of(*again, 1) == user_of(*tied, 1));
}

TEST_CASE("door users: what is wrong changes nothing") {
  DoorUsers users;
  const auto before = users.renew({{7, key(1)}});
  REQUIRE(before.ok());
  CHECK(users.renew({{1U << DoorUsers::kHolderBits, key(2)}}).error().code ==
        ErrorCode::kConfigInvalid);
  CHECK(users.renew({{7, key(2)}, {8, key(2)}}).error().code == ErrorCode::kConfigInvalid);
  const auto after = users.renew({{7, key(1)}});
  REQUIRE(after.ok());
  CHECK(after->came == 0);
  CHECK(after->went == 0);
  CHECK(user_of(*after, 1) == user_of(*before, 1));
}

}  // namespace nakadachi::socket
