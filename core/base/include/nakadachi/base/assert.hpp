#pragma once

namespace nakadachi {

/// Ends the process after saying where and what. Bugs end here, expected
/// failures travel as `Result`. Never receives a personal value: `what` is the
/// text of the condition.
[[noreturn]] void assertion_failed(const char* what, const char* file, int line) noexcept;

}  // namespace nakadachi

/// Stays on in release builds: an exchange must not go on after a broken promise.
#define NAKADACHI_ASSERT(condition)                    \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::nakadachi::assertion_failed(#condition, __FILE__, __LINE__))
