#pragma once

#include <charconv>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <string_view>

#include "nakadachi/base/bytes.hpp"

namespace nakadachi::storage {

/// Values as PostgreSQL writes them in text; both versions of libpqxx agree on that much.

/// `bytes` as a parameter of type bytea.
inline std::string text_of(ByteView bytes) { return "\\x" + to_hex(bytes); }

template <class Field>
std::string_view view_of(const Field& field) {
  return {field.c_str(), static_cast<std::size_t>(field.size())};
}

/// Throws when the column holds something else: then tables and program do not fit.
template <class Number, class Field>
Number number_of(const Field& field) {
  const std::string_view text = view_of(field);
  Number number{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc{} || end != text.data() + text.size()) {
    throw std::range_error("not the number expected");
  }
  return number;
}

template <class Field>
Bytes bytes_of(const Field& field) {
  const std::string_view text = view_of(field);
  std::optional<Bytes> bytes;
  if (text.starts_with("\\x")) bytes = from_hex(text.substr(2));
  if (!bytes) throw std::range_error("not the bytes expected");
  return std::move(*bytes);
}

template <class Fixed, class Field>
Fixed fixed_of(const Field& field) {
  const auto fixed = Fixed::from(bytes_of(field));
  if (!fixed) throw std::range_error("not the length expected");
  return *fixed;
}

}  // namespace nakadachi::storage
