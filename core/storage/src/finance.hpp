#pragma once

#include <cstdint>
#include <stdexcept>

#include "nakadachi/base/day.hpp"
#include "text_values.hpp"

namespace nakadachi::storage {

/// A year of all tenants is rolled up in one call.
inline constexpr std::int64_t kFinanceTimeoutMs = 10 * 60 * 1000;

/// A day read as days since 1970-01-01. Throws when it is none.
template <class Field>
Day day_of(const Field& field) {
  const auto day = Day::from_number(number_of<std::int32_t>(field));
  if (!day) throw std::range_error("not the day expected");
  return *day;
}

}  // namespace nakadachi::storage
