#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "nakadachi/crypto/hash.hpp"
#include "nakadachi/records/log_entry.hpp"
#include "tests/unit/crypto/crypto_helpers.hpp"

namespace nakadachi::records::test {

using crypto::test::filled;
using crypto::test::hex;

using Hashes = std::span<const Digest>;

inline std::vector<Digest> some_hashes(std::size_t size) {
  std::vector<Digest> hashes;
  hashes.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    Bytes content;
    append_big_endian<4>(content, i);
    hashes.push_back(crypto::sha256({content}));
  }
  return hashes;
}

inline Digest node_by_definition(const Digest& left, const Digest& right) {
  return crypto::sha256({hex("01"), left.view(), right.view()});
}

/// RFC 9162 2.1.1: k, the largest power of two smaller than n.
inline std::size_t split(std::size_t n) {
  std::size_t k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

/// MTH of RFC 9162 2.1.1, word by word.
inline Digest root_by_definition(Hashes hashes) {
  if (hashes.empty()) return crypto::sha256({});
  if (hashes.size() == 1) return hashes[0];
  const std::size_t k = split(hashes.size());
  return node_by_definition(root_by_definition(hashes.first(k)),
                            root_by_definition(hashes.subspan(k)));
}

/// PATH of RFC 9162 2.1.3.1, word by word.
inline std::vector<Digest> path_by_definition(std::size_t m, Hashes hashes) {
  if (hashes.size() == 1) return {};
  const std::size_t k = split(hashes.size());
  const bool is_left = m < k;
  auto path =
      path_by_definition(is_left ? m : m - k, is_left ? hashes.first(k) : hashes.subspan(k));
  path.push_back(root_by_definition(is_left ? hashes.subspan(k) : hashes.first(k)));
  return path;
}

/// SUBPROOF of RFC 9162 2.1.4.1, word by word.
inline std::vector<Digest> subproof_by_definition(std::size_t m, Hashes hashes, bool complete) {
  if (m == hashes.size()) {
    return complete ? std::vector<Digest>{} : std::vector<Digest>{root_by_definition(hashes)};
  }
  const std::size_t k = split(hashes.size());
  if (m <= k) {
    auto proof = subproof_by_definition(m, hashes.first(k), complete);
    proof.push_back(root_by_definition(hashes.subspan(k)));
    return proof;
  }
  auto proof = subproof_by_definition(m - k, hashes.subspan(k), false);
  proof.push_back(root_by_definition(hashes.first(k)));
  return proof;
}

inline constexpr TenantId kTown{132012};
inline constexpr TenantId kOtherTown{131016};

/// A step with something in every field.
inline LogEntry some_step(std::uint64_t number = 7) {
  return {.tenant = kTown,
          .number = number,
          .sort = EntrySort::kStep,
          .id = filled<ExchangeId>(0xe1),
          .part = 2,
          .outcome = 1,
          .erase = false,
          .key = {},
          .units = {.cause = Cause::kAnswered,
                    .persons = 1,
                    .messages_in = 2,
                    .messages_out = 3,
                    .bytes_in = 400,
                    .bytes_out = 70'000},
          .leaf = filled<Digest>(0x1f)};
}

inline LogEntry some_change(std::uint64_t number = 8) {
  return {.tenant = kTown,
          .number = number,
          .sort = EntrySort::kChange,
          .id = filled<ExchangeId>(0xc4),
          .part = 3,
          .outcome = 0,
          .erase = true,
          .key = filled<HoldingKey>(0x4e),
          .units = {.cause = Cause::kHoldings,
                    .persons = 0,
                    .messages_in = 1,
                    .messages_out = 0,
                    .bytes_in = 900,
                    .bytes_out = 0},
          .leaf = filled<Digest>(0x2f)};
}

/// The code of a failure; none after a success.
template <class T>
ErrorCode code_of(const Result<T>& result) {
  return result.ok() ? ErrorCode{} : result.error().code;
}

}  // namespace nakadachi::records::test
