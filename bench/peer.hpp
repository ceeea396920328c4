#pragma once

#include <string>

#include "nakadachi/storage/private_cluster.hpp"

namespace nakadachi::bench {

/// The peer: what a straightforward program would reach with the database alone.
/// pgbench, prepared statements, 16 clients, one transaction an exchange: one
/// exchange row (160 and 256 bytes) and two record rows (32 and 128 bytes).
class Peer {
 public:
  /// Makes its tables in a database of their own. `directory` takes its script.
  static Result<Peer> prepare(storage::PrivateCluster& cluster, const std::string& directory);

  /// Transactions a second over `seconds`.
  Result<double> run(std::uint64_t seconds) const;

 private:
  Peer() = default;
  std::string login_;
  std::string script_;
};

}  // namespace nakadachi::bench
