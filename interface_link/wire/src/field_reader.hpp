#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "nakadachi/base/clock.hpp"
#include "nakadachi/base/codes.hpp"
#include "nakadachi/base/ids.hpp"
#include "nakadachi/exchange/messages.hpp"

/// The arguments `FieldReader` wants for one field of a generated message.
#define NAKADACHI_FIELD(message, field) (message).has_##field(), (message).field(), #field

namespace nakadachi::wire {

/// Latest time on the wire: the 48 bits of a request key.
inline constexpr std::int64_t kMaxTimeMs = (std::int64_t{1} << 48) - 1;

/// Takes values out of a generated message, remembers the first that is wrong
/// and does nothing from then on. Protobuf's types go in, ours come out.
class FieldReader {
 public:
  /// False when the field is absent and had to be there.
  bool require(bool present, std::string_view name);

  template <class Fixed>
  void fixed(bool present, const std::string& from, std::string_view name, Fixed& to) {
    if (!require(present, name)) return;
    const auto made = Fixed::from(as_bytes(from));
    if (made) {
      to = *made;
    } else {
      fail(ErrorCode::kWrongLength, name);
    }
  }

  /// A code that is a number of digits.
  template <class Code>
  void code(bool present, std::uint64_t from, std::string_view name, Code& to) {
    if (!require(present, name)) return;
    if (const auto made = Code::from_number(from)) {
      to = *made;
    } else {
      fail(made.error().code, name);
    }
  }

  /// An enumerator between 1 and `last`.
  template <class Enum>
  void one_of(bool present, std::int64_t from, std::string_view name, Enum last, Enum& to) {
    if (!require(present, name)) return;
    if (from < 1 || from > static_cast<std::int64_t>(last)) {
      fail(ErrorCode::kUnknownEnumValue, name);
    } else {
      to = static_cast<Enum>(from);
    }
  }

  /// At most `most` bytes; none when absent.
  void bytes(bool present, const std::string& from, std::string_view name, std::size_t most,
             Bytes& to);
  void time(bool present, std::int64_t from, std::string_view name, Timestamp& to);
  void error_code(bool present, std::uint32_t from, std::string_view name, ErrorCode& to);
  /// Below 65536.
  void small(bool present, std::uint32_t from, std::string_view name, std::uint16_t& to);

  void fail(ErrorCode code, std::string_view name);
  void fail(const Error& error);
  bool failed() const noexcept { return error_.has_value(); }
  const Error& error() const noexcept { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace nakadachi::wire
