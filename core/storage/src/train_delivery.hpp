#pragma once

#include "nakadachi/storage/exchange_store.hpp"
#include "pqxx_compat.hpp"

namespace nakadachi::storage {

/// Sends a well-formed train over an idle connection and tells what became of it:
///
/// - failed, whatever happened, as long as the end of the COPY data has not been sent: the server
///   cannot reach COMMIT before;
/// - failed when the server said ERROR: it says so only of transactions it rolls back;
/// - committed when it said COMMIT, unless it warned that it gave up waiting for its standby;
/// - unknown in every other case: the connection broke or the server said FATAL.
///
/// The connection is idle again afterwards, or broken.
AppendResult deliver(Connection& connection, const Train& train);

}  // namespace nakadachi::storage
