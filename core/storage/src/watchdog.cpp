#include "watchdog.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace nakadachi::storage {

std::shared_ptr<Watchdog> Watchdog::shared() {
  static std::mutex mutex;
  static std::weak_ptr<Watchdog> one;
  const std::lock_guard lock(mutex);
  std::shared_ptr<Watchdog> watchdog = one.lock();
  if (!watchdog) {
    watchdog = std::make_shared<Watchdog>();
    one = watchdog;
  }
  return watchdog;
}

Watchdog::Watchdog() : thread_([this] { watch(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

Watchdog::Guard::Guard(std::shared_ptr<Watchdog> watchdog, int socket, std::int64_t timeout_ms)
    : watchdog_(std::move(watchdog)) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  bool sooner = false;
  {
    const std::lock_guard lock(watchdog_->mutex_);
    call_ = watchdog_->calls_.insert(watchdog_->calls_.end(), {deadline, socket, false});
    sooner = deadline < watchdog_->wake_at_;
    if (sooner) watchdog_->wake_at_ = deadline;
  }
  // Mostly the thread still sleeps towards the deadline of an earlier call: no wake-up to pay.
  if (sooner) watchdog_->changed_.notify_one();
}

Watchdog::Guard::~Guard() {
  const std::lock_guard lock(watchdog_->mutex_);
  watchdog_->calls_.erase(call_);
}

bool Watchdog::Guard::expired() const {
  const std::lock_guard lock(watchdog_->mutex_);
  return call_->expired;
}

void Watchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (wake_at_ == TimePoint::max()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, wake_at_);
    }
    const TimePoint now = std::chrono::steady_clock::now();
    if (now >= wake_at_) wake_at_ = shut_overdue(now);
  }
}

Watchdog::TimePoint Watchdog::shut_overdue(TimePoint now) {
  TimePoint next = TimePoint::max();
  for (Call& call : calls_) {
    if (call.expired) continue;
    if (call.deadline <= now) {
      ::shutdown(call.socket, SHUT_RDWR);
      call.expired = true;
    } else {
      next = std::min(next, call.deadline);
    }
  }
  return next;
}

}  // namespace nakadachi::storage
