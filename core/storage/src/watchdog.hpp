#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

namespace nakadachi::storage {

/// Ends waiting for a server that does not answer: shuts the socket of a call that takes longer
/// than it may, so that the call returns with a broken connection. libpq and libpqxx have no
/// deadline of their own once they are connected. One thread for the process, while anybody
/// uses it. Thread-safe.
class Watchdog {
  struct Call {
    std::chrono::steady_clock::time_point deadline;
    int socket = -1;
    bool expired = false;
  };

 public:
  /// The process's one; started when nobody had it, stopped when the last owner lets go.
  static std::shared_ptr<Watchdog> shared();

  /// The call is over when this is dropped. The socket must outlive it.
  class Guard {
   public:
    Guard(std::shared_ptr<Watchdog> watchdog, int socket, std::int64_t timeout_ms);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    /// Whether the time ran out.
    bool expired() const;

   private:
    std::shared_ptr<Watchdog> watchdog_;
    std::list<Call>::iterator call_;
  };

  Watchdog();
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  void watch();
  /// Shuts what is overdue; the next moment to look.
  TimePoint shut_overdue(TimePoint now);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Call> calls_;
  TimePoint wake_at_ = TimePoint::max();  ///< when the thread looks next
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace nakadachi::storage
