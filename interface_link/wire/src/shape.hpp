#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include <google/protobuf/descriptor.h>

#include "nakadachi/base/bytes.hpp"
#include "nakadachi/base/result.hpp"

namespace nakadachi::wire {

/// The form a message has on the wire, taken from its descriptor. Bytes are held
/// against it before protobuf's own parser sees them, because that parser keeps
/// unknown fields, lets the last of several equal fields win, cuts large numbers
/// and allocates for as many items as a frame claims to hold.
///
/// Accepted is one form only: known fields in ascending order, singular ones at
/// most once, the shortest form of every number, numbers within their type.
/// Immutable, thread-safe.
class Shape {
 public:
  /// `most_repeated` bounds every repeated field of the outermost message.
  Shape(const google::protobuf::Descriptor& message, std::size_t most_repeated);

  /// Errors: `kMalformedFrame`, `kUnsupportedVersion` (unknown field),
  /// `kTooManyItems`. The position is that of the element of the outermost
  /// message's repeated field. Allocates nothing on success.
  Result<void> check(ByteView bytes) const;

 private:
  enum class Sort : std::uint8_t { kUnknown, kNumber, kEightBytes, kBytes, kMessage };
  struct Field {
    Sort sort = Sort::kUnknown;
    bool repeated = false;
    std::uint64_t greatest = 0;  // of a number
    std::size_t most = 0;        // of a repeated field
    const Shape* message = nullptr;
  };
  // Messages that travel often use field numbers below 16, which take one byte.
  static constexpr std::size_t kFields = 32;

  Field field_of(const google::protobuf::FieldDescriptor& from, std::size_t most);
  const Field* known(std::uint64_t tag, std::uint64_t last_number) const;
  Result<void> check_value(const Field& field, ByteView& rest) const;

  std::array<Field, kFields> fields_;
  std::vector<std::unique_ptr<Shape>> inner_;
};

}  // namespace nakadachi::wire
