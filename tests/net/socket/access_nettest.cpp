#include <zmq.hpp>

#include "interface_link/socket/src/probe.hpp"
#include "interface_link/socket/src/server_impl.hpp"
#include "interface_link/socket/src/zmq_calls.hpp"
#include "tests/net/socket/helpers.hpp"
#include "tests/net/socket/raw_peer.hpp"

namespace nakadachi::socket {

using helpers::Caller;
using helpers::EchoDoor;
using helpers::eventually;
using helpers::RawPeer;
using helpers::table_of;

TEST_CASE("socket: a key in the table is served under its user") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&alice, 7}}));
  Caller caller(door.endpoint(), server.public_key(), alice);
  REQUIRE(caller.echo("one"));
  REQUIRE(caller.echo("two"));
  REQUIRE(door.peers().size() == 2);
  CHECK(door.peers()[0].user == UserId{7});
  CHECK(door.peers()[0] == door.peers()[1]);
  const ServerCounters counters = door.counters();
  CHECK(counters.frames_received == 2);
  CHECK(counters.frames_sent == 2);
  CHECK(counters.handshakes_done == 1);
  CHECK(counters.connections == 1);
  // The strangers of the self-test are not counted.
  CHECK(counters.refused_keys == 0);
  CHECK(counters.refused_protocol == 0);
}

TEST_CASE("socket: an unknown key is refused, and let in once the table knows it") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  const auto mallory = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&alice, 1}}));
  Caller stranger(door.endpoint(), server.public_key(), mallory);
  REQUIRE(eventually([&] { return door.counters().refused_keys > 0; }));
  REQUIRE(eventually([&] { return stranger.counters().refused > 0; }));
  CHECK_FALSE(stranger.connected());
  CHECK_FALSE(stranger.send("let me in"));
  CHECK(door.counters().frames_received == 0);

  door.server().replace_table(table_of({{&alice, 1}, {&mallory, 2}}));
  CHECK(stranger.echo("thanks"));
  CHECK(door.peers().back().user == UserId{2});
}

TEST_CASE("socket: a client talks to nobody but the holder of the server's secret") {
  const auto server = CurveKeyPair::make();
  const auto expected = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&alice, 1}}));
  Caller caller(door.endpoint(), expected.public_key(), alice);
  REQUIRE(eventually([&] { return door.counters().refused_protocol > 0; }));
  CHECK_FALSE(caller.connected());
  CHECK(door.counters().handshakes_done == 0);
}

TEST_CASE("socket: peers without CURVE are refused") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&alice, 1}}));
  {
    RawPeer null_peer(door.endpoint(), nullptr, nullptr);
    CHECK(null_peer.wait_for_verdict() == RawPeer::Verdict::kRefused);
  }
  RawPeer plain_peer(door.endpoint(), nullptr, nullptr, [](zmq::socket_t& socket) {
    socket.set(zmq::sockopt::plain_username, "admin");
    socket.set(zmq::sockopt::plain_password, "secret");
  });
  CHECK(plain_peer.wait_for_verdict() == RawPeer::Verdict::kRefused);
  CHECK(eventually([&] { return door.counters().refused_protocol >= 2; }));
  CHECK(door.counters().frames_received == 0);
}

TEST_CASE("socket: without an access handler nothing passes a door of ours") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  zmq::context_t context;
  const auto verdict_at = [&](bool configured) {
    zmq::socket_t door(context, zmq::socket_type::router);
    ServerConfig config{.name = "bare",
                        .endpoint = "tcp://127.0.0.1:*",
                        .keys = server,
                        .table = table_of({{&alice, 1}})};
    if (configured) {
      configure_door(door, config, "bare-0");
    } else {
      door.set(zmq::sockopt::linger, 0);
      door.set(zmq::sockopt::curve_server, 1);
      zmq_setsockopt(door.handle(), ZMQ_CURVE_SECRETKEY, server.secret().view().data(), 32);
    }
    door.bind(config.endpoint);
    RawPeer peer(door.get(zmq::sockopt::last_endpoint), &server.public_key(), &alice);
    return peer.wait_for_verdict();
  };
  CHECK(verdict_at(true) == RawPeer::Verdict::kRefused);
  // The library alone lets everybody in: what the options are for, and the proof that this
  // test would see an open door.
  CHECK(verdict_at(false) == RawPeer::Verdict::kLetIn);
}

TEST_CASE("socket: the self-test sees an open door") {
  const auto server = CurveKeyPair::make();
  const auto unknown = CurveKeyPair::make();
  zmq::context_t context;
  zmq::socket_t any_key(context, zmq::socket_type::router);
  any_key.set(zmq::sockopt::linger, 0);
  any_key.set(zmq::sockopt::curve_server, 1);
  zmq_setsockopt(any_key.handle(), ZMQ_CURVE_SECRETKEY, server.secret().view().data(), 32);
  any_key.bind("tcp://127.0.0.1:*");
  const auto proven = prove_refusal(context, any_key.get(zmq::sockopt::last_endpoint),
                                    server.public_key(), unknown);
  REQUIRE_FALSE(proven.ok());
  CHECK(proven.error().code == ErrorCode::kInternal);
  CHECK_THAT(proven.error().detail, Catch::Matchers::ContainsSubstring("was let in"));
}

