#include "nakadachi/socket/client.hpp"

#include <algorithm>

#include "client_impl.hpp"

namespace nakadachi::socket {
namespace {

// What CURVE adds to a frame (RFC 26: 33 bytes), and a little to see frames just too large.
constexpr std::int64_t kFrameOverheadBytes = 128;
constexpr int kEvents = ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CONNECT_DELAYED |
                        ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_DISCONNECTED |
                        ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                        ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;

int int_of(std::uint32_t value) {
  return static_cast<int>(std::min<std::uint32_t>(value, 1U << 30U));
}

void count(std::atomic<std::uint64_t>& counter) noexcept {
  counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

Client::Impl::~Impl() { close(); }

void Client::Impl::close() noexcept {
  if (socket.handle() == nullptr) return;
  stop_monitor(socket);
  monitor.close();
  socket.close();
}

void Client::Impl::configure() {
  socket.set(zmq::sockopt::linger, 0);
  choose_family(socket, config.endpoint);
  socket.set(zmq::sockopt::immediate, 1);
  socket.set(zmq::sockopt::curve_serverkey, to_z85(config.server_key));
  socket.set(zmq::sockopt::curve_publickey, to_z85(config.keys.public_key()));
  if (zmq_setsockopt(socket.handle(), ZMQ_CURVE_SECRETKEY, config.keys.secret().view().data(),
                     config.keys.secret().size()) != 0) {
    throw zmq::error_t();
  }
  socket.set(zmq::sockopt::maxmsgsize,
             static_cast<std::int64_t>(config.max_frame_bytes) + kFrameOverheadBytes);
  socket.set(zmq::sockopt::rcvhwm, int_of(config.queued_frames));
  socket.set(zmq::sockopt::sndhwm, int_of(config.queued_frames));
  socket.set(zmq::sockopt::handshake_ivl, int_of(config.handshake_ms));
  socket.set(zmq::sockopt::heartbeat_ivl, int_of(config.heartbeat_ms));
  socket.set(zmq::sockopt::heartbeat_timeout, int_of(2 * config.heartbeat_ms));
  socket.set(zmq::sockopt::reconnect_ivl, int_of(config.reconnect_ms));
  socket.set(zmq::sockopt::reconnect_ivl_max, int_of(config.reconnect_most_ms));
}

Result<void> Client::Impl::open() {
  try {
    socket = zmq::socket_t(*context_, zmq::socket_type::dealer);
    configure();
    monitor = start_monitor(*context_, socket, kEvents);
    socket.connect(config.endpoint);
    return {};
  } catch (const zmq::error_t& error) {
    close();
    return config_error("connect " + config.endpoint, error);
  }
}

bool Client::Impl::turn(std::size_t budget, Timestamp now) {
  take_events(now);
  // The library gives up for good after some refusals; a new socket tries again.
  if (reopen_at_ && *reopen_at_ <= now) {
    reopen_at_ = now + config.reconnect_most_ms;
    close();
    discarding_ = false;
    if (!open()) return false;
  }
  if (socket.handle() == nullptr) return false;
  if (announcing_ && ready(socket, ZMQ_POLLOUT)) announce();
  if (blocked_ && connected && ready(socket, ZMQ_POLLOUT)) {
    blocked_ = false;
    if (handlers.on_writable) handlers.on_writable();
  }
  return take_frames(budget);
}

void Client::Impl::take_events(Timestamp now) {
  if (monitor.handle() == nullptr) return;
  while (const auto event = take_event(monitor)) {
    switch (event->event) {
      case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        announcing_ = true;
        reopen_at_.reset();
        break;
      case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        count(counts.refused);
        break;
      case ZMQ_EVENT_DISCONNECTED:
        lose(now);
        break;
      default:  // the library is at it
        reopen_at_.reset();
        break;
    }
  }
}

void Client::Impl::lose(Timestamp now) {
  reopen_at_ = now + config.reconnect_most_ms;
  announcing_ = false;
  blocked_ = false;
  if (!connected) return;
  connected = false;
  if (handlers.on_disconnected) handlers.on_disconnected();
}

void Client::Impl::announce() {
  announcing_ = false;
  connected = true;
  count(counts.connected);
  if (handlers.on_connected) handlers.on_connected();
}

bool Client::Impl::take_frames(std::size_t budget) {
  for (std::size_t i = 0; i < budget; ++i) {
    if (!receive(socket, part_)) return false;
    const bool is_alone = !discarding_ && !part_.more();
    const bool is_first = !discarding_;
    discarding_ = part_.more();
    if (!is_alone) {
      if (is_first) count(counts.dropped_malformed);
    } else if (part_.size() > config.max_frame_bytes) {
      count(counts.dropped_oversize);
    } else {
      count(counts.frames_received);
      if (handlers.on_frame) handlers.on_frame(view_of(part_));
    }
  }
  return true;
}

bool Client::Impl::send(ByteView frame) {
  if (connected) {
    Sent sent = send_part(socket, frame, false);
    // A new connection may be known to the library's threads and not yet to the socket.
    if (sent == Sent::kBlocked && ready(socket, ZMQ_POLLOUT)) {
      sent = send_part(socket, frame, false);
    }
    if (sent == Sent::kTaken) {
      count(counts.frames_sent);
      return true;
    }
    blocked_ = true;
  }
  count(counts.send_blocked);
  return false;
}

short Client::Impl::wanted() const noexcept {
  const bool room = announcing_ || (blocked_ && connected);
  return static_cast<short>(room ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN);
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

bool Client::send(ByteView frame) { return impl_->send(frame); }

bool Client::connected() const noexcept { return impl_->connected; }

ClientCounters Client::counters() const {
  const Impl::Counts& counts = impl_->counts;
  return {.frames_received = counts.frames_received,
          .frames_sent = counts.frames_sent,
          .connected = counts.connected,
          .refused = counts.refused,
          .dropped_malformed = counts.dropped_malformed,
          .dropped_oversize = counts.dropped_oversize,
          .send_blocked = counts.send_blocked};
}

}  // namespace nakadachi::socket
