#include <zmq.hpp>

#include "tests/net/socket/helpers.hpp"
#include "tests/net/socket/raw_peer.hpp"
#include "tests/net/socket/tcp_proxy.hpp"

namespace nakadachi::socket {

using helpers::Caller;
using helpers::EchoDoor;
using helpers::eventually;
using helpers::ManualClock;
using helpers::RawPeer;
using helpers::table_of;
using helpers::TcpProxy;

namespace {

bool send_text(RawPeer& peer, const std::string& text, bool more = false) {
  const auto flags = more ? zmq::send_flags::sndmore : zmq::send_flags::none;
  return peer.socket().send(zmq::buffer(text), flags).has_value();
}

}  // namespace

TEST_CASE("socket: a frame just over the limit is dropped and counted") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&alice, 1}}),
                [](ServerConfig& config) { config.max_frame_bytes = 1'000; });
  Caller caller(door.endpoint(), server.public_key(), alice);
  REQUIRE(caller.echo(std::string(1'000, 'a')));
  REQUIRE(caller.send(std::string(1'001, 'b')));
  REQUIRE(eventually([&] { return door.counters().dropped_oversize == 1; }));
  CHECK(eventually([&] { return caller.received().holds("oversize"); }));
  CHECK(caller.echo("still served"));
  CHECK(door.received().size() == 2);
  CHECK(caller.disconnections() == 0);
}

TEST_CASE("socket: a far larger frame cuts the connection, which recovers") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&alice, 1}}),
                [](ServerConfig& config) { config.max_frame_bytes = 1'000; });
  Caller caller(door.endpoint(), server.public_key(), alice);
  REQUIRE(caller.echo("before"));
  REQUIRE(caller.send(std::string(100'000, 'x')));
  REQUIRE(eventually([&] { return caller.disconnections() == 1; }));
  CHECK(caller.echo("after"));
  CHECK(door.received().all() == std::vector<std::string>{"before", "after"});
}

TEST_CASE("socket: a flood is limited and its neighbour unharmed") {
  const auto server = CurveKeyPair::make();
  const auto flooder = CurveKeyPair::make();
  const auto neighbour = CurveKeyPair::make();
  const ManualClock clock;
  EchoDoor door(
      server, table_of({{&flooder, 1}, {&neighbour, 2}}),
      [](ServerConfig& config) {
        config.rate = {.frames_per_second = 10,
                       .frames_at_once = 50,
                       .bytes_per_second = 1'000'000,
                       .bytes_at_once = 1'000'000};
      },
      &clock);
  // Two connections of one user share its bucket.
  RawPeer one(door.endpoint(), &server.public_key(), &flooder);
  RawPeer two(door.endpoint(), &server.public_key(), &flooder);
  for (int i = 0; i < 500; ++i) {
    REQUIRE(send_text(one, "flood"));
    REQUIRE(send_text(two, "flood"));
  }
  REQUIRE(eventually(
      [&] { return door.counters().frames_received + door.counters().dropped_rate == 1'000; }));
  CHECK(door.counters().frames_received == 50);
  CHECK(door.counters().dropped_rate == 950);
  CHECK(door.limited() == 950);

  Caller quiet(door.endpoint(), server.public_key(), neighbour);
  for (int i = 0; i < 50; ++i) REQUIRE(quiet.echo("quiet " + std::to_string(i)));
  CHECK(door.counters().dropped_rate == 950);
}

TEST_CASE("socket: bytes are limited as well as frames, and the bucket fills again") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  ManualClock clock;
  EchoDoor door(
      server, table_of({{&alice, 1}}),
      [](ServerConfig& config) {
        config.rate = {.frames_per_second = 1'000'000,
                       .frames_at_once = 1'000'000,
                       .bytes_per_second = 100,
                       .bytes_at_once = 2'500};
      },
      &clock);
  RawPeer peer(door.endpoint(), &server.public_key(), &alice);
  for (int i = 0; i < 5; ++i) REQUIRE(send_text(peer, std::string(1'000, 'x')));
  REQUIRE(eventually([&] { return door.counters().dropped_rate == 3; }));
  CHECK(door.counters().frames_received == 2);
  clock.advance(5'000);  // 500 were left, 500 are added
  for (int i = 0; i < 2; ++i) REQUIRE(send_text(peer, std::string(1'000, 'y')));
  REQUIRE(eventually([&] { return door.counters().dropped_rate == 4; }));
  CHECK(door.counters().frames_received == 3);
}

TEST_CASE("socket: a frame of several parts is dropped as a whole") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&alice, 1}}));
  RawPeer peer(door.endpoint(), &server.public_key(), &alice);
  for (int i = 0; i < 300; ++i) REQUIRE(send_text(peer, "part", true));
  REQUIRE(send_text(peer, "last part"));
  REQUIRE(send_text(peer, "whole"));
  REQUIRE(eventually([&] { return door.received().holds("whole"); }));
  CHECK(door.received().size() == 1);
  CHECK(door.counters().dropped_malformed == 1);
  zmq::message_t told;
  REQUIRE(peer.socket().recv(told).has_value());
  CHECK(told.to_string() == "malformed_frame");
}

TEST_CASE("socket: a peer that chooses its own route is not heard") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&alice, 1}}));
  RawPeer chooser(door.endpoint(), &server.public_key(), &alice, [](zmq::socket_t& socket) {
    socket.set(zmq::sockopt::routing_id, "somebody else");
  });
  REQUIRE(send_text(chooser, "as another"));
  REQUIRE(eventually([&] { return door.counters().dropped_malformed == 1; }));
  CHECK(door.received().size() == 0);
}

TEST_CASE("socket: a frame that never ends is cut") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  const auto bob = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&alice, 1}, {&bob, 2}}), [](ServerConfig& config) {
    config.max_frame_bytes = 64 * 1024;
    config.queued_frames = 4;
  });
  Caller neighbour(door.endpoint(), server.public_key(), bob);
  TcpProxy proxy(door.endpoint());
  RawPeer endless(proxy.endpoint(), &server.public_key(), &alice);
  // 16 MiB in parts of which 12 arrive: more than may be under way, and never the end.
  proxy.pause_after(12 * 1024 * 1024);
  const std::string part(32 * 1024, 'x');
  for (int i = 0; i < 512; ++i) REQUIRE(send_text(endless, part, true));
  REQUIRE(send_text(endless, "the end"));
  REQUIRE(eventually([&] { return door.counters().cut_endless == 1; }));
  proxy.resume();
  CHECK(endless.wait_for_cut());
  CHECK(door.received().size() == 0);
  CHECK(neighbour.echo("unharmed"));
  CHECK(neighbour.disconnections() == 0);
}

TEST_CASE("socket: a peer that brings frames is never taken for endless") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&alice, 1}}), [](ServerConfig& config) {
    config.max_frame_bytes = 64 * 1024;
    config.queued_frames = 2;
    config.rate.bytes_at_once = 1'000'000'000;
  });
  RawPeer peer(door.endpoint(), &server.public_key(), &alice);
  const std::string frame(60 * 1024, 'x');
  for (int i = 0; i < 600; ++i) REQUIRE(send_text(peer, frame));  // 35 MiB
  REQUIRE(eventually([&] { return door.counters().frames_received == 600; }));
  CHECK(door.counters().cut_endless == 0);
}

