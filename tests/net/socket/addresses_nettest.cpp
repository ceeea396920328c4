#include "tests/net/socket/helpers.hpp"

namespace nakadachi::socket {

using helpers::Caller;
using helpers::EchoDoor;
using helpers::eventually;
using helpers::table_of;

namespace {

/// Connects to a door on 127.0.0.1 from another address of this machine.
std::string from(const std::string& address, const EchoDoor& door) {
  const std::string& endpoint = door.endpoint();
  return "tcp://" + address + ":0;" + endpoint.substr(endpoint.rfind('/') + 1);
}

AddressCheck only(std::string address) {
  return [address = std::move(address)](std::string_view peer) { return peer == address; };
}

}  // namespace

TEST_CASE("socket: a good key is refused from an address where the door is not for it") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  const auto mallory = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&alice, 1}}),
                [](ServerConfig& config) { config.may_come_from = only("127.0.0.2"); });
  Caller right(from("127.0.0.2", door), server.public_key(), alice);
  REQUIRE(right.echo("from its place"));
  CHECK(door.counters().refused_addresses == 0);

  Caller wrong(door.endpoint(), server.public_key(), alice);
  REQUIRE(eventually([&] { return wrong.counters().refused > 0; }));
  REQUIRE(eventually([&] { return door.counters().refused_addresses > 0; }));
  CHECK_FALSE(wrong.connected());
  CHECK(door.counters().refused_keys == 0);

  // Whoever has no key learns nothing about addresses.
  Caller stranger(door.endpoint(), server.public_key(), mallory);
  REQUIRE(eventually([&] { return stranger.counters().refused > 0; }));
  CHECK(door.counters().refused_keys > 0);
  CHECK(right.echo("unharmed"));
}

TEST_CASE("socket: a key may be tied to an address of its own, also while it is connected") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  const auto bob = CurveKeyPair::make();
  const auto table = [&](AddressCheck of_alice) {
    auto made = AccessTable::make({{alice.public_key(), {1}, {}, std::move(of_alice)},
                                   {bob.public_key(), {2}, {}, only("127.0.0.3")}});
    REQUIRE(made.ok());
    return *std::move(made);
  };
  EchoDoor door(server, table({}));
  Caller anywhere(from("127.0.0.2", door), server.public_key(), alice);
  Caller at_its_place(from("127.0.0.3", door), server.public_key(), bob);
  Caller elsewhere(from("127.0.0.2", door), server.public_key(), bob);
  REQUIRE(anywhere.echo("alice"));
  REQUIRE(at_its_place.echo("bob"));
  REQUIRE(eventually([&] { return door.counters().refused_addresses > 0; }));
  CHECK_FALSE(elsewhere.connected());

  door.server().replace_table(table(only("127.0.0.4")));
  REQUIRE(anywhere.send("not from here"));
  REQUIRE(eventually([&] { return door.counters().dropped_revoked == 1; }));
  REQUIRE(eventually([&] { return anywhere.disconnections() == 1; }));
  CHECK(at_its_place.echo("unharmed"));
  CHECK_FALSE(door.received().holds("not from here"));
  Caller moved(from("127.0.0.4", door), server.public_key(), alice);
  CHECK(moved.echo("alice again"));
}

}  // namespace nakadachi::socket
