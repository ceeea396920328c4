#include "nakadachi/socket/loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

#include "client_impl.hpp"
#include "door_keeper.hpp"
#include "nakadachi/base/log.hpp"
#include "server_impl.hpp"
#include "wake_fd.hpp"

namespace nakadachi::socket {
namespace {

// Longest sleep: a clock that was set is noticed after it.
constexpr std::int64_t kMostWaitMs = 1'000;
// Kernel buffers of a connection, on top of what the library queues.
constexpr std::uint64_t kKernelBytes = 8 * 1024 * 1024;

const SystemClock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string unique_domain(const std::string& name) {
  static std::atomic<std::uint64_t> count{0};
  return fmt::format("{}-{}", name, count.fetch_add(1));
}

}  // namespace

struct Loop::Impl {
  Impl(const LoopConfig& config_in, WakeFd wake_in)
      : config(config_in),
        clock(config_in.clock != nullptr ? config_in.clock : &system_clock()),
        unknown_keys(CurveKeyPair::make()),
        context(config_in.io_threads),
        wake(std::move(wake_in)) {}

  /// Sleeps until something happens or is due; at once when there is more to read.
  void wait(bool more_to_read);
  /// Everything that has happened; true when there is more to read.
  bool turn();
  void run_tasks();
  void run_deadlines(Timestamp now);
  std::optional<Timestamp> next_deadline() const;
  Result<Server*> listen(ServerConfig config, ServerHandlers handlers);

  const LoopConfig config;
  const Clock* clock;
  const CurveKeyPair unknown_keys;  // for the self-test of doors

  // Destroyed from below: sockets before the keeper, the keeper before the context.
  zmq::context_t context;
  std::unique_ptr<DoorKeeper> keeper;
  std::vector<std::unique_ptr<Server>> servers;
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<TurnHooks> hooks;
  std::size_t first = 0;  // whose turn it is to be read first

  WakeFd wake;
  std::mutex mutex;
  std::vector<std::function<void()>> tasks;  // guarded by mutex
  bool stopping = false;                     // guarded by mutex
  std::atomic<bool> stop_seen{false};
};

Result<std::unique_ptr<Loop>> Loop::make(const LoopConfig& config) {
  NAKADACHI_TRY(WakeFd wake, WakeFd::make());
  try {
    return std::unique_ptr<Loop>(new Loop(std::make_unique<Impl>(config, std::move(wake))));
  } catch (const zmq::error_t& error) {
    return config_error("messaging context", error);
  }
}

Loop::Loop(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Loop::~Loop() = default;

Result<Server*> Loop::listen(ServerConfig config, ServerHandlers handlers) {
  const auto invalid = [](std::string_view field) {
    return Error{.code = ErrorCode::kConfigInvalid, .field = field};
  };
  if (config.name.empty()) return invalid("name");
  if (config.table == nullptr) return invalid("table");
  // With room for one the library (4.3.4) hands out nothing at all.
  if (config.queued_frames < 2) return invalid("queued_frames");
  if (!impl_->keeper) {
    NAKADACHI_TRY(impl_->keeper, DoorKeeper::start(impl_->context));
  }
  return impl_->listen(std::move(config), std::move(handlers));
}

Result<Server*> Loop::Impl::listen(ServerConfig server_config, ServerHandlers handlers) {
  const std::uint64_t most_open_bytes =
      (std::uint64_t{server_config.queued_frames} + 2) * server_config.max_frame_bytes +
      kKernelBytes;
  auto door = std::make_shared<Door>(unique_domain(server_config.name),
                                     server_config.max_connections, most_open_bytes,
                                     server_config.table, server_config.may_come_from, *clock);
  try {
    zmq::socket_t socket(context, zmq::socket_type::router);
    configure_door(socket, server_config, door->domain());
    keeper->add(door, start_monitor(context, socket,
                                    ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED |
                                        ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                                        ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                                        ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL));
    auto impl = std::make_unique<Server::Impl>(std::move(server_config), std::move(handlers),
                                               std::move(door), std::move(socket));
    NAKADACHI_CHECK(impl->open(context, unknown_keys));
    servers.push_back(std::make_unique<Server>(std::move(impl)));
  } catch (const zmq::error_t& error) {
    return config_error("door", error);
  }
  Server& server = *servers.back();
  log::write(log::Level::kInfo, "door_open",
             {{"name", std::string_view(server.impl().config.name)},
              {"endpoint", std::string_view(server.endpoint())}});
  return &server;
}

Result<Client*> Loop::connect(ClientConfig config, ClientHandlers handlers) {
  auto impl =
      std::make_unique<Client::Impl>(impl_->context, std::move(config), std::move(handlers));
  NAKADACHI_CHECK(impl->open());
  impl_->clients.push_back(std::make_unique<Client>(std::move(impl)));
  return impl_->clients.back().get();
}

void Loop::add_hooks(TurnHooks hooks) { impl_->hooks.push_back(std::move(hooks)); }

Result<void> Loop::post(std::function<void()> task) {
  bool is_first = false;
  {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->stopping) return ErrorCode::kShuttingDown;
    if (impl_->tasks.size() >= impl_->config.max_tasks) return ErrorCode::kQueueFull;
    is_first = impl_->tasks.empty();
    impl_->tasks.push_back(std::move(task));
  }
  if (is_first) impl_->wake.wake();
  return {};
}

void Loop::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->stop_seen.store(true);
  impl_->wake.wake();
}

