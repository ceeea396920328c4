#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/child_process.hpp"
#include "apps/common/municipalities.hpp"
#include "nakadachi/crypto/keys.hpp"
#include "nakadachi/crypto/registry.hpp"
#include "nakadachi/exchange/messages.hpp"
#include "nakadachi/socket/curve_keys.hpp"
#include "nakadachi/storage/private_cluster.hpp"
#include "nakadachi/storage/tenant_directory.hpp"

namespace nakadachi::apps {

/// What a pool of towns for demo and benchmark is made of.
struct PoolPlan {
  std::size_t towns = 12;       ///< the first of data/municipalities.csv, at least 2
  std::size_t persons = 1'000;  ///< each known to an asking and a providing town
  std::size_t lanes = 1;
  std::size_t answer_bytes = 256;    ///< of a registered copy, at least
  bool everything_answered = false;  ///< no query that ends otherwise
  std::int64_t national_latency_ms = 0;
  std::string directory;          ///< empty: a new one under the temporary directory
  bool keep = false;              ///< leave it at the end
  std::string program_directory;  ///< where nakadachi and nakadachi-national are
};

/// A whole pool on this machine: private PostgreSQL, reference national system,
/// gateway and node as processes of their own, joined towns with two institutions
/// each, and the keys of their business systems. Everything ends when dropped.
class DemoPool {
 public:
  /// Tells of each stage before it begins.
  using Tell = std::function<void(std::string_view stage)>;
  /// Errors: of every part, with its log's last words.
  static Result<std::unique_ptr<DemoPool>> start(PoolPlan plan, const Tell& tell);
  ~DemoPool();

  /// Business systems: one an institution, mayor and education board in turn by town.
  struct System {
    InstitutionCode institution;
    socket::CurveKeyPair keys;
  };
  const std::vector<System>& systems() const noexcept { return systems_; }
  const std::vector<Municipality>& towns() const noexcept { return towns_; }
  const std::string& oltp_endpoint() const noexcept { return oltp_endpoint_; }
  const socket::CurvePublicKey& oltp_key() const noexcept { return oltp_key_; }
  const std::string& directory() const noexcept { return directory_; }
  storage::PrivateCluster& cluster() noexcept { return *cluster_; }
  ChildProcess& node() noexcept { return *node_; }
  ChildProcess& gateway() noexcept { return *gateway_; }
  ChildProcess& national() noexcept { return *national_; }

  /// The `i`-th query, by whom (index into `systems`), and how it should end.
  struct PlannedQuery {
    std::size_t system = 0;
    AddressNumber person;
    exchange::Subject subject;
    exchange::Outcome expected = exchange::Outcome::kAnswered;
  };
  PlannedQuery query(std::uint64_t i) const;

  /// Opens a tenant's sealed rows, for checks of the demo.
  Result<crypto::TenantCipher> cipher_of(TenantId tenant) const;

 private:
  explicit DemoPool(PoolPlan plan) : plan_(std::move(plan)) {}
  Result<void> make_directory();
  Result<void> start_database();
  Result<void> join_towns();
  Result<void> join_town(std::size_t town, storage::TenantDirectory& directory, Random& random);
  Result<void> issue_symbols();
  Result<void> write_town_data();
  Result<void> start_national();
  Result<void> start_gateway();
  Result<void> start_node();
  Result<std::string> start_process(std::unique_ptr<ChildProcess>& process, std::string_view name,
                                    std::vector<std::string> arguments);
  Result<socket::CurveKeyPair> make_curve_key(std::string_view name) const;
  std::string file(std::string_view name) const;
  std::string node_config() const;

  // Which town a person is asked from and which one provides.
  std::size_t asking_town(std::uint64_t person) const;
  std::size_t providing_town(std::uint64_t person) const;
  AddressNumber address_of(std::size_t system, std::uint64_t person) const;

  PoolPlan plan_;
  std::string directory_;
  std::vector<Municipality> towns_;
  std::vector<System> systems_;
  std::vector<crypto::RegistryEntry> institutions_;
  std::optional<crypto::RootKey> root_;
  std::unique_ptr<storage::PrivateCluster> cluster_;
  std::unique_ptr<ChildProcess> national_;
  std::unique_ptr<ChildProcess> gateway_;
  std::unique_ptr<ChildProcess> node_;
  std::string national_endpoint_;
  std::string gateway_endpoint_;
  std::string oltp_endpoint_;
  socket::CurvePublicKey national_key_;
  socket::CurvePublicKey gateway_key_;
  socket::CurvePublicKey gateway_key_at_national_;
  socket::CurvePublicKey link_key_;
  socket::CurvePublicKey oltp_key_;
};

}  // namespace nakadachi::apps
