#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message_lite.h>

namespace nakadachi::wire {

/// Bytes an element of a frame's list takes there: its tag (one byte, field
/// numbers are below 16), its length and itself.
inline std::size_t size_in_frame(const google::protobuf::MessageLite& element) {
  const std::size_t size = element.ByteSizeLong();
  return 1 + google::protobuf::io::CodedOutputStream::VarintSize64(size) + size;
}

}  // namespace nakadachi::wire
