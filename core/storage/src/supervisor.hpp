#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "nakadachi/base/result.hpp"

namespace nakadachi::storage {

/// An account of the machine.
struct Account {
  uid_t user = 0;
  gid_t group = 0;
};

/// Runs programs, one at a time, that do not outlive their owner, however the owner ends. Between
/// the two stands a small process that reads a socket: at its end it stops the program and removes
/// a folder. (The kernel's parent-death signal alone would follow the thread that started the
/// program, and would leave the files.) One thread at a time.
class Supervisor {
 public:
  struct Plan {
    std::vector<std::vector<std::string>> programs;  ///< arguments; the first is the path
    std::string log_file;            ///< standard output and error are appended to it
    std::optional<Account> account;  ///< for all of it, where the caller is root
    std::string remove_afterwards;   ///< folder, empty for none
  };

  /// Errors: `kFileProblem` when the machine gives no process.
  static Result<Supervisor> start(const Plan& plan);

  /// Ends like the owner's death: SIGQUIT to the program, after ten seconds SIGKILL; then the
  /// folder is removed. Waits for all that.
  ~Supervisor();
  Supervisor(Supervisor&& other) noexcept;
  Supervisor& operator=(Supervisor&& other) = delete;

  /// Starts the program at `index` of the plan; none may be running.
  void run(std::size_t index);
  /// Waits for the program to end by itself. True when it ended well.
  bool wait();
  /// Sends SIGINT (`gently`) or SIGQUIT and waits for the end.
  void stop(bool gently);
  bool running();

 private:
  Supervisor(pid_t process, int channel) : process_(process), channel_(channel) {}
  void order(char byte) const;
  void hear_end(bool block);

  pid_t process_;
  int channel_;
  bool running_ = false;
  bool ended_well_ = false;
};

}  // namespace nakadachi::storage
