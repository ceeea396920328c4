#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/secret.hpp"

namespace nakadachi::crypto {

/// AES-128 (FIPS 197) of single blocks under a kept key: a permutation of all
/// 16-byte values that only the key undoes. Equal blocks stay equal, so it is for
/// values that are looked for or that differ anyway, never for messages; it does
/// not tell whether a block was altered. Safe for any number of threads once made.
class BlockCipher {
 public:
  static constexpr std::size_t kKeySize = 16;
  static constexpr std::size_t kBlockSize = 16;
  using Block = std::array<std::uint8_t, kBlockSize>;

  /// `key` has `kKeySize` bytes; anything else is a bug.
  explicit BlockCipher(const SecretBytes& key);
  BlockCipher(BlockCipher&&) noexcept;
  BlockCipher& operator=(BlockCipher&&) noexcept;
  ~BlockCipher();

  /// In place, so that no copy of the clear value stays behind.
  void encipher(Block& block) const;
  void decipher(Block& block) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nakadachi::crypto
