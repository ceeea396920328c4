#pragma once

#include <cstdint>
#include <span>

#include "nakadachi/base/bytes.hpp"

namespace nakadachi {

/// Where random bytes come from: salts, nonces, keys. Handed in, so that a
/// simulation can replay a run from its seed.
class Random {
 public:
  virtual ~Random() = default;
  /// Fills `out`. Does not fail: a source that cannot deliver ends the process.
  virtual void fill(std::span<std::uint8_t> out) = 0;

  template <class Fixed>
  Fixed make() {
    Fixed made;
    fill(made.writable());
    return made;
  }
  std::uint64_t next_u64();
};

/// The kernel's generator, read in blocks of 4 KiB so that a nonce costs no
/// system call. Bytes handed out are wiped from the block. Not thread-safe:
/// one object a thread. Not used across fork.
class SystemRandom final : public Random {
 public:
  SystemRandom() = default;
  SystemRandom(const SystemRandom&) = delete;
  SystemRandom& operator=(const SystemRandom&) = delete;
  ~SystemRandom() override;
  void fill(std::span<std::uint8_t> out) override;

 private:
  std::array<std::uint8_t, 4096> block_{};
  std::size_t left_ = 0;
};

/// xoshiro256** from a seed: for simulations and tests only, never for keys.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) noexcept;
  void fill(std::span<std::uint8_t> out) override;
  std::uint64_t next() noexcept;
  /// Uniform in [0, bound); `bound` > 0.
  std::uint64_t below(std::uint64_t bound) noexcept;
  /// True in `permille` of 1000 calls.
  bool chance(std::uint32_t permille) noexcept { return below(1000) < permille; }

 private:
  std::uint64_t state_[4];
};

}  // namespace nakadachi
