#include "field_reader.hpp"

#include <limits>

namespace nakadachi::wire {

bool FieldReader::require(bool present, std::string_view name) {
  if (error_) return false;
  if (!present) fail(ErrorCode::kMissingField, name);
  return present;
}

void FieldReader::bytes(bool present, const std::string& from, std::string_view name,
                        std::size_t most, Bytes& to) {
  if (error_ || !present) return;
  if (from.size() > most) return fail(ErrorCode::kWrongLength, name);
  const ByteView view = as_bytes(from);
  to.assign(view.begin(), view.end());
}

void FieldReader::time(bool present, std::int64_t from, std::string_view name, Timestamp& to) {
  if (!require(present, name)) return;
  if (from < 0 || from > kMaxTimeMs) return fail(ErrorCode::kWrongLength, name);
  to = Timestamp{from};
}

void FieldReader::error_code(bool present, std::uint32_t from, std::string_view name,
                             ErrorCode& to) {
  if (!require(present, name)) return;
  const auto code = error_code_of(from);
  if (!code) return fail(ErrorCode::kUnknownEnumValue, name);
  to = *code;
}

void FieldReader::small(bool present, std::uint32_t from, std::string_view name,
                        std::uint16_t& to) {
  if (!require(present, name)) return;
  if (from > std::numeric_limits<std::uint16_t>::max()) {
    return fail(ErrorCode::kWrongLength, name);
  }
  to = static_cast<std::uint16_t>(from);
}

void FieldReader::fail(ErrorCode code, std::string_view name) {
  fail(Error{.code = code, .field = name});
}

void FieldReader::fail(const Error& error) {
  if (!error_) error_ = error;
}

}  // namespace nakadachi::wire
