#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/common/config.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/firewall_rules/world.hpp"
#include "nakadachi/socket/access_table.hpp"

/// The model of the network (docs/network.md) at the ends of a process itself, so that a
/// mistake in rules or configuration does not open what the model closes.
namespace nakadachi::apps {

/// Where a process listens, or what it connects to.
struct WallsEnd {
  std::string key;  ///< of the configuration, as in oltp.endpoint
  std::string
      endpoint;  ///< tcp://10.1.1.11:5701, with the own address tcp://10.1.1.11:0;10.1.3.11:5702
  bool listens = false;
};

/// What the model says against an end.
struct WallsContradiction {
  std::string key;
  std::string endpoint;
  std::string says;
  friend bool operator==(const WallsContradiction&, const WallsContradiction&) = default;
};

/// Who the model lets come to an end that listens. Copies share the model.
class WallsDoor {
 public:
  /// Whether a peer may come from an address.
  socket::AddressCheck callers() const;

  /// Whether it may and is at `place`, which is written as a selector of the model (segment,
  /// host, either with @CODE of a town, address, prefix). Errors: `kConfigInvalid`, field
  /// "place", with the reason: there is no such place, nobody there may come, or others come
  /// from the same address, behind a translation, so that the door cannot tell them apart.
  Result<socket::AddressCheck> callers_at(const std::string& place) const;

 private:
  friend class WallsPolicy;
  WallsDoor() = default;

  std::shared_ptr<const walls::World> world_;
  walls::Address address_;
  walls::ServiceSet service_;
  walls::AddressSet callers_;
};

/// A model at one day, seen by one of its hosts. Immutable; copies share the model.
class WallsPolicy {
 public:
  /// Flows that are over at `today` are left out. Errors: those of `World::build`;
  /// `kConfigInvalid`, field "walls.host", for a host that is not in the model.
  static Result<WallsPolicy> make(walls::Model model, const std::string& host,
                                  std::chrono::year_month_day today);

  /// Every end at which the process would do what the model does not let its host do: an
  /// address that is not the host's, a port at which no service of it listens, nobody who
  /// may come, a connection that no flow allows. Whoever listens names one address and port.
  std::vector<WallsContradiction> contradictions(std::span<const WallsEnd> ends) const;

  /// What the model says about one end that listens and has no contradiction.
  WallsDoor door(const WallsEnd& end) const;

 private:
  struct Impl;
  explicit WallsPolicy(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<const Impl> impl_;
};

/// The policy of a configuration with [walls], nothing without: such a process does what its
/// configuration says, and warns of it in the log (`walls_not_given`), but for a node of a demo;
/// gateways have no profile. Flows count that are in force today in Japan. Errors: those of
/// `load_walls` and `WallsPolicy::make`; `kConfigInvalid`, field "walls", with every
/// contradiction, a line each.
Result<std::optional<WallsPolicy>> load_policy(const NodeConfig& config);
Result<std::optional<WallsPolicy>> load_policy(const GatewayConfig& config);

/// The doors of these processes.
WallsEnd oltp_end(const NodeConfig& config);
WallsEnd admin_end(const NodeConfig& config);
WallsEnd nodes_end(const GatewayConfig& config);

}  // namespace nakadachi::apps
