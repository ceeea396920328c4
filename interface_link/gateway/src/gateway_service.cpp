#include "nakadachi/gateway/gateway_service.hpp"

#include <map>
#include <utility>

#include "nakadachi/base/log.hpp"
#include "nakadachi/gateway/gateway_core.hpp"

namespace nakadachi::gateway {

class GatewayService::Impl {
 public:
  explicit Impl(GatewayServiceConfig config) : config_(std::move(config)) {}

  Result<void> start() {
    NAKADACHI_TRY(loop_, socket::Loop::make());
    NAKADACHI_CHECK(open_link());
    return open_door();
  }
  void run() {
    loop_->run();
    log::write_counts("not_passed", core_.counts().errors);
  }
  void stop() { loop_->stop(); }
  Result<void> replace_nodes(const std::vector<socket::DoorUsers::Key>& nodes);
  const std::string& endpoint() const noexcept { return door_->endpoint(); }

 private:
  Result<void> open_link();
  Result<void> open_door();
  void happen(Event event);
  NodeId node_of(const socket::Peer& peer);
  void forget_others_than(const socket::AccessTable& table);

  GatewayServiceConfig config_;
  GatewayCore core_;
  std::unique_ptr<socket::Loop> loop_;
  socket::Server* door_ = nullptr;
  socket::Client* link_ = nullptr;
  socket::DoorUsers users_;  // of who starts the service, then of who replaces nodes
  /// A node's newest connection; a former one is gone.
  std::map<NodeId, socket::Peer> peers_;
};

Result<void> GatewayService::Impl::open_link() {
  socket::ClientConfig link{.name = "national",
                            .endpoint = config_.national_endpoint,
                            .server_key = config_.national_key,
                            .keys = config_.national_keys,
                            .max_frame_bytes = limits::kMaxLinkFrameBytes,
                            .queued_frames = 1'024};
  socket::ClientHandlers handlers;
  // The national system has notices to send before anything was asked of it.
  handlers.on_connected = [this] { link_->send(wire::encode_hello({})); };
  handlers.on_frame = [this](ByteView frame) {
    happen(FrameFromNational{Bytes(frame.begin(), frame.end())});
  };
  NAKADACHI_TRY(link_, loop_->connect(std::move(link), std::move(handlers)));
  return {};
}

Result<void> GatewayService::Impl::open_door() {
  NAKADACHI_TRY(const socket::DoorUsers::Renewed users, users_.renew(config_.nodes));
  socket::ServerConfig door{.name = "link",
                            .endpoint = config_.nodes_endpoint,
                            .keys = config_.keys,
                            .table = users.table,
                            .may_come_from = config_.nodes_may_come_from,
                            .max_frame_bytes = limits::kMaxLinkFrameBytes,
                            .rate = socket::RateLimit::none(),
                            .queued_frames = 1'024};
  socket::ServerHandlers handlers;
  handlers.on_frame = [this](const socket::Peer& peer, ByteView frame) {
    happen(FrameFromNode{node_of(peer), Bytes(frame.begin(), frame.end())});
  };
  NAKADACHI_TRY(door_, loop_->listen(std::move(door), std::move(handlers)));
  return {};
}

Result<void> GatewayService::Impl::replace_nodes(const std::vector<socket::DoorUsers::Key>& nodes) {
  socket::DoorUsers users = users_;  // a copy, so that nothing has changed when one is wrong
  NAKADACHI_TRY(const socket::DoorUsers::Renewed renewed, users.renew(nodes));
  NAKADACHI_CHECK(loop_->post([this, renewed] {
    door_->replace_table(renewed.table);
    forget_others_than(*renewed.table);
  }));
  users_ = std::move(users);
  log::write(log::Level::kInfo, "nodes_replaced",
             {{"keys", std::uint64_t{renewed.table->size()}},
              {"keys_came", std::uint64_t{renewed.came}},
              {"keys_went", std::uint64_t{renewed.went}}});
  return {};
}

void GatewayService::Impl::forget_others_than(const socket::AccessTable& table) {
  std::erase_if(peers_, [&](const auto& known) {
    const bool went = !table.holds(known.second.user, loop_->now());
    if (went) core_.on(NodeGone{known.first});
    return went;
  });
}

NodeId GatewayService::Impl::node_of(const socket::Peer& peer) {
  const NodeId node{peer.user.value};
  peers_.insert_or_assign(node, peer);
  return node;
}

/// What cannot be sent is lost like a packet: the nodes' time-outs heal it.
void GatewayService::Impl::happen(Event event) {
  for (const Action& action : core_.on(std::move(event))) {
    if (const auto* const up = std::get_if<SendToNational>(&action)) {
      link_->send(up->frame);
    } else if (const auto* const down = std::get_if<SendToNode>(&action)) {
      door_->send(peers_.at(down->node), down->frame);
    }
  }
}

GatewayService::GatewayService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GatewayService::~GatewayService() = default;

Result<std::unique_ptr<GatewayService>> GatewayService::start(GatewayServiceConfig config) {
  auto impl = std::make_unique<Impl>(std::move(config));
  NAKADACHI_CHECK(impl->start());
  return std::unique_ptr<GatewayService>(new GatewayService(std::move(impl)));
}

const std::string& GatewayService::endpoint() const noexcept { return impl_->endpoint(); }
Result<void> GatewayService::replace_nodes(const std::vector<socket::DoorUsers::Key>& nodes) {
  return impl_->replace_nodes(nodes);
}
void GatewayService::run() { impl_->run(); }
void GatewayService::stop() { impl_->stop(); }

}  // namespace nakadachi::gateway
