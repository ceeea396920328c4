#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace nakadachi::testing {

/// Stands between a client and a PostgreSQL server, both on unix sockets, and makes the line
/// fail at a chosen place. Messages are passed on whole.
class PostgresProxy {
 public:
  enum class Fault {
    kNone,
    kCutBeforeCopyDone,     ///< the client said that its data are complete; the server never hears
    kCutAfterCopyDone,      ///< the server hears, the client hears nothing more
    kCutBeforeCommitReply,  ///< the server has said COMMIT; the client does not hear it
    kCutAfterCommitReply,   ///< the client hears it, then the line breaks
    kFatalForCommitReply,   ///< the server ends the session instead of answering
    kWarningBeforeCommitReply,  ///< the server gave up waiting for its standby
    kHoldQuery,                 ///< the next query waits in the line until `release`
    kHoldCopyDone,              ///< the end of the data waits in the line until `release`
    kHoldCommitReply,           ///< the answer waits in the line
  };

  /// `server_directory` is where the server's socket lies.
  explicit PostgresProxy(const std::string& server_directory);
  ~PostgresProxy();
  PostgresProxy(const PostgresProxy&) = delete;
  PostgresProxy& operator=(const PostgresProxy&) = delete;

  /// The host to connect to; an abstract socket, so no folder.
  const std::string& directory() const { return directory_; }

  /// Happens once, to the first connection that comes to the place.
  void arm(Fault fault);
  /// Cuts a connection after the client has sent so many more bytes; 0 disarms.
  void cut_after_bytes(std::size_t bytes);
  /// Sends on what was held, even where its sender has given up meanwhile.
  void release();

 private:
  class Line;
  void accept_lines();
  bool take_fault(Fault fault);
  bool wait_for_release();

  std::string directory_;
  std::string server_path_;
  int listener_ = -1;
  std::mutex mutex_;
  std::condition_variable changed_;
  Fault armed_ = Fault::kNone;
  std::size_t bytes_left_ = 0;  ///< until the cut, 0 for none
  bool released_ = false;
  bool stopping_ = false;
  std::vector<std::unique_ptr<Line>> lines_;
  std::thread acceptor_;
};

}  // namespace nakadachi::testing
