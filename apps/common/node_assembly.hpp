#pragma once

#include <memory>
#include <vector>

#include "apps/common/config.hpp"
#include "apps/common/walls_policy.hpp"
#include "nakadachi/crypto/keys.hpp"
#include "nakadachi/oltp/node_service.hpp"
#include "nakadachi/socket/door_users.hpp"
#include "nakadachi/storage/tenant_directory.hpp"

namespace nakadachi::apps {

/// Opens the root key the configuration names.
Result<crypto::RootKey> open_root_key(const NodeConfig& config);

/// Opens the pinned registry of institutions. Errors: those of files, `kRegistryInvalid`.
Result<crypto::Registry> load_registry(const TrustConfig& trust, const std::string& path);

/// What a secret of a tenant is wrapped for; part of the wrapping.
std::string wrap_context(TenantId tenant, std::string_view purpose, std::uint32_t version);

/// The secrets of one institution as they stand in the database.
std::string signing_purpose(const InstitutionCode& institution);
std::string sealing_purpose(const InstitutionCode& institution);
inline constexpr std::string_view kMasterPurpose = "master";

/// The keys of one body, in every version, with which its rows are opened. Errors: those of
/// `open_root_key`, `kStoreUnavailable`, `kKeyUnavailable` (the body has no key here, or it was
/// wrapped under another root key).
Result<crypto::TenantCipher> open_cipher(const NodeConfig& config, TenantId tenant);

/// Who may come to the doors, from the files of systems and staff; `policy` (or null) tells
/// what places in the network are. Errors: those of `read_systems` and `read_staff`;
/// `kConfigInvalid`, field "place", for a place that the door cannot be reached from, or any
/// without a policy.
Result<oltp::Callers> load_callers(const NodeConfig& config, const WallsPolicy* policy);

/// The nodes that may come to a gateway's door. Errors: those of `read_nodes`, and as above.
Result<std::vector<socket::DoorUsers::Key>> load_nodes(const GatewayConfig& config,
                                                       const WallsPolicy* policy);

/// Everything a node is started with, put together from configuration, database
/// and files. The node's signing key lives in memory only: each start makes a new
/// one and has the institutions delegate to it.
struct NodeAssembly {
  std::unique_ptr<crypto::Ed25519Signer> signer;
  tenant_vm::NodeSetup setup;
  std::vector<oltp::LaneTenants> lanes;
  std::vector<oltp::SystemKey> systems;
  std::vector<oltp::StaffKey> staff;
  /// For renewal while the node works; holds the root key.
  std::function<Result<std::vector<crypto::Delegation>>()> renew_delegations;
};

/// Errors: those of the files and of `load_callers`, `kRegistryInvalid`, `kSimulatedTrust`,
/// `kWrongPassphrase`, `kKeyFileDamaged`, `kKeyUnavailable`, `kStoreUnavailable`.
Result<NodeAssembly> assemble_node(const NodeConfig& config, const WallsPolicy* policy);

}  // namespace nakadachi::apps
