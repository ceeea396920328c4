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

/// What a business system sends.
struct QueryFrame {
  std::vector<DecodedQuery> queries;
  std::vector<exchange::HandOver> hand_overs;  ///< empty unless `answering`
  bool answering = false;                      ///< it takes live questions for limits::kAnsweringMs
};

/// What the door would refuse in this query whatever it asks. For clients, so that
/// it never leaves the machine. Errors, in the field "section": `kWrongLength`,
/// `kWrongFormat` (not one line of UTF-8), `kPersonalNumberPresent`; in the field
/// "items": `kTooManyItems`, `kWrongFormat` (not ascending from 1).
Result<void> check_query(const exchange::Query& query);

/// At most limits::kMaxQueriesPerFrame queries that pass `check_query`; anything
/// else is a bug.
Bytes encode_queries(std::span<const exchange::Query> queries);

/// A frame of one answer; or, with null, one that only says that live questions are
/// taken, as every frame of an answer does. Contents above limits::kMaxCopyBytes are
/// bugs.
Bytes encode_hand_over(const exchange::HandOver* answer);

/// Errors for the frame as a whole: `kOversize` (before parsing),
/// `kMalformedFrame`, `kUnsupportedVersion`, `kTooManyItems`, `kMissingField`
/// (hand-overs of one that does not answer), and `kWrongLength` for a key or a hand-over that
/// cannot be read. Errors of one query: those of codes and lengths, `kUnknownEnumValue`,
/// `kPersonalNumberPresent` in a personal or free-text field, `kMissingField`.
Result<QueryFrame> decode_query_frame(ByteView frame);

/// Encodes as few frames as the limits allow, in order
/// (limits::kMaxClientFrameBytes, kMaxQueriesPerFrame). A witness that receipts share
/// stands once in a frame. A receipt without one, or outside the limits, is a bug.
std::vector<Bytes> encode_replies(std::span<const exchange::Reply> replies);
/// At most limits::kMaxQueriesPerFrame questions.
Bytes encode_questions(std::span<const exchange::LiveQuestion> questions);
/// A frame that tells the client its own frame was not taken.
Bytes encode_frame_error(const Error& error);

struct ReplyFrame {
  std::vector<exchange::Reply> replies;
  std::vector<Error> frame_errors;  ///< at most one; field and detail are dropped on the wire
  std::vector<exchange::LiveQuestion> questions;
};
/// Errors: `kOversize` (before parsing), `kMalformedFrame`, `kUnsupportedVersion`,
/// `kTooManyItems`, `kWrongLength`, `kWrongFormat` (an entry or head that is never
/// written), `kUnknownEnumValue`, `kMissingField` (also for a witness the frame does not
/// hold); the position is that of the reply or witness. A frame is taken whole or not at
/// all. Of receipts nothing is judged here but the form; witnesses stay shared.
Result<ReplyFrame> decode_replies(ByteView frame);

}  // namespace nakadachi::wire
