#include "zmq_calls.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <cstring>

namespace nakadachi::socket {

bool receive(zmq::socket_t& from, zmq::message_t& part) {
  for (;;) {
    if (zmq_msg_recv(part.handle(), from.handle(), ZMQ_DONTWAIT) >= 0) return true;
    if (zmq_errno() == EAGAIN) return false;
    NAKADACHI_ASSERT(zmq_errno() == EINTR);
  }
}

Sent send_part(zmq::socket_t& to, ByteView part, bool more) {
  const int flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0);
  for (;;) {
    if (zmq_send(to.handle(), part.data(), part.size(), flags) >= 0) return Sent::kTaken;
    if (zmq_errno() == EAGAIN) return Sent::kBlocked;
    if (zmq_errno() == EHOSTUNREACH) return Sent::kUnreachable;
    NAKADACHI_ASSERT(zmq_errno() == EINTR);
  }
}

ByteView view_of(const zmq::message_t& part) noexcept {
  return {static_cast<const std::uint8_t*>(part.data()), part.size()};
}

bool ready(zmq::socket_t& socket, int events) {
  int now = 0;
  std::size_t size = sizeof now;
  while (zmq_getsockopt(socket.handle(), ZMQ_EVENTS, &now, &size) != 0) {
    NAKADACHI_ASSERT(zmq_errno() == EINTR);
  }
  return (now & events) == events;
}

zmq::socket_t start_monitor(zmq::context_t& context, zmq::socket_t& watched, int events) {
  static std::atomic<std::uint64_t> count{0};
  const std::string address = fmt::format("inproc://monitor-{}", count.fetch_add(1));
  if (zmq_socket_monitor(watched.handle(), address.c_str(), events) != 0) throw zmq::error_t();
  try {
    zmq::socket_t reader(context, zmq::socket_type::pair);
    reader.set(zmq::sockopt::linger, 0);
    reader.set(zmq::sockopt::rcvhwm, 0);  // the library's threads never wait for the reader
    reader.connect(address);
    return reader;
  } catch (const zmq::error_t&) {
    stop_monitor(watched);  // or its threads would wait for a reader that never comes
    throw;
  }
}

void stop_monitor(zmq::socket_t& watched) noexcept {
  zmq_socket_monitor(watched.handle(), nullptr, 0);
}

std::optional<MonitorEvent> take_event(zmq::socket_t& monitor) {
  zmq::message_t head;
  zmq::message_t address;
  if (!receive(monitor, head)) return std::nullopt;
  MonitorEvent event;
  NAKADACHI_ASSERT(head.size() == sizeof event.event + sizeof event.value && head.more());
  std::memcpy(&event.event, head.data(), sizeof event.event);
  std::memcpy(&event.value, static_cast<const char*>(head.data()) + sizeof event.event,
              sizeof event.value);
  NAKADACHI_ASSERT(receive(monitor, address));
  return event;
}

void choose_family(zmq::socket_t& socket, const std::string& endpoint) {
  socket.set(zmq::sockopt::ipv6, endpoint.find('[') == std::string::npos ? 0 : 1);
}

Error config_error(std::string_view what, const zmq::error_t& error) {
  return {.code = ErrorCode::kConfigInvalid, .detail = fmt::format("{}: {}", what, error.what())};
}

}  // namespace nakadachi::socket
