#pragma once

#include <optional>
#include <vector>

#include "nakadachi/storage/exchange_store.hpp"

namespace nakadachi::storage {

/// Heads as the row of a train keeps them: tenant (4 bytes), size (8), root (32), big-endian.
Bytes encode_heads(const std::vector<Head>& heads);

/// Nothing when `bytes` are no whole number of heads.
std::optional<std::vector<Head>> decode_heads(ByteView bytes);

/// Why there is no proof of an entry.
Error no_head_behind();
Error no_delegation();

/// The head of the tenant that the train states, when it is behind this entry; else null.
const Head* head_behind(const StoredTrain& train, TenantId tenant, std::uint64_t entry_number);

/// Nothing when `bytes` are no whole number of digests.
std::optional<std::vector<Digest>> decode_digests(ByteView bytes);

}  // namespace nakadachi::storage
