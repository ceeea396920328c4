#pragma once

#include <string>

#include "nakadachi/storage/exchange_store.hpp"

namespace nakadachi::storage {

/// The one query string of a train: BEGIN, the train's own row, COPY, COMMIT. The server stops
/// at COPY and waits for `copy_data`. Numbers and hexadecimal only.
std::string train_sql(const Train& train);

/// The train's rows in PostgreSQL's binary COPY format, in the order of columns of `train_sql`.
Bytes copy_data(const Train& train);

}  // namespace nakadachi::storage
