#pragma once

#include <cstdint>
#include <map>
#include <variant>
#include <vector>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/wire/link_frame.hpp"

namespace nakadachi::gateway {

/// A node's connection, named by the door.
using NodeId = StrongNumber<struct NodeTag, std::uint64_t>;

struct FrameFromNode {
  NodeId node;
  Bytes frame;
};
struct FrameFromNational {
  Bytes frame;
};
struct NodeGone {
  NodeId node;
};
using Event = std::variant<FrameFromNode, FrameFromNational, NodeGone>;

struct SendToNational {
  Bytes frame;
};
struct SendToNode {
  NodeId node;
  Bytes frame;
};
using Action = std::variant<SendToNational, SendToNode>;
using Actions = std::vector<Action>;

struct GatewayCounts {
  std::uint64_t to_national = 0;  ///< items
  std::uint64_t to_nodes = 0;     ///< items
  std::map<ErrorCode, std::uint64_t> errors;
};

/// The demarcation point (責任分界点) as a pure state machine: passes frames of
/// nodes to the national system and its items to the node that holds the
/// institution. Keeps nothing but who is connected, holds no key of a tenant and
/// can forge nothing: what it passes on is proven end to end.
///
/// Only kinds that may go in a direction pass in it. A frame with an item that
/// may not is dropped whole. One thread.
class GatewayCore {
 public:
  Actions on(Event event);
  const GatewayCounts& counts() const noexcept { return counts_; }

 private:
  Actions handle(FrameFromNode& event);
  Actions handle(FrameFromNational& event);
  Actions handle(NodeGone& event);

  std::map<InstitutionCode, NodeId> routes_;
  GatewayCounts counts_;
};

}  // namespace nakadachi::gateway
