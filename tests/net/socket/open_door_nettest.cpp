#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "interface_link/socket/src/server_impl.hpp"
#include "tests/net/socket/helpers.hpp"
#include "tests/net/socket/raw_peer.hpp"

// Doors whose access handler does not do its work: a door of ours does not open then, and takes
// no frame from somebody it cannot name.

namespace nakadachi::socket {
namespace {

using helpers::eventually;
using helpers::RawPeer;
using helpers::table_of;

/// An access handler that lets everybody in under one user id. Outlives the doors of its context.
class YesSayer {
 public:
  YesSayer(zmq::context_t& context, std::string user)
      : handler_(context, zmq::socket_type::rep), user_(std::move(user)) {
    handler_.set(zmq::sockopt::linger, 0);
    handler_.bind("inproc://zeromq.zap.01");
    thread_ = std::thread([this] { run(); });
  }
  YesSayer(const YesSayer&) = delete;
  YesSayer& operator=(const YesSayer&) = delete;
  ~YesSayer() {
    stopping_ = true;
    thread_.join();
  }

 private:
  void run() {
    while (!stopping_) {
      zmq_pollitem_t item{handler_.handle(), 0, ZMQ_POLLIN, 0};
      zmq_poll(&item, 1, 20);
      std::vector<zmq::message_t> request(1);
      while (receive(handler_, request.back())) {
        if (!request.back().more()) {
          answer(view_of(request.at(1)));
          break;
        }
        request.emplace_back();
      }
    }
  }

  void answer(ByteView request_id) {
    const std::vector<ByteView> reply = {as_bytes("1.0"), request_id, as_bytes("200"), {},
                                         as_bytes(user_), ByteView()};
    for (std::size_t i = 0; i < reply.size(); ++i) {
      NAKADACHI_ASSERT(send_part(handler_, reply[i], i + 1 < reply.size()) == Sent::kTaken);
    }
  }

  zmq::socket_t handler_;
  const std::string user_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

/// A door in a context of the test's, made as a loop makes one.
struct LooseDoor {
  LooseDoor(zmq::context_t& context, const CurveKeyPair& keys, const CurveKeyPair& known) {
    ServerConfig config{.name = "loose",
                        .endpoint = "tcp://127.0.0.1:*",
                        .keys = keys,
                        .table = table_of({{&known, 1}})};
    door = std::make_shared<Door>("loose-0", config.max_connections, std::uint64_t{1} << 30U,
                                  config.table, AddressCheck(), clock);
    zmq::socket_t socket(context, zmq::socket_type::router);
    configure_door(socket, config, door->domain());
    impl = std::make_unique<Server::Impl>(
        std::move(config), ServerHandlers{.on_frame = [this](const Peer&, ByteView) { ++frames; }},
        door, std::move(socket));
  }

  const SystemClock clock;
  std::shared_ptr<Door> door;
  std::unique_ptr<Server::Impl> impl;
  int frames = 0;
};

}  // namespace

TEST_CASE("socket: a door at which the self-test is let in does not open") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  const auto unknown = CurveKeyPair::make();
  zmq::context_t context;
  const YesSayer handler(context, to_z85(alice.public_key()));
  LooseDoor loose(context, server, alice);
  const auto opened = loose.impl->open(context, unknown);
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().code == ErrorCode::kInternal);
  CHECK_THAT(opened.error().detail, Catch::Matchers::ContainsSubstring("was let in"));
  CHECK_FALSE(loose.door->is_proven());
}

TEST_CASE("socket: a frame that comes without a proven key is dropped and counted") {
  const auto server = CurveKeyPair::make();
  const auto alice = CurveKeyPair::make();
  const std::string named = GENERATE(std::string(), std::string("alice"));
  zmq::context_t context;
  const YesSayer handler(context, named);
  LooseDoor loose(context, server, alice);
  loose.impl->socket.bind(loose.impl->config.endpoint);
  RawPeer peer(loose.impl->socket.get(zmq::sockopt::last_endpoint), &server.public_key(), &alice);
  REQUIRE(peer.wait_for_verdict() == RawPeer::Verdict::kLetIn);
  REQUIRE(send_part(peer.socket(), as_bytes("frame"), false) == Sent::kTaken);
  DoorCounts& counts = loose.door->counts();
  REQUIRE(eventually([&] {
    loose.impl->turn(16, loose.clock.now());
    return counts.dropped_unnamed > 0 || counts.frames_received > 0;
  }));
  CHECK(counts.dropped_unnamed == 1);
  CHECK(counts.frames_received == 0);
  CHECK(loose.frames == 0);
}

}  // namespace nakadachi::socket
