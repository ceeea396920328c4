#pragma once

#include <google/protobuf/message_lite.h>

#include "arena_scope.hpp"
#include "field_reader.hpp"
#include "nakadachi/base/result.hpp"
#include "shape.hpp"

/// Copies the bytes that `view` shows into a field of a generated message.
#define NAKADACHI_PUT(message, field, view)                  \
  do {                                                       \
    const ::nakadachi::ByteView put_view = (view);           \
    (message).set_##field(put_view.data(), put_view.size()); \
  } while (false)

namespace nakadachi::wire {

/// The bytes of a generated message, written in one pass.
Bytes serialise(const google::protobuf::MessageLite& message);

/// Fills a generated message from bytes that have its shape.
/// Errors: those of `Shape::check`.
Result<void> parse(ByteView bytes, const Shape& shape, google::protobuf::MessageLite& to);

/// Serialises `from` as the generated message that `put(from, message)` fills.
template <class Message, class Struct, class Put>
Bytes encode_as(const Struct& from, Put put) {
  ArenaScope scope;
  Message& message = scope.make<Message>();
  put(from, message);
  return serialise(message);
}

/// Reads a `Struct` that stands alone, through `read(message, reader, made)`.
/// Errors: `kOversize` before anything is looked at, those of `parse`, those of
/// the fields.
template <class Message, class Struct, class Read>
Result<Struct> decode_as(ByteView bytes, std::size_t most_bytes, Read read) {
  if (bytes.size() > most_bytes) return ErrorCode::kOversize;
  static const Shape shape(*Message::descriptor(), 0);
  ArenaScope scope;
  Message& message = scope.make<Message>();
  NAKADACHI_CHECK(parse(bytes, shape, message));
  FieldReader reader;
  Struct made;
  read(message, reader, made);
  if (reader.failed()) return reader.error();
  return made;
}

}  // namespace nakadachi::wire
