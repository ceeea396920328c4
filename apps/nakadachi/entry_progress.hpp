#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>

namespace nakadachi::apps {

/// On standard error: a line that moves on a terminal, elsewhere one each 100,000 entries.
inline std::function<void(std::uint64_t)> entry_progress() {
  const bool terminal = isatty(STDERR_FILENO) == 1;
  const auto shown = std::make_shared<std::uint64_t>(0);
  return [terminal, shown](std::uint64_t entries) {
    if (entries < *shown + (terminal ? 10'000U : 100'000U)) return;
    *shown = entries;
    fmt::print(stderr, "{}{} …{}", terminal ? "\r" : "", entries, terminal ? "" : "\n");
  };
}

}  // namespace nakadachi::apps
