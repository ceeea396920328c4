#pragma once

#include <string>

#include "nakadachi/storage/exchange_store.hpp"

namespace nakadachi::storage {

/// The one query string of a train: BEGIN, the train's own row, its changes where it has any,
/// COPY, COMMIT. The server stops at COPY and waits for `copy_data`, also of a train without steps:
/// the end of these data is what lets it commit. Numbers, hexadecimal and t or f only.
std::string train_sql(const Train& train);

/// The train's steps in PostgreSQL's binary COPY format, in the order of columns of `train_sql`.
Bytes copy_data(const Train& train);

}  // namespace nakadachi::storage
