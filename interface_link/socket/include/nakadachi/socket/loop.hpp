#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "nakadachi/base/clock.hpp"
#include "nakadachi/base/result.hpp"
#include "nakadachi/socket/client.hpp"
#include "nakadachi/socket/server.hpp"

/// Sockets around the pure cores; the only room that knows the messaging library.
namespace nakadachi::socket {

struct LoopConfig {
  const Clock* clock = nullptr;      ///< null: the system's; outlives the loop
  int io_threads = 1;                ///< threads of the library, which also encrypt
  std::size_t max_tasks = 65'536;    ///< waiting in `post`
  std::size_t frames_per_turn = 64;  ///< read from one socket before the next has its turn
};

/// What a core wants of the loop, all on the loop's thread. Empty functions are
/// not called.
struct TurnHooks {
  /// When `on_deadline` is due; nothing when it is not wanted. Asked every turn.
  std::function<std::optional<Timestamp>()> deadline;
  /// The deadline is reached (possibly long ago). Once a turn.
  std::function<void(Timestamp now)> on_deadline;
  /// After the frames, tasks and deadlines of a turn: the place to send what has
  /// come together.
  std::function<void(Timestamp now)> on_turn_end;
};

/// An event loop on one thread with its sockets. Each socket reads a bounded
/// number of frames a turn, so none starves another.
///
/// Made, filled and run by one thread; `post`, `stop` and what says so are for any
/// thread. Servers and clients belong to the loop and live as long as it does.
class Loop {
 public:
  /// Errors: `kConfigInvalid` when the library cannot be set up.
  static Result<std::unique_ptr<Loop>> make(const LoopConfig& config = {});
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  /// `run` must have returned. Closes every socket and joins every thread.
  ~Loop();

  /// Opens a door. Binds the access handler first, then the door, then tries the
  /// door with an unknown key and without any: both must be refused.
  /// Errors: `kConfigInvalid` (endpoint, name, missing table; the detail tells),
  /// `kInternal` when the door let a stranger in or did not answer: do not go on.
  /// Before `run`, or on the loop's thread.
  ///
  /// From then on the process ends if the access handler's thread should die.
  Result<Server*> listen(ServerConfig config, ServerHandlers handlers);

  /// Starts to connect; does not wait for it. Errors: `kConfigInvalid` (endpoint).
  /// Before `run`, or on the loop's thread.
  Result<Client*> connect(ClientConfig config, ClientHandlers handlers);

  /// Before `run`, or on the loop's thread.
  void add_hooks(TurnHooks hooks);

  /// Hands work to the loop's thread, where it is run exactly once, in order, provided
  /// `run` is called. Errors, and then it is not run: `kShuttingDown`; `kQueueFull` when
  /// too many tasks wait. Any thread.
  Result<void> post(std::function<void()> task);

  /// Turns until `stop`. Tasks accepted by then are still run.
  void run();

  /// Makes `run` return, also one that is called later. Any thread.
  void stop();

  Timestamp now() const noexcept;

  struct Impl;

 private:
  explicit Loop(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Runs a loop on a thread of its own for as long as it lives.
class LoopThread {
 public:
  /// The loop outlives this object.
  explicit LoopThread(Loop& loop) : loop_(&loop), thread_([&loop] { loop.run(); }) {}
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;
  /// Stops the loop and joins the thread.
  ~LoopThread() {
    loop_->stop();
    thread_.join();
  }

 private:
  Loop* loop_;
  std::thread thread_;
};

}  // namespace nakadachi::socket
