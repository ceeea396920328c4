#pragma once

#include <zmq.hpp>

#include <functional>
#include <string>

#include "interface_link/socket/src/zmq_calls.hpp"
#include "nakadachi/socket/curve_keys.hpp"
#include "tests/net/socket/helpers.hpp"

namespace nakadachi::socket::helpers {

/// A peer made with the messaging library directly: for what our own client never does.
class RawPeer {
 public:
  enum class Verdict : std::uint8_t { kNone, kLetIn, kRefused };
  using Change = std::function<void(zmq::socket_t&)>;

  /// Without keys it does not use CURVE.
  RawPeer(const std::string& endpoint, const CurvePublicKey* server_key, const CurveKeyPair* keys,
          const Change& change = {})
      : socket_(context_, zmq::socket_type::dealer) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::sndtimeo, 30'000);
    socket_.set(zmq::sockopt::rcvtimeo, 30'000);
    if (keys != nullptr) {
      socket_.set(zmq::sockopt::curve_serverkey, to_z85(*server_key));
      socket_.set(zmq::sockopt::curve_publickey, to_z85(keys->public_key()));
      zmq_setsockopt(socket_.handle(), ZMQ_CURVE_SECRETKEY, keys->secret().view().data(), 32);
    }
    if (change) change(socket_);
    monitor_ = start_monitor(context_, socket_, ZMQ_EVENT_ALL);
    socket_.connect(endpoint);
  }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;
  ~RawPeer() { stop_monitor(socket_); }

  /// Waits until the door has let this peer in or turned it away.
  Verdict wait_for_verdict() {
    Verdict verdict = Verdict::kNone;
    eventually([&] {
      while (const auto event = take_event(monitor_)) {
        if (event->event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) verdict = Verdict::kLetIn;
        if (event->event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH ||
            event->event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL ||
            event->event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) {
          verdict = Verdict::kRefused;
        }
        if (verdict != Verdict::kNone) return true;
      }
      return false;
    });
    return verdict;
  }

  /// Waits until the connection is gone.
  bool wait_for_cut() {
    return eventually([&] {
      while (const auto event = take_event(monitor_)) {
        if (event->event == ZMQ_EVENT_DISCONNECTED) return true;
      }
      return false;
    });
  }

  zmq::socket_t& socket() noexcept { return socket_; }

 private:
  zmq::context_t context_;
  zmq::socket_t socket_;
  zmq::socket_t monitor_;
};

}  // namespace nakadachi::socket::helpers
