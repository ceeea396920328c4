#pragma once

#include <algorithm>
#include <cstdint>

#include "nakadachi/base/clock.hpp"

namespace nakadachi::tenant_vm {

/// Lets `rate_per_s` pieces of work through on average and `burst` at once.
/// Pure; one thread.
class TokenBucket {
 public:
  /// A rate of 0 lets everything through.
  TokenBucket(std::uint32_t rate_per_s, std::uint32_t burst) noexcept
      : rate_per_s_(rate_per_s),
        capacity_milli_(std::int64_t{burst} * 1000),
        milli_(capacity_milli_) {}

  /// Takes one token, or none when there is none.
  bool take(Timestamp now) noexcept {
    if (rate_per_s_ == 0) return true;
    refill(now);
    if (milli_ < 1000) return false;
    milli_ -= 1000;
    return true;
  }

  /// Milliseconds until a token will be there; 0 when one is.
  std::uint32_t wait_ms() const noexcept {
    if (rate_per_s_ == 0 || milli_ >= 1000) return 0;
    return static_cast<std::uint32_t>((1000 - milli_ + rate_per_s_ - 1) / rate_per_s_);
  }

 private:
  void refill(Timestamp now) noexcept {
    if (now > last_) {
      // A token is 1000 thousandths, so a millisecond brings `rate_per_s` thousandths.
      const std::int64_t longest_ms = capacity_milli_ / rate_per_s_ + 1;
      milli_ = std::min(capacity_milli_, milli_ + std::min(now - last_, longest_ms) * rate_per_s_);
      last_ = now;
    }
  }

  std::int64_t rate_per_s_;
  std::int64_t capacity_milli_;
  std::int64_t milli_;
  Timestamp last_;
};

}  // namespace nakadachi::tenant_vm
