#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include <fmt/format.h>

namespace nakadachi::apps {

/// Progress on a terminal, a line at every tenth elsewhere.
class ProgressBar {
 public:
  ProgressBar(std::string what, std::uint64_t total)
      : what_(std::move(what)), total_(total), terminal_(isatty(STDOUT_FILENO) == 1) {}

  void show(std::uint64_t done) {
    const auto now = std::chrono::steady_clock::now();
    if (terminal_ && now - shown_at_ < std::chrono::milliseconds(100)) return;
    shown_at_ = now;
    const std::uint64_t tenths = done * 10 / total_;
    if (!terminal_ && tenths == shown_tenths_) return;
    shown_tenths_ = tenths;
    draw(done);
  }

  void finish() {
    if (terminal_ || shown_tenths_ != 10) draw(total_);
    if (terminal_) fmt::print("\n");
  }

 private:
  void draw(std::uint64_t done) const {
    constexpr std::uint64_t kWidth = 40;
    const std::uint64_t filled = done * kWidth / total_;
    if (terminal_) {
      fmt::print("\r{} [{:=<{}}{:<{}}] {}/{}", what_, "", filled, "", kWidth - filled, done,
                 total_);
    } else {
      fmt::print("{} {}/{}\n", what_, done, total_);
    }
    std::fflush(stdout);
  }

  std::string what_;
  std::uint64_t total_;
  bool terminal_;
  std::uint64_t shown_tenths_ = 0;
  std::chrono::steady_clock::time_point shown_at_;
};

}  // namespace nakadachi::apps