TEST_CASE("socket: a revoked key is cut at its next frame and refused from then on") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  const auto bob = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&alice, 1}, {&bob, 2}}));
  Caller first(door.endpoint(), server.public_key(), alice);
  Caller second(door.endpoint(), server.public_key(), bob);
  REQUIRE(first.echo("before"));
  REQUIRE(second.echo("before"));
  const Peer alice_peer = door.peers()[0];

  door.server().replace_table(table_of({{&bob, 2}}));
  REQUIRE(first.send("after"));
  REQUIRE(eventually([&] { return door.counters().dropped_revoked == 1; }));
  REQUIRE(eventually([&] { return first.disconnections() == 1; }));
  REQUIRE(eventually([&] { return door.counters().refused_keys > 0; }));
  CHECK(first.counters().connected == 1);
  // Nothing goes out to the revoked either.
  CHECK_FALSE(door.send(alice_peer, "late answer"));
  CHECK(door.counters().dropped_revoked == 2);
  CHECK(second.echo("still here"));
  CHECK_FALSE(door.received().holds("after"));
  CHECK_FALSE(first.received().holds("late answer"));
}

TEST_CASE("socket: keys begin and end by themselves on open connections and at the door") {
  const auto server = CurveKeyPair::make();
  const auto old_key = CurveKeyPair::make();
  const auto new_key = CurveKeyPair::make();
  helpers::ManualClock clock;
  const Timestamp start = clock.now();
  const auto table =
      AccessTable::make({{old_key.public_key(), {1}, {.from = {}, .until = start + 2'000}},
                         {new_key.public_key(), {2}, {.from = start + 1'000, .until = {}}}});
  REQUIRE(table.ok());
  EchoDoor door(server, *table, {}, &clock);
  Caller before(door.endpoint(), server.public_key(), old_key);
  REQUIRE(before.echo("alone"));
  Caller after(door.endpoint(), server.public_key(), new_key);
  REQUIRE(eventually([&] { return door.counters().refused_keys > 0; }));
  CHECK_FALSE(after.connected());

  clock.advance(1'000);
  REQUIRE(after.echo("both"));
  REQUIRE(before.echo("both"));
  const Peer old_peer = door.peers().front();

  clock.advance(1'000);
  // What waited for the old connection stays here.
  CHECK_FALSE(door.send(old_peer, "late answer"));
  CHECK(door.counters().dropped_revoked == 1);
  REQUIRE(before.send("too late"));
  REQUIRE(eventually([&] { return before.disconnections() == 1; }));
  CHECK(eventually([&] { return door.counters().dropped_revoked == 2; }));
  CHECK(after.echo("rolled over"));
  CHECK_FALSE(door.received().holds("too late"));
  CHECK_FALSE(before.received().holds("late answer"));
}

TEST_CASE("socket: a replaced key is cut though its user remains") {
  const auto server = CurveKeyPair::make();
  const auto old_key = CurveKeyPair::make();
  const auto new_key = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&old_key, 1}}));
  Caller before(door.endpoint(), server.public_key(), old_key);
  REQUIRE(before.echo("before"));
  door.server().replace_table(table_of({{&old_key, 1}, {&new_key, 1}}));
  Caller after(door.endpoint(), server.public_key(), new_key);
  REQUIRE(after.echo("both"));
  REQUIRE(before.echo("both"));
  door.server().replace_table(table_of({{&new_key, 1}}));
  REQUIRE(before.send("stolen"));
  REQUIRE(eventually([&] { return door.counters().dropped_revoked == 1; }));
  CHECK(after.echo("rotated"));
  CHECK_FALSE(door.received().holds("stolen"));
}

TEST_CASE("socket: connections above the limit wait until there is room") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&alice, 1}}), [](ServerConfig& config) {
    config.max_connections = 2;
    config.handshake_ms = 500;  // a refused one may stand until then
  });
  auto first = std::make_unique<Caller>(door.endpoint(), server.public_key(), alice);
  Caller second(door.endpoint(), server.public_key(), alice);
  REQUIRE(first->echo("1"));
  REQUIRE(second.echo("2"));
  Caller third(door.endpoint(), server.public_key(), alice);
  REQUIRE(eventually([&] { return door.counters().refused_full > 0; }));
  CHECK_FALSE(third.connected());
  CHECK(second.echo("unharmed"));
  first.reset();
  CHECK(third.echo("3"));
}

TEST_CASE("socket: a door that cannot be opened as asked is refused with its reason") {
  const auto server = CurveKeyPair::make();
  const auto table = table_of({{&server, 1}});
  auto loop = Loop::make();
  REQUIRE(loop.ok());
  const auto listen = [&](const EchoDoor::Change& change) {
    ServerConfig config{
        .name = "door", .endpoint = "tcp://127.0.0.1:*", .keys = server, .table = table};
    change(config);
    return (*loop)->listen(std::move(config), {});
  };
  const auto good = listen([](ServerConfig&) {});
  REQUIRE(good.ok());
  for (const EchoDoor::Change& change :
       {EchoDoor::Change([](ServerConfig& c) { c.endpoint = "nonsense"; }),
        EchoDoor::Change([](ServerConfig& c) { c.endpoint = "tcp://256.0.0.1:1"; }),
        EchoDoor::Change([&](ServerConfig& c) { c.endpoint = (*good)->endpoint(); }),
        EchoDoor::Change([](ServerConfig& c) { c.name.clear(); }),
        EchoDoor::Change([](ServerConfig& c) { c.table = nullptr; }),
        EchoDoor::Change([](ServerConfig& c) { c.queued_frames = 1; })}) {
    const auto refused = listen(change);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::kConfigInvalid);
  }
  const auto client = (*loop)->connect(
      {.name = "client", .endpoint = "nonsense", .server_key = server.public_key(), .keys = server},
      {});
  REQUIRE_FALSE(client.ok());
  CHECK(client.error().code == ErrorCode::kConfigInvalid);
}

}  // namespace nakadachi::socket
