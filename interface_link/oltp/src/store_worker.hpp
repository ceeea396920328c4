#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "nakadachi/storage/exchange_store.hpp"

namespace nakadachi::oltp {

/// A thread with a store of its own that does one blocking call after the other.
/// What it is given is bounded by who gives it: a lane has one train or one
/// question under way, look-ups have a limit in the core.
class StoreWorker {
 public:
  using Job = std::function<void(storage::ExchangeStore&)>;

  explicit StoreWorker(std::unique_ptr<storage::ExchangeStore> store)
      : store_(std::move(store)), thread_([this] { work(); }) {}
  StoreWorker(const StoreWorker&) = delete;
  StoreWorker& operator=(const StoreWorker&) = delete;

  /// Finishes the job under way, drops the rest, joins the thread.
  ~StoreWorker() {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  void give(Job job) {
    {
      const std::scoped_lock lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
  }

 private:
  void work() {
    while (true) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (stopping_) return;
      const Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job(*store_);
    }
  }

  std::unique_ptr<storage::ExchangeStore> store_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::thread thread_;  // last: uses everything above
};

}  // namespace nakadachi::oltp
