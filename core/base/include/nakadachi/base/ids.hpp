#pragma once

#include <compare>
#include <cstdint>
#include <functional>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/clock.hpp"

namespace nakadachi {

/// A whole number with a name of its own.
template <class Tag, class Number>
struct StrongNumber {
  Number value{};
  friend constexpr auto operator<=>(const StrongNumber&, const StrongNumber&) noexcept = default;
};

/// One body that shares the service. A municipality has its six-digit code
/// (団体コード) as number; other bodies get numbers above 1,000,000.
using TenantId = StrongNumber<struct TenantTag, std::uint32_t>;

/// One writer with one database connection and the tenants assigned to it.
using LaneId = StrongNumber<struct LaneTag, std::uint16_t>;

/// Counts the writers a lane has had; only the newest may write.
using Epoch = StrongNumber<struct EpochTag, std::uint64_t>;

/// Place of a train in its lane, from 1, without gaps.
using TrainNumber = StrongNumber<struct TrainTag, std::uint64_t>;

/// SHA-256.
using Digest = FixedBytes<struct DigestTag, 32>;

/// Ed25519 (RFC 8032).
using PublicKey = FixedBytes<struct PublicKeyTag, 32>;
using Signature = FixedBytes<struct SignatureTag, 64>;

/// X25519 (RFC 7748).
using SealingPublicKey = FixedBytes<struct SealingPublicKeyTag, 32>;

/// Hides a leaf of a Merkle tree from guessing.
using Salt = FixedBytes<struct SaltTag, 16>;

/// The client's own name for a question: 48-bit Unix milliseconds, then 80
/// random bits, big-endian (the shape of RFC 9562 version 7 without its version
/// bits). Scoped to the caller. The time in it must be near the node's time.
using RequestKey = FixedBytes<struct RequestKeyTag, 16>;

/// Milliseconds in a request key.
Timestamp time_of(const RequestKey& key) noexcept;

/// A request key for `now` with 80 bits of `random`.
class Random;
RequestKey make_request_key(Timestamp now, Random& random);

/// One leg of an exchange: 4 bytes of time in units of 64 seconds, big-endian,
/// then 12 bytes of a hash keyed with a secret of the institution. Ids are
/// ordered by time for the index, tell no finer time, and the two legs of an
/// exchange cannot be joined by their ids.
using ExchangeId = FixedBytes<struct ExchangeTag, 16>;

/// Names one holding of a tenant: a keyed hash.
using HoldingKey = FixedBytes<struct HoldingKeyTag, 16>;

inline constexpr std::int64_t kBucketMs = 64 * 1000;

/// The unit of 64 seconds `at` falls into.
constexpr std::uint32_t bucket_of(Timestamp at) noexcept {
  return static_cast<std::uint32_t>(at.ms / kBucketMs);
}

/// An id in the bucket of `at` with the first 12 bytes of `keyed_hash`.
ExchangeId make_exchange_id(Timestamp at, const Digest& keyed_hash) noexcept;

/// The bucket an id was made in.
std::uint32_t bucket_of(const ExchangeId& id) noexcept;

/// The least id of a bucket, for range scans.
ExchangeId first_id_of_bucket(std::uint32_t bucket) noexcept;

}  // namespace nakadachi

template <class Tag, class Number>
struct std::hash<nakadachi::StrongNumber<Tag, Number>> {
  std::size_t operator()(const nakadachi::StrongNumber<Tag, Number>& id) const noexcept {
    return std::hash<Number>{}(id.value);
  }
};
