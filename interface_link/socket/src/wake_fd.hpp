#pragma once

#include "nakadachi/base/result.hpp"

namespace nakadachi::socket {

/// Wakes a thread that polls. `wake` from any thread, the rest on the polling one.
class WakeFd {
 public:
  /// Errors: `kInternal` when the system gives no file descriptor.
  static Result<WakeFd> make();
  WakeFd(WakeFd&& other) noexcept;
  WakeFd& operator=(WakeFd&&) = delete;
  ~WakeFd();

  int fd() const noexcept { return fd_; }
  void wake() noexcept;
  /// Forgets all wakes so far.
  void drain() noexcept;

 private:
  explicit WakeFd(int fd) noexcept : fd_(fd) {}
  int fd_;
};

}  // namespace nakadachi::socket
