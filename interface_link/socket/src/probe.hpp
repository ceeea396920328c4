#pragma once

#include <string>

#include "nakadachi/socket/curve_keys.hpp"
#include "zmq_calls.hpp"

namespace nakadachi::socket {

/// Proves that a door turns strangers away: connects with a key nobody knows, then
/// without any, and wants to see both refused. Blocks until then.
/// Errors: `kInternal` when the door let one in, or gave no sign in time; what is
/// not proven shut counts as open.
Result<void> prove_refusal(zmq::context_t& context, const std::string& endpoint,
                           const CurvePublicKey& server_key, const CurveKeyPair& unknown_keys);

}  // namespace nakadachi::socket
