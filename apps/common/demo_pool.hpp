#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/common/child_process.hpp"
#include "apps/common/demo_residents.hpp"
#include "apps/common/municipalities.hpp"
#include "nakadachi/admin/client.hpp"
#include "nakadachi/crypto/keys.hpp"
#include "nakadachi/crypto/registry.hpp"
#include "nakadachi/socket/curve_keys.hpp"
#include "nakadachi/storage/private_cluster.hpp"
#include "nakadachi/storage/tenant_directory.hpp"

namespace nakadachi::apps {

/// Where the parts of a pool are, unless all are on loopback: each on a host of its own.
struct PoolNetwork {
  std::string oltp = "tcp://127.0.0.1:*";
  std::string admin = "tcp://127.0.0.1:*";
  std::string nodes = "tcp://127.0.0.1:*";     ///< the gateway's door
  std::string national = "tcp://127.0.0.1:*";  ///< resident systems come from its own host
  std::string database;          ///< address of PostgreSQL; empty: a local socket only
  std::string database_clients;  ///< from where the node comes to it, as in 10.1.1.0/24
  std::string walls;             ///< model that node and gateway keep; empty: none
  std::string node = "node";     ///< the node's host in it; the gateway's is gateway
  /// Calls `work` in the network of a host: postgres, national_system, gateway, node, operators, or
  /// staff@ and the code of a town, from where its staff come to the admin door. Empty: all are
  /// here.
  std::function<Result<void>(const std::string& host, const std::function<Result<void>()>& work)>
      at = {};
};

/// What a pool of towns for demo and benchmark is made of.
struct PoolPlan {
  std::size_t towns = 12;       ///< the first of data/municipalities.csv, at least 2
  std::size_t persons = 1'000;  ///< each known to an asking and a providing town
  std::uint64_t scale = 0;      ///< 1 person for so many real residents; 0: `persons` in all
  std::size_t lanes = 1;
  std::size_t answer_bytes = 0;      ///< of a registered copy, at least
  bool acquire = true;               ///< symbols one by one; else they are taken over at once
  bool everything_answered = false;  ///< no query that ends otherwise
  std::uint64_t seed = 0;            ///< of the residents
  std::int64_t validity_s = 60;      ///< of a request
  std::int64_t national_latency_ms = 0;
  std::string directory;          ///< empty: a new one under the temporary directory
  bool keep = false;              ///< leave it at the end, with everybody's keys
  std::string program_directory;  ///< where nakadachi and nakadachi-national are
  PoolNetwork network = {};
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

  /// Business systems: one an institution, mayor and education board in turn by town;
  /// and the key by which the institution's staff and systems come to the admin door.
  struct System {
    InstitutionCode institution;
    socket::CurveKeyPair keys;
    socket::CurveKeyPair staff_keys;
  };
  const std::vector<System>& systems() const noexcept { return systems_; }
  static bool is_mayor(std::size_t system) { return system % 2 == 0; }
  const std::vector<Municipality>& towns() const noexcept { return towns_; }
  const std::string& oltp_endpoint() const noexcept { return oltp_endpoint_; }
  /// Of both doors of the node.
  const socket::CurvePublicKey& oltp_key() const noexcept { return oltp_key_; }
  /// The one the towns joined with, pinned.
  const std::shared_ptr<const crypto::Registry>& registry() const noexcept { return registry_; }
  const std::string& admin_endpoint() const noexcept { return admin_endpoint_; }
  /// Comes to the admin door as one institution's staff.
  Result<std::unique_ptr<admin::Client>> staff_of(std::size_t institution) const;
  /// Tells the national system, as a resident system does, whom an institution means by a
  /// 取得番号, and waits until its symbol is there. Errors: those of the door; `kTimedOut`.
  Result<void> hand_over(std::size_t institution, std::uint64_t acquisition_number,
                         std::uint64_t personal_number) const;
  const std::string& directory() const noexcept { return directory_; }
  storage::PrivateCluster& cluster() noexcept { return *cluster_; }
  ChildProcess& node() noexcept { return *node_; }
  ChildProcess& gateway() noexcept { return *gateway_; }
  ChildProcess& national() noexcept { return *national_; }

  /// Starts the node anew after it was stopped, and says in `access.env` where it is now.
  Result<void> reopen();

  const DemoResidents& residents() const noexcept { return *residents_; }
  /// Symbols bound and copies registered, over all towns.
  std::uint64_t symbols() const noexcept { return symbols_; }
  std::uint64_t copies() const noexcept { return copies_; }

  /// Opens a tenant's sealed rows, for checks of the demo.
  Result<crypto::TenantCipher> cipher_of(TenantId tenant) const;

 private:
  explicit DemoPool(PoolPlan plan) : plan_(std::move(plan)) {}
  Result<void> at(const std::string& host, const std::function<Result<void>()>& work) const;
  Result<void> make_directory();
  std::string database_directory() const;
  Result<void> start_database();
  Result<void> join_towns();
  Result<void> join_town(std::size_t town, storage::TenantDirectory& directory, Random& random);
  Result<void> init_national();
  Result<void> write_callers();
  Result<void> write_ordinances() const;
  Result<void> keep_keys() const;
  Result<void> tell_access() const;
  Result<void> acquire_symbols();
  Result<void> begin_acquisitions();
  Result<ChildProcess> start_hand_over(std::string_view rows) const;
  Result<void> wait_for_symbols(std::size_t institution) const;
  Result<void> take_over_symbols();
  Result<void> register_copies();
  Result<void> set_flags();
  Result<void> set_answer_modes();
  Result<void> change_all(std::size_t institution, std::vector<wire::AdminRequest> requests);
  Result<void> start_national();
  Result<void> start_gateway();
  Result<void> start_node();
  Result<void> run_node();
  Result<std::string> start_process(std::unique_ptr<ChildProcess>& process, std::string_view name,
                                    std::vector<std::string> arguments);
  Result<socket::CurveKeyPair> make_curve_key(std::string_view name) const;
  std::string file(std::string_view name) const;
  storage::PostgresLogins logins_of_node() const;
  std::string node_config() const;
  std::string walls_config(std::string_view host) const;

  PoolPlan plan_;
  std::string directory_;
  std::vector<Municipality> towns_;
  std::vector<System> systems_;
  socket::CurveKeyPair operator_keys_ = socket::CurveKeyPair::make();
  std::vector<crypto::RegistryEntry> institutions_;
  std::shared_ptr<const crypto::Registry> registry_;
  std::optional<copies::LayoutBook> layouts_;
  std::optional<DemoResidents> residents_;
  std::uint64_t symbols_ = 0;
  std::uint64_t copies_ = 0;
  std::optional<crypto::RootKey> root_;
  std::unique_ptr<storage::PrivateCluster> cluster_;
  std::unique_ptr<ChildProcess> national_;
  std::unique_ptr<ChildProcess> gateway_;
  std::unique_ptr<ChildProcess> node_;
  std::string national_endpoint_;
  std::string resident_endpoint_;
  std::string gateway_endpoint_;
  std::string oltp_endpoint_;
  std::string admin_endpoint_;
  socket::CurvePublicKey national_key_;
  socket::CurvePublicKey gateway_key_;
  socket::CurvePublicKey gateway_key_at_national_;
  socket::CurvePublicKey link_key_;
  socket::CurvePublicKey oltp_key_;
};

}  // namespace nakadachi::apps
