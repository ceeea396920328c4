#include "nakadachi/base/clock.hpp"

#include <fmt/format.h>

#include <chrono>
#include <ctime>

namespace nakadachi {

std::string to_iso8601(Timestamp at) {
  const std::int64_t ms = ((at.ms % 1000) + 1000) % 1000;
  const auto seconds = static_cast<std::time_t>((at.ms - ms) / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, ms);
}

Timestamp SystemClock::now() const noexcept {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count()};
}

}  // namespace nakadachi
