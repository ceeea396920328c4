#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nakadachi/socket/curve_keys.hpp"
#include "nakadachi/wire/admin_frame.hpp"

/// The other end of the node's admin door: commands, and business systems that
/// register copies.
namespace nakadachi::admin {

struct Config {
  std::string endpoint;               ///< of the node's admin door, as in tcp://10.0.0.1:5703
  socket::CurvePublicKey server_key;  ///< of the door
  socket::CurveKeyPair keys;          ///< by which the node knows who asks
  std::size_t under_way = 512;        ///< requests asked and not answered, at most
  std::int64_t ask_again_after_ms = 2'000;
  std::int64_t give_up_after_ms = 60'000;  ///< without any answer at all
};

/// Asks requests and waits for their answers. A request that stays without an
/// answer is asked again under its key, and so is one turned away for capacity:
/// a change is done once however often it is asked. Used by one thread.
class Client {
 public:
  /// Does not wait for the connection. Errors: those of `socket::Loop::connect`.
  static Result<std::unique_ptr<Client>> connect(const Config& config);
  ~Client();

  /// Called with the place of a request and its answer, in the order of answers,
  /// on the thread that called `ask_all`.
  using OnAnswer = std::function<void(std::size_t place, Result<wire::AdminAnswer> answer)>;

  /// Returns when every request has its answer or its error. Keys are made here.
  /// Errors of a request: the node's, `kTimedOut` (of a change: it may have been done).
  void ask_all(std::vector<wire::AdminRequest> requests, const OnAnswer& on_answer);

  Result<wire::AdminAnswer> ask(wire::AdminRequest request);

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// A refusal as an error: field "copy" and, in the detail, every item with its fault.
Error error_of(const wire::CopiesRefused& refused);

/// The answer as the type the command leads to; of copies refused their error; `kInternal`
/// for any other.
template <class Answer>
Result<Answer> as(Result<wire::AdminAnswer> answer) {
  if (!answer) return answer.error();
  if (auto* const made = std::get_if<Answer>(&*answer)) return std::move(*made);
  if (const auto* const no = std::get_if<wire::CopiesRefused>(&*answer)) return error_of(*no);
  return Error{.code = ErrorCode::kInternal, .detail = "an answer to another command"};
}

/// What is held for an institution, page by page until all of it is there or `at_most`;
/// `more` tells whether others follow. Errors: those of `Client::ask`.
Result<wire::HeldRequests> all_held(Client& client, const InstitutionCode& institution,
                                    std::size_t at_most = SIZE_MAX);

}  // namespace nakadachi::admin
