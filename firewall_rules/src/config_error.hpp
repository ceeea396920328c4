#pragma once

#include <fmt/format.h>

#include <utility>

#include "nakadachi/base/error.hpp"
#include "nakadachi/firewall_rules/model.hpp"

namespace nakadachi::walls {

/// What is written wrongly, and in which line.
template <class... Arguments>
Error wrong(Line line, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  return {.code = ErrorCode::kConfigInvalid,
          .position = line > 0 ? line : -1,
          .detail = fmt::format(format, std::forward<Arguments>(arguments)...)};
}

}  // namespace nakadachi::walls
