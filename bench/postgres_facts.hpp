#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "nakadachi/storage/private_cluster.hpp"

namespace nakadachi::bench {

/// The settings on which durability hangs, by `SHOW`.
using Settings = std::map<std::string, std::string>;
Result<Settings> read_settings(storage::PrivateCluster& cluster);
/// Errors: `kConfigInvalid` naming the setting that makes the measurement worthless.
Result<void> require_durable(const Settings& settings);

struct StoreFacts {
  std::uint64_t rows = 0;       ///< steps stored
  std::uint64_t wal_bytes = 0;  ///< written so far
};
Result<StoreFacts> read_store_facts(storage::PrivateCluster& cluster);

/// Processor time of the server and all its processes, ended ones included.
std::uint64_t postgres_cpu_us(const storage::PrivateCluster& cluster);

}  // namespace nakadachi::bench
