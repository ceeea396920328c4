#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "door.hpp"
#include "door_keeper.hpp"
#include "nakadachi/socket/server.hpp"
#include "token_bucket.hpp"
#include "zmq_calls.hpp"

namespace nakadachi::socket {

/// Sets every option a door has before it is bound; without the access domain and
/// its enforcement the library would let strangers in. Throws zmq::error_t.
void configure_door(zmq::socket_t& socket, const ServerConfig& config, const std::string& domain);

/// The part of a `Server` that its loop drives, on the loop's thread.
struct Server::Impl {
  Impl(ServerConfig config_in, ServerHandlers handlers_in, std::shared_ptr<Door> door_in,
       zmq::socket_t socket_in);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl();

  /// Binds and proves that strangers are refused. Errors as `Loop::listen`.
  Result<void> open(zmq::context_t& context, const CurveKeyPair& unknown_keys);

  /// Reads at most `budget` parts; true when there may be more.
  bool turn(std::size_t budget, Timestamp now);
  bool send(const Peer& peer, ByteView frame);

  ServerConfig config;
  ServerHandlers handlers;
  std::shared_ptr<Door> door;
  zmq::socket_t socket;
  std::string endpoint;

 private:
  struct Buckets {
    TokenBucket frames;
    TokenBucket bytes;
  };

  void take_frame(Timestamp now);
  void judge_frame(const Peer& peer, const AccessTable& table, Timestamp now);
  bool within_rate(UserId user, std::size_t size, const AccessTable& table, Timestamp now);
  void forget_the_revoked(const AccessTable& table, Timestamp now);
  Result<void> prove_shut(zmq::context_t& context, const CurveKeyPair& unknown_keys);

  zmq::message_t route_;
  zmq::message_t body_;
  bool discarding_ = false;  // amid the parts of a message that has too many
  std::unordered_map<UserId, Buckets> buckets_;
};

}  // namespace nakadachi::socket
