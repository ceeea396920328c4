#pragma once

#include <memory>
#include <string>
#include <vector>

#include "nakadachi/socket/loop.hpp"

namespace nakadachi::gateway {

struct GatewayServiceConfig {
  std::string nodes_endpoint;
  socket::CurveKeyPair keys;  ///< towards nodes
  std::vector<socket::CurvePublicKey> nodes;
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
