#include "nakadachi/records/log_head.hpp"

#include "nakadachi/base/assert.hpp"
#include "nakadachi/base/limits.hpp"
#include "nakadachi/base/reader.hpp"
#include "nakadachi/crypto/merkle.hpp"

namespace nakadachi::records {
namespace {

void append_head(Bytes& bytes, const LogHead& head) {
  append_big_endian<4>(bytes, head.tenant.value);
  append_big_endian<8>(bytes, head.size);
  append(bytes, head.root.view());
}

}  // namespace

LogHead head_of(TenantId tenant, const Frontier& frontier) {
  return {.tenant = tenant, .size = frontier.size(), .root = frontier.root()};
}

Bytes encode(const LogHead& head) {
  Bytes bytes;
  bytes.reserve(kHeadBytes);
  append_head(bytes, head);
  return bytes;
}

Digest head_leaf(const LogHead& head) {
  return crypto::leaf_hash(Salt{}, kHeadLeafKind, encode(head));
}

Bytes encode_heads(std::span<const LogHead> heads) {
  Bytes bytes;
  bytes.reserve(heads.size() * kHeadBytes);
  for (std::size_t i = 0; i < heads.size(); ++i) {
    NAKADACHI_ASSERT(i == 0 || heads[i - 1].tenant < heads[i].tenant);
    append_head(bytes, heads[i]);
  }
  return bytes;
}

Result<std::vector<LogHead>> decode_heads(ByteView bytes) {
  if (bytes.size() % kHeadBytes != 0) {
    return Error{.code = ErrorCode::kWrongLength, .field = "heads"};
  }
  const std::size_t count = bytes.size() / kHeadBytes;
  if (count > limits::kMaxTrainRows) {
    return Error{.code = ErrorCode::kTooManyItems, .field = "heads"};
  }
  std::vector<LogHead> heads;
  heads.reserve(count);
  Reader reader(bytes);
  for (std::size_t i = 0; i < count; ++i) {
    LogHead head;
    head.tenant.value = static_cast<std::uint32_t>(reader.number<4>());
    head.size = reader.number<8>();
    head.root = reader.fixed<Digest>();
    if (head.size == 0 || (i > 0 && heads.back().tenant >= head.tenant)) {
      return Error{.code = ErrorCode::kWrongFormat,
                   .field = "heads",
                   .position = static_cast<std::int32_t>(i)};
    }
    heads.push_back(head);
  }
  return heads;
}

Result<void> check_continues(const LogHead& older, const LogHead& newer,
                             std::span<const Digest> proof) {
  if (older.tenant != newer.tenant) {
    return Error{.code = ErrorCode::kAnotherTenant, .field = "head"};
  }
  if (!verify_consistency(older.size, older.root, newer.size, newer.root, proof)) {
    return Error{.code = ErrorCode::kLogForked, .field = "head"};
  }
  return {};
}

}  // namespace nakadachi::records
