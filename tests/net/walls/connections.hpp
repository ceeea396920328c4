#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "tests/support/wall_lab.hpp"

/// TCP between boxes of a lab, as programs use it.
namespace nakadachi::walls::testing {

/// One end of a connection, or a socket that listens. Dropped without a farewell, so that neither
/// end waits for late packets.
class TcpSocket {
 public:
  explicit TcpSocket(int handle) noexcept : handle_(handle) {}
  TcpSocket(TcpSocket&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  TcpSocket& operator=(TcpSocket&&) = delete;
  ~TcpSocket();
  int handle() const noexcept { return handle_; }

 private:
  int handle_;
};

/// Listens in the box that has the address. Whatever fails, fails the test.
TcpSocket listen_at(const Lab& lab, Address address, std::uint16_t port);
/// Connects in the box that has `from`; nothing when there is no answer for a while, as where
/// rules drop the first packet.
std::optional<TcpSocket> connect_to(const Lab& lab, Address from, Address to, std::uint16_t port);

/// A connection with both its ends.
struct Conversation {
  TcpSocket caller;
  TcpSocket called;
  /// The caller says something and hears it back, within some seconds.
  bool goes_on() const;
  /// The called one says something that is heard.
  bool is_answered() const;
};
/// Nothing when it does not come about.
std::optional<Conversation> converse(const Lab& lab, Address from, Address to, std::uint16_t port);

/// Packets by counter of the rules in a box, as in denied or flow_oltp.
std::map<std::string, std::uint64_t> counters_in(const Lab& lab, int box);

}  // namespace nakadachi::walls::testing
