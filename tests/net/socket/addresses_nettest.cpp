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

TEST_CASE("socket: doors and callers speak IPv6 where an endpoint does") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  const auto at = [](std::string address) {
    return [address = std::move(address)](ServerConfig& config) {
      config.endpoint = "tcp://[::1]:*";
      config.may_come_from = only(address);
    };
  };
  EchoDoor door(server, table_of({{&alice, 1}}), at("::1"));
  CHECK(door.endpoint().starts_with("tcp://[::1]:"));
  Caller caller(door.endpoint(), server.public_key(), alice);
  CHECK(caller.echo("by IPv6"));
  Caller named(from("[::1]", door), server.public_key(), alice);
  CHECK(named.echo("from an address it chose"));
  CHECK(door.counters().refused_addresses == 0);

  EchoDoor other(server, table_of({{&alice, 1}}), at("::2"));
  const Caller refused(other.endpoint(), server.public_key(), alice);
  REQUIRE(eventually([&] { return other.counters().refused_addresses > 0; }));
  CHECK_FALSE(refused.connected());

  // A key that is tied to another address while it is connected by IPv6 is cut.
  const auto moved = AccessTable::make({{alice.public_key(), {1}, {}, only("::2")}});
  REQUIRE(moved.ok());
  door.server().replace_table(*moved);
  REQUIRE(caller.send("not from here"));
  REQUIRE(eventually([&] { return caller.disconnections() == 1; }));
  CHECK_FALSE(door.received().holds("not from here"));
}

TEST_CASE("socket: an IPv4 peer has its IPv4 address at a door for both families") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&alice, 1}}), [](ServerConfig& config) {
    config.endpoint = "tcp://[::]:*";
    config.may_come_from = only("127.0.0.2");
  });
  const std::string port = door.endpoint().substr(door.endpoint().rfind(':'));
  Caller right("tcp://127.0.0.2:0;127.0.0.1" + port, server.public_key(), alice);
  CHECK(right.echo("by IPv4"));
  CHECK(right.echo("each frame is judged by it too"));
  CHECK(door.counters().refused_addresses == 0);
  const Caller wrong("tcp://127.0.0.3:0;127.0.0.1" + port, server.public_key(), alice);
  const Caller wrong6("tcp://[::1]" + port, server.public_key(), alice);
  REQUIRE(eventually([&] { return door.counters().refused_addresses > 1; }));
  CHECK_FALSE(wrong.connected());
  CHECK_FALSE(wrong6.connected());
}

TEST_CASE("socket: who waits at a port when its door opens can be cut like any other") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  std::string endpoint;
  {
    const EchoDoor first(server, table_of({{&alice, 1}}));
    endpoint = first.endpoint();
  }
  Caller waiting(endpoint, server.public_key(), alice, "here at once", [](ClientConfig& config) {
    config.reconnect_ms = 1;
    config.reconnect_most_ms = 1;
  });
  for (int round = 0; round < 5; ++round) {
    const std::uint64_t disconnections = waiting.disconnections();
    EchoDoor door(server, table_of({{&alice, 1}}),
                  [&](ServerConfig& config) { config.endpoint = endpoint; });
    REQUIRE(eventually([&] { return door.received().holds("here at once"); }));
    door.server().replace_table(table_of({}));
    REQUIRE(waiting.send("too late"));
    REQUIRE(eventually([&] { return door.counters().dropped_revoked == 1; }));
    // Cut by the door, which stays open and is asked again.
    REQUIRE(eventually([&] { return waiting.disconnections() == disconnections + 1; }));
    REQUIRE(eventually([&] { return door.counters().refused_keys > 0; }));
  }
}

}  // namespace nakadachi::socket
