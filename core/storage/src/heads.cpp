#include "heads.hpp"

#include "nakadachi/base/reader.hpp"

namespace nakadachi::storage {
namespace {

constexpr std::size_t kHeadBytes = 4 + 8 + Digest::kSize;

}  // namespace

Bytes encode_heads(const std::vector<Head>& heads) {
  Bytes bytes;
  bytes.reserve(heads.size() * kHeadBytes);
  for (const Head& head : heads) {
    append_big_endian<4>(bytes, head.tenant.value);
    append_big_endian<8>(bytes, head.size);
    append(bytes, head.root.view());
  }
  return bytes;
}

std::optional<std::vector<Head>> decode_heads(ByteView bytes) {
  std::vector<Head> heads;
  heads.reserve(bytes.size() / kHeadBytes);
  Reader reader(bytes);
  while (reader.left() > 0 && !reader.failed()) {
    const TenantId tenant{static_cast<std::uint32_t>(reader.number<4>())};
    const std::uint64_t size = reader.number<8>();
    heads.push_back({.tenant = tenant, .size = size, .root = reader.fixed<Digest>()});
  }
  if (!reader.complete()) return std::nullopt;
  return heads;
}

Error no_head_behind() {
  return {.code = ErrorCode::kLogHeadDiffers, .detail = "no train states a head behind it"};
}

Error no_delegation() {
  return {.code = ErrorCode::kDelegationInvalid, .detail = "none to the train's signer is kept"};
}

const Head* head_behind(const StoredTrain& train, TenantId tenant, std::uint64_t entry_number) {
  for (const Head& head : train.heads) {
    if (head.tenant == tenant) return head.size > entry_number ? &head : nullptr;
  }
  return nullptr;
}

std::optional<std::vector<Digest>> decode_digests(ByteView bytes) {
  std::vector<Digest> digests;
  digests.reserve(bytes.size() / Digest::kSize);
  Reader reader(bytes);
  while (reader.left() > 0 && !reader.failed()) digests.push_back(reader.fixed<Digest>());
  if (!reader.complete()) return std::nullopt;
  return digests;
}

}  // namespace nakadachi::storage
