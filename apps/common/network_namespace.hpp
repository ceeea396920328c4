#pragma once

#include <utility>

#include "nakadachi/base/result.hpp"

namespace nakadachi::apps {

/// A network namespace without a name: nobody else can meet it, and the kernel removes it with all
/// that is in it when the last process that holds it is gone, however that process ended.
class NetworkNamespace {
 public:
  /// A new, empty one. The calling thread stays where it is.
  /// Errors: `kFileProblem` when that is not permitted here.
  static Result<NetworkNamespace> create();
  NetworkNamespace(NetworkNamespace&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  NetworkNamespace& operator=(NetworkNamespace&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~NetworkNamespace();

  /// Its open file, for programs that move devices there.
  int handle() const noexcept { return handle_; }

  /// Calls `work` with the calling thread in the namespace; programs it starts and sockets it opens
  /// stay there, the thread is back afterwards.
  template <class Work>
  auto inside(Work work) const {
    const Visit visit(handle_);
    return work();
  }

 private:
  class Visit {
   public:
    explicit Visit(int handle);
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    ~Visit();

   private:
    int home_;
  };
  explicit NetworkNamespace(int handle) noexcept : handle_(handle) {}

  int handle_;
};

}  // namespace nakadachi::apps