Timestamp Loop::now() const noexcept { return impl_->clock->now(); }

void Loop::run() {
  bool more_to_read = false;
  while (!impl_->stop_seen.load()) {
    impl_->wait(more_to_read);
    more_to_read = impl_->turn();
  }
  impl_->run_tasks();
}

std::optional<Timestamp> Loop::Impl::next_deadline() const {
  std::optional<Timestamp> next;
  const auto consider = [&next](const std::optional<Timestamp>& at) {
    if (at && (!next || *at < *next)) next = at;
  };
  for (const auto& client : clients) consider(client->impl().deadline());
  for (const TurnHooks& hook : hooks) {
    if (hook.deadline) consider(hook.deadline());
  }
  return next;
}

void Loop::Impl::wait(bool more_to_read) {
  std::int64_t wait_ms = more_to_read ? 0 : kMostWaitMs;
  if (const auto next = next_deadline(); next && wait_ms > 0) {
    wait_ms = std::clamp<std::int64_t>(*next - clock->now(), 0, kMostWaitMs);
  }
  std::vector<zmq_pollitem_t> items = {{nullptr, wake.fd(), ZMQ_POLLIN, 0}};
  for (const auto& server : servers) {
    items.push_back({server->impl().socket.handle(), 0, ZMQ_POLLIN, 0});
  }
  for (const auto& client : clients) {
    Client::Impl& impl = client->impl();
    if (impl.socket.handle() == nullptr) continue;
    items.push_back({impl.socket.handle(), 0, impl.wanted(), 0});
    items.push_back({impl.monitor.handle(), 0, ZMQ_POLLIN, 0});
  }
  if (zmq_poll(items.data(), static_cast<int>(items.size()), static_cast<long>(wait_ms)) < 0) {
    NAKADACHI_ASSERT(zmq_errno() == EINTR);
  }
  wake.drain();
}

bool Loop::Impl::turn() {
  run_tasks();
  const Timestamp now = clock->now();
  bool more_to_read = false;
  const std::size_t sockets = servers.size() + clients.size();
  for (std::size_t i = 0; i < sockets; ++i) {
    const std::size_t which = (first + i) % sockets;
    const std::size_t budget = config.frames_per_turn;
    const bool more = which < servers.size()
                          ? servers[which]->impl().turn(budget, now)
                          : clients[which - servers.size()]->impl().turn(budget, now);
    more_to_read = more_to_read || more;
  }
  if (sockets > 0) first = (first + 1) % sockets;
  run_deadlines(clock->now());
  return more_to_read;
}

void Loop::Impl::run_tasks() {
  std::vector<std::function<void()>> taken;
  {
    const std::lock_guard lock(mutex);
    taken.swap(tasks);
  }
  for (const auto& task : taken) task();
}

void Loop::Impl::run_deadlines(Timestamp now) {
  for (const TurnHooks& hook : hooks) {
    if (!hook.on_deadline || !hook.deadline) continue;
    const auto due = hook.deadline();
    if (due && *due <= now) hook.on_deadline(now);
  }
  for (const TurnHooks& hook : hooks) {
    if (hook.on_turn_end) hook.on_turn_end(now);
  }
}

}  // namespace nakadachi::socket
