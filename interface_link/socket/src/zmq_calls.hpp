#pragma once

#include <zmq.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/result.hpp"

/// The library's calls on the hot path, without its exceptions. An error the library
/// gives only to a broken program ends the process.
namespace nakadachi::socket {

/// Takes the next part of a message; false when none is there.
bool receive(zmq::socket_t& from, zmq::message_t& part);

enum class Sent : std::uint8_t { kTaken, kBlocked, kUnreachable };
/// Hands one part to the library without waiting.
Sent send_part(zmq::socket_t& to, ByteView part, bool more);

/// The bytes of a part, as long as it lives.
ByteView view_of(const zmq::message_t& part) noexcept;

/// Whether the socket is ready now for `events` (ZMQ_POLLIN, ZMQ_POLLOUT). Also lets
/// the library process what its threads have told the socket.
bool ready(zmq::socket_t& socket, int events);

/// What the library tells of a socket's connections.
struct MonitorEvent {
  std::uint16_t event = 0;  ///< ZMQ_EVENT_…
  std::uint32_t value = 0;  ///< a file descriptor or a status, by event
};

/// Lets a socket report the given events and returns the end they arrive at.
/// Call before it is bound or connected: the library waits for the reader. Before
/// the socket is closed, `stop_monitor` must be called. Throws zmq::error_t.
zmq::socket_t start_monitor(zmq::context_t& context, zmq::socket_t& watched, int events);
void stop_monitor(zmq::socket_t& watched) noexcept;

/// The next event, nothing when none is there.
std::optional<MonitorEvent> take_event(zmq::socket_t& monitor);

/// Before it is bound or connected: lets a socket whose endpoint is written with an IPv6 address
/// (in brackets) speak IPv6. All others stay with IPv4: the library would give them sockets for
/// both, at which an IPv4 peer has an IPv6 address. Throws zmq::error_t.
void choose_family(zmq::socket_t& socket, const std::string& endpoint);

/// The library's complaint as our error.
Error config_error(std::string_view what, const zmq::error_t& error);

}  // namespace nakadachi::socket
