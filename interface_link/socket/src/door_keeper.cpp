#include "door_keeper.hpp"

#include <pthread.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "nakadachi/base/log.hpp"

namespace nakadachi::socket {
namespace {

constexpr const char* kHandlerAddress = "inproc://zeromq.zap.01";
// Parts of a request (RFC 27); a CURVE one has one credential.
enum Part : std::size_t { kVersion, kRequestId, kDomain, kAddress, kRoute, kMechanism, kKey };
constexpr std::size_t kParts = 7;

constexpr const char* kAllowed = "200";
// The library drops the connection without a word, at the latest when the time for its
// handshake is over, and the peer tries again.
constexpr const char* kTryLater = "300";
constexpr const char* kNotLetIn = "400";

std::string_view text_of_part(const zmq::message_t& part) noexcept {
  return as_chars(view_of(part));
}

/// Ends the process unless it was told that leaving is in order. Also runs when
/// the thread is made to leave from outside, where no exception handler does.
class LeaveOnlyInOrder {
 public:
  LeaveOnlyInOrder() = default;
  LeaveOnlyInOrder(const LeaveOnlyInOrder&) = delete;
  LeaveOnlyInOrder& operator=(const LeaveOnlyInOrder&) = delete;
  ~LeaveOnlyInOrder() {
    if (in_order_) return;
    log::write(log::Level::kError, "access_handler_died");
    std::abort();
  }
  void in_order() noexcept { in_order_ = true; }

 private:
  bool in_order_ = false;
};

}  // namespace

Result<std::unique_ptr<DoorKeeper>> DoorKeeper::start(zmq::context_t& context) {
  NAKADACHI_TRY(WakeFd wake, WakeFd::make());
  try {
    zmq::socket_t handler(context, zmq::socket_type::rep);
    handler.set(zmq::sockopt::linger, 0);
    handler.bind(kHandlerAddress);
    return std::unique_ptr<DoorKeeper>(new DoorKeeper(std::move(handler), std::move(wake)));
  } catch (const zmq::error_t& error) {
    return config_error("access handler", error);
  }
}

DoorKeeper::DoorKeeper(zmq::socket_t handler, WakeFd wake)
    : handler_(std::move(handler)), wake_(std::move(wake)), thread_([this] { run(); }) {}

DoorKeeper::~DoorKeeper() {
  stopping_.store(true);
  wake_.wake();
  thread_.join();
}

void DoorKeeper::add(std::shared_ptr<Door> door, zmq::socket_t monitor) {
  {
    const std::lock_guard lock(mutex_);
    incoming_.push_back({std::move(door), std::move(monitor)});
  }
  wake_.wake();
}

void DoorKeeper::run() noexcept {
  LeaveOnlyInOrder guard;
  pthread_setname_np(pthread_self(), "door-keeper");
  while (!stopping_.load()) {
    if (!turn()) return;
  }
  guard.in_order();
}

/// One wait and what it brought; false when the library has failed us.
bool DoorKeeper::turn() {
  adopt();
  std::vector<zmq_pollitem_t> items = {{handler_.handle(), 0, ZMQ_POLLIN, 0},
                                       {nullptr, wake_.fd(), ZMQ_POLLIN, 0}};
  for (const Watched& watched : doors_) {
    // The library takes the handle without its constness.
    items.push_back({const_cast<zmq::socket_t&>(watched.monitor).handle(), 0, ZMQ_POLLIN, 0});
  }
  const int found = zmq_poll(items.data(), static_cast<int>(items.size()),
                             static_cast<long>(ConnectionWatch::kTickMs));
  if (found < 0 && zmq_errno() != EINTR) return false;
  wake_.drain();
  adopt();
  read_monitors();
  look_after_doors();
  return answer_requests();
}

void DoorKeeper::look_after_doors() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_look_) return;
  next_look_ = now + std::chrono::milliseconds(ConnectionWatch::kTickMs);
  for (Watched& watched : doors_) {
    count(watched.door->counts().cut_endless, watched.door->watch().cut_endless());
    tell_refusals(watched, now);
  }
}

