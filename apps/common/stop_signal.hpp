#pragma once

#include <functional>
#include <mutex>
#include <thread>

namespace nakadachi::apps {

/// Turns SIGTERM and SIGINT, and if wanted SIGHUP, into calls. Make it before any
/// other thread, so that every thread inherits the blocked signals.
class StopSignal {
 public:
  /// For as long as it lives, the calls are made.
  class Registration {
   public:
    explicit Registration(StopSignal& owner) : owner_(&owner) {}
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    ~Registration();

   private:
    StopSignal* owner_;
  };

  /// What SIGHUP does: end the process, as it does by itself, or read files again.
  enum class Hangup : bool { kEnds, kReads };

  explicit StopSignal(Hangup hangup = Hangup::kEnds);
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  ~StopSignal();

  /// On a thread of its own, calls `stop` once when a signal comes or has come, and
  /// `read_again` for every SIGHUP (several that come close together may be one call).
  /// The registration ends before what they refer to. One at a time.
  [[nodiscard]] Registration on_stop(std::function<void()> stop,
                                     std::function<void()> read_again = {});

  /// Whether a signal to stop has come.
  bool stopped();

 private:
  void wait();
  void call_if_due();

  std::mutex mutex_;
  std::function<void()> stop_;
  std::function<void()> read_again_;
  bool signalled_ = false;
  bool to_read_ = false;
  int signals_;
  int ended_;
  std::thread waiter_;
};

}  // namespace nakadachi::apps
