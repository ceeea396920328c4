#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/records/log_tree.hpp"

namespace nakadachi::records {

/// The kind of leaf a head is in its train (docs/protocol/trains.md).
inline constexpr std::uint8_t kHeadLeafKind = 30;

/// What a whole log comes down to at one time. Whoever keeps a head can tell later
/// whether anything before it was changed.
struct LogHead {
  TenantId tenant;
  std::uint64_t size = 0;  ///< entries
  Digest root;

  friend bool operator==(const LogHead&, const LogHead&) = default;
};

inline constexpr std::size_t kHeadBytes = 44;

LogHead head_of(TenantId tenant, const Frontier& frontier);

/// Tenant 4, size 8, root 32; big-endian.
Bytes encode(const LogHead& head);

/// The leaf of a head in the train that states it: of its encoding, under a salt of
/// zeros, since there is nothing to hide in a root. crypto::leaf_hash.
Digest head_leaf(const LogHead& head);

/// The heads a train states, one after another. They ascend by tenant, none twice;
/// anything else is a bug.
Bytes encode_heads(std::span<const LogHead> heads);

/// Reads what `encode_heads` wrote, and nothing else. Errors, with field "heads":
/// `kWrongLength` (no whole number of heads), `kTooManyItems` (more than
/// limits::kMaxTrainRows), `kWrongFormat` with the place of a head that does not
/// ascend, or is of an empty log, which no train states.
Result<std::vector<LogHead>> decode_heads(ByteView bytes);

/// Whether the log of `newer` continues that of `older`: nothing up to `older` was
/// changed, removed or put in between. Errors: `kAnotherTenant`, `kLogForked`.
Result<void> check_continues(const LogHead& older, const LogHead& newer,
                             std::span<const Digest> proof);

}  // namespace nakadachi::records
