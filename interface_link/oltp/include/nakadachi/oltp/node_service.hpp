#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nakadachi/socket/loop.hpp"
#include "nakadachi/storage/exchange_store.hpp"
#include "nakadachi/tenant_vm/node_core.hpp"

namespace nakadachi::oltp {

/// A key at a door, and whose it is. One may have several keys, while one replaces
/// another.
template <class Id>
struct DoorKey {
  Id holder;  ///< below 2^24
  socket::CurvePublicKey key;
  socket::KeyTime time = {};
  std::string place = {};                   ///< as written; a key at another is cut anew
  socket::AddressCheck may_come_from = {};  ///< what that means, beside the door's own rule
};
/// At the OLTP door.
using SystemKey = DoorKey<tenant_vm::SystemId>;
/// At the admin door: a person of a town's staff, a business system that registers
/// copies, or an operator.
using StaffKey = DoorKey<tenant_vm::StaffId>;

/// Who may come to the doors, and what they may do there.
struct Callers {
  std::vector<SystemKey> systems;
  std::vector<StaffKey> staff;
  tenant_vm::CallersReplaced rights;
};

struct LaneTenants {
  LaneId lane;
  std::vector<TenantId> tenants;
};

struct NodeServiceConfig {
  std::string name;  ///< for operators: who writes a lane

  std::string oltp_endpoint;
  socket::CurveKeyPair oltp_keys;
  std::vector<SystemKey> systems;
  socket::AddressCheck systems_may_come_from = {};

  std::string admin_endpoint;  ///< empty: no admin door
  std::vector<StaffKey> staff;
  socket::AddressCheck staff_may_come_from = {};

  socket::RateLimit rate = {};  ///< of one holder of keys, at each of the two doors

  std::string gateway_endpoint;
  socket::CurvePublicKey gateway_key;
  socket::CurveKeyPair link_keys;

  std::vector<LaneTenants> lanes;
  /// Makes a connection to the store; called once a lane and once for look-ups.
  std::function<std::unique_ptr<storage::ExchangeStore>()> open_store;

  /// Signs delegations anew, every `renew_every_ms`; empty: never.
  std::function<Result<std::vector<crypto::Delegation>>()> renew_delegations;
  std::int64_t renew_every_ms = std::int64_t{12} * 3600 * 1000;
};

/// A node at work: `NodeCore` between the OLTP door, the admin door (which has the
/// same key), the link to the gateway and the store. One thread for the core and the sockets, one a
/// lane for trains, one for look-ups.
class NodeService {
 public:
  /// Takes the lanes, recovers what is open, then opens the door. `signer` and
  /// `verifier` outlive the service. Errors: those of `socket::Loop::listen` and
  /// `connect`, of `tenant_vm::recover_lane`; nothing is left open then.
  static Result<std::unique_ptr<NodeService>> start(NodeServiceConfig config,
                                                    tenant_vm::NodeSetup setup,
                                                    const crypto::Signer& signer,
                                                    const crypto::Verifier& verifier);
  ~NodeService();

  /// Where the OLTP door listens, with the real port.
  const std::string& endpoint() const noexcept;
  /// Where the admin door listens; empty without one.
  std::string admin_endpoint() const;

  /// What the OLTP door did and turned away since it opened. Any thread.
  socket::ServerCounters oltp_counters() const;
  /// The admin door; all zero without one. Any thread.
  socket::ServerCounters admin_counters() const;

  /// From now on doors and core know these callers, and no others. A key that is no
  /// longer there, or whose time is over, is cut at its next message, and what waits here
  /// to be sent to its connection is not sent (a frame that the socket library has taken may
  /// still leave); what its holder asked goes on. A key that stays
  /// keeps its connections. Errors: `kConfigInvalid` (a key that stands twice at one door,
  /// a number too large), `kShuttingDown`, `kQueueFull` (too much waits for the service's
  /// thread); nothing has changed then. Any thread, one at a time.
  Result<void> replace_callers(Callers callers);

  /// From now on the core judges by this law. Errors: `kShuttingDown`, `kQueueFull`; nothing has
  /// changed then. Any thread.
  Result<void> replace_law(rules::LawBook law);

  /// Works until `stop`, or until every lane is lost to another writer
  /// (`kLaneLost`). On the thread that called `start`.
  Result<void> run();

  /// Any thread.
  void stop();

 private:
  class Impl;
  explicit NodeService(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nakadachi::oltp
