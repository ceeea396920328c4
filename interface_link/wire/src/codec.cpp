#include "codec.hpp"

namespace nakadachi::wire {

Bytes serialise(const google::protobuf::MessageLite& message) {
  Bytes bytes(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(bytes.data());
  return bytes;
}

Result<void> parse(ByteView bytes, const Shape& shape, google::protobuf::MessageLite& to) {
  NAKADACHI_CHECK(shape.check(bytes));
  if (!to.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return ErrorCode::kMalformedFrame;
  }
  return {};
}

}  // namespace nakadachi::wire
