#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "nakadachi/base/result.hpp"

namespace nakadachi::apps {

/// A process of our own that ends with us: asked to stop (SIGTERM) and waited
/// for when dropped, killed after ten seconds, and killed by the kernel when
/// this process dies without a word.
class ChildProcess {
 public:
  /// Starts `arguments[0]` with its standard output and error appended to
  /// `log_path`. Errors: `kFileProblem`.
  static Result<ChildProcess> start(const std::vector<std::string>& arguments,
                                    const std::string& log_path);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();

  bool running();
  /// Asks to stop and waits. The exit status, or -1 when it had to be killed.
  int stop();
  /// Kills without warning, as a crash would.
  void kill();
  pid_t pid() const noexcept { return pid_; }
  /// User and system time used so far, in microseconds.
  std::uint64_t cpu_us() const;

 private:
  explicit ChildProcess(pid_t pid) noexcept : pid_(pid) {}
  pid_t pid_ = -1;
};

/// Waits until the child has written `ready_path` and returns its content.
/// Errors: `kTimedOut`; `kInternal` with the end of its log when the child ended.
Result<std::string> wait_until_ready(ChildProcess& child, const std::string& ready_path,
                                     const std::string& log_path);

}  // namespace nakadachi::apps
