#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "nakadachi/base/assert.hpp"
#include "nakadachi/base/error.hpp"

namespace nakadachi {

/// A value, or the reason there is none. What crosses rooms is a `Result`;
/// exceptions of libraries are caught where they are called.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(*-explicit-*)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(*-explicit-*)
  Result(ErrorCode code) : Result(Error{.code = code}) {}                    // NOLINT(*-explicit-*)

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  /// The value. Calling it on a failure is a bug and ends the process.
  T& value() & {
    NAKADACHI_ASSERT(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    NAKADACHI_ASSERT(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    NAKADACHI_ASSERT(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// The reason. Calling it on a success is a bug and ends the process.
  const Error& error() const {
    NAKADACHI_ASSERT(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value, or the reason for the failure.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}        // NOLINT(*-explicit-*)
  Result(ErrorCode code) : error_(Error{.code = code}) {}  // NOLINT(*-explicit-*)

  bool ok() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }
  const Error& error() const {
    NAKADACHI_ASSERT(error_.has_value());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace nakadachi

#define NAKADACHI_CONCAT_INNER(a, b) a##b
#define NAKADACHI_CONCAT(a, b) NAKADACHI_CONCAT_INNER(a, b)

/// `NAKADACHI_TRY(auto key, load_key(path));` binds the value or returns the error.
#define NAKADACHI_TRY(declaration, expression) \
  NAKADACHI_TRY_INNER(NAKADACHI_CONCAT(result_of_try_, __LINE__), declaration, expression)
#define NAKADACHI_TRY_INNER(name, declaration, expression) \
  auto name = (expression);                                \
  if (!name.ok()) return name.error();                     \
  declaration = std::move(name).value()

/// `NAKADACHI_CHECK(verify(header));` goes on after a success or returns the error.
#define NAKADACHI_CHECK(expression) \
  if (auto result_of_check = (expression); !result_of_check) return result_of_check.error()