/// A line when something new was refused, and the next one a minute later at the earliest,
/// however many come.
void DoorKeeper::tell_refusals(Watched& watched, std::chrono::steady_clock::time_point now) {
  const DoorCounts& counts = watched.door->counts();
  const std::uint64_t refused =
      counts.refused_keys + counts.refused_addresses + counts.refused_protocol +
      counts.refused_full + counts.dropped_unnamed + counts.dropped_revoked +
      counts.dropped_malformed + counts.dropped_oversize + counts.dropped_rate + counts.cut_endless;
  if (!watched.door->is_proven() || refused == watched.told || now < watched.next_tell) return;
  watched.told = refused;
  watched.next_tell = now + std::chrono::milliseconds(log::kCountsEveryMs);
  const std::size_t name_end = watched.door->domain().rfind('-');  // behind it only a number
  log::write(log::Level::kWarning, "door_refused",
             {{"door", std::string_view(watched.door->domain()).substr(0, name_end)},
              {"keys", counts.refused_keys.load()},
              {"addresses", counts.refused_addresses.load()},
              {"last_address", std::string_view(watched.refused_address)},
              {"protocol", counts.refused_protocol.load()},
              {"full", counts.refused_full.load()},
              {"unnamed", counts.dropped_unnamed.load()},
              {"revoked", counts.dropped_revoked.load()},
              {"malformed", counts.dropped_malformed.load()},
              {"oversize", counts.dropped_oversize.load()},
              {"rate", counts.dropped_rate.load()},
              {"endless", counts.cut_endless.load()}});
}

void DoorKeeper::adopt() {
  const std::lock_guard lock(mutex_);
  for (Watched& watched : incoming_) doors_.push_back(std::move(watched));
  incoming_.clear();
}

void DoorKeeper::read_monitors() {
  for (Watched& watched : doors_) {
    while (const auto event = take_event(watched.monitor)) {
      switch (event->event) {
        case ZMQ_EVENT_ACCEPTED:
          watched.door->watch().opened(static_cast<int>(event->value));
          break;
        case ZMQ_EVENT_DISCONNECTED:
          watched.door->watch().closed(static_cast<int>(event->value));
          break;
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
          count(watched.door->counts().handshakes_done);
          break;
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
          count(watched.door->counts().refused_protocol);
          break;
        default:  // refused keys are counted where they are refused
          break;
      }
    }
  }
}

bool DoorKeeper::answer_requests() {
  std::vector<zmq::message_t> request(1);
  while (receive(handler_, request.back())) {
    if (request.back().more()) {
      request.emplace_back();
      continue;
    }
    if (!answer(request)) return false;
    request.clear();
    request.emplace_back();
  }
  return true;
}

bool DoorKeeper::answer(const std::vector<zmq::message_t>& request) {
  if (request.size() <= kRequestId) return false;
  std::string user;
  // A connection is judged with the ones before it counted.
  read_monitors();
  const char* const status = judge(request, user);
  const std::array<ByteView, 6> reply = {
      as_bytes("1.0"), view_of(request[kRequestId]), as_bytes(status), {}, as_bytes(user), {}};
  for (std::size_t i = 0; i < reply.size(); ++i) {
    if (send_part(handler_, reply[i], i + 1 < reply.size()) != Sent::kTaken) return false;
  }
  return true;
}

const char* DoorKeeper::judge(const std::vector<zmq::message_t>& request, std::string& user) {
  if (request.size() < kParts || text_of_part(request[kVersion]) != "1.0") return kNotLetIn;
  adopt();
  for (Watched& watched : doors_) {
    Door& door = *watched.door;
    if (text_of_part(request[kDomain]) != door.domain()) continue;
    const auto key = CurvePublicKey::from(view_of(request[kKey]));
    const bool is_curve = text_of_part(request[kMechanism]) == "CURVE";
    const auto table = door.table();
    const auto* const known = key ? table->find(*key, door.now()) : nullptr;
    if (request.size() != kParts || !is_curve || known == nullptr) {
      count(door.counts().refused_keys);
      return kNotLetIn;
    }
    const std::string_view address = unmapped(text_of_part(request[kAddress]));
    if (!door.may_come(address) || !known->may_come(address)) {
      count(door.counts().refused_addresses);
      watched.refused_address = address;
      return kNotLetIn;
    }
    if (door.watch().open() > door.max_connections()) {
      count(door.counts().refused_full);
      return kTryLater;
    }
    // The key and not the user: frames are judged by it again, one by one.
    user = to_z85(*key);
    return kAllowed;
  }
  return kNotLetIn;
}

}  // namespace nakadachi::socket
