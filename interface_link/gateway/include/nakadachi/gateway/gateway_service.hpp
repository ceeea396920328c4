#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nakadachi/socket/door_users.hpp"
#include "nakadachi/socket/loop.hpp"

namespace nakadachi::gateway {

struct GatewayServiceConfig {
  std::string nodes_endpoint;
  socket::CurveKeyPair keys;  ///< towards nodes
  std::vector<socket::DoorUsers::Key> nodes;
  socket::AddressCheck nodes_may_come_from = {};

  std::string national_endpoint;
  socket::CurvePublicKey national_key;
  socket::CurveKeyPair national_keys;  ///< towards the national system
};

/// A gateway at work: `GatewayCore` between the door for nodes and the link to
/// the national system. One thread. Holds nothing that its death would lose.
class GatewayService {
 public:
  /// Errors: those of `socket::Loop::listen` and `connect`.
  static Result<std::unique_ptr<GatewayService>> start(GatewayServiceConfig config);
  ~GatewayService();
  const std::string& endpoint() const noexcept;

  /// From now on the door knows these keys of nodes, and no others. A key that is no longer
  /// there, or whose time is over, is cut at its next message; what goes to an institution of
  /// its node is dropped until the node comes again. A key that stays at its place keeps its
  /// connection. Errors: `kConfigInvalid` (a key that stands twice, a number of more than 24
  /// bits), `kShuttingDown`, `kQueueFull`; nothing has changed then. Any thread, one at a time.
  Result<void> replace_nodes(const std::vector<socket::DoorUsers::Key>& nodes);

  /// Works until `stop`. On the thread that called `start`.
  void run();
  /// Any thread.
  void stop();

 private:
  class Impl;
  explicit GatewayService(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nakadachi::gateway
