#pragma once

#include <exception>
#include <string_view>

#include "nakadachi/base/error.hpp"

namespace nakadachi::storage {

/// SQLSTATEs that migrations/0003_trains.sql and 0006_holdings.sql raise.
inline constexpr std::string_view kStateLaneLost = "NK001";
inline constexpr std::string_view kStateTenantOfAnotherLane = "NK003";
inline constexpr std::string_view kStateUniqueViolation = "23505";
/// The server is no longer the one that writes: another connection may find that one.
inline constexpr std::string_view kStateReadOnly = "25006";

/// The error for an SQLSTATE. `detail` holds the state and, where given, the constraint; never
/// the server's message, which can quote values.
Error error_of_state(std::string_view sqlstate, std::string_view constraint = {});

/// The error for what libpqxx threw.
Error error_of(const std::exception& thrown);

}  // namespace nakadachi::storage
