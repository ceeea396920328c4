#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "nakadachi/base/result.hpp"
#include "nakadachi/crypto/registry.hpp"
#include "nakadachi/rules/law_book.hpp"
#include "nakadachi/socket/curve_keys.hpp"
#include "nakadachi/symbol_mapping/acquisition.hpp"
#include "nakadachi/tenant_vm/node_core.hpp"

/// Configuration files (TOML). Relative paths in them are relative to the file.
/// Every loader returns `kFileProblem` or `kConfigInvalid` with key and place in
/// the detail.
namespace nakadachi::apps {

/// One version of the legal table, and the days on which it is law.
struct LawTableConfig {
  std::string file;
  Period in_force;
  std::string conditions_file;  ///< of procedures, in this version; empty: none
};

/// [law]: what questions are judged by. Empty: the built-in table on all days.
struct LawConfig {
  std::vector<LawTableConfig> tables;
  std::string conditions_file;  ///< of the built-in table, so only without others
  std::string ordinances_file;
};

/// [walls]: the model of the network, and which of its hosts this process runs on.
struct WallsConfig {
  std::string model;  ///< a file or preset:NAME; empty: nothing is checked
  std::string host;   ///< HOST, or HOST@CODE where each town has one
};

/// [trust]: whose keys are believed.
struct TrustConfig {
  crypto::TrustRoots roots;
  /// No registry with a lower serial is taken: one that was replaced is not played back.
  std::uint64_t least_serial = 0;
};

struct NodeConfig {
  std::string name;
  std::string profile;  ///< "demo" allows simulated trust roots

  std::string train_login;  ///< nakadachi_train
  std::string node_login;   ///< nakadachi_node

  std::string root_key_file;
  std::string passphrase_file;  ///< opens root_key_file; or:
  std::string credential_file;  ///< the root key itself, handed over by systemd

  TrustConfig trust;
  std::string registry_file;

  std::string oltp_endpoint;
  std::string oltp_key_file;
  std::string systems_file;

  std::string gateway_endpoint;
  socket::CurvePublicKey gateway_key;
  std::string link_key_file;

  std::string admin_endpoint;  ///< empty: no admin door
  std::string staff_file;

  LawConfig law;
  std::string layouts_file;  ///< empty: the built-in layouts
  WallsConfig walls;

  std::int64_t validity_ms = 60'000;

  symbols::AcquisitionPool acquisition_pool;  ///< [acquisition]: the prescribed 取得番号
  std::int64_t acquisition_ms = tenant_vm::NodeSetup::kThirtyDaysMs;

  tenant_vm::Quota quota;                           ///< [quota]: every town's that has no own
  std::map<TenantId, tenant_vm::Quota> own_quotas;  ///< [[town]], by their codes
};
Result<NodeConfig> load_node_config(const std::string& path);

struct GatewayConfig {
  std::string nodes_endpoint;
  std::string key_file;
  std::string nodes_file;
  std::string national_endpoint;
  socket::CurvePublicKey national_key;
  std::string national_key_file;  ///< our key towards the national system
  WallsConfig walls;
};
Result<GatewayConfig> load_gateway_config(const std::string& path);

struct NationalConfig {
  std::string endpoint;
  std::string key_file;
  std::vector<socket::CurvePublicKey> gateway_keys;
  std::int64_t latency_ms = 0;

  std::string resident_endpoint;  ///< where resident systems hand over; empty: nowhere
  std::vector<socket::CurvePublicKey> resident_keys;
  std::string violations_file;
  LawConfig law;
};
Result<NationalConfig> load_national_config(const std::string& path);

/// As a TOML table, the way `load_node_config` reads it.
std::string write_trust(const TrustConfig& trust);
/// Reads a file that holds nothing but that table. Errors: `kConfigInvalid`, those of reading.
Result<TrustConfig> load_trust(const std::string& path);

}  // namespace nakadachi::apps
