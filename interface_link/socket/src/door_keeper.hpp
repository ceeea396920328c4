#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "door.hpp"
#include "nakadachi/base/result.hpp"
#include "wake_fd.hpp"
#include "zmq_calls.hpp"

namespace nakadachi::socket {

/// The one who decides which connections may be made, on a thread of its own: the
/// access handler (ZAP, RFC 27) of one messaging context, and the reader of its
/// doors' connection events.
///
/// The library lets everybody in when there is no such handler, so: it is bound
/// before any door, and a handler that ends without having been told to takes the
/// process with it.
class DoorKeeper {
 public:
  /// Binds the handler. Errors: `kConfigInvalid` when the context has one already.
  static Result<std::unique_ptr<DoorKeeper>> start(zmq::context_t& context);
  DoorKeeper(const DoorKeeper&) = delete;
  DoorKeeper& operator=(const DoorKeeper&) = delete;
  /// Every door must be closed. Joins the thread.
  ~DoorKeeper();

  /// From its return on, connections to this door are judged by its table. Before
  /// that, and for unknown domains, all are refused. Any thread.
  void add(std::shared_ptr<Door> door, zmq::socket_t monitor);

 private:
  struct Watched {
    std::shared_ptr<Door> door;
    zmq::socket_t monitor;
    std::uint64_t told = 0;  ///< refusals that the log tells of
    std::chrono::steady_clock::time_point next_tell = {};
    std::string refused_address = {};  ///< the last one
  };

  DoorKeeper(zmq::socket_t handler, WakeFd wake);
  void run() noexcept;
  bool turn();
  void adopt();
  void read_monitors();
  void look_after_doors();
  static void tell_refusals(Watched& watched, std::chrono::steady_clock::time_point now);
  bool answer_requests();
  bool answer(const std::vector<zmq::message_t>& request);
  const char* judge(const std::vector<zmq::message_t>& request, std::string& user);

  zmq::socket_t handler_;
  WakeFd wake_;
  std::vector<Watched> doors_;
  std::chrono::steady_clock::time_point next_look_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::vector<Watched> incoming_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace nakadachi::socket
