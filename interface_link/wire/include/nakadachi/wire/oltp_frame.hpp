#pragma once

#include <span>
#include <vector>

#include "nakadachi/exchange/messages.hpp"

/// Frames between business systems and the OLTP door
/// (proto/nakadachi/v1/oltp.proto, docs/protocol/frames.md).
namespace nakadachi::wire {

/// One query of a frame, or why it could not be read. A bad query does not spoil
/// its neighbours as long as its key could be read.
struct DecodedQuery {
  RequestKey key;
  Result<exchange::Query> query;
};

/// What the door would refuse in this query whatever it asks. For clients, so that
/// it never leaves the machine. Errors, in the field "section": `kWrongLength`,
/// `kWrongFormat` (not one line of UTF-8), `kPersonalNumberPresent`; in the field
/// "items": `kTooManyItems`, `kWrongFormat` (not ascending from 1).
Result<void> check_query(const exchange::Query& query);

/// At most limits::kMaxQueriesPerFrame queries that pass `check_query`; anything
/// else is a bug.
Bytes encode_queries(std::span<const exchange::Query> queries);

/// Errors for the frame as a whole: `kOversize` (before parsing),
/// `kMalformedFrame`, `kUnsupportedVersion`, `kTooManyItems`, and `kWrongLength`
/// for a key that cannot be read. Errors of one query: those of codes and
/// lengths, `kUnknownEnumValue`, `kPersonalNumberPresent` in a personal or
/// free-text field, `kMissingField`.
Result<std::vector<DecodedQuery>> decode_queries(ByteView frame);

/// Encodes as few frames as the limits allow, in order
/// (limits::kMaxClientFrameBytes, kMaxQueriesPerFrame).
std::vector<Bytes> encode_replies(std::span<const exchange::Reply> replies);
/// A frame that tells the client its own frame was not taken.
Bytes encode_frame_error(const Error& error);

struct ReplyFrame {
  std::vector<exchange::Reply> replies;
  std::vector<Error> frame_errors;  ///< at most one; field and detail are dropped on the wire
};
/// Errors: `kOversize` (before parsing), `kMalformedFrame`, `kUnsupportedVersion`,
/// `kTooManyItems`, `kWrongLength`, `kUnknownEnumValue`, `kMissingField`; the position
/// is that of the reply. A frame is taken whole or not at all.
Result<ReplyFrame> decode_replies(ByteView frame);

}  // namespace nakadachi::wire
