#pragma once

#include <vector>

#include "nakadachi/storage/memory_store.hpp"
#include "nakadachi/wire/statements.hpp"
#include "tests/support/universe.hpp"

namespace nakadachi::testing {

/// Opens what is sealed in a stored step. Errors: those of `crypto::TenantCipher::open`
/// and `wire::decode_stored_content`.
Result<wire::StoredContent> open_row(crypto::TenantCipher& cipher,
                                     const storage::StoredStep& stored);

/// A stored step with what is sealed in it.
struct OpenedRow {
  std::size_t town = 0;
  storage::StoredStep stored;
  wire::StoredContent content;
};

/// Every step of both towns, ascending by (town, exchange, step), opened with the key of its
/// town; errors are those of the first that does not open.
Result<std::vector<OpenedRow>> open_rows(const Universe& universe,
                                         const storage::MemoryStore& store);

}  // namespace nakadachi::testing
