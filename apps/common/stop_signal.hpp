#pragma once

#include <functional>
#include <mutex>
#include <thread>

namespace nakadachi::apps {

/// Turns SIGTERM and SIGINT into a call. Make it before any other thread, so
/// that every thread inherits the blocked signals.
class StopSignal {
 public:
  /// For as long as it lives, the call is made.
  class Registration {
   public:
    explicit Registration(StopSignal& owner) : owner_(&owner) {}
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    ~Registration();

   private:
    StopSignal* owner_;
  };

  StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  ~StopSignal();

  /// Calls `stop` once, on a thread of its own, when a signal comes or has come.
  /// The registration ends before what `stop` refers to. One at a time.
  [[nodiscard]] Registration on_stop(std::function<void()> stop);

  /// Whether a signal has come.
  bool stopped();

 private:
  void wait();
  void call_if_due();

  std::mutex mutex_;
  std::function<void()> stop_;
  bool signalled_ = false;
  int signals_;
  int ended_;
  std::thread waiter_;
};

}  // namespace nakadachi::apps
