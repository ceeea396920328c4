#pragma once

#include <initializer_list>
#include <memory>
#include <string_view>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/base/secret.hpp"

namespace nakadachi::crypto {

/// SHA-256 (FIPS 180-4) of the parts in their order, without separators.
Digest sha256(std::initializer_list<ByteView> parts);

/// HMAC-SHA-256 (RFC 2104) under a kept key: the key schedule is paid once.
/// One object a thread.
class KeyedHash {
 public:
  /// At most 4096 bytes; more is a bug.
  explicit KeyedHash(const SecretBytes& key);
  KeyedHash(KeyedHash&&) noexcept;
  KeyedHash& operator=(KeyedHash&&) noexcept;
  ~KeyedHash();

  /// Of the parts in their order, without separators.
  Digest operator()(std::initializer_list<ByteView> parts);
  /// Of the parts in their order, each after its length in 4 bytes, big-endian.
  Digest framed(std::initializer_list<ByteView> parts);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// HKDF-SHA-256 (RFC 5869) without salt: `size` bytes (at most 255 · 32) from
/// `secret`, told apart by `info`, which holds no zero byte, and by `context`.
/// RFC 5869's "info" is `info`, followed by a zero byte and `context` when there is one.
SecretBytes derive_key(const SecretBytes& secret, std::string_view info, ByteView context,
                       std::size_t size);

/// Compares in time that depends on the lengths only.
bool equal_in_constant_time(ByteView a, ByteView b) noexcept;

}  // namespace nakadachi::crypto
