#include "shape.hpp"

#include <limits>
#include <optional>

namespace nakadachi::wire {
namespace {

using google::protobuf::FieldDescriptor;

constexpr unsigned kVarintType = 0;
constexpr unsigned kEightBytesType = 1;
constexpr unsigned kLengthType = 2;
constexpr unsigned kFourBytesType = 5;

/// Takes a number off the front; nothing when it is cut off, longer than 64 bits
/// or not in its shortest form.
std::optional<std::uint64_t> take_number(ByteView& rest) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < rest.size() && i < 10; ++i) {
    const std::uint64_t bits = rest[i] & 0x7FU;
    if (i == 9 && bits > 1) return std::nullopt;
    value |= bits << (7 * i);
    if ((rest[i] & 0x80U) == 0) {
      if (i > 0 && bits == 0) return std::nullopt;
      rest = rest.subspan(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

/// Takes a length and that many bytes off the front; nothing when cut off.
std::optional<ByteView> take_bytes(ByteView& rest) noexcept {
  const auto size = take_number(rest);
  if (!size || *size > rest.size()) return std::nullopt;
  const ByteView taken = rest.first(static_cast<std::size_t>(*size));
  rest = rest.subspan(taken.size());
  return taken;
}

std::uint64_t greatest_of(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return 1;
    case FieldDescriptor::CPPTYPE_ENUM:
      return std::numeric_limits<std::int32_t>::max();
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_INT32:  // zigzag: sint32 only, see field_of
      return std::numeric_limits<std::uint32_t>::max();
    default:
      return std::numeric_limits<std::uint64_t>::max();
  }
}

}  // namespace

Shape::Shape(const google::protobuf::Descriptor& message, std::size_t most_repeated) {
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    NAKADACHI_ASSERT(field.number() < static_cast<int>(kFields));
    fields_[static_cast<std::size_t>(field.number())] = field_of(field, most_repeated);
  }
}

Shape::Field Shape::field_of(const FieldDescriptor& from, std::size_t most) {
  Field field;
  field.repeated = from.is_repeated() && !from.is_packed();
  field.most = most;
  field.greatest = greatest_of(from);
  switch (from.type()) {
    case FieldDescriptor::TYPE_MESSAGE:
      field.sort = Sort::kMessage;
      inner_.push_back(std::make_unique<Shape>(*from.message_type(), most));
      field.message = inner_.back().get();
      break;
    case FieldDescriptor::TYPE_BYTES:
      field.sort = Sort::kBytes;
      break;
    case FieldDescriptor::TYPE_FIXED64:
      field.sort = from.is_packed() ? Sort::kBytes : Sort::kEightBytes;
      break;
    case FieldDescriptor::TYPE_BOOL:
    case FieldDescriptor::TYPE_ENUM:
    case FieldDescriptor::TYPE_UINT32:
    case FieldDescriptor::TYPE_SINT32:
    case FieldDescriptor::TYPE_UINT64:
    case FieldDescriptor::TYPE_INT64:
      field.sort = Sort::kNumber;
      break;
    default:  // a type the wire does not use
      break;
  }
  NAKADACHI_ASSERT(field.sort != Sort::kUnknown);
  return field;
}

const Shape::Field* Shape::known(std::uint64_t tag, std::uint64_t last_number) const {
  const std::uint64_t number = tag >> 3U;
  const auto type = static_cast<unsigned>(tag & 7U);
  const Field& field = fields_[static_cast<std::size_t>(number)];
  const unsigned expected = field.sort == Sort::kNumber       ? kVarintType
                            : field.sort == Sort::kEightBytes ? kEightBytesType
                                                              : kLengthType;
  const bool in_order = number > last_number || (number == last_number && field.repeated);
  return type == expected && in_order ? &field : nullptr;
}

Result<void> Shape::check_value(const Field& field, ByteView& rest) const {
  switch (field.sort) {
    case Sort::kNumber: {
      const auto value = take_number(rest);
      if (!value || *value > field.greatest) return ErrorCode::kMalformedFrame;
      return {};
    }
    case Sort::kEightBytes:
      if (rest.size() < 8) return ErrorCode::kMalformedFrame;
      rest = rest.subspan(8);
      return {};
    case Sort::kBytes:
      if (!take_bytes(rest)) return ErrorCode::kMalformedFrame;
      return {};
    case Sort::kMessage: {
      const auto inner = take_bytes(rest);
      if (!inner) return ErrorCode::kMalformedFrame;
      return field.message->check(*inner);
    }
    case Sort::kUnknown:  // refused before its value is read
      break;
  }
  NAKADACHI_ASSERT(field.sort != Sort::kUnknown);
  return {};
}

Result<void> Shape::check(ByteView bytes) const {
  ByteView rest = bytes;
  std::uint64_t last_number = 0;
  std::size_t count = 0;
  while (!rest.empty()) {
    const auto tag = take_number(rest);
    if (!tag || *tag < 8) return ErrorCode::kMalformedFrame;
    const std::uint64_t number = *tag >> 3U;
    if (number >= kFields || fields_[static_cast<std::size_t>(number)].sort == Sort::kUnknown) {
      const auto type = static_cast<unsigned>(*tag & 7U);
      const bool is_a_field = type <= kLengthType || type == kFourBytesType;
      return is_a_field ? ErrorCode::kUnsupportedVersion : ErrorCode::kMalformedFrame;
    }
    const Field* field = known(*tag, last_number);
    if (field == nullptr) return ErrorCode::kMalformedFrame;
    count = number == last_number ? count + 1 : 1;
    if (field->repeated && count > field->most) return ErrorCode::kTooManyItems;
    last_number = number;
    if (auto checked = check_value(*field, rest); !checked) {
      Error error = checked.error();
      error.position = field->repeated ? static_cast<std::int32_t>(count - 1) : -1;
      return error;
    }
  }
  return {};
}

}  // namespace nakadachi::wire
