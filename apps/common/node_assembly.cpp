#include "apps/common/node_assembly.hpp"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "apps/common/embedded_facts.hpp"
#include "apps/common/join_files.hpp"
#include "apps/common/law_files.hpp"
#include "apps/common/text_table.hpp"
#include "nakadachi/base/random.hpp"

namespace nakadachi::apps {
namespace {

constexpr std::int64_t kDelegationMs = std::int64_t{24} * 3600 * 1000;

/// A tenant's unwrapped secrets by purpose; the newest version, and all of the master key.
struct TenantSecrets {
  std::map<std::string, SecretBytes> newest;
  std::map<std::uint32_t, SecretBytes> masters;
};

Result<TenantSecrets> unwrap_secrets(storage::TenantDirectory& directory,
                                     const crypto::RootKey& root, TenantId tenant) {
  TenantSecrets secrets;
  NAKADACHI_TRY(const auto rows, directory.keys(tenant));
  for (const storage::WrappedKeyRow& row : rows) {
    NAKADACHI_TRY(SecretBytes secret,
                  root.unwrap(row.wrapped, wrap_context(tenant, row.purpose, row.version)));
    if (row.purpose == kMasterPurpose) secrets.masters.insert_or_assign(row.version, secret);
    secrets.newest.insert_or_assign(row.purpose, std::move(secret));
  }
  return secrets;
}

crypto::TenantCipher cipher_of(TenantId tenant, const TenantSecrets& secrets) {
  crypto::TenantCipher cipher(tenant);
  for (const auto& [version, master] : secrets.masters) cipher.add_version(version, master);
  return cipher;
}

Result<SecretBytes> secret_for(const TenantSecrets& secrets, const std::string& purpose) {
  const auto found = secrets.newest.find(purpose);
  if (found == secrets.newest.end()) {
    return Error{.code = ErrorCode::kKeyUnavailable, .detail = purpose};
  }
  return found->second;
}

Result<crypto::Delegation> delegate(const TenantSecrets& secrets,
                                    const InstitutionCode& institution, const PublicKey& node_key,
                                    Timestamp now) {
  NAKADACHI_TRY(const SecretBytes seed, secret_for(secrets, signing_purpose(institution)));
  const crypto::Ed25519Signer signer(seed);
  return crypto::make_delegation(institution, node_key, now - limits::kMaxClockSkewMs,
                                 now + kDelegationMs, signer);
}

/// Rights at the doors, by institution.
struct Rights {
  explicit Rights(tenant_vm::CallersReplaced all) {
    for (tenant_vm::CallerRights& one : all.systems) {
      systems[one.institution].push_back(std::move(one));
    }
    for (const tenant_vm::StaffRights& one : all.staff) {
      if (one.institution) staff[*one.institution].push_back(one);
    }
  }
  std::map<InstitutionCode, std::vector<tenant_vm::CallerRights>> systems;
  std::map<InstitutionCode, std::vector<tenant_vm::StaffRights>> staff;
};

Result<tenant_vm::PartitionSetup> assemble_partition(const storage::TenantRow& tenant,
                                                     const crypto::Registry& registry,
                                                     const TenantSecrets& secrets,
                                                     const PublicKey& node_key, Rights& rights,
                                                     Timestamp now) {
  tenant_vm::PartitionSetup partition{.tenant = tenant.tenant,
                                      .lane = tenant.lane,
                                      .cipher = cipher_of(tenant.tenant, secrets),
                                      .institutions = {},
                                      .callers = {},
                                      .staff = {},
                                      .quota = {}};
  for (const crypto::RegistryEntry& entry : registry.entries()) {
    if (entry.tenant != tenant.tenant) continue;
    tenant_vm::InstitutionSetup institution;
    institution.code = entry.code;
    NAKADACHI_TRY(institution.sealing_secret, secret_for(secrets, sealing_purpose(entry.code)));
    NAKADACHI_TRY(institution.delegation, delegate(secrets, entry.code, node_key, now));
    for (tenant_vm::CallerRights& caller : rights.systems[entry.code]) {
      partition.callers.push_back(std::move(caller));
    }
    for (const tenant_vm::StaffRights& staff : rights.staff[entry.code]) {
      partition.staff.push_back(staff);
    }
    partition.institutions.push_back(std::move(institution));
  }
  return partition;
}

/// Where the key of a row may be, by the model, if there is one.
template <class Row>
Result<socket::AddressCheck> place_of(const Row& row, const std::string& file,
                                      const std::optional<WallsDoor>& door) {
  if (row.place.empty()) return socket::AddressCheck();
  std::string says = "a place needs [walls]";
  if (door) {
    auto check = door->callers_at(row.place);
    if (check) return check;
    says = check.error().detail;
  }
  return Error{.code = ErrorCode::kConfigInvalid,
               .field = "place",
               .detail = fmt::format("{}: number {}: {}", file, row.number, says)};
}

/// The keys of all rows; and what each holder may do, told once: of one with two keys the second
/// row says nothing new.
template <class Row, class Key, class TakeRights>
Result<void> take_rows(const std::vector<Row>& rows, const std::string& file,
                       const std::optional<WallsDoor>& door, std::vector<Key>& keys,
                       TakeRights take_rights) {
  std::set<std::uint32_t> known;
  for (const Row& row : rows) {
    NAKADACHI_TRY(auto place, place_of(row, file, door));
    keys.push_back({.holder = {row.number},
                    .key = row.key,
                    .time = row.time,
                    .place = row.place,
                    .may_come_from = std::move(place)});
    if (known.insert(row.number).second) take_rights(row);
  }
  return {};
}

std::optional<WallsDoor> door_of(const WallsPolicy* policy, const WallsEnd& end) {
  return policy != nullptr ? std::optional(policy->door(end)) : std::nullopt;
}

/// Signs delegations of every institution to `node_key` anew.
Result<std::vector<crypto::Delegation>> delegate_all(const NodeConfig& config,
                                                     const crypto::RootKey& root,
                                                     const crypto::Registry& registry,
                                                     const PublicKey& node_key) {
  storage::TenantDirectory directory("", config.node_login);
  NAKADACHI_TRY(const auto tenants, directory.tenants());
  std::vector<crypto::Delegation> delegations;
  for (const storage::TenantRow& tenant : tenants) {
    NAKADACHI_TRY(const TenantSecrets secrets, unwrap_secrets(directory, root, tenant.tenant));
    for (const crypto::RegistryEntry& entry : registry.entries()) {
      if (entry.tenant != tenant.tenant) continue;
      NAKADACHI_TRY(const crypto::Delegation made,
                    delegate(secrets, entry.code, node_key, SystemClock().now()));
      delegations.push_back(made);
    }
  }
  return delegations;
}

}  // namespace

Result<crypto::RootKey> open_root_key(const NodeConfig& config) {
  if (!config.credential_file.empty()) {
    return crypto::RootKey::from_credential(config.credential_file);
  }
  NAKADACHI_TRY(const SecretBytes passphrase, crypto::read_passphrase_file(config.passphrase_file));
  return crypto::RootKey::open(config.root_key_file, passphrase);
}

Result<crypto::Registry> load_registry(const TrustConfig& trust, const std::string& path) {
  NAKADACHI_TRY(const std::string bytes, read_file(path));
  auto registry = crypto::Registry::open(as_bytes(bytes), trust.roots, crypto::Ed25519Verifier(),
                                         trust.least_serial);
  if (registry) return registry;
  Error error = registry.error();
  error.detail =
      fmt::format("{}: {} (trust.least_serial {})", path, error.detail, trust.least_serial);
  return error;
}

std::string wrap_context(TenantId tenant, std::string_view purpose, std::uint32_t version) {
  return fmt::format("tenant {} {} version {}", tenant.value, purpose, version);
}

std::string signing_purpose(const InstitutionCode& institution) {
  return "signing/" + institution.text();
}

std::string sealing_purpose(const InstitutionCode& institution) {
  return "sealing/" + institution.text();
}

Result<crypto::TenantCipher> open_cipher(const NodeConfig& config, TenantId tenant) {
  NAKADACHI_TRY(const crypto::RootKey root, open_root_key(config));
  storage::TenantDirectory directory("", config.node_login);
  NAKADACHI_TRY(const TenantSecrets secrets, unwrap_secrets(directory, root, tenant));
  if (secrets.masters.empty()) return Error{.code = ErrorCode::kKeyUnavailable, .field = "tenant"};
  return cipher_of(tenant, secrets);
}

Result<oltp::Callers> load_callers(const NodeConfig& config, const WallsPolicy* policy) {
  oltp::Callers callers;
  NAKADACHI_TRY(const auto systems, read_systems(config.systems_file));
  NAKADACHI_CHECK(take_rows(systems, config.systems_file, door_of(policy, oltp_end(config)),
                            callers.systems, [&](const BusinessSystem& system) {
                              callers.rights.systems.push_back({.system = {system.number},
                                                                .institution = system.institution,
                                                                .affairs = system.affairs,
                                                                .answers = system.answers});
                            }));
  if (config.admin_endpoint.empty()) return callers;
  NAKADACHI_TRY(const auto staff, read_staff(config.staff_file));
  NAKADACHI_CHECK(take_rows(staff, config.staff_file, door_of(policy, admin_end(config)),
                            callers.staff, [&](const StaffRow& row) {
                              if (!row.institution) {
                                return callers.rights.operators.push_back({row.number});
                              }
                              callers.rights.staff.push_back({.staff = {row.number},
                                                              .institution = row.institution,
                                                              .may_change = row.may_change,
                                                              .may_decide = row.may_decide});
                            }));
  return callers;
}

Result<std::vector<socket::DoorUsers::Key>> load_nodes(const GatewayConfig& config,
                                                       const WallsPolicy* policy) {
  NAKADACHI_TRY(const auto nodes, read_nodes(config.nodes_file));
  std::vector<socket::DoorUsers::Key> keys;
  NAKADACHI_CHECK(take_rows(nodes, config.nodes_file, door_of(policy, nodes_end(config)), keys,
                            [](const NodeRow&) {}));
  return keys;
}

Result<NodeAssembly> assemble_node(const NodeConfig& config, const WallsPolicy* policy) {
  NAKADACHI_CHECK(crypto::check_profile(config.trust.roots, config.profile));
  NAKADACHI_TRY(crypto::RootKey root, open_root_key(config));
  NAKADACHI_TRY(crypto::Registry registry, load_registry(config.trust, config.registry_file));
  NAKADACHI_TRY(rules::LawBook law, load_law_at_start(config.law));
  NAKADACHI_TRY(copies::LayoutBook layouts, load_layouts(config.layouts_file));

  NodeAssembly assembly{.signer = nullptr,
                        .setup = {.roots = config.trust.roots,
                                  .registry = registry,
                                  .law = std::move(law),
                                  .layouts = std::move(layouts),
                                  .partitions = {},
                                  .operators = {},
                                  .members = {},
                                  .timing = {},
                                  .validity_ms = config.validity_ms,
                                  .acquisition_pool = config.acquisition_pool,
                                  .acquisition_ms = config.acquisition_ms},
                        .lanes = {},
                        .systems = {},
                        .staff = {},
                        .renew_delegations = {}};
  SystemRandom random;
  assembly.signer =
      std::make_unique<crypto::Ed25519Signer>(crypto::Ed25519Signer::make_seed(random));
  const PublicKey node_key = assembly.signer->public_key();
  NAKADACHI_TRY(oltp::Callers callers, load_callers(config, policy));
  assembly.systems = std::move(callers.systems);
  assembly.staff = std::move(callers.staff);
  assembly.setup.operators = callers.rights.operators;
  Rights rights(std::move(callers.rights));
  storage::TenantDirectory directory("", config.node_login);
  NAKADACHI_TRY(const auto tenants, directory.tenants());
  std::map<LaneId, std::vector<TenantId>> lanes;
  for (const storage::TenantRow& tenant : tenants) {
    NAKADACHI_TRY(const TenantSecrets secrets, unwrap_secrets(directory, root, tenant.tenant));
    NAKADACHI_TRY(
        tenant_vm::PartitionSetup partition,
        assemble_partition(tenant, registry, secrets, node_key, rights, SystemClock().now()));
    const auto own = config.own_quotas.find(tenant.tenant);
    partition.quota = own == config.own_quotas.end() ? config.quota : own->second;
    assembly.setup.partitions.push_back(std::move(partition));
    assembly.setup.members.push_back(tenant.tenant);
    lanes[tenant.lane].push_back(tenant.tenant);
  }
  for (auto& [lane, members] : lanes) assembly.lanes.push_back({lane, std::move(members)});
  assembly.renew_delegations = [config, root = std::make_shared<crypto::RootKey>(std::move(root)),
                                registry, node_key] {
    return delegate_all(config, *root, registry, node_key);
  };
  return assembly;
}

}  // namespace nakadachi::apps
