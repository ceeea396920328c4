#include "nakadachi/base/ids.hpp"

#include <algorithm>

#include "nakadachi/base/random.hpp"

namespace nakadachi {
namespace {

constexpr std::size_t kTimeBytes = 6;
constexpr std::size_t kBucketBytes = 4;

template <std::size_t Size>
std::uint64_t read_big_endian(ByteView bytes) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < Size; ++i) value = value << 8 | bytes[i];
  return value;
}

template <std::size_t Size>
void write_big_endian(std::span<std::uint8_t> to, std::uint64_t value) noexcept {
  for (std::size_t i = Size; i-- > 0; value >>= 8) to[i] = static_cast<std::uint8_t>(value);
}

}  // namespace

Timestamp time_of(const RequestKey& key) noexcept {
  return {static_cast<std::int64_t>(read_big_endian<kTimeBytes>(key.view()))};
}

RequestKey make_request_key(Timestamp now, Random& random) {
  auto key = random.make<RequestKey>();
  write_big_endian<kTimeBytes>(key.writable(), static_cast<std::uint64_t>(now.ms));
  return key;
}

ExchangeId make_exchange_id(Timestamp at, const Digest& keyed_hash) noexcept {
  ExchangeId id;
  write_big_endian<kBucketBytes>(id.writable(), bucket_of(at));
  std::copy_n(keyed_hash.view().begin(), ExchangeId::kSize - kBucketBytes,
              id.writable().begin() + kBucketBytes);
  return id;
}

std::uint32_t bucket_of(const ExchangeId& id) noexcept {
  return static_cast<std::uint32_t>(read_big_endian<kBucketBytes>(id.view()));
}

ExchangeId first_id_of_bucket(std::uint32_t bucket) noexcept {
  ExchangeId id;
  write_big_endian<kBucketBytes>(id.writable(), bucket);
  return id;
}

}  // namespace nakadachi
