#pragma once

#include <cstdint>
#include <string>

#include "nakadachi/base/result.hpp"

namespace nakadachi::bench {

struct E2eOptions {
  std::uint64_t seconds = 20;
  std::uint64_t peer_seconds = 10;
  std::size_t towns = 50;
  std::size_t lanes = 2;
  std::size_t in_flight = 800;
  std::string json_file;
};

/// Measures A and B and prints both; writes JSON when a file is named. Errors: of
/// every part; `kConfigInvalid` when the database is not durable or not on a disk.
Result<void> run_e2e(const E2eOptions& options);

/// Measures one judgement by the whole legal table, and by a law book that has ordinances of every
/// municipality besides, and prints both. Errors: `kConfigInvalid` when the table cannot be read;
/// `kTimedOut` when one takes more than a microsecond, in a release build.
Result<void> run_rules();

struct WallsOptions {
  std::size_t towns = 1741;
  std::uint64_t rounds = 101;
  std::uint64_t run_ms = 100;
  std::string json_file;
};

/// Measures bytes a second and new connections a second through the rules for all towns and those
/// for one, by turns, in network namespaces, by IPv4, and prints medians, ratios and whether both
/// are at least 0.95; writes JSON when a file is named. Errors: those of building a lab (root is
/// needed); `kLinkDown` when the rules stop what they should let through.
Result<void> run_walls(const WallsOptions& options);

}  // namespace nakadachi::bench
