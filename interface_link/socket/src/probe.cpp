#include "probe.hpp"

#include <fmt/format.h>

#include <chrono>

namespace nakadachi::socket {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Generous: a machine under load is no open door. The usual case takes milliseconds.
constexpr std::chrono::seconds kPatience{20};

enum class Seen : std::uint8_t { kNothing, kRefused, kLetIn };

/// Ends the reports before their reader goes, on every way out: the library's
/// threads would wait for it.
class StopReports {
 public:
  explicit StopReports(zmq::socket_t& watched) noexcept : watched_(&watched) {}
  StopReports(const StopReports&) = delete;
  StopReports& operator=(const StopReports&) = delete;
  ~StopReports() { stop_monitor(*watched_); }

 private:
  zmq::socket_t* watched_;
};

/// Watches a connecting socket until it is let in, refused with `refusal`, or patience
/// is over. Lines that break otherwise prove nothing; the library connects again.
Seen wait_for_verdict(zmq::socket_t& monitor, int refusal) {
  const auto until = SteadyClock::now() + kPatience;
  while (SteadyClock::now() < until) {
    zmq_pollitem_t item{monitor.handle(), 0, ZMQ_POLLIN, 0};
    zmq_poll(&item, 1, 100);
    while (const auto event = take_event(monitor)) {
      if (event->event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) return Seen::kLetIn;
      if (event->event == refusal) return Seen::kRefused;
    }
  }
  return Seen::kNothing;
}

Result<void> try_door(zmq::context_t& context, const std::string& endpoint,
                      const CurvePublicKey& server_key, const CurveKeyPair* keys) {
  zmq::socket_t stranger(context, zmq::socket_type::dealer);
  stranger.set(zmq::sockopt::linger, 0);
  choose_family(stranger, endpoint);
  if (keys != nullptr) {
    stranger.set(zmq::sockopt::curve_serverkey, to_z85(server_key));
    stranger.set(zmq::sockopt::curve_publickey, to_z85(keys->public_key()));
    zmq_setsockopt(stranger.handle(), ZMQ_CURVE_SECRETKEY, keys->secret().view().data(),
                   keys->secret().size());
  }
  // A known protocol and an unknown key, or no common protocol at all.
  const int refusal =
      keys != nullptr ? ZMQ_EVENT_HANDSHAKE_FAILED_AUTH : ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL;
  zmq::socket_t monitor = start_monitor(context, stranger, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | refusal);
  const StopReports stop(stranger);
  stranger.connect(endpoint);
  const Seen seen = wait_for_verdict(monitor, refusal);
  if (seen == Seen::kRefused) return {};
  return Error{
      .code = ErrorCode::kInternal,
      .detail = fmt::format("self-test of {}: a stranger {} {}", endpoint,
                            keys != nullptr ? "with an unknown key" : "without a key",
                            seen == Seen::kLetIn ? "was let in" : "was not refused in time")};
}

}  // namespace

Result<void> prove_refusal(zmq::context_t& context, const std::string& endpoint,
                           const CurvePublicKey& server_key, const CurveKeyPair& unknown_keys) {
  try {
    NAKADACHI_CHECK(try_door(context, endpoint, server_key, &unknown_keys));
    return try_door(context, endpoint, server_key, nullptr);
  } catch (const zmq::error_t& error) {
    return Error{.code = ErrorCode::kInternal,
                 .detail = fmt::format("self-test of {}: {}", endpoint, error.what())};
  }
}

}  // namespace nakadachi::socket
