#pragma once

#include <cstdint>
#include <string>

#include "nakadachi/base/result.hpp"

namespace nakadachi::storage {

/// Which tables of holdings are written anew.
enum class Holdings : std::uint8_t {
  kAcquisitions,  ///< pending acquisitions with their 取得番号: a small table, done in moments
  kAll            ///< copies, symbols, flags and persons too: locked for as long as it takes
};

/// Size of the tables on disk.
struct WipedBytes {
  std::uint64_t before = 0;
  std::uint64_t after = 0;
};

/// Writes the tables anew (VACUUM FULL) and a checkpoint, after which no file of the
/// database holds an erased or replaced value of theirs; the write-ahead log, archives
/// and backups do as long as they are kept. Trains wait meanwhile and go on afterwards.
/// `admin_login` owns the tables (a superuser). May be repeated at any time.
/// Errors: `kStoreUnavailable`, `kStoreFailed`, `kConfigInvalid` (the login).
Result<WipedBytes> wipe_erased(const std::string& admin_login, Holdings which);

}  // namespace nakadachi::storage
