#include "nakadachi/socket/server.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <thread>

#include "probe.hpp"
#include "server_impl.hpp"

namespace nakadachi::socket {
namespace {

// ZMQ_ZAP_ENFORCE_DOMAIN stands in the draft section of zmq.h and works without it.
constexpr int kEnforceDomain = 93;
// What CURVE adds to a frame (RFC 26: 33 bytes), and a little to see frames just too large.
constexpr std::int64_t kFrameOverheadBytes = 128;
// How long the library may still try to send when a door closes.
constexpr int kLingerMs = 0;

int int_of(std::uint32_t value) {
  return static_cast<int>(std::min<std::uint32_t>(value, 1U << 30U));
}

std::uint16_t port_of(const std::string& endpoint) noexcept {
  std::uint16_t port = 0;
  const auto colon = endpoint.rfind(':');
  if (colon != std::string::npos) {
    std::from_chars(endpoint.data() + colon + 1, endpoint.data() + endpoint.size(), port);
  }
  return port;
}

/// The route when the library made it. Those a peer chose itself could collide with
/// another's and are not taken.
std::optional<Peer::Route> route_of(const zmq::message_t& part) {
  const ByteView bytes = view_of(part);
  if (bytes.size() != Peer::Route::kSize || bytes[0] != 0) return std::nullopt;
  return Peer::Route::from(bytes);
}

/// The address of its connection; empty, from which nobody may come, when it is not known.
std::string_view address_of(zmq::message_t& part) {
  const char* const text = zmq_msg_gets(part.handle(), "Peer-Address");
  return text == nullptr ? std::string_view() : unmapped(text);
}

/// The key its connection has proven, which our access handler gave as user id.
std::optional<CurvePublicKey> key_of(zmq::message_t& part) {
  const char* const text = zmq_msg_gets(part.handle(), "User-Id");
  if (text == nullptr) return std::nullopt;
  const auto key = curve_key_from_z85(text);
  return key ? std::optional(*key) : std::nullopt;
}

}  // namespace

void configure_door(zmq::socket_t& socket, const ServerConfig& config, const std::string& domain) {
  socket.set(zmq::sockopt::linger, kLingerMs);
  choose_family(socket, config.endpoint);
  socket.set(zmq::sockopt::curve_server, 1);
  socket.set(zmq::sockopt::zap_domain, domain);
  const int yes = 1;
  if (zmq_setsockopt(socket.handle(), kEnforceDomain, &yes, sizeof yes) != 0 ||
      zmq_setsockopt(socket.handle(), ZMQ_CURVE_SECRETKEY, config.keys.secret().view().data(),
                     config.keys.secret().size()) != 0) {
    throw zmq::error_t();
  }
  socket.set(zmq::sockopt::maxmsgsize,
             static_cast<std::int64_t>(config.max_frame_bytes) + kFrameOverheadBytes);
  socket.set(zmq::sockopt::router_mandatory, 1);
  socket.set(zmq::sockopt::router_handover, 0);
  socket.set(zmq::sockopt::rcvhwm, int_of(config.queued_frames));
  socket.set(zmq::sockopt::sndhwm, int_of(config.queued_frames));
  socket.set(zmq::sockopt::handshake_ivl, int_of(config.handshake_ms));
  socket.set(zmq::sockopt::heartbeat_ivl, int_of(config.heartbeat_ms));
  socket.set(zmq::sockopt::heartbeat_timeout, int_of(2 * config.heartbeat_ms));
}

Server::Impl::Impl(ServerConfig config_in, ServerHandlers handlers_in,
                   std::shared_ptr<Door> door_in, zmq::socket_t socket_in)
    : config(std::move(config_in)),
      handlers(std::move(handlers_in)),
      door(std::move(door_in)),
      socket(std::move(socket_in)) {}

Server::Impl::~Impl() { stop_monitor(socket); }

Result<void> Server::Impl::open(zmq::context_t& context, const CurveKeyPair& unknown_keys) {
  try {
    // Before anybody can come: a connection whose port is not known then cannot be cut. A port
    // that the system chooses nobody else knows yet.
    door->watch().set_port(port_of(config.endpoint));
    socket.bind(config.endpoint);
    endpoint = socket.get(zmq::sockopt::last_endpoint);
    door->watch().set_port(port_of(endpoint));
  } catch (const zmq::error_t& error) {
    return config_error("bind " + config.endpoint, error);
  }
  return prove_shut(context, unknown_keys);
}

/// The strangers must have been seen at both ends; they do not count as refusals.
Result<void> Server::Impl::prove_shut(zmq::context_t& context, const CurveKeyPair& unknown_keys) {
  NAKADACHI_CHECK(prove_refusal(context, endpoint, config.keys.public_key(), unknown_keys));
  DoorCounts& counts = door->counts();
  constexpr int kMostWaits = 2'000;
  for (int i = 0; counts.refused_keys == 0 || counts.refused_protocol == 0; ++i) {
    if (i == kMostWaits) {
      return Error{.code = ErrorCode::kInternal,
                   .detail = fmt::format("self-test of {}: not seen by the handler", endpoint)};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  --counts.refused_keys;
  --counts.refused_protocol;
  door->set_proven();
  return {};
}

bool Server::Impl::turn(std::size_t budget, Timestamp now) {
  for (std::size_t i = 0; i < budget; ++i) {
    if (!receive(socket, route_)) return false;
    if (discarding_) {
      discarding_ = route_.more();
      continue;
    }
    NAKADACHI_ASSERT(route_.more() && receive(socket, body_));
    discarding_ = body_.more();
    take_frame(now);
  }
  return true;
}

void Server::Impl::take_frame(Timestamp now) {
  DoorCounts& counts = door->counts();
  const int connection = zmq_msg_get(body_.handle(), ZMQ_SRCFD);
  door->watch().delivered(connection);
  const auto key = key_of(body_);
  if (!key) return count(counts.dropped_unnamed);
  const auto table = door->table();
  const AccessTable::Entry* const known = table->find(*key, now);
  if (known == nullptr || !known->may_come(address_of(body_))) {
    // Its next handshake is refused, which tells the peer what silence would not.
    door->watch().cut(connection);
    return count(counts.dropped_revoked);
  }
  const auto route = route_of(route_);
  if (!route) return count(counts.dropped_malformed);
  judge_frame({*route, known->user}, *table, now);
}

void Server::Impl::judge_frame(const Peer& peer, const AccessTable& table, Timestamp now) {
  DoorCounts& counts = door->counts();
  const ByteView frame = view_of(body_);
  if (!within_rate(peer.user, frame.size(), table, now)) {
    count(counts.dropped_rate);
    if (handlers.on_limited) handlers.on_limited(peer);
  } else if (discarding_) {
    count(counts.dropped_malformed);
    if (handlers.on_unfit) handlers.on_unfit(peer, ErrorCode::kMalformedFrame);
  } else if (frame.size() > config.max_frame_bytes) {
    count(counts.dropped_oversize);
    if (handlers.on_unfit) handlers.on_unfit(peer, ErrorCode::kOversize);
  } else {
    count(counts.frames_received);
    if (handlers.on_frame) handlers.on_frame(peer, frame);
  }
}

bool Server::Impl::within_rate(UserId user, std::size_t size, const AccessTable& table,
                               Timestamp now) {
  const RateLimit& rate = config.rate;
  auto found = buckets_.find(user);
  if (found == buckets_.end()) {
    forget_the_revoked(table, now);
    const Buckets full{TokenBucket(rate.frames_per_second, rate.frames_at_once, now),
                       TokenBucket(rate.bytes_per_second, rate.bytes_at_once, now)};
    found = buckets_.emplace(user, full).first;
  }
  Buckets& buckets = found->second;
  buckets.frames.fill(now);
  buckets.bytes.fill(now);
  if (!buckets.frames.has(1) || !buckets.bytes.has(size)) return false;
  buckets.frames.take(1);
  buckets.bytes.take(size);
  return true;
}

/// Keeps the buckets as few as the users there are.
void Server::Impl::forget_the_revoked(const AccessTable& table, Timestamp now) {
  if (buckets_.size() < table.size()) return;
  std::erase_if(buckets_, [&](const auto& entry) { return !table.holds(entry.first, now); });
}

bool Server::Impl::send(const Peer& peer, ByteView frame) {
  DoorCounts& counts = door->counts();
  if (!door->table()->holds(peer.user, door->now())) {
    count(counts.dropped_revoked);
    return false;
  }
  switch (send_part(socket, peer.route.view(), true)) {
    case Sent::kUnreachable:
      count(counts.unroutable);
      return false;
    case Sent::kBlocked:
      count(counts.send_blocked);
      return false;
    case Sent::kTaken:
      break;
  }
  // After its route was taken the rest of a message is, too.
  NAKADACHI_ASSERT(send_part(socket, frame, false) == Sent::kTaken);
  count(counts.frames_sent);
  return true;
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

const std::string& Server::endpoint() const noexcept { return impl_->endpoint; }

bool Server::send(const Peer& peer, ByteView frame) { return impl_->send(peer, frame); }

void Server::replace_table(std::shared_ptr<const AccessTable> table) {
  NAKADACHI_ASSERT(table != nullptr);
  impl_->door->replace_table(std::move(table));
}

ServerCounters Server::counters() const {
  const DoorCounts& counts = impl_->door->counts();
  return {.frames_received = counts.frames_received,
          .frames_sent = counts.frames_sent,
          .connections = impl_->door->watch().open(),
          .handshakes_done = counts.handshakes_done,
          .refused_keys = counts.refused_keys,
          .refused_addresses = counts.refused_addresses,
          .refused_protocol = counts.refused_protocol,
          .refused_full = counts.refused_full,
          .dropped_unnamed = counts.dropped_unnamed,
          .dropped_revoked = counts.dropped_revoked,
          .dropped_malformed = counts.dropped_malformed,
          .dropped_oversize = counts.dropped_oversize,
          .dropped_rate = counts.dropped_rate,
          .cut_endless = counts.cut_endless,
          .unroutable = counts.unroutable,
          .send_blocked = counts.send_blocked};
}

}  // namespace nakadachi::socket
