#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "nakadachi/base/bytes.hpp"

namespace nakadachi {

/// Overwrites memory in a way the optimiser may not drop.
void wipe(void* data, std::size_t size) noexcept;

/// Bytes nobody may see: wiped when dropped or overwritten, no formatter, no
/// comparison operators (compare through core/crypto in constant time).
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}
  explicit SecretBytes(std::size_t size) : bytes_(size) {}
  SecretBytes(const SecretBytes& other) = default;
  SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)) {}
  SecretBytes& operator=(SecretBytes other) noexcept {
    bytes_.swap(other.bytes_);  // the old bytes are wiped with `other`
    return *this;
  }
  ~SecretBytes() { wipe(bytes_.data(), bytes_.size()); }

  ByteView view() const noexcept { return bytes_; }
  std::span<std::uint8_t> writable() noexcept { return bytes_; }
  std::size_t size() const noexcept { return bytes_.size(); }
  bool empty() const noexcept { return bytes_.empty(); }

 private:
  std::vector<std::uint8_t> bytes_;
};

}  // namespace nakadachi