TEST_CASE("socket: a reply to nobody is told and counted") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&alice, 1}}));
  const Peer nobody{*Peer::Route::from(Bytes{0, 1, 2, 3, 4}), {1}};
  CHECK_FALSE(door.send(nobody, "anybody there?"));
  CHECK(door.counters().unroutable == 1);

  auto caller = std::make_unique<Caller>(door.endpoint(), server.public_key(), alice);
  REQUIRE(caller->echo("hello"));
  const Peer peer = door.peers()[0];
  CHECK(door.send(peer, "hello yourself"));
  caller.reset();
  CHECK(eventually([&] { return !door.send(peer, "still there?"); }));
  CHECK(door.counters().unroutable >= 2);
}

TEST_CASE("socket: a peer that does not read blocks its own replies only") {
  const auto server = CurveKeyPair::make();
  const auto deaf = CurveKeyPair::make();
  const auto bob = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&deaf, 1}, {&bob, 2}}), [](ServerConfig& config) {
    config.queued_frames = 4;
    config.heartbeat_ms = 600'000;
  });
  RawPeer peer(door.endpoint(), &server.public_key(), &deaf, [](zmq::socket_t& socket) {
    socket.set(zmq::sockopt::rcvhwm, 1);
    socket.set(zmq::sockopt::rcvbuf, 4'096);
  });
  const std::string frame(200'000, 'x');
  std::size_t sent = 0;
  REQUIRE(eventually([&] {
    for (int i = 0; i < 20; ++i, ++sent) REQUIRE(send_text(peer, frame));
    return door.counters().send_blocked > 0;
  }));
  Caller neighbour(door.endpoint(), server.public_key(), bob);
  CHECK(neighbour.echo("unharmed"));
}

TEST_CASE("socket: a connection that never shakes hands is cut") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&alice, 1}}),
                [](ServerConfig& config) { config.handshake_ms = 300; });
  helpers::SilentConnection silent(door.endpoint());
  REQUIRE(silent.is_open());
  REQUIRE(eventually([&] { return door.counters().connections == 1; }));
  Caller caller(door.endpoint(), server.public_key(), alice);
  CHECK(caller.echo("meanwhile"));
  CHECK(eventually([&] { return door.counters().connections == 1; }));  // the caller's
  CHECK(door.counters().refused_protocol == 1);
  CHECK(silent.wait_for_end());
}

TEST_CASE("socket: both ends notice a line that went silent") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  EchoDoor door(server, table_of({{&alice, 1}}),
                [](ServerConfig& config) { config.heartbeat_ms = 100; });
  TcpProxy proxy(door.endpoint());
  Caller caller(proxy.endpoint(), server.public_key(), alice, "hello", [](ClientConfig& config) {
    config.heartbeat_ms = 100;
    config.handshake_ms = 1'000;
  });
  REQUIRE(caller.echo("before"));
  proxy.pause();
  REQUIRE(eventually([&] { return caller.disconnections() >= 1; }));
  REQUIRE(eventually([&] { return door.counters().connections == 0; }));
  proxy.resume();
  CHECK(caller.echo("after"));
  CHECK(caller.counters().connected >= 2);
}

TEST_CASE("socket: a client says hello again after every reconnect") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  const auto table = table_of({{&alice, 1}});
  auto door = std::make_unique<EchoDoor>(server, table);
  const std::string endpoint = door->endpoint();
  Caller caller(endpoint, server.public_key(), alice, "hello");
  REQUIRE(eventually([&] { return door->received().all() == std::vector<std::string>{"hello"}; }));
  for (std::uint64_t round = 1; round <= 3; ++round) {
    door.reset();
    REQUIRE(eventually([&] { return caller.disconnections() == round; }));
    CHECK_FALSE(caller.send("into the void"));
    door = std::make_unique<EchoDoor>(server, table,
                                      [&](ServerConfig& config) { config.endpoint = endpoint; });
    REQUIRE(eventually([&] { return door->received().size() == 1; }));
    CHECK(door->received().holds("hello"));
  }
  CHECK(caller.counters().connected == 4);
}

}  // namespace nakadachi::socket
