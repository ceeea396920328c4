#pragma once

#include <algorithm>
#include <cstdint>

#include "nakadachi/base/clock.hpp"

namespace nakadachi::socket {

/// Lets so many pass a second, and at most a full bucket at once. Starts full.
/// Time that runs backwards adds nothing.
class TokenBucket {
 public:
  TokenBucket(std::uint64_t per_second, std::uint64_t at_once, Timestamp now) noexcept
      : per_second_(per_second), full_(at_once * kParts), parts_(full_), filled_at_(now) {}

  void fill(Timestamp now) noexcept {
    const std::int64_t passed_ms = now - filled_at_;
    filled_at_ = now;
    if (passed_ms <= 0) return;
    // More than an hour fills no bucket that is meant to limit; the cap keeps the product small.
    const auto counted = static_cast<std::uint64_t>(std::min<std::int64_t>(passed_ms, 3'600'000));
    parts_ = std::min(full_, parts_ + counted * per_second_);
  }

  bool has(std::uint64_t tokens) const noexcept { return parts_ >= tokens * kParts; }
  /// Only after `has` was true.
  void take(std::uint64_t tokens) noexcept { parts_ -= tokens * kParts; }

 private:
  static constexpr std::uint64_t kParts = 1000;  // of a token: one millisecond at one a second

  std::uint64_t per_second_;
  std::uint64_t full_;
  std::uint64_t parts_;
  Timestamp filled_at_;
};

}  // namespace nakadachi::socket
